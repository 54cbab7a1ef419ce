"""Normal forms keep values: expressions built through `facts.sym` against the same expressions in plain Python."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xpiler.facts import sym
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.ir.types import DType

I32 = DType.I32
QUICK = settings(max_examples=60, deadline=None)
SLOW = settings(max_examples=40, deadline=None)

Values = Mapping[str, int]


# ---------------------------------------------------------------- what a normal form means


def quotient(a: int, b: int) -> int:
    """C's a / b."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a: int, b: int) -> int:
    return a - b * quotient(a, b)


ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": quotient, "%": remainder,
    "&": operator.and_, "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "min": min, "max": max,
}


def content(buffer: str, index: int) -> int:
    """An element of a made-up array: no two neighbours alike, both signs."""
    return (index * 2654435761 + sum(map(ord, buffer)) * 40503) % 1009 - 504


def value(x: Sym, env: Values) -> int:
    """The value of a normal form, node by node, with C's truncating division."""
    a = x.args
    match x.op:
        case "int":
            return sym.value_of(x)
        case "var":
            return env[sym.name_of(x)]
        case "lin":
            const, terms = sym.terms_of(x)
            return const + sum(c * value(t, env) for t, c in terms.items())
        case "prod":
            out = 1
            for f in a:
                out *= value(f, env)
            return out
        case "div":
            return quotient(value(a[0], env), value(a[1], env))
        case "mod":
            return remainder(value(a[0], env), value(a[1], env))
        case "bit" | "call" | "cmp":
            return int(ARITHMETIC[sym.word_of(x)](value(a[0], env), value(a[1], env)))
        case "lt":
            return int(value(a[0], env) < 0)
        case "eq":
            return int(value(a[0], env) == 0)
        case "and":
            return int(all(value(p, env) for p in a))
        case "or":
            return int(any(value(p, env) for p in a))
        case "not":
            return int(not value(a[0], env))
        case "sel":
            return value(a[1] if value(a[0], env) else a[2], env)
        case "ld":
            return content(sym.word_of(x), value(a[0], env))
        case "fold":
            return folded(sym.fold_op(x), sym.fold_vars(x), a[0], value(a[1], env), env)
    raise AssertionError(f"no meaning for {x.op}")


def folded(op: str, vs: tuple[Sym, ...], body: Sym, init: int, env: Values) -> int:
    """init op body over every value of the variables, by enumeration."""
    if not vs:
        return ARITHMETIC[op](init, value(body, env))
    for n in range(value(sym.extent_of(vs[0]), env)):
        init = folded(op, vs[1:], body, init, {**env, sym.name_of(vs[0]): n})
    return init


# ---------------------------------------------------------------- random expressions


@dataclass(frozen=True)
class Both:
    """One expression twice: as a normal form, and as a plain function of the variables."""

    form: Sym
    plain: Callable[[Values], int]
    text: str

    def __repr__(self) -> str:
        return f"{self.text}  as  {self.form}"


EXTENTS = {"i": 4, "j": 6, "t": 32, "u": 7}  # loop variables
SIZES = ("n",)  # a size, at least 1
LOOPS = {v: sym.var(v, sym.integer(e)) for v, e in EXTENTS.items()}


def constant(c: int) -> Both:
    return Both(sym.integer(c), lambda env: c, str(c))


def variable(name: str) -> Both:
    form = LOOPS[name] if name in LOOPS else sym.var(name)
    return Both(form, lambda env: env[name], name)


def joined(op: str, a: Both, b: Both) -> Both:
    if op in ("min", "max"):
        form = sym.call(op, (a.form, b.form), I32)
    else:
        form = sym.binary(op, a.form, b.form, I32)
    return Both(form, lambda env: int(ARITHMETIC[op](a.plain(env), b.plain(env))),
                f"({a.text} {op} {b.text})")


def chosen(c: Both, a: Both, b: Both) -> Both:
    return Both(sym.select(c.form, a.form, b.form), lambda env: a.plain(env) if c.plain(env) else b.plain(env),
                f"({c.text} ? {a.text} : {b.text})")


def negated(c: Both) -> Both:
    return Both(sym.negate(c.form), lambda env: int(not c.plain(env)), f"!{c.text}")


LEAVES = st.sampled_from([*EXTENTS, *SIZES]).map(variable) | st.integers(-9, 40).map(constant)
DIVISORS = st.sampled_from([2, 3, 4, 6, 7, 8, 16, 32]).map(constant)
MASKS = st.sampled_from([0, 1, 2, 3, 7, 8, 15, 16, 31]).map(constant)
SHIFTS = st.integers(0, 5).map(constant)


def conditions(integers: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    simple = st.builds(joined, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), integers, integers)
    return simple | simple.map(negated) | st.builds(joined, st.sampled_from(["&&", "||"]), simple, simple)


ARITHMETIC["&&"] = lambda a, b: int(bool(a) and bool(b))
ARITHMETIC["||"] = lambda a, b: int(bool(a) or bool(b))


@st.composite
def larger(draw: st.DrawFn, integers: st.SearchStrategy[Both]) -> Both:
    a = draw(integers)
    match draw(st.integers(0, 5)):
        case 0:
            return joined(draw(st.sampled_from(["+", "-", "*", "min", "max"])), a, draw(integers))
        case 1:
            return joined(draw(st.sampled_from(["+", "-", "*"])), a, draw(DIVISORS))
        case 2:
            return joined(draw(st.sampled_from(["/", "%"])), a, draw(DIVISORS))
        case 3:
            return joined(draw(st.sampled_from(["&", "|", "^"])), a, draw(MASKS | integers))
        case 4:
            return joined(draw(st.sampled_from(["<<", ">>"])), a, draw(SHIFTS))
    return chosen(draw(conditions(integers)), a, draw(integers))


INTEGERS = st.recursive(LEAVES, larger, max_leaves=10)
DIGITS = st.recursive(  # sums of scaled digits, what index arithmetic is made of
    st.sampled_from([*EXTENTS]).map(variable),
    lambda inner: st.builds(joined, st.sampled_from(["+", "*"]), inner, DIVISORS)
    | st.builds(joined, st.sampled_from(["/", "%"]), inner, DIVISORS)
    | st.builds(joined, st.just("+"), inner, inner),
    max_leaves=8)
RANGES = {v: range(e) for v, e in EXTENTS.items()} | {s: range(1, 50) for s in SIZES}
_dice = random.Random(7)
POINTS: list[Values] = [
    {v: r[0] for v, r in RANGES.items()}, {v: r[-1] for v, r in RANGES.items()},
    *({v: _dice.choice(r) for v, r in RANGES.items()} for _ in range(20))]
ENVS = st.sampled_from(POINTS)


def keeps(e: Both, env: Values) -> None:
    """The form has the plain value, inside its own bounds."""
    want = e.plain(env)
    assert value(e.form, env) == want
    assert e.form.lo <= want <= e.form.hi


# ---------------------------------------------------------------- expressions


@QUICK
@given(INTEGERS)
def test_normal_forms_keep_values(e: Both) -> None:
    for env in POINTS:
        keeps(e, env)


@QUICK
@given(DIGITS)
def test_digits_keep_values(e: Both) -> None:
    for env in POINTS:
        keeps(e, env)


@QUICK
@given(conditions(INTEGERS))
def test_conditions_keep_values(c: Both) -> None:
    for env in POINTS:
        keeps(c, env)
        assert value(sym.negate(c.form), env) == 1 - c.plain(env)


@QUICK
@given(INTEGERS, conditions(INTEGERS))
def test_assuming_a_condition_keeps_the_value_where_it_holds(e: Both, c: Both) -> None:
    assumed = sym.assume(e.form, c.form)
    for env in POINTS:
        if c.plain(env):
            assert value(assumed, env) == e.plain(env)


@QUICK
@given(INTEGERS, st.sampled_from([*EXTENTS, *SIZES]), LEAVES)
def test_substitution_commutes_with_evaluation(e: Both, name: str, by: Both) -> None:
    replaced = sym.substitute(e.form, {variable(name).form: by.form})
    for env in POINTS:
        at = by.plain(env)
        if 0 <= at < EXTENTS.get(name, 1000) and (name in EXTENTS or at >= 1):
            assert value(replaced, env) == e.plain({**env, name: at})


@QUICK
@given(INTEGERS, INTEGERS)
def test_what_is_proved_is_so(a: Both, b: Both) -> None:
    proved = sym.prove_lt(a.form, b.form)
    upper, lower = sym.bound(a.form, True), sym.bound(a.form, False)
    for env in POINTS:
        assert not proved or a.plain(env) < b.plain(env)
        assert value(lower, env) <= a.plain(env) <= value(upper, env)


@QUICK
@given(INTEGERS | conditions(INTEGERS))
def test_show_and_evaluate_answer_for_every_form(e: Both) -> None:
    assert sym.show(e.form)
    env = dict.fromkeys([*EXTENTS], 0) | dict.fromkeys(SIZES, 1)
    got = sym.evaluate(e.form, {variable(v).form: n for v, n in env.items()})
    assert got is None or got == e.plain(env)


def test_equal_expressions_are_one_object() -> None:
    i, t = LOOPS["i"], LOOPS["t"]
    whole = sym.add(sym.scale(sym.div(t, sym.integer(8)), 8), sym.mod(t, sym.integer(8)))
    assert whole is t
    both = sym.add(sym.scale(i, 32), t)
    assert sym.div(both, sym.integer(32)) is i
    assert sym.mod(both, sym.integer(32)) is t


@pytest.mark.parametrize("limit", range(-9, 10))
@pytest.mark.parametrize("step", (2, 3, -2, -3))
def test_comparisons_of_multiples_round_the_right_way(step: int, limit: int) -> None:
    n = sym.var("n")
    for op in ("<", "<=", ">", ">=", "=="):
        c = sym.compare(op, sym.scale(n, step), sym.integer(limit))
        for at in range(8):
            assert value(c, {"n": at}) == int(ARITHMETIC[op](at * step, limit))


# ---------------------------------------------------------------- folds

OPS = st.sampled_from(["+", "max", "min"])
NEUTRAL = {"+": 0, "max": -(1 << 31), "min": (1 << 31) - 1}
BODIES = st.recursive(
    st.sampled_from(["i", "j", "u"]).map(variable) | st.integers(0, 9).map(constant),
    lambda inner: st.builds(joined, st.sampled_from(["+", "-"]), inner, inner)
    | st.builds(joined, st.sampled_from(["*", "/", "%"]), inner, DIVISORS),
    max_leaves=5)


def element(buffer: str, index: Both) -> Both:
    return Both(sym.load(buffer, index.form, I32), lambda env: content(buffer, index.plain(env)),
                f"{buffer}[{index.text}]")


CONTENTS = st.builds(element, st.sampled_from(["x", "y"]), BODIES)
AT_N = st.builds(element, st.sampled_from(["x", "y"]), st.recursive(
    st.sampled_from(["n", "u"]).map(variable) | st.integers(0, 9).map(constant),
    lambda inner: st.builds(joined, st.just("+"), inner, inner)
    | st.builds(joined, st.sampled_from(["*", "/", "%"]), inner, DIVISORS),
    max_leaves=4))
TERMS = CONTENTS | st.builds(joined, st.just("*"), CONTENTS, CONTENTS) | BODIES


def reduced(op: str, names: tuple[str, ...], body: Both, init: Both) -> Both:
    """init op (op over the named loops of body)."""

    def plain(env: Values) -> int:
        total = init.plain(env)
        for at in itertools.product(*(range(EXTENTS[v]) for v in names)):
            total = ARITHMETIC[op](total, body.plain({**env, **dict(zip(names, at, strict=True))}))
        return total

    form = sym.fold(op, [LOOPS[v] for v in names], body.form, init.form, I32)
    return Both(form, plain, f"{op}({init.text}; {','.join(names)}: {body.text})")


def guarded(op: str, c: Both, body: Both) -> Both:
    return chosen(c, body, constant(NEUTRAL[op]))


LOOPED = st.lists(st.sampled_from(["i", "j", "u"]), min_size=1, max_size=2, unique=True).map(tuple)


@SLOW
@given(OPS, LOOPED, TERMS, st.integers(-5, 5).map(constant) | CONTENTS, ENVS)
def test_folds_keep_values(op: str, names: tuple[str, ...], body: Both, init: Both, env: Values) -> None:
    e = reduced(op, names, body, init)
    assert value(e.form, env) == e.plain(env)


@SLOW
@given(LOOPED, conditions(BODIES), TERMS, ENVS)
def test_guarded_sums_keep_values(names: tuple[str, ...], c: Both, body: Both, env: Values) -> None:
    e = reduced("+", names, guarded("+", c, body), constant(0))
    assert value(e.form, env) == e.plain(env)


@SLOW
@given(OPS, LOOPED, TERMS, st.integers(0, 3).map(constant), ENVS)
def test_nested_folds_keep_values(op: str, names: tuple[str, ...], body: Both, init: Both, env: Values) -> None:
    inner = reduced(op, names[:1], body, constant(NEUTRAL[op]))
    e = reduced(op, ("t",), inner, init)
    assert value(e.form, env) == e.plain(env)


@SLOW
@given(OPS, AT_N, st.integers(1, 4), st.integers(2, 6), ENVS)
def test_rolling_up_terms_keeps_values(op: str, term: Both, step: int, count: int, env: Values) -> None:
    """f(0) op f(step) op f(2 * step) ...: what unrolled code adds up, in order."""
    n = sym.var("n")
    total = sym.substitute(term.form, {n: ZERO})
    want = term.plain({**env, "n": 0})
    for at in range(step, step * count, step):
        total = sym.reduce_pair(op, total, sym.substitute(term.form, {n: sym.integer(at)}), I32)
        want = ARITHMETIC[op](want, term.plain({**env, "n": at}))
    assert value(total, env) == want


@SLOW
@given(OPS, AT_N, st.sampled_from([1, 2, 4, 8, 16]), ENVS)
def test_butterflies_keep_values(op: str, term: Both, bit: int, env: Values) -> None:
    """f(t) op f(t ^ bit), as an exchange between lanes leaves it."""
    n, t = sym.var("n"), LOOPS["t"]
    mine = sym.substitute(term.form, {n: t})
    theirs = sym.substitute(mine, {t: sym.bit("^", t, sym.integer(bit))})
    a, b = (term.plain({**env, "n": at}) for at in (env["t"], env["t"] ^ bit))
    assert value(sym.reduce_pair(op, mine, theirs, I32), env) == ARITHMETIC[op](a, b)


@SLOW
@given(OPS, LOOPED, TERMS, st.sampled_from(["i", "j", "u"]), BODIES, ENVS)
def test_substitution_into_folds_captures_nothing(
    op: str, names: tuple[str, ...], body: Both, name: str, by: Both, env: Values
) -> None:
    e = reduced(op, names, body, constant(0))
    at = by.plain(env)
    if 0 <= at < EXTENTS[name]:
        replaced = sym.substitute(e.form, {LOOPS[name]: by.form})
        assert value(replaced, env) == e.plain({**env, name: at})


# ---------------------------------------------------------------- digits and guesses


@SLOW
@given(st.permutations(["i", "j", "u"]), st.integers(0, 3), st.sampled_from([1, 2, 5]), st.booleans())
def test_merged_digits_visit_the_same_places(order: list[str], offset: int, unit: int, split: bool) -> None:
    vs = [LOOPS[v] for v in order]
    index, weight = sym.integer(offset), unit
    for v in reversed(vs):
        index = sym.add(index, sym.scale(v, weight))
        weight *= sym.value_of(sym.extent_of(v)) * (2 if split and v is vs[-1] else 1)
    parts = [sym.load("x", index, I32), sym.load("y", sym.scale(index, 3), I32)]

    def visited(live: list[Sym], exprs: list[Sym]) -> list[tuple[int, ...]]:
        ranges = [range(sym.value_of(sym.extent_of(v))) for v in live]
        names = [sym.name_of(v) for v in live]
        return sorted(tuple(value(e.args[0], dict(zip(names, at, strict=True))) for e in exprs)
                      for at in itertools.product(*ranges))

    want, live, exprs = visited(vs, parts), vs, parts
    while (merged := sym.merge_digits(live, exprs)) is not None:
        live, exprs = merged
        assert visited(live, exprs) == want
    assert len(live) == (2 if split else 1)


def test_digits_that_are_used_alone_are_not_merged() -> None:
    i, j = LOOPS["i"], LOOPS["j"]
    index = sym.add(sym.scale(i, 6), j)
    assert sym.merge_digits([i, j], [sym.load("x", index, I32), sym.load("y", j, I32)]) is None


SIZE_TERMS = st.recursive(
    st.sampled_from(["m", "n"]).map(variable) | st.integers(1, 40).map(constant),
    lambda inner: st.builds(joined, st.just("+"), inner, inner)
    | st.builds(joined, st.sampled_from(["*", "/", "%"]), inner, DIVISORS),
    max_leaves=5)


@QUICK
@given(SIZE_TERMS, SIZE_TERMS)
def test_a_likely_bound_holds_on_its_samples(a: Both, b: Both) -> None:
    if sym.likely_le(a.form, b.form):
        for m, n in ((1, 1), (1, 2), (2, 1), (8, 5), (5, 22), (31, 32), (32, 31), (64, 64)):
            if m != n or len(a.form.free | b.form.free) < 2:
                assert a.plain({"m": m, "n": n}) <= b.plain({"m": m, "n": n})


def test_likely_bounds_of_sizes() -> None:
    n = sym.var("n")
    assert sym.likely_le(sym.div(n, sym.integer(4)), n)
    assert sym.likely_le(ONE, n)
    assert not sym.likely_le(n, sym.integer(64))
    assert not sym.likely_le(LOOPS["t"], n)


def test_neither_of_two_unrelated_sizes_is_the_smaller() -> None:
    first, second = sym.var("rows"), sym.var("columns")
    assert not sym.likely_le(first, second)
    assert not sym.likely_le(second, first)
    assert sym.likely_le(first, sym.add(first, second))


def test_fields_of_a_constant_that_are_a_sum_are_read_off() -> None:
    """(table >> 2 * (2 * i + j)) & 3 for all 256 tables; where it is no sum of i and j it stays as it is."""
    i, j = sym.var("i", sym.integer(2)), sym.var("j", sym.integer(2))
    at = sym.add(sym.scale(i, 4), sym.scale(j, 2))
    sums = 0
    for table in range(256):
        found = sym.bit("&", sym.bit(">>", sym.integer(table), at), sym.integer(3))
        if found.op == "bit":
            continue
        sums += 1
        for a, b in itertools.product(range(2), repeat=2):
            assert sym.evaluate(found, {i: a, j: b}) == table >> (4 * a + 2 * b) & 3
    assert sums == sum(
        (t & 3) + (t >> 6) == (t >> 2 & 3) + (t >> 4 & 3) for t in range(256))


def test_parts_of_a_word_come_back() -> None:
    low, high = (sym.load(name, ZERO, DType.U16) for name in ("a", "b"))
    word = sym.add(low, sym.scale(high, 1 << 16))
    assert sym.cast(word, DType.U16) is low
    assert sym.shifted_in_zeros(word, 16) is high
    anything = sym.load("c", ZERO, I32)
    assert sym.cast(sym.add(anything, sym.scale(high, 1 << 16)), DType.U16) is not anything
    shifted = sym.shifted_in_zeros(sym.add(anything, sym.scale(high, 1 << 16)), 16)
    assert shifted is not high and shifted.lo == 0 and shifted.hi == 65535


def test_choices_between_numbers_are_divided_and_compared() -> None:
    v = sym.var("v", sym.integer(4))
    length = sym.select(sym.compare("==", v, sym.integer(3)), sym.integer(2504), sym.integer(2501))
    assert sym.div(length, sym.integer(4096)) is ZERO
    assert sym.compare("<", length, sym.integer(2600)) is sym.TRUE
    for k in range(4):
        said = sym.substitute(sym.mod(length, sym.integer(100)), {v: sym.integer(k)})
        assert sym.value_of(said) == (4 if k == 3 else 1)


def test_bytes_of_a_word_with_bits_flipped_come_back() -> None:
    """((b << 8 | a) ^ 0x8040) taken apart is a ^ 0x40 and b ^ 0x80; so with & and |."""
    low, high = (sym.load(name, ZERO, DType.U8) for name in ("a", "b"))
    word = sym.add(low, sym.scale(high, 1 << 8))
    for op in ("^", "&", "|"):
        made = sym.bit(op, word, sym.integer(0x8040))
        assert sym.div(made, sym.integer(256)) is sym.bit(op, high, sym.integer(0x80))
        assert sym.mod(made, sym.integer(256)) is sym.bit(op, low, sym.integer(0x40))


def test_a_part_of_a_word_of_neighbours_is_one_of_them() -> None:
    """((x[b] | x[b + 1] << 16) >> 16 * (i % 2)) & 65535 is x[b + i % 2]; likewise where the parts are further apart."""
    i = sym.var("i", sym.integer(16))
    base, which = sym.scale(sym.div(i, sym.integer(2)), 2), sym.mod(i, sym.integer(2))

    def word(second: sym.Sym) -> sym.Sym:
        high = sym.load("x", second, DType.U16)
        return sym.add(sym.load("x", base, DType.U16), sym.scale(high, 1 << 16))

    def part(of: sym.Sym, at: sym.Sym) -> sym.Sym:
        return sym.bit("&", sym.bit(">>", of, at), sym.integer(65535))

    assert part(word(sym.add(base, sym.integer(1))), sym.scale(which, 16)) is sym.load("x", i, DType.U16)
    further = sym.load("x", sym.add(base, sym.scale(which, 2)), DType.U16)
    assert part(word(sym.add(base, sym.integer(2))), sym.scale(which, 16)) is further
    assert part(word(sym.load("at", base, I32)), sym.scale(which, 16)).op == "bit"
    assert part(word(sym.add(base, sym.integer(1))), sym.scale(which, 8)).op == "bit"


def test_the_bits_of_a_word_end_with_it() -> None:
    """((a | b << 16) << 16) as a float is a << 16 as a float; as a 64-bit number it is more."""
    low, high = (sym.load(name, ZERO, DType.U16) for name in ("a", "b"))
    word = sym.scale(sym.add(low, sym.scale(high, 1 << 16)), 1 << 16)
    assert sym.call("bits.i32.f32", (word,), DType.F32) is sym.call("bits.i32.f32", (sym.scale(low, 1 << 16),), DType.F32)
    assert sym.low_word(word) is sym.scale(low, 1 << 16) is not word
    assert sym.cast(word, DType.I64) is word


def test_bounds_of_floats_are_known_from_what_clamps_them() -> None:
    """(int)rint(min(max(x, 0), 127)) lies within 0 and 127: no check of the range is left, of a NaN either."""
    x = sym.load("x", ZERO, DType.F32)
    near, far, low = (sym.number(v, DType.F32) for v in (127.0, 2147483648.0, 0.0))
    real = sym.call("rint", (sym.call("min", (sym.call("max", (x, low), DType.F32), near), DType.F32),), DType.F32)
    whole = sym.cast(real, I32)
    assert (whole.lo, whole.hi) == (0, 127)
    assert sym.compare("<", real, far) is sym.TRUE and sym.compare(">", low, real) is sym.FALSE
    assert sym.select(sym.compare("<", real, far), whole, ZERO) is whole
    for op in ("<", "<=", ">", ">="):
        assert sym.compare(op, x, far).op == "cmp"
        assert sym.compare(op, sym.call("max", (x, low), DType.F32), near).op == "cmp"
    assert sym.compare("<=", x, sym.number(math.inf, DType.F32)).op == "cmp"  # of a NaN it is false


def test_a_number_that_cannot_be_the_greatest_is_left_out() -> None:
    """max(max(0, x), 0) is max(0, x), also where it is the greatest of many; max(x, 0) stays."""
    x, k = sym.load("x", sym.var("k", sym.var("n")), DType.F32), sym.var("k", sym.var("n"))
    zero, two = sym.number(0.0, DType.F32), sym.number(2.0, DType.F32)
    for op, other in (("max", two), ("min", sym.number(-2.0, DType.F32))):
        found = sym.call(op, (zero, x), DType.F32)
        assert found.op == "call" and sym.call(op, (found, zero), DType.F32) is found
        assert sym.call(op, (found, other), DType.F32) is not found
        many = sym.fold(op, [k], x, zero, DType.F32)
        assert sym.call(op, (many, zero), DType.F32) is many
        assert sym.call(op, (many, other), DType.F32) is not many


@pytest.mark.parametrize(("lanes", "same"), [(64, True), (63, False)])
def test_lanes_that_share_a_sum_out_are_one_sum(lanes: int, same: bool) -> None:
    """sum(t < 64, k < 256) of what has k % 64 == t is the sum over k, where there is a lane for each k."""
    t, k = sym.var("t", sym.integer(lanes)), sym.var("k", sym.integer(256))
    x, zero = sym.load("x", k, DType.F32), sym.number(0.0, DType.F32)
    mine = sym.compare("==", sym.binary("%", k, sym.integer(64), I32), t)
    shared = sym.fold("+", [t, k], sym.select(mine, x, zero), zero, DType.F32)
    assert (shared is sym.fold("+", [k], x, zero, DType.F32)) is same


def test_a_clamp_of_choices_is_a_minimum_and_a_maximum() -> None:
    x = sym.load("x", ZERO, I32)
    for low, high in itertools.product((-3, 0, 2), repeat=2):
        ends = sym.integer(low), sym.integer(high)
        above = sym.select(sym.compare(">", x, ends[1]), ends[1], x)
        below = sym.select(sym.compare("<", x, ends[0]), ends[0], x)
        first = sym.select(sym.compare("<", x, ends[0]), ends[0], above)
        second = sym.select(sym.compare(">", x, ends[1]), ends[1], below)
        assert (first.op == "sel") == (low > high) == (second.op == "sel")
        for v in range(-5, 6):
            at = functools.partial(sym.rewrite, rule=lambda n, v=v: sym.integer(v) if n is x else None)
            assert at(first) is sym.integer(low if v < low else min(v, high))
            assert at(second) is sym.integer(high if v > high else max(v, low))


def test_what_is_cut_is_clamped_before() -> None:
    """min((int)x, 127) is (int)min(x, 127): what fits no int ends where the clamp does, as a conversion that saturates."""
    x = sym.load("x", ZERO, DType.F32)
    cut = sym.cast(x, I32)
    ends = sym.number(127.0, DType.F32), sym.number(-127.0, DType.F32)
    above = sym.call("min", (sym.integer(127), cut), I32)
    assert above is sym.cast(sym.call("min", (x, ends[0]), DType.F32), I32)
    both = sym.call("max", (above, sym.integer(-127)), I32)
    assert both is sym.cast(sym.call("max", (sym.call("min", (x, ends[0]), DType.F32), ends[1]), DType.F32), I32)
    assert sym.call("min", (sym.integer((1 << 24) + 1), cut), I32).op == "call"  # no float
    below = sym.select(sym.compare("<", cut, sym.integer(-127)), sym.integer(-127), above)
    assert below is both
    assert sym.select(sym.compare("<", cut, sym.integer(-126)), sym.integer(-127), above).op == "sel"


def test_the_lowest_bits_of_a_word_are_those_of_its_parts() -> None:
    """(signed char)((a & 255) + (b & 255) * 256) is (signed char)a; a & 127 is not."""
    a, b = (sym.load(name, ZERO, I32) for name in ("a", "b"))

    def part(of: Sym, mask: int) -> Sym:
        return sym.bit("&", of, sym.integer(mask))

    word = sym.add(part(a, 255), sym.scale(part(b, 255), 256))
    assert sym.cast(word, DType.I8) is sym.cast(a, DType.I8)
    assert sym.cast(part(a, 127), DType.I8) is part(a, 127)
    assert sym.cast(part(a, 0x17F), DType.I8) is not sym.cast(a, DType.I8)
    small = sym.load("c", ZERO, DType.I8)
    assert sym.cast(sym.add(part(small, 255), sym.scale(b, 512)), DType.I8) is small


def _lanes(conditions: list[sym.Sym]) -> sym.Sym:
    return sym.add(*(sym.scale(c, 1 << k) for k, c in enumerate(conditions)))


def _lane(word: sym.Sym, i: sym.Sym) -> sym.Sym:
    return sym.bit("&", sym.bit(">>", word, i), ONE)


def test_a_lane_of_a_comparison_is_its_comparison() -> None:
    """Bit i of the word whose bit k is x[8 * n + k] < 3; also of two such words together, and of one in two pieces."""
    n, i = sym.var("n"), sym.var("i", sym.integer(8))

    def below(k: sym.Sym, limit: int) -> sym.Sym:
        return sym.compare("<", sym.load("x", sym.add(sym.scale(n, 8), k), I32), sym.integer(limit))

    lower, upper = (_lanes([below(sym.integer(k), limit) for k in range(8)]) for limit in (3, 9))
    assert _lane(lower, i) is below(i, 3)
    assert _lane(sym.bit("&", lower, upper), i) is sym.select(sym.conjoin(below(i, 3), below(i, 9)), ONE, ZERO)
    assert _lane(sym.bit("|", lower, upper), i) is sym.select(sym.disjoin(below(i, 3), below(i, 9)), ONE, ZERO)
    pieces = _lanes([below(sym.integer(k), 3 if k < 5 else 9) for k in range(8)])
    assert _lane(pieces, i) is sym.select(sym.compare("<", i, sym.integer(5)), below(i, 3), below(i, 9))
    mixed = _lanes([below(sym.integer(k), k * k) for k in range(8)])
    assert _lane(mixed, i).op == "bit" and _lane(lower, sym.var("j", sym.integer(9))).op == "bit"


@pytest.mark.parametrize("dtype", [DType.F32, I32])
def test_a_sum_of_padded_factors_is_over_what_is_not_padding(dtype: DType) -> None:
    """sum(k<32) (k < 10 ? a[k] : 0) * (k < 10 ? b[k] : 0); where one factor is not padded, it stays: 0 * inf."""
    k = sym.var("k", sym.integer(32))
    narrow = DType.F16 if dtype.is_float else DType.I8

    def padded(name: str, limit: int, turned: bool = False) -> sym.Sym:
        zero, read = sym.cast(ZERO, narrow), sym.load(name, k, narrow)
        if turned:
            return sym.cast(sym.select(sym.compare("<", sym.integer(limit - 1), k), zero, read), dtype)
        return sym.cast(sym.select(sym.compare("<", k, sym.integer(limit)), read, zero), dtype)

    def total(a: sym.Sym, b: sym.Sym) -> sym.Sym:
        return sym.fold("+", [k], sym.binary("*", a, b, dtype), sym.cast(ZERO, dtype), dtype)

    both = total(padded("a", 10), padded("b", 10))
    assert total(padded("a", 10), padded("b", 10, turned=True)) is both
    assert both.args[0].op != "sel" and [sym.extent_of(v) for v in sym.fold_vars(both)] == [sym.integer(10)]
    for other in (sym.cast(sym.load("b", k, narrow), dtype), padded("b", 11)):
        kept = total(padded("a", 10), other)
        assert [sym.extent_of(v) for v in sym.fold_vars(kept)] == [sym.integer(32)]


def test_a_place_in_a_tile_and_what_lies_beyond_it() -> None:
    x, b, m = sym.var("x", sym.integer(190)), sym.var("b", sym.integer(3)), sym.integer(16)
    further = sym.div(sym.add(sym.mod(x, m), b), m)
    assert sym.add(sym.div(x, m), further) is sym.div(sym.add(x, b), m)
    assert sym.compare("<", sym.add(sym.div(x, m), further), sym.integer(12)) is sym.TRUE
    assert sym.add(sym.div(x, sym.integer(8)), further) is not sym.div(sym.add(x, b), m)
    twice = sym.add(sym.scale(sym.div(x, m), 2), further)
    assert sym.evaluate(twice, {x: 47, b: 2}) == 5


@pytest.mark.parametrize("n", [-33, -32, -17, -1, 0, 1, 15, 16, 31])
def test_low_bits_are_cut_off_numbers_of_either_sign(n: int) -> None:
    far = sym.var("far")
    cut = sym.bit("&", sym.sub(far, sym.integer(100)), sym.integer(-16))
    assert sym.evaluate(cut, {far: n + 100}) == n & -16


def test_what_makes_zero_of_zeros_is_padded_as_they_are() -> None:
    f32 = DType.F32
    i, n = sym.fresh("i", sym.integer(64)), sym.var("n")
    inside = sym.compare("<", i, n)
    a, b = (sym.select(inside, sym.load(x, i, f32), sym.number(0.0, f32)) for x in "ab")
    off = sym.binary("-", a, b, f32)
    square = sym.binary("*", off, sym.unary("-", sym.call("abs", (off,), f32), f32), f32)
    total = sym.fold("+", [i], square, sym.number(0.0, f32), f32)
    assert not sym.collect(total.args[0], lambda n: n.op == "sel" and n.args[1].op == "ld")
    other = sym.fold("+", [i], sym.binary("-", off, sym.number(1.0, f32), f32), sym.number(0.0, f32), f32)
    assert sym.collect(other.args[0], lambda n: n.op == "sel" and n.args[1].op == "ld"), "1 is added outside, too"


def test_a_minimum_is_known_by_the_loop_that_it_is_in() -> None:
    """The last block of 4096 has at least one element, so that parts of it are counted from 0."""
    n, size = sym.var("n"), sym.integer(4096)
    b = sym.var("b", sym.div(sym.add(n, sym.integer(4095)), size))
    count = sym.call("min", (sym.sub(n, sym.scale(b, 4096)), size), DType.I32)
    parts = sym.div(count, sym.integer(64))
    assert sym.call("max", (parts, sym.ZERO), DType.I32) is parts
    left = sym.sub(count, sym.scale(parts, 64))
    assert left is sym.mod(count, sym.integer(64)) and left.lo == 0
    further = sym.call("min", (sym.sub(n, sym.scale(b, 4097)), size), DType.I32)
    assert sym.call("max", (further, sym.ZERO), DType.I32) is not further


def test_a_number_is_no_less_than_what_it_is_rounded_down_to() -> None:
    """Towards 0: one below it is rounded up."""
    x, m = sym.var("x"), sym.integer(64)
    below = sym.sub(x, sym.integer(200))
    for number in (x, below):
        rounded = sym.scale(sym.div(number, m), 64)
        assert sym.prove_lt(number, sym.add(rounded, m))
        assert sym.prove_lt(rounded, sym.add(number, sym.ONE)) == (number is x)
        assert not sym.prove_lt(sym.add(number, sym.integer(2)), sym.add(rounded, m))


def test_lanes_that_are_left_or_all_of_them() -> None:
    i, left = sym.var("i", sym.integer(32)), sym.var("left")
    full = sym.compare("==", sym.call("min", (left, sym.integer(32)), DType.I32), sym.integer(32))
    assert full is sym.compare(">=", left, sym.integer(32))
    assert sym.disjoin(full, sym.compare("<", i, left)) is sym.compare("<", i, left)
    assert sym.disjoin(sym.compare("==", left, sym.integer(31)), sym.compare("<", i, left)).op == "or"
    choice = sym.select(sym.compare("<", sym.call("min", (left, i), DType.I32), sym.integer(7)),
                        sym.call("min", (left, i), DType.I32), sym.integer(7))
    assert choice.op == "call" and choice.data == "min"


@pytest.mark.parametrize(("value", "dtype", "held"), [
    (1002278, DType.I8, 38), (200, DType.I8, -56), (-1, DType.U8, 255), (70000, DType.I16, 4464), (-1, DType.U16, 65535),
])
def test_a_number_cut_to_a_narrow_type_is_a_number(value: int, dtype: DType, held: int) -> None:
    assert sym.cast(sym.integer(value), dtype) is sym.integer(held)


def test_what_two_share_is_moved_once() -> None:
    """A chain of squares is as long as it is deep: each part is asked about once."""
    f32, x = DType.F32, sym.load("x", sym.integer(3), DType.F32)
    y = sym.load("x", sym.integer(4), f32)
    for _ in range(60):
        x, y = sym.binary("*", x, x, f32), sym.binary("*", y, y, f32)
    v = sym.fresh("v", sym.integer(2))
    assert sym.is_shift(x, y)
    moved = sym.between(x, y, v)
    assert moved is not None and sym.substitute(moved, {v: sym.ONE}) is y


@pytest.mark.parametrize("times", [1, 3])
def test_digits_of_a_row_are_put_together_where_a_size_multiplies_them(times: int) -> None:
    n, r = sym.var("n"), sym.var("r", sym.integer(1000))
    whole, rest = sym.div(r, sym.integer(16)), sym.mod(r, sym.integer(16))
    row = sym.add(sym.scale(sym.mul(n, whole), 16 * times), sym.scale(sym.mul(n, rest), times))
    assert row is sym.scale(sym.mul(n, r), times)
    other = sym.add(sym.scale(sym.mul(n, whole), 8), sym.mul(n, rest))
    assert value(other, {"n": 3, "r": 37}) == 8 * 3 * 2 + 3 * 5


def test_a_ring_that_does_not_turn_is_a_row() -> None:
    """Where a condition keeps a sum below what it is divided by, there is no remainder."""
    i, k = sym.var("i", sym.integer(64)), sym.var("k", sym.integer(3))
    place = sym.add(i, k)
    below = sym.compare("<", place, sym.integer(3))
    ring = sym.mod(place, sym.integer(4))
    assert sym.select(below, ring, place) is place
    assert sym.assume(sym.div(place, sym.integer(4)), below) is sym.ZERO
    assert sym.assume(sym.mod(place, sym.integer(2)), below) is sym.mod(place, sym.integer(2))
