// Findings after which a watched run goes on: each kind once for every place in the program, and not too many.
// `{place}` in a message is the element; what declared array an address lies in is told from the symbols, later.
#include "report.h"
#include "shadow.h"

#include <set>
#include <string>

namespace xp {

namespace {

constexpr std::size_t MOST = 64;
std::set<std::pair<std::uintptr_t, std::uintptr_t>> seen;

bool first_time(std::uintptr_t a, std::uintptr_t b) {
    return seen.size() < MOST && seen.insert({std::min(a, b), std::max(a, b)}).second;
}

void add_place(Json& j, std::uintptr_t p, std::size_t bytes) {
    auto at = reinterpret_cast<const char*>(p);
    Allocation* a = allocation_near(at);
    if (!a) {
        j.number("address", (long long)p), j.number("bytes", (long long)bytes);
        return;
    }
    j.string("buffer", a->name);
    if (a->element == 1 && bytes > 1) j.number("index", (at - a->base) / (long long)bytes);
    else j.number("index", index_in(a, at));
}

// The frames of the access being made; false where this place has been noted.
bool trace_here(Trace& t, void* frame, std::uintptr_t pc, std::uintptr_t other) {
    if (!first_time(pc, other)) return false;
    walk(t, reinterpret_cast<std::uintptr_t>(frame));
    return true;
}

void send(const char* code, const char* message, const Trace& t, const Trace* second, const Access& a) {
    char at[256];
    where(at, sizeof at);
    Json j;
    j.raw("{");
    j.string("code", code), j.string("message", message), j.string("where", at), j.number("noted", 1);
    add_place(j, a.p, a.bytes);
    j.trace("pcs", t);
    if (second) j.trace("pcs2", *second);
    j.send();
}

} // namespace

void note_race(const Touch& other, bool other_writes, const Access& a, const Trace& frames) {
    if (!first_time(a.pc, other.pc)) return;
    Trace second;
    push(second, other.pc - 1), push(second, other.up - 1);
    std::uint32_t who = other.who & 0x7fffffffu, per = block_dim.x * block_dim.y * block_dim.z;
    char me[96], them[96], message[512];
    name_thread(me, sizeof me, active->linear * per + current->linear);
    name_thread(them, sizeof them, who);
    bool block = who / per == active->linear;
    std::snprintf(message, sizeof message, "race: %s %s {place}, which %s %s, and nothing orders the two", me,
                  a.writes ? "writes" : "reads", them, other_writes ? "writes" : "reads");
    send(block ? "XP2106" : "XP2107", message, frames, &second, a);
}

void note_unknown(const Access& x) {
    auto at = reinterpret_cast<const char*>(x.p);
    if (Allocation* a = allocation_near(at))
        if (at < a->base || at + x.bytes > a->base + a->bytes) {
            long long index = index_in(a, at < a->base ? at : std::max<const char*>(at, a->base + a->bytes));
            finding_at("XP2101", {a->name, index, true}, "%s of %s %lld of `%s`, which has %llu",
                       x.writes ? "write" : "read", a->element == 1 ? "byte" : "element", index, a->name,
                       (unsigned long long)(a->bytes / a->element));
        }
    if (x.writes) return;
    Trace t;
    if (!trace_here(t, __builtin_frame_address(0), x.pc, 0)) return;
    send("XP2105", "{place} is read, but nothing was ever written there", t, nullptr, x);
}

void note_flight(const Access& a) {
    const Later* l = nullptr;
    auto at = reinterpret_cast<const char*>(a.p);
    auto meets = [&](const char* from, const Later& x) { return from && from < at + a.bytes && at < from + x.bytes; };
    auto look = [&](Fiber* f) {
        if (!f) return;
        for (const Later& x : f->later)
            if (meets(x.dst, x) || (a.writes && meets(x.src, x))) l = &x;
    };
    look(current);
    if (!l && active)
        for (Fiber* f : every_fiber())
            if (f->group == active) look(f);
    if (!l) return; // another block's
    Trace t, second;
    push(second, reinterpret_cast<std::uintptr_t>(l->site) - 1);
    if (!trace_here(t, __builtin_frame_address(0), a.pc, reinterpret_cast<std::uintptr_t>(l->site))) return;
    const char* what = meets(l->dst, *l) ? a.writes ? "{place} is written while an asynchronous copy to it is under way"
                                                  : "{place} is read before the asynchronous copy to it was waited for"
                                         : "{place} is overwritten before the asynchronous copy from it was waited for";
    send("XP2108", what, t, &second, a);
}

void note_renamed(const char* from, const char* to) {
    Json j;
    j.raw("{");
    j.string("renamed", from), j.string("to", to);
    j.send();
}

void note_launch(const char* kernel, unsigned long long threads) {
    static std::set<std::pair<std::string, unsigned long long>> known;
    if (known.size() >= MOST || !known.insert({kernel, threads}).second) return;
    Json j;
    j.raw("{");
    j.string("launched", kernel), j.number("threads", (long long)threads);
    j.send();
}

void note_share_of(unsigned long long groups, unsigned long long of, unsigned stretches) {
    Json j;
    j.raw("{");
    j.number("groups", (long long)groups), j.number("of", (long long)of), j.number("stretches", stretches);
    j.send();
}

void note_untouched(const char* buffer, std::size_t bytes) {
    Json j;
    j.raw("{");
    j.string("untouched", buffer), j.number("bytes", (long long)bytes);
    j.send();
}

} // namespace xp
