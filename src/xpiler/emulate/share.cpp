// What a watched run looks at when looking at all of it would take too long: pairs of neighbouring blocks here and there,
// the first and the last among them, and, where there are few blocks or none, stretches of accesses.
#include "shadow.h"

namespace xp {

unsigned share = 1, stretches = 1, left;
bool aside;

namespace {

constexpr unsigned STRETCH = 1 << 16;  // accesses
constexpr unsigned FEW = 8;            // groups; rather one stretch in some than fewer of them

unsigned long long groups, group_share = 1, looked_at, of;
unsigned kernel_stretches = 1, part;   // the most in a launch; which one this is
bool group_aside;
std::vector<bool> counted;             // groups of this launch that ran

void begin_stretches(unsigned in) {
    stretches = in, part = 0, left = STRETCH;
    aside = group_aside;
}

// Scattered: blocks at a fixed distance may all lie in one column of the grid.
bool chosen(unsigned long long n) {
    if (group_share == 1 || n < 2 || n + 2 >= groups) return true;
    std::uint64_t x = (n / 2 + 1) * 0x9E3779B97F4A7C15u;
    return (x >> 32) % group_share == 0;
}

} // namespace

void share_start() {
    group_aside = false;
    if (share > 1) begin_stretches(share);
}

void share_launch(unsigned long long n) {
    if (share == 1) return;
    groups = n, of += n;
    counted.assign(n, false);
    group_share = std::max(1ull, std::min<unsigned long long>(share, n / FEW));
    begin_stretches(unsigned((share + group_share - 1) / group_share));
    kernel_stretches = std::max(kernel_stretches, stretches);
}

void share_group(unsigned long long n) {
    if (share == 1) return;
    group_aside = !chosen(n);
    if (!counted[n]) counted[n] = true, looked_at += !group_aside;
    aside = group_aside || (stretches > 1 && part);
}

void next_stretch() {
    part = (part + 1) % stretches, left = STRETCH;
    aside = group_aside || part;
}

void note_share() {
    if (share > 1) note_share_of(looked_at, of, of ? kernel_stretches : share);
}

} // namespace xp
