"""What a platform's intrinsics compute, as patterns: found by summarising their bodies in device.h.

An element-wise intrinsic is `out[i] = value(i)` for i below a constant or a count parameter; a reduction leaves one
fold in a scalar. Nothing here knows an intrinsic by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.packed import put_in, taken_out
from xpiler.facts.running import MIRRORED
from xpiler.facts.stored import Row, restored, rows
from xpiler.facts.summary import summarise
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Buffer, Const, Kernel, Meaning, Param, Store, Var
from xpiler.ir.types import DType
from xpiler.kept import Shelf


@dataclass(frozen=True)
class Offer:
    """One intrinsic as a pattern. `out` is the parameter (or result) written; `lane` the element variable, None for
    a reduction; `count` the name of the parameter that says how many elements, "" when `width` is fixed.

    Where `value` is a condition, the result is a mask: its bits say in which lanes the condition holds. One whose
    value has `out` in it leaves elements as they are. The parameters in `given` have these values: positions of
    fixed-point numbers, with which a conversion is that of whole numbers; codes of one operation among several."""

    meaning: Meaning
    out: str
    lane: Sym | None
    value: Sym
    count: str
    width: int
    given: tuple[tuple[str, int], ...] = ()

    @property
    def result(self) -> bool:
        """The value is returned rather than stored through a parameter."""
        return self.meaning.result is not None and self.out == _name(self.meaning.result)

    def param(self, name: str) -> Param:
        for p in self.meaning.params:
            if p.name == name:
                return p
        assert self.meaning.result is not None
        return self.meaning.result

    @property
    def dtype(self) -> DType:
        return self.value.dtype


def _name(p: Param) -> str:
    return p.name


def offers(
    library: Iterable[Meaning], avoid: Iterable[str] = (), shelf: Shelf | None = None
) -> tuple[Offer, ...]:
    """The element-wise intrinsics and reductions of a library, without those named in `avoid`.

    `shelf` keeps what is found in the whole library between runs."""
    known, unwanted = tuple(library), frozenset(avoid)
    if shelf is None:
        return tuple(o for m in known if m.name not in unwanted for o in _offers(m))
    found = _unpacked(known, shelf.kept("offers", lambda: _packed(known)))
    return tuple(o for o in found if o.meaning.name not in unwanted)


# positions of the meaning, the lane and the value
_Line = tuple[int, str, int | None, int, str, int, tuple[tuple[str, int], ...]]


def _packed(library: tuple[Meaning, ...]) -> tuple[tuple[Row, ...], tuple[_Line, ...]]:
    found = [(k, o) for k, m in enumerate(library) for o in _offers(m)]
    parts = [s for _, o in found for s in (o.lane, o.value) if s is not None]
    nodes, at = rows(parts)
    return nodes, tuple(
        (k, o.out, None if o.lane is None else at[o.lane], at[o.value], o.count, o.width, o.given)
        for k, o in found)


def _unpacked(
    library: tuple[Meaning, ...], stored: tuple[tuple[Row, ...], tuple[_Line, ...]]
) -> list[Offer]:
    nodes = restored(stored[0])
    return [
        Offer(library[k], out, None if lane is None else nodes[lane], nodes[value], count, width, given)
        for k, out, lane, value, count, width, given in stored[1]]


def _offers(meaning: Meaning) -> Iterator[Offer]:
    """What a meaning offers: to words, to small elements in them, to numbers that it doesn't scale."""
    for offer in _found(meaning):
        for o in (offer, *_of_parts(offer), *_unscaled(offer)):
            yield o
            whole = _of_what_fits(o.value) or _of_a_word(o)
            if whole is not None:
                yield replace(o, value=whole)


def _unscaled(offer: Offer) -> Iterator[Offer]:
    """What it does where the power of two that it multiplies by is 1."""
    powers = sym.collect(offer.value, lambda n: n.op == "call" and n.data == "exp2")
    scales = {v for p in powers for v in p.free if v is not offer.lane and v.dtype is DType.I32}
    if scales:
        value = _widened(offer, sym.substitute(offer.value, dict.fromkeys(scales, ZERO)))
        yield replace(offer, value=value, given=tuple(sorted((sym.name_of(v), 0) for v in scales)))


def _widened(offer: Offer, value: Sym) -> Sym:
    """An integer that is stored as one of another size says so."""
    dtype = offer.param(offer.out).dtype
    return value if dtype.is_float or value.dtype.is_float else sym.stated(value, dtype)


def _of_a_word(offer: Offer) -> Sym | None:
    """a >> count in a choice between that and what there is of a count beyond a word's bits."""
    if offer.value.op != "sel" or offer.value.args[0].op != "lt":
        return None
    beyond, _, shifted = offer.value.args
    counts = {p.name for p in offer.meaning.params if isinstance(p, Var)}
    told = beyond.free and {sym.name_of(v) for v in beyond.free} <= counts
    return shifted if told and shifted.op == "bit" and shifted.data in ("<<", ">>") else None


def _of_what_fits(value: Sym) -> Sym | None:
    """(int)x in choices between that and what there is where x is no int; of such floats, C has no (int)x."""
    casts = sym.collect(value, lambda n: n.op == "cast" and n.dtype is DType.I32 and n.args[0].dtype.is_float)
    if len(casts) != 1 or value.op != "sel":
        return None
    (whole,) = casts
    x = whole.args[0]
    while value.op == "sel":
        held = _where_it_fits(value.args[0], x)
        if held is None:
            return None
        value = value.args[1 if held else 2]
    return whole if value is whole else None


def _where_it_fits(test: Sym, x: Sym) -> bool | None:
    """What a test says of every x that is an int but for its fraction; None if that differs."""
    if test.op in ("and", "not"):
        parts = [_where_it_fits(a, x) for a in test.args]
        if None in parts:
            return None
        return not parts[0] if test.op == "not" else all(parts)
    if test.op != "cmp" or test.args[1].op != "flt":
        return None
    a, limit = test.args[0], sym.float_of(test.args[1])
    a = a.args[0] if a.op == "call" and a.data == "trunc" else a
    if a is not x and not (sym.is_exact(a) and a.args[0] is x):
        return None
    match str(test.data):
        case ">=" | ">" if abs(limit) >= 2.0**31 and (test.data == ">=" or limit > 0):
            return limit < 0
        case "<" if abs(limit) >= 2.0**31:
            return limit > 0
    return None


def _of_parts(offer: Offer) -> Iterator[Offer]:
    """What it does to small elements, where registers hold them in words."""
    if offer.lane is None or offer.value.dtype is DType.BOOL:
        return
    out = offer.param(offer.out)
    value = taken_out(offer.value, lambda name: _in_words(offer.param(name)), offer.lane)
    if value is not None:
        yield replace(offer, value=_widened(offer, value) if _in_words(out) else value)
    elif _in_words(out) and offer.width:
        unused = {p.name for p in offer.meaning.params if isinstance(p, Var)} - {
            sym.name_of(v) for v in offer.value.free}
        for lane, value in put_in(offer.value, offer.lane):
            width = sym.value_of(sym.extent_of(lane))
            yield replace(offer, lane=lane, value=value, width=width, given=tuple(sorted((name, 0) for name in unused)))


def _in_words(p: Param) -> bool:
    """A register of 32-bit words."""
    return isinstance(p, Buffer) and bool(p.ctype) and p.dtype is DType.I32


def narrower(a: DType, b: DType) -> bool:
    """Whether every integer of type a is one of the larger type b."""
    whole = not (a.is_float or b.is_float or DType.BOOL in (a, b))
    return whole and a.bits < b.bits and (b.is_signed or not a.is_signed)


def _found(meaning: Meaning) -> Iterator[Offer]:
    """What it offers as a whole, or for each code of an operation."""
    params: tuple[Param, ...] = meaning.params
    body = meaning.body
    match meaning.result:
        case Buffer() as r:
            params = (*params, r)
        case Var() as r:
            params = (*params, Buffer("result", r.dtype, Const(1, DType.I32)))
            body = (*body, Store("result", Const(0, DType.I32), r))
    try:
        outputs = summarise(Kernel(meaning.name, params, body))
    except (Unsummarised, TypeError, KeyError):
        return
    if len(outputs) != 1:
        return
    ((out, writes),) = outputs.items()
    listed = _listed(meaning, out, writes) if len(writes) > 1 else None
    if listed is not None:
        yield listed
        return
    for given, w in _cases(writes):
        offer = None if "undef" in w.value.has else _offer(meaning, params, out, w)
        if offer is not None:
            yield replace(offer, given=(*offer.given, *given))


def _listed(meaning: Meaning, out: str, writes: list[Write]) -> Offer | None:
    """One that is given every lane's element by itself, as what makes the lanes' own numbers."""
    at: dict[str, int] = {}
    for w in writes:
        if len(w.vars) > 1 or w.guard is not sym.TRUE or not all(sym.is_const(sym.extent_of(v)) for v in w.vars):
            return None
        for n in range(sym.value_of(sym.extent_of(w.vars[0])) if w.vars else 1):
            there = w.at({v: sym.integer(n) for v in w.vars})
            if not sym.is_const(there.index) or there.value.op != "var" or there.value.dtype is not DType.I32:
                return None
            at[sym.name_of(there.value)] = sym.value_of(there.index)
    if len(at) < 2 or {*at} != {p.name for p in meaning.params} or sorted(at.values()) != [*range(len(at))]:
        return None
    lane = sym.fresh("i", sym.integer(len(at)))
    return Offer(meaning, out, lane, lane, "", len(at), tuple(at.items()))


def _cases(writes: list[Write]) -> Iterator[tuple[tuple[tuple[str, int], ...], Write]]:
    """The only write, or each of several that a scalar parameter chooses from, with the parameter's value."""
    if len(writes) == 1:
        yield (), writes[0]
        return
    codes = {v for w in writes for v in w.guard.free}
    if len(codes) != 1 or not all(v.op == "var" and v.dtype is DType.I32 and not sym.bounded(v) for v in codes):
        return
    (code,) = codes
    for n in range(len(writes)):
        chosen = [w.at({code: sym.integer(n)}) for w in writes]
        chosen = [w for w in chosen if w.guard is not sym.FALSE]
        if len(chosen) == 1 and chosen[0].guard is sym.TRUE:
            yield ((sym.name_of(code), n),), chosen[0]


def _offer(meaning: Meaning, params: tuple[Param, ...], out: str, w: Write) -> Offer | None:
    if w.guard is not sym.TRUE:
        if out == "result" or len(w.vars) != 1 or not (masked(w.guard, w.vars[0]) or _told(w.guard, w.vars[0])):
            return None
        w = Write(w.vars, w.index, sym.TRUE, sym.select(w.guard, w.value, sym.load(out, w.index, w.value.dtype)))
    if out == "result" and isinstance(meaning.result, Var):
        if w.index is not ZERO or w.vars:
            return None
        mask = _mask(w.value)
        if mask is not None:
            lane, condition = mask
            return Offer(meaning, meaning.result.name, lane, condition, "", sym.value_of(sym.extent_of(lane)))
        return _reduction(meaning, meaning.result.name, w.value)
    if w.index is ZERO and not w.vars and w.value.op == "fold":
        return _reduction(meaning, out, w.value)
    w = _in_a_row(w) or w
    if len(w.vars) != 1 or w.index is not w.vars[0]:
        return None
    lane = w.vars[0]
    extent = sym.extent_of(lane)
    scalars = {p.name for p in params if isinstance(p, Var)}
    if sym.is_const(extent):
        return Offer(meaning, out, lane, w.value, "", sym.value_of(extent), _bytes_apart(meaning, w.value))
    if extent.op == "var" and sym.name_of(extent) in scalars:
        return Offer(meaning, out, lane, w.value, sym.name_of(extent), 0)
    return None


def _bytes_apart(meaning: Meaning, value: Sym) -> tuple[tuple[str, int], ...]:
    """What one that collects elements is told of the bytes between these."""
    if not gathers(value):
        return ()
    named = {sym.name_of(v) for v in value.free}
    return tuple((p.name, value.dtype.bytes) for p in meaning.params
                 if isinstance(p, Var) and p.dtype is DType.I32 and p.name not in named)


def gathers(value: Sym) -> bool:
    """Whether some element is one that another one says the place of."""
    return bool(sym.collect(value, lambda n: n.op == "ld" and n.args[0].op == "ld"))


def _in_a_row(w: Write) -> Write | None:
    """A write of rows as one of all their elements, which reads some arrays row after row and others in each row anew:
    out[o * n + i] = a[o * n + i] * b[i] is out[k] = a[k] * b[k % n]."""
    if len(w.vars) != 2:
        return None
    for i, o in (w.vars, w.vars[::-1]):
        n, count = sym.extent_of(i), sym.extent_of(o)
        if count.op != "div" or count.args[1] is not n or w.index is not sym.add(i, sym.mul(n, o)):
            continue
        k = sym.fresh("i", count.args[0])
        places = {x: sym.load(str(x.data), k if x.args[0] is w.index else sym.mod(k, n), x.dtype)
                  for x in sym.collect(w.value, lambda x: x.op == "ld") if x.args[0] in (w.index, i)}
        value = sym.rewrite(w.value, places.get)
        if not value.free & {i, o}:
            return Write((k,), k, w.guard, value)
    return None


def _mask(value: Sym) -> tuple[Sym, Sym] | None:
    """(lane, condition) where the bits of a number, the lowest first, are one condition lane by lane."""
    while value.op == "cast":
        (value,) = value.args
    const, terms = sym.terms_of(value)
    bits = [(_condition(a), c) for a, c in sorted(terms.items(), key=lambda t: t[1])]
    if const or len(bits) < 2 or any(a.dtype is not DType.BOOL or c != 1 << n for n, (a, c) in enumerate(bits)):
        return None
    lane = sym.fresh("i", sym.integer(len(bits)))
    first = bits[0][0]
    condition = sym.rewrite(
        first, lambda n: sym.load(str(n.data), lane, n.dtype) if n.op == "ld" and n.args[0] is ZERO else None)
    if any(sym.substitute(condition, {lane: sym.integer(n)}) is not a for n, (a, _) in enumerate(bits)):
        return None
    return lane, condition


def _condition(x: Sym) -> Sym:
    """c in (c ? 1 : 0)."""
    return x.args[0] if x.op == "sel" and x.args[1] is sym.ONE and x.args[2] is ZERO else x


def _told(guard: Sym, lane: Sym) -> bool:
    """An element of another array says whether one is written."""
    return guard.op == "cmp" and guard.free == {lane} and "ld" in guard.has


def masked(test: Sym, lane: Sym | None) -> str:
    """The parameter whose bit of a lane a condition asks for: k in ((k >> lane) & 1) != 0; "" for another."""
    if test.op != "not" or test.args[0].op != "eq" or lane is None:
        return ""
    (bit,) = test.args[0].args
    if bit.op != "bit" or bit.data != "&" or bit.args[1] is not sym.ONE or bit.args[0].op != "bit":
        return ""
    mask, at = bit.args[0].args
    return sym.name_of(mask) if bit.args[0].data == ">>" and at is lane and mask.op == "var" else ""


def _reduction(meaning: Meaning, out: str, value: Sym) -> Offer:
    """One that leaves a scalar: of as many elements as a register has, or as a parameter says."""
    count, width = "", 0
    if value.op == "fold":
        extent = sym.extent_of(sym.fold_vars(value)[0])
        count = sym.name_of(extent) if extent.op == "var" else ""
        width = sym.value_of(extent) if sym.is_const(extent) else 0
    return Offer(meaning, out, None, value, count, width)


Binding = dict[str, Sym]


def match(offer: Offer, target: Sym, lane: Sym) -> Binding | None:
    """Arguments that make the offer compute `target` for every value of `lane`; None if there are none.

    A vector parameter is bound to the target's sub-expression it stands for, a scalar one to an expression free of
    the lane, or to the lane where it is how many lanes there are; a memory parameter only to a load of consecutive
    elements."""
    if offer.dtype is not target.dtype:
        return None
    return _unify(offer, offer.value, target, lane, {name: sym.integer(n) for name, n in offer.given})


def _unify(offer: Offer, p: Sym, t: Sym, lane: Sym, bound: Binding) -> Binding | None:
    if p.op == "ld":
        return _bind_vector(offer, p, t, lane, bound)
    if p.op == "var":
        if p is offer.lane:
            return bound if t is lane else None
        fits = t.dtype is p.dtype or narrower(t.dtype, p.dtype)
        return _bind(sym.name_of(p), t, bound) if lane not in t.free and fits else None
    if p.dtype is not t.dtype:
        return None
    if p.op == "prod" and t.op == "lin":
        return _unify_multiple(offer, p, t, lane, bound)
    if p.op == "cast" and t.op == "sel":
        return _unify_number(offer, p.args[0], t, lane, bound)
    if p.op == "sel" and t.op == "sel" and (mask := masked(p.args[0], offer.lane)):
        bare = _bind(mask, t.args[0], bound) if lane in t.args[0].free else None
        return None if bare is None else _unify_all(offer, p.args[1:], t.args[1:], lane, bare)
    if p.op == "cmp" and t.op == "cmp" and p.data != t.data and p.data == MIRRORED[str(t.data)]:
        return _unify_all(offer, p.args, t.args[::-1], lane, bound)
    if p.op in ("flt", "int"):
        return bound if p is t else None
    if p.op == "call" and p.data == "fma" and t.op == "bin" and t.data == "+":
        return _contract(offer, p, t, lane, bound)
    if p.op != t.op or p.data != t.data or len(p.args) != len(t.args):
        return None
    if p.op in ("lt", "eq") and (sides := _sides(p)) and (others := _sides(t) or _against_lanes(t, lane)):
        ways = (others, moved) if (moved := _against_lanes(t, lane)) else (others,)
        pairs = [side for way in ways for side in ((way, way[::-1]) if p.op == "eq" else (way,))]
        return next((got for pair in pairs if (got := _unify_all(offer, sides, pair, lane, bound)) is not None), None)
    out = _unify_all(offer, p.args, t.args, lane, bound)
    if out is None and len(p.args) == 2 and _commutes(p):
        out = _unify_all(offer, p.args, (t.args[1], t.args[0]), lane, bound)
    return out


def _sides(c: Sym) -> tuple[Sym, Sym] | None:
    """What is compared by x - y < 0 or x - y == 0, where either is one term or a number."""
    const, terms = sym.terms_of(c.args[0])
    more, less = ([a for a, k in terms.items() if k == sign] for sign in (1, -1))
    if len(more) + len(less) != len(terms) or max(len(more), len(less)) > 1 or const and more and less:
        return None
    return (more[0] if more else sym.integer(const)), (less[0] if less else sym.integer(-const))


def _against_lanes(c: Sym, lane: Sym) -> tuple[Sym, Sym] | None:
    """What is compared by x - y < 0 or x - y == 0, where one differs between lanes and the other does not."""
    const, terms = sym.terms_of(c.args[0])
    moving = {a: k for a, k in terms.items() if lane in a.free}
    still = sym.linear(const, {a: k for a, k in terms.items() if a not in moving})
    if not moving or len({k > 0 for k in moving.values()}) > 1:
        return None
    if min(moving.values()) > 0:
        return sym.linear(0, moving), sym.scale(still, -1)
    return still, sym.scale(sym.linear(0, moving), -1)


def _unify_multiple(offer: Offer, p: Sym, t: Sym, lane: Sym, bound: Binding) -> Binding | None:
    """A multiple of one term is a product with a number."""
    const, terms = sym.terms_of(t)
    if const or len(terms) != 1 or len(p.args) != 2:
        return None
    ((term, factor),) = terms.items()
    for pair in ((sym.integer(factor), term), (term, sym.integer(factor))):
        got = _unify_all(offer, p.args, pair, lane, bound)
        if got is not None:
            return got
    return None


def _unify_number(offer: Offer, p: Sym, t: Sym, lane: Sym, bound: Binding) -> Binding | None:
    """A choice between whole numbers made a float is the choice between those floats."""
    if p.op != "sel" or any(
            a.op != "int" or b.op != "flt" or sym.float_of(b) != sym.value_of(a)
            for a, b in zip(p.args[1:], t.args[1:], strict=True)):
        return None
    return _unify(offer, p.args[0], t.args[0], lane, bound)


def _contract(offer: Offer, p: Sym, t: Sym, lane: Sym, bound: Binding) -> Binding | None:
    """fma(a, b, c) for a * b + c: one rounding less, as compilers for every target do by default."""
    for product, rest in (t.args, t.args[::-1]):
        if product.op != "bin" or product.data != "*":
            continue
        for a, b in (product.args, product.args[::-1]):
            got = _unify_all(offer, p.args, (a, b, rest), lane, bound)
            if got is not None:
                return got
    return None


def _unify_all(
    offer: Offer, ps: tuple[Sym, ...], ts: tuple[Sym, ...], lane: Sym, bound: Binding
) -> Binding | None:
    for p, t in zip(ps, ts, strict=True):
        got = _unify(offer, p, t, lane, bound)
        if got is None:
            return None
        bound = got
    return bound


def _commutes(p: Sym) -> bool:
    if p.op == "lin":
        return len(set(sym.terms_of(p)[1].values())) == 1
    return p.op == "prod" or p.op == "bin" and p.data in ("+", "*") or p.op == "call" and p.data in ("max", "min")


def _bind_vector(offer: Offer, p: Sym, t: Sym, lane: Sym, bound: Binding) -> Binding | None:
    name = str(p.data)
    param = offer.param(name)
    if isinstance(param, Buffer) and p.args[0].op == "mod" and p.args[0].args[0] is offer.lane:
        turn, n = in_turns(t, lane), p.args[0].args[1]
        every = lane in t.free and (t.op != "ld" or consecutive(t, lane))
        size = sym.integer(turn[1]) if turn else lane if every else None
        sized = _bind(sym.name_of(n), size, bound) if size is not None and n.op == "var" else None
        return _bind(name, t, sized) if sized is not None and t.dtype is p.dtype else None
    if isinstance(param, Buffer) and p.args[0].op == "ld":
        return _bind_gathered(offer, p, t, lane, bound)
    if not isinstance(param, Buffer) or p.args[0] is not offer.lane:
        return None
    if narrower(t.dtype, p.dtype) and not is_widened(t):
        t = sym.stated(t, p.dtype)
    if p.dtype is not t.dtype:
        return None
    if isinstance(param, Buffer) and is_memory(param) and offer.width and not consecutive(t, lane):
        return None
    return _bind(name, t, bound)


def _bind_gathered(offer: Offer, p: Sym, t: Sym, lane: Sym, bound: Binding) -> Binding | None:
    """base[index[lane]]: the place is where all lanes begin, and what differs between them."""
    base, (index,) = str(p.data), p.args
    if t.op != "ld" or t.dtype is not p.dtype or lane not in t.free or consecutive(t, lane):
        return None
    if not is_memory(offer.param(base)) or index.args[0] is not offer.lane:
        return None
    const, terms = sym.terms_of(t.args[0])
    moving = sym.linear(0, {a: c for a, c in terms.items() if lane in a.free})
    still = sym.linear(const, {a: c for a, c in terms.items() if lane not in a.free})
    if moving.dtype is not index.dtype:
        return None
    whole = _bind(base, sym.load(str(t.data), still, t.dtype), bound)
    return None if whole is None else _bind(str(index.data), moving, whole)


def filling(offers: Iterable[Offer], x: Sym) -> Iterator[tuple[Offer, Binding]]:
    """The instructions that put x into every lane, with what they are given; those for this number alone come first."""
    for o in sorted(offers, key=lambda o: o.value is not x):
        any_number = o.value.op == "var" and o.value is not o.lane
        given: Binding = {sym.name_of(o.value): x} if any_number else {}
        if o.lane is not None and o.dtype is x.dtype and (any_number or o.value is x) and not unbound(o, given):
            yield o, given


def repeats(offer: Offer, name: str) -> bool:
    """Whether lanes take the elements of a parameter in turns."""
    return any(n.data == name and n.args[0].op == "mod" for n in sym.collect(offer.value, lambda n: n.op == "ld"))


def is_widened(t: Sym) -> bool:
    """An integer made a larger one, as it is."""
    return t.op == "cast" and narrower(t.args[0].dtype, t.dtype)


def is_memory(param: Param) -> bool:
    """A pointer parameter, as opposed to a register passed by value."""
    return isinstance(param, Buffer) and not param.ctype


def consecutive(t: Sym, lane: Sym) -> bool:
    """t loads consecutive elements of one buffer as the lane advances."""
    if t.op != "ld":
        return False
    _, terms = sym.terms_of(t.args[0])
    return terms.get(lane) == 1 and not any(lane in a.free for a in terms if a is not lane)


def apart(t: Sym, lane: Sym) -> Sym | None:
    """How many elements are from one that t loads to the next as the lane advances, where that is always as many, and
    forwards as far as is known."""
    if t.op != "ld" or lane not in t.free:
        return None
    index = t.args[0]
    step = sym.sub(sym.substitute(index, {lane: sym.add(lane, ONE)}), index)
    return None if lane in step.free or "ld" in step.has or step.hi < 1 else step


def in_turns(t: Sym, lane: Sym) -> tuple[Sym, int] | None:
    """(start, n) where t loads the n elements from start on again and again as the lane advances, to their end."""
    if t.op != "ld":
        return None
    const, terms = sym.terms_of(t.args[0])
    (turn, step), *others = [(a, c) for a, c in terms.items() if lane in a.free] or [(ZERO, 0)]
    extent = sym.extent_of(lane)
    if others or step != 1 or turn.op != "mod" or turn.args[0] is not lane or not sym.is_const(turn.args[1]):
        return None
    n = sym.value_of(turn.args[1])
    if not sym.is_const(extent) or sym.value_of(extent) % n:
        return None
    return sym.linear(const, {a: c for a, c in terms.items() if a is not turn}), n


def _bind(name: str, t: Sym, bound: Binding) -> Binding | None:
    if name in bound:
        return bound if bound[name] is t else None
    return {**bound, name: t}


def covered(offer: Offer, still: Collection[str] = ()) -> int:
    """How many operations in lanes one call replaces, where the parameters `still` are the same in all of them."""
    ops = sym.collect(offer.value, lambda n: n.op in ("bin", "call", "sel", "cmp", "cast", "un"))
    return sum(_moves(offer, n.args, still) for n in ops) + sum(
        _moves(offer, n.args[:2], still) for n in ops if n.op == "call" and n.data == "fma")


def _moves(offer: Offer, parts: Iterable[Sym], still: Collection[str]) -> bool:
    """Whether lanes differ in something that parts of an offer's value are made of."""
    found = {str(n.data) if n.op == "ld" else sym.name_of(n) for part in parts
             for n in sym.collect(part, lambda n: n.op == "ld" or n.op == "var" and n is not offer.lane)}
    return not found or not found <= {*still}


def unbound(offer: Offer, bound: Mapping[str, Sym]) -> list[str]:
    """Parameters nothing was bound to, besides the destination and the count."""
    return [
        p.name for p in offer.meaning.params
        if p.name not in bound and p.name not in (offer.out, offer.count)
    ]
