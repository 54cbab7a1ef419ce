// The number that stands for a real one in an exact run: compared without tolerance (docs/exact-arithmetic.md).
//
// A value is an element of F_p (`p`), an element of F_q (`q`) and a double (`r`), where p = 2q + 1 and both are prime.
// Ring operations act on all three. exp(x) is g to the power x.q in F_p, where g generates the subgroup of order q, so
// that exp(a + b) = exp(a) exp(b) holds. Decisions (comparisons, rounding to integers) look at `r`. What is neither is
// an unknown function: a keyed hash of its argument, in F_p and in F_q. All zero bytes are the constant 0, and all 0xFF
// bytes (or the compiler's pattern for locals) are a value that was never set.
#pragma once

#include "runtime.h"

namespace xp::exact {

using u64 = std::uint64_t;
using u128 = unsigned __int128;

// What a value went through; what a run went through is the union, with the bits of decisions.
enum Flag : std::uint32_t {
    DATA = 1,       // depends on an input
    LAST = 2,       // its q is no ring image any more: it went through exp
    RATIO = 4,      // has a denominator
    PLUS = 8,       // plus infinity
    MINUS = 16,     // minus infinity
    NOTHING = 32,   // no real number: 0/0, infinity - infinity
    CONVERT = 64,   // went through an integer chosen by `r`
    ROUND = 128,    // went through an integer, whoever chose it
    EXP = 1 << 8, LOG = 1 << 9, SQRT = 1 << 10, ERF = 1 << 11, SIN = 1 << 12, COS = 1 << 13, TAN = 1 << 14,
    POW = 1 << 15, INVERSE = 1 << 16, CBRT = 1 << 17, GAMMA = 1 << 18, AGAIN = 1 << 19,
    UNSET = 1u << 31,
};
constexpr std::uint32_t FUNCTIONS = 0x000FFF00, INFINITE = PLUS | MINUS, SPECIAL = INFINITE | NOTHING | UNSET;

// Decisions of the run; the order is what the judge reads.
enum Seen : std::uint32_t { ORDER = 1, TIE = 2, CONVERTED = 4, UNDEFINED = 8 };

// Montgomery arithmetic modulo a prime below 2^62.
struct Field {
    u64 m, negated_inverse, one, square;
    static constexpr u64 zero = 0;

    explicit Field(u64 modulus = 3) : m(modulus) {
        u64 x = 1;
        for (int i = 0; i < 6; ++i) x *= 2 - m * x;
        negated_inverse = -x;
        one = u64((u128(1) << 64) % m);
        square = u64(u128(one) * one % m);
    }
    u64 add(u64 a, u64 b) const {
        u64 c = a + b;
        return c >= m ? c - m : c;
    }
    u64 sub(u64 a, u64 b) const { return a >= b ? a - b : a + m - b; }
    u64 neg(u64 a) const { return a ? m - a : 0; }
    u64 mul(u64 a, u64 b) const {
        u128 t = u128(a) * b;
        u64 k = u64(t) * negated_inverse;
        u64 c = u64((t + u128(k) * m) >> 64);
        return c >= m ? c - m : c;
    }
    u64 in(u64 a) const { return mul(a % m, square); }
    u64 out(u64 a) const { return mul(a, 1); }
    u64 pow(u64 a, u64 e) const {
        u64 c = one;
        for (; e; e >>= 1, a = mul(a, a))
            if (e & 1) c = mul(c, a);
        return c;
    }
    u64 inv(u64 a) const { return pow(a, m - 2); }
};

struct Exact {
    u64 p, q;
    double r;
    std::uint32_t flags;
    float degree;  // at least that of numerator and denominator, and than the functions applied on the way
};

// The run: its fields, the key of its hashes, and what it saw.
struct Run {
    Field P, Q;
    u64 key;
    u64 base[8][256];       // powers of g, by the bytes of an exponent
    u64 binary, ten;        // exp2(x) = exp(x * ln 2), and ln 2 is an unknown number
    std::uint32_t seen, functions;
    u64 applied;            // how often exp and unknown functions were applied to data
    float degree;
};
extern Run run;

inline u64 mixed(u64 x) {
    x ^= x >> 30, x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27, x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

inline u64 hashed(u64 m, u64 salt, u64 a, u64 b = 0) {
    u64 high = mixed(mixed(mixed(run.key ^ salt * 0x9E3779B97F4A7C15u) ^ a) + b);
    return u64((u128(high) << 64 | mixed(high + salt + 0x2545F4914F6CDD1Du)) % m);
}

void begin(u64 p, u64 key);
void end(long long* report, int count);

// ---------------------------------------------------------------- constants and conversions

inline Exact special(std::uint32_t flag) {
    double r = flag == PLUS ? INFINITY : flag == MINUS ? -INFINITY : NAN;
    return {flag, 0, r, flag, 0};
}

inline Exact whole(bool negative, u64 n) {
    u64 p = run.P.in(n), q = run.Q.in(n);
    double r = double(n);
    return negative ? Exact{run.P.neg(p), run.Q.neg(q), -r, 0, 0} : Exact{p, q, r, 0, 0};
}

template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
inline Exact of(T n) {
    if constexpr (std::is_signed_v<T>) return n < 0 ? whole(true, 0 - u64(n)) : whole(false, u64(n));
    else return whole(false, u64(n));
}

Exact rational(bool negative, u64 mantissa, int twos, int tens, double r);  // mantissa * 2^twos * 10^tens
enum Unknown { LN2, LOG2E, LN10, LOG10E };
Exact symbol(Unknown which, bool negative, double r);

inline bool is_whole(const Exact& x, double n) {
    if (!(std::fabs(n) < 9.0e18)) return false;
    Exact k = of((long long)n);
    return k.p == x.p;
}

inline void saw(std::uint32_t what) { run.seen |= what; }

// The integer that f makes of x. An x that is that integer for all inputs, or lies halfway between two, was not decided
// by `r`.
template <class F>
double rounded(const Exact& x, F f, bool& decided) {
    double near = std::nearbyint(x.r), gap = std::fabs(x.r - near), size = std::max(1.0, std::fabs(x.r));
    decided = false;
    if (gap <= 1e-6 * size && is_whole(x, near)) return near;
    Exact both = x;
    both.p = run.P.add(x.p, x.p), both.r = 2 * x.r;
    double twice = std::nearbyint(both.r);
    if (std::fabs(both.r - twice) <= 1e-6 * size && is_whole(both, twice)) return f(twice / 2);
    double half = std::fabs(std::fabs(x.r - std::floor(x.r)) - 0.5);
    if (!(gap > 1e-9 * size) || !(half > 1e-9 * size)) saw(TIE);
    decided = x.flags & DATA;
    if (decided) saw(CONVERTED);
    return f(x.r);
}

template <class T>
T to(const Exact& x) {
    if (x.flags & SPECIAL) return saw(UNDEFINED), T(0);
    bool decided;
    double n = rounded(x, [](double r) { return std::trunc(r); }, decided);
    if (!(n >= -9.3e18 && n <= 1.9e19)) return saw(UNDEFINED), T(0);
    return n >= 9.2e18 ? T(u64(n)) : T((long long)n);
}

template <class F>
Exact whole_of(const Exact& x, F f) {
    if (x.flags & SPECIAL) return x;
    bool decided;
    double n = rounded(x, f, decided);
    if (!(std::fabs(n) < 9.0e18)) return saw(UNDEFINED), special(NOTHING);
    Exact c = of((long long)n);
    c.flags = x.flags & ~(RATIO | LAST) | (x.flags & DATA ? ROUND : 0) | (decided ? CONVERT : 0);
    return c;
}

// ---------------------------------------------------------------- the ring

inline std::uint32_t joined(const Exact& a, const Exact& b) { return a.flags | b.flags; }

inline float either(const Exact& a, const Exact& b) {
    return joined(a, b) & (RATIO | FUNCTIONS) ? a.degree + b.degree : std::max(a.degree, b.degree);
}

Exact special_add(const Exact& a, const Exact& b, bool minus);
Exact special_mul(const Exact& a, const Exact& b);
Exact special_div(const Exact& a, const Exact& b);

inline Exact operator-(const Exact& a) {
    if (a.flags & SPECIAL) return a.flags & INFINITE ? special(a.flags & PLUS ? MINUS : PLUS) : a;
    return {run.P.neg(a.p), run.Q.neg(a.q), -a.r, a.flags, a.degree};
}
inline Exact operator+(const Exact& a, const Exact& b) {
    if (joined(a, b) & SPECIAL) return special_add(a, b, false);
    return {run.P.add(a.p, b.p), run.Q.add(a.q, b.q), a.r + b.r, joined(a, b), either(a, b)};
}
inline Exact operator-(const Exact& a, const Exact& b) {
    if (joined(a, b) & SPECIAL) return special_add(a, b, true);
    return {run.P.sub(a.p, b.p), run.Q.sub(a.q, b.q), a.r - b.r, joined(a, b), either(a, b)};
}
inline Exact operator*(const Exact& a, const Exact& b) {
    if (joined(a, b) & SPECIAL) return special_mul(a, b);
    return {run.P.mul(a.p, b.p), run.Q.mul(a.q, b.q), a.r * b.r, joined(a, b), a.degree + b.degree};
}
Exact operator/(const Exact& a, const Exact& b);

// ---------------------------------------------------------------- decisions

inline bool same(const Exact& a, const Exact& b) { return a.p == b.p && !((a.flags ^ b.flags) & SPECIAL); }

int special_order(const Exact& a, const Exact& b);

// -1, 0 or 1 as a is less than, equal to or greater than b; 2 where there is no telling.
inline int order(const Exact& a, const Exact& b) {
    if (joined(a, b) & SPECIAL) return special_order(a, b);
    if (a.p == b.p) return 0;
    if (joined(a, b) & DATA) saw(ORDER);
    double gap = a.r - b.r;
    if (!(std::fabs(gap) > 1e-11 * (std::fabs(a.r) + std::fabs(b.r)))) saw(TIE);
    return gap < 0 ? -1 : 1;
}
inline bool operator<(const Exact& a, const Exact& b) { return order(a, b) == -1; }
inline bool operator>(const Exact& a, const Exact& b) { return order(a, b) == 1; }
inline bool operator==(const Exact& a, const Exact& b) { return order(a, b) == 0; }
inline bool operator!=(const Exact& a, const Exact& b) { return order(a, b) != 0; }
inline bool operator<=(const Exact& a, const Exact& b) { int o = order(a, b); return o == -1 || o == 0; }
inline bool operator>=(const Exact& a, const Exact& b) { int o = order(a, b); return o == 1 || o == 0; }
inline bool truth(const Exact& a) { return a != Exact{}; }

// A choice between two numbers by others that are none is none either.
inline bool wanting(const Exact& a, const Exact& b) { return joined(a, b) & (UNSET | NOTHING); }
inline Exact spoilt(const Exact& a, const Exact& b) { return special(joined(a, b) & UNSET ? UNSET : NOTHING); }

// Whoever hands on garbage keeps it: a maximum with a value that was never set is one too.
inline Exact max(const Exact& a, const Exact& b) {
    if (wanting(a, b)) return spoilt(a, b);
    return order(a, b) == -1 ? b : a;
}
inline Exact min(const Exact& a, const Exact& b) {
    if (wanting(a, b)) return spoilt(a, b);
    return order(a, b) == 1 ? b : a;
}
inline Exact abs(const Exact& a) { return a < Exact{} ? -a : a; }

inline Exact floor(const Exact& x) { return whole_of(x, [](double r) { return std::floor(r); }); }
inline Exact ceil(const Exact& x) { return whole_of(x, [](double r) { return std::ceil(r); }); }
inline Exact trunc(const Exact& x) { return whole_of(x, [](double r) { return std::trunc(r); }); }
inline Exact round(const Exact& x) { return whole_of(x, [](double r) { return std::round(r); }); }
inline Exact rint(const Exact& x) { return whole_of(x, [](double r) { return std::nearbyint(r); }); }
inline Exact nearbyint(const Exact& x) { return rint(x); }
inline Exact fmod(const Exact& a, const Exact& b) { return a - b * trunc(a / b); }

inline bool isnan(const Exact& x) { return x.flags & UNSET ? saw(UNDEFINED), false : x.flags & NOTHING; }
inline bool isinf(const Exact& x) { return x.flags & UNSET ? saw(UNDEFINED), false : x.flags & INFINITE; }
inline bool isfinite(const Exact& x) { return !isnan(x) && !isinf(x); }
inline bool signbit(const Exact& x) { return x < Exact{}; }
inline Exact copysign(const Exact& a, const Exact& b) { return signbit(a) == signbit(b) ? a : -a; }

// ---------------------------------------------------------------- functions

Exact exp(const Exact& x);
Exact exp2(const Exact& x);
Exact exp10(const Exact& x);
Exact expm1(const Exact& x);
Exact sinh(const Exact& x);
Exact cosh(const Exact& x);
Exact tanh(const Exact& x);
Exact log(const Exact& x);
Exact log2(const Exact& x);
Exact log10(const Exact& x);
Exact log1p(const Exact& x);
Exact sqrt(const Exact& x);
Exact rsqrt(const Exact& x);
Exact rcp(const Exact& x);
Exact cbrt(const Exact& x);
Exact hypot(const Exact& a, const Exact& b);
Exact erf(const Exact& x);
Exact erfc(const Exact& x);
Exact sin(const Exact& x);
Exact cos(const Exact& x);
Exact tan(const Exact& x);
Exact asin(const Exact& x);
Exact acos(const Exact& x);
Exact atan(const Exact& x);
Exact asinh(const Exact& x);
Exact acosh(const Exact& x);
Exact atanh(const Exact& x);
Exact atan2(const Exact& a, const Exact& b);
Exact pow(const Exact& a, const Exact& b);
Exact lgamma(const Exact& x);
Exact tgamma(const Exact& x);
inline Exact fma(const Exact& a, const Exact& b, const Exact& c) { return a * b + c; }

// ---------------------------------------------------------------- what lowered programs are written with

// 32 bytes among the lanes of a warp: an exchange moves 16.
inline Exact shuffle(Lane kind, Exact value, int arg, unsigned width, unsigned warp, mask_t mask) {
    unsigned source = source_lane(kind, thread_linear % warp, arg, width);
    auto bytes = reinterpret_cast<char*>(&value);
    exchange(bytes, 16, source, mask);
    exchange(bytes + 16, 16, source, mask);
    return value;
}

// What a lane holds of a tile, which all lanes of its warp must: a tile is what they make together.
template <class T>
u64 digest(const T* tile, std::size_t count) {
    static_assert(std::has_unique_object_representations_v<T> || sizeof(T) == 32, "its bytes are its value");
    const auto bytes = reinterpret_cast<const char*>(tile);
    u64 sum = 0x9E3779B97F4A7C15u;
    for (std::size_t at = 0; at < count * sizeof(T); at += 8) {
        u64 w = 0;
        std::memcpy(&w, bytes + at, std::min<std::size_t>(8, count * sizeof(T) - at));
        sum = (sum ^ w) * 0xBF58476D1CE4E5B9u;
        sum ^= sum >> 29;
    }
    return sum;
}

// Words that hold a float here and an integer there (arrays of records): a float is kept beside, and the word, which is
// no number as a float, says where. Whoever reads such a word as an integer learns nothing.
constexpr std::uint32_t FIRST_WORD = 0x7F800001, LAST_WORD = 0x7FFFFFFF;
std::uint32_t word(const Exact& x);
Exact number(std::uint32_t word);
template <class T>
T integer(T word) {
    if (std::uint32_t(word) >= FIRST_WORD && std::uint32_t(word) <= LAST_WORD) saw(UNDEFINED);
    return word;
}

// Words whose lower and upper half may each be the bits of a half float: that float is kept beside. Nothing but moving
// halves about is known of them; whoever does anything else with the bits learns nothing.
struct Halves {
    std::uint32_t bits;
    std::uint32_t real;  // LOWER: the lower half is half[0]; UPPER: the upper one half[1]; SIGNS: that is a half's sign
    Exact half[2];
};
constexpr std::uint32_t LOWER = 1, UPPER = 2, SIGNS = 4;
Halves halves_of(std::uint32_t bits);
Halves halves_of(const Exact& half);
Halves both(const Halves& a, const Halves& b);    // a & b
Halves either(const Halves& a, const Halves& b);  // a | b
Halves left(const Halves& a, int by);             // a << by
Halves right(const Halves& a, int by, bool is_signed);
Halves narrowed(const Halves& a, bool is_signed);  // to 16 bits, as 32
Exact half_in(const Halves& a);                    // the lower half as a float
inline Halves packed(const Exact& lower, const Exact& upper) { return {0, LOWER | UPPER, {lower, upper}}; }
// The half that begins at a bit.
inline Exact half_at(const Halves& a, int bit) {
    if (bit == 0 && (a.real == LOWER || a.real == (LOWER | UPPER))) return a.half[0];
    if (bit == 16 && (a.real == UPPER || a.real == (LOWER | UPPER))) return a.half[1];
    if (bit > 16) saw(UNDEFINED);
    return half_in(right(a, bit, false));
}
template <class T>
Halves as(const Halves& a) {
    return sizeof(T) == 2 ? narrowed(a, std::is_signed_v<T>) : a;
}
template <class T>
Halves right(const Halves& a, int by) { return right(a, by, std::is_signed_v<T>); }
template <class T>
T plain(const Halves& a) {
    if (a.real) saw(UNDEFINED);
    return T(a.bits);
}

// A local array that is too large for a thread's stack.
template <class T>
struct Heap {
    T* at;
    explicit Heap(std::size_t n) : at(static_cast<T*>(std::malloc(n * sizeof(T) + 1))) { std::memset(at, 0xFF, n * sizeof(T)); }
    ~Heap() { std::free(at); }
    Heap(const Heap&) = delete;
    operator T*() const { return at; }
};

template <class T>
T* device(std::size_t n, const char* name) {
    return static_cast<T*>(dev_malloc(n * sizeof(T), name));
}

} // namespace xp::exact
