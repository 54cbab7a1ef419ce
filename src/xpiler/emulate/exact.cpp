// The functions of exact numbers that are not worth inlining.
#include "exact.h"

namespace xp::exact {

Run run;

namespace {

std::vector<Exact> words;
constexpr u64 UNKNOWN_LN2 = 0x6C6E32, UNKNOWN_LN10 = 0x6C6E3130;
static_assert(sizeof(Exact) == 32);

// What a function that is undefined, unset or infinite somewhere answers there.
bool unlike(const Exact& x, Exact& out) {
    if (!(x.flags & SPECIAL)) return false;
    out = x.flags & UNSET ? special(UNSET) : special(NOTHING);
    return true;
}

Exact counted(Exact c, std::uint32_t function, const Exact& x) {
    c.flags = x.flags & (DATA | LAST | CONVERT | ROUND | FUNCTIONS) | function;
    c.degree = 1 + x.degree;
    if (c.flags & DATA) {
        ++run.applied;
        run.degree = std::max(run.degree, x.degree);
        run.functions |= function;
    }
    return c;
}

Exact unknown(u64 salt, std::uint32_t function, const Exact& x, double r) {
    return counted({hashed(run.P.m, salt, x.p), hashed(run.Q.m, salt + 1000, x.q), r, 0, 0}, function, x);
}

Exact unknown(u64 salt, std::uint32_t function, const Exact& a, const Exact& b, double r) {
    Exact both = a;
    both.flags |= b.flags, both.degree = a.degree + b.degree;
    return counted({hashed(run.P.m, salt, a.p, b.p), hashed(run.Q.m, salt + 1000, a.q, b.q), r, 0, 0}, function, both);
}

// f(-x) = -f(x), in both fields: each asks for the half of its elements that x or -x lies in.
Exact odd(u64 salt, std::uint32_t function, const Exact& x, double r) {
    auto half = [&](const Field& f, u64 a, u64 key) {
        if (!a) return a;
        u64 minus = f.neg(a);
        return a < minus ? hashed(f.m, key, a) : f.neg(hashed(f.m, key, minus));
    };
    return counted({half(run.P, x.p, salt), half(run.Q, x.q, salt + 1000), r, 0, 0}, function, x);
}

Exact even(u64 salt, std::uint32_t function, const Exact& x, double r) {
    Exact a = x;
    a.p = std::min(x.p, run.P.neg(x.p)), a.q = std::min(x.q, run.Q.neg(x.q));
    return unknown(salt, function, a, r);
}

u64 power_of_g(u64 q) {
    u64 e = run.Q.out(q), c = run.P.one;
    for (int i = 0; e; ++i, e >>= 8)
        if (e & 255) c = run.P.mul(c, run.base[i][e & 255]);
    return c;
}

// A number whose q a ring operation after exp left without meaning.
Exact exp_of(const Exact& x, double r) {
    if (x.flags & UNSET) return special(UNSET);
    if (x.flags & NOTHING) return x;
    if (x.flags & MINUS) return {};
    if (x.flags & PLUS) return x;
    if (!x.p) {  // x is zero for all inputs
        Exact c = of(1);
        c.flags = x.flags & (DATA | CONVERT | ROUND | FUNCTIONS) | (x.flags & DATA ? EXP : 0);
        return c;
    }
    if (x.flags & LAST) return counted({hashed(run.P.m, 1, x.p), 0, r, 0, 0}, EXP | AGAIN, x);
    Exact c = counted({power_of_g(x.q), 0, r, 0, 0}, EXP, x);
    c.flags |= LAST;
    return c;
}

Exact small_power(Exact a, unsigned n) {
    Exact c = of(1);
    for (; n; n >>= 1) {
        if (n & 1) c = c * a;
        if (n > 1) a = a * a;
    }
    return c;
}

Exact with(Exact c, double r) {
    if (!(c.flags & SPECIAL)) c.r = r;
    return c;
}

} // namespace

void begin(u64 p, u64 key) {
    run.P = Field(p), run.Q = Field((p - 1) / 2), run.key = key;
    run.seen = run.functions = 0, run.applied = 0, run.degree = 0;
    // A square that is not 1 generates the subgroup of order q, which is prime.
    u64 seed = run.P.in(hashed(p, 2, key) % (p - 2) + 2), g = run.P.mul(seed, seed);
    for (int i = 0; i < 8; ++i) {
        run.base[i][0] = run.P.one;
        for (int k = 1; k < 256; ++k) run.base[i][k] = run.P.mul(run.base[i][k - 1], g);
        g = run.P.mul(run.base[i][255], g);
    }
}

void end(long long* report, int count) {
    long long found[] = {run.seen, run.functions, (long long)run.applied, (long long)std::ceil(run.degree)};
    for (int i = 0; i < count; ++i) report[i] = i < 4 ? found[i] : 0;
}

std::uint32_t word(const Exact& x) {
    if (words.size() > LAST_WORD - FIRST_WORD) return saw(UNDEFINED), 0;
    words.push_back(x);
    return FIRST_WORD + std::uint32_t(words.size() - 1);
}

Exact number(std::uint32_t word) {
    if (!word) return {};
    if (word >= FIRST_WORD && word - FIRST_WORD < words.size()) return words[word - FIRST_WORD];
    if (word != 0xFFFFFFFF && word != 0xFEFEFEFE) saw(UNDEFINED);  // memory that was never written
    return special(UNSET);
}

Halves halves_of(std::uint32_t bits) {
    Halves h{};
    h.bits = bits;
    return h;
}

Halves halves_of(const Exact& half) {
    Halves h{};
    h.real = LOWER;
    h.half[0] = half;
    return h;
}

namespace {

bool unset(const Halves& a) { return a.real > (LOWER | UPPER | SIGNS); }

Halves lost() {
    saw(UNDEFINED);
    return halves_of(0u);
}

std::uint32_t part(const Halves& a, int h) { return a.bits >> 16 * h & 0xFFFF; }

using Join = std::uint32_t (*)(std::uint32_t, std::uint32_t);

// One half of `a` combined with one of `b`, of which at most one is a float: it stays where the other lets it through.
void joined(Halves& to, const Halves& a, const Halves& b, int h, std::uint32_t through, Join join) {
    const std::uint32_t is = h ? UPPER | SIGNS : LOWER;
    const Halves &x = a.real & is ? a : b, &y = a.real & is ? b : a;
    if (!(x.real & is)) {
        to.bits |= join(part(a, h), part(b, h)) << 16 * h;
    } else if (!(y.real & is) && part(y, h) == through) {
        to.real |= x.real & is;
        to.half[h] = x.half[h];
    } else if (!(y.real & is) && join(0, part(y, h)) == join(0xFFFF, part(y, h))) {
        to.bits |= join(0, part(y, h)) << 16 * h;
    } else {
        to = lost();
    }
}

Halves joined(const Halves& a, const Halves& b, std::uint32_t through, Join join) {
    if (unset(a) || unset(b)) return lost();
    Halves to{};
    for (int h = 0; h < 2; ++h) joined(to, a, b, h, through, join);
    return to;
}

}  // namespace

Halves both(const Halves& a, const Halves& b) {
    return joined(a, b, 0xFFFF, [](std::uint32_t x, std::uint32_t y) { return x & y; });
}

Halves either(const Halves& a, const Halves& b) {
    return joined(a, b, 0, [](std::uint32_t x, std::uint32_t y) { return x | y; });
}

Halves left(const Halves& a, int by) {
    if (unset(a) || by < 0 || by > 31) return lost();
    if (!a.real) return halves_of(a.bits << by);
    if (by == 0) return a;
    if (by != 16) return lost();
    Halves to = halves_of(a.bits << 16);
    to.real = a.real & LOWER ? UPPER : 0;
    to.half[1] = a.half[0];
    return to;
}

Halves right(const Halves& a, int by, bool is_signed) {
    if (unset(a) || by < 0 || by > 31) return lost();
    if (!a.real) return halves_of(is_signed ? std::uint32_t(std::int32_t(a.bits) >> by) : a.bits >> by);
    if (by == 0) return a;
    if (by != 16 || a.real & SIGNS) return lost();
    if (!(a.real & UPPER)) return halves_of(is_signed ? std::uint32_t(std::int32_t(a.bits) >> 16) : a.bits >> 16);
    Halves to = halves_of(a.half[1]);
    to.real |= is_signed ? SIGNS : 0;
    return to;
}

Halves narrowed(const Halves& a, bool is_signed) {
    if (unset(a)) return lost();
    if (!(a.real & LOWER)) return halves_of(is_signed ? std::uint32_t(std::int32_t(std::int16_t(a.bits))) : part(a, 0));
    Halves to = halves_of(a.half[0]);
    to.real |= is_signed ? SIGNS : 0;
    return to;
}

Exact half_in(const Halves& a) {
    if (unset(a)) return special(UNSET);
    if (a.real & LOWER) return a.half[0];
    const bool negative = part(a, 0) >> 15;
    const int exponent = int(part(a, 0) >> 10 & 31);
    const u64 fraction = part(a, 0) & 1023;
    if (exponent == 31) return special(fraction ? NOTHING : negative ? MINUS : PLUS);
    const u64 mantissa = exponent ? fraction | 1024 : fraction;
    const int twos = (exponent ? exponent : 1) - 25;
    return mantissa ? rational(negative, mantissa, twos, 0, std::ldexp(double(mantissa), twos)) : Exact{};
}

Exact rational(bool negative, u64 mantissa, int twos, int tens, double r) {
    auto in = [&](const Field& f) {
        u64 c = f.in(mantissa), two = f.in(2), ten = f.in(10);
        c = f.mul(c, f.pow(twos < 0 ? f.inv(two) : two, u64(std::abs(twos))));
        c = f.mul(c, f.pow(tens < 0 ? f.inv(ten) : ten, u64(std::abs(tens))));
        return negative ? f.neg(c) : c;
    };
    return {in(run.P), in(run.Q), r, 0, 0};
}

Exact symbol(Unknown which, bool negative, double r) {
    u64 salt = which == LN2 || which == LOG2E ? UNKNOWN_LN2 : UNKNOWN_LN10;
    auto in = [&](const Field& f) {
        u64 c = hashed(f.m - 1, salt, f.m) + 1;
        c = which == LN2 || which == LN10 ? c : f.inv(c);
        return negative ? f.neg(c) : c;
    };
    return {in(run.P), in(run.Q), r, 0, 0};
}

// ---------------------------------------------------------------- the ring, where it is none

Exact special_add(const Exact& a, const Exact& b, bool minus) {
    std::uint32_t f = joined(a, b);
    if (f & UNSET) return special(UNSET);
    if (f & NOTHING) return special(NOTHING);
    std::uint32_t left = a.flags & INFINITE, right = b.flags & INFINITE;
    if (minus && right) right ^= INFINITE;
    if (left && right && left != right) return special(NOTHING);
    return special(left ? left : right);
}

Exact special_mul(const Exact& a, const Exact& b) {
    std::uint32_t f = joined(a, b);
    if (f & UNSET) return special(UNSET);
    if (f & NOTHING) return special(NOTHING);
    int left = order(a, {}), right = order(b, {});
    if (!left || !right) return special(NOTHING);
    return special(left == right ? PLUS : MINUS);
}

Exact special_div(const Exact& a, const Exact& b) {
    std::uint32_t f = joined(a, b);
    if (f & UNSET) return special(UNSET);
    if (f & NOTHING || (a.flags & INFINITE && b.flags & INFINITE)) return special(NOTHING);
    if (b.flags & INFINITE) return {};
    if (!b.p) return special(NOTHING);
    return special_mul(a, b);
}

Exact operator/(const Exact& a, const Exact& b) {
    if (joined(a, b) & SPECIAL) return special_div(a, b);
    if (!b.p) return special(NOTHING);  // zero for all inputs
    std::uint32_t flags = joined(a, b) | (b.degree > 0 ? RATIO : 0);
    return {run.P.mul(a.p, run.P.inv(b.p)), run.Q.mul(a.q, run.Q.inv(b.q)), a.r / b.r, flags, a.degree + b.degree};
}

int special_order(const Exact& a, const Exact& b) {
    if (joined(a, b) & (UNSET | NOTHING)) return saw(UNDEFINED), 2;
    auto rank = [](const Exact& x) { return x.flags & PLUS ? 1 : x.flags & MINUS ? -1 : 0; };
    return rank(a) < rank(b) ? -1 : rank(a) > rank(b);
}

// ---------------------------------------------------------------- exp and what is made of it

Exact exp(const Exact& x) { return exp_of(x, std::exp(x.r)); }
Exact exp2(const Exact& x) { return exp_of(x * symbol(LN2, false, M_LN2), std::exp2(x.r)); }
Exact exp10(const Exact& x) { return exp_of(x * symbol(LN10, false, M_LN10), std::pow(10.0, x.r)); }
Exact expm1(const Exact& x) { return with(exp(x) - of(1), std::expm1(x.r)); }
Exact sinh(const Exact& x) { return with((exp(x) - exp(-x)) / of(2), std::sinh(x.r)); }
Exact cosh(const Exact& x) { return with((exp(x) + exp(-x)) / of(2), std::cosh(x.r)); }
Exact tanh(const Exact& x) {
    if (x.flags & INFINITE) return x.flags & PLUS ? of(1) : of(-1);
    Exact e = exp(x + x);
    return with((e - of(1)) / (e + of(1)), std::tanh(x.r));
}

// ---------------------------------------------------------------- unknown functions

Exact log(const Exact& x) {
    Exact c;
    if (unlike(x, c)) return x.flags & PLUS ? x : c;
    if (x.p == run.P.one) return {};
    if (!x.p) return special(MINUS);
    return unknown(10, LOG, x, std::log(x.r));
}
Exact log2(const Exact& x) { return with(log(x) * symbol(LOG2E, false, M_LOG2E), std::log2(x.r)); }
Exact log10(const Exact& x) { return with(log(x) * symbol(LOG10E, false, M_LOG10E), std::log10(x.r)); }
Exact log1p(const Exact& x) { return with(log(of(1) + x), std::log1p(x.r)); }

// Square roots are unknown too, but for squares of numbers that a double holds. A true root in F_p would be right up to
// a sign that nobody knows, and so take x for the root of its square every other time.
Exact sqrt(const Exact& x) {
    Exact c;
    if (unlike(x, c)) return x.flags & PLUS ? x : c;
    if (!x.p) return {};
    double root = std::sqrt(x.r);
    if (!(x.flags & DATA) && root > 0) {
        int e;
        double m = std::frexp(root, &e);
        auto bits = u64(std::ldexp(m, 53));
        Exact s = rational(false, bits, e - 53, 0, root);
        if (run.P.mul(s.p, s.p) == x.p) return s;
    }
    return unknown(12, SQRT, x, root);
}
Exact rcp(const Exact& x) { return of(1) / x; }
Exact rsqrt(const Exact& x) { return of(1) / sqrt(x); }
Exact hypot(const Exact& a, const Exact& b) { return sqrt(a * a + b * b); }

#define XP_UNKNOWN(name, how, salt, function) \
    Exact name(const Exact& x) { \
        Exact c; \
        return unlike(x, c) ? c : how(salt, function, x, std::name(x.r)); \
    }
XP_UNKNOWN(cbrt, odd, 14, CBRT)
XP_UNKNOWN(sin, odd, 18, SIN)
XP_UNKNOWN(tan, odd, 22, TAN)
XP_UNKNOWN(asin, odd, 24, INVERSE)
XP_UNKNOWN(acos, unknown, 26, INVERSE)
XP_UNKNOWN(atan, odd, 28, INVERSE)
XP_UNKNOWN(asinh, odd, 30, INVERSE)
XP_UNKNOWN(acosh, unknown, 32, INVERSE)
XP_UNKNOWN(atanh, odd, 34, INVERSE)
XP_UNKNOWN(lgamma, unknown, 36, GAMMA)
XP_UNKNOWN(tgamma, unknown, 38, GAMMA)

Exact cos(const Exact& x) {
    Exact c;
    if (unlike(x, c)) return c;
    return x.p ? even(20, COS, x, std::cos(x.r)) : of(1);
}
Exact erf(const Exact& x) {
    Exact c;
    if (x.flags & INFINITE) return x.flags & PLUS ? of(1) : of(-1);
    return unlike(x, c) ? c : odd(16, ERF, x, std::erf(x.r));
}
Exact erfc(const Exact& x) { return with(of(1) - erf(x), std::erfc(x.r)); }
Exact atan2(const Exact& a, const Exact& b) {
    Exact c;
    if (unlike(a, c) || unlike(b, c)) return c;
    return unknown(40, INVERSE, a, b, std::atan2(a.r, b.r));
}

// Integer exponents and roots are what they are; everything else is unknown.
Exact pow(const Exact& a, const Exact& b) {
    Exact c;
    if (b.flags & SPECIAL) return unlike(b, c), c;
    if (!(b.flags & DATA)) {
        double n = std::nearbyint(b.r), twice = std::nearbyint(2 * b.r);
        if (std::fabs(n) <= 64 && is_whole(b, n)) {
            Exact power = small_power(a, unsigned(std::fabs(n)));
            return n < 0 ? of(1) / power : power;
        }
        if (std::fabs(twice) == 1 && is_whole(b + b, twice)) return twice > 0 ? sqrt(a) : rsqrt(a);
    }
    if (unlike(a, c)) return c;
    return unknown(42, POW, a, b, std::pow(a.r, b.r));
}

} // namespace xp::exact
