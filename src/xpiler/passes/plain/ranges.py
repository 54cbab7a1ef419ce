"""How much of each array a sequential kernel touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import inf

from xpiler.facts import sym
from xpiler.facts.reach import Touch, reach
from xpiler.facts.strides import quotient
from xpiler.facts.summary import summarise
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Buffer, Expr, Kernel
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.nests.nest import Nest

COORDINATES = 3  # most conditions that are put together to bound an index
Path = frozenset[Sym]  # the conditions under which a value is computed


@dataclass(frozen=True)
class Range:
    """Elements 0 .. extent-1 are touched; `read`: some initial content is used; `covered`: all of it is written."""

    extent: Expr
    read: bool
    covered: bool


def ranges(kernel: Kernel) -> dict[str, Range]:
    """The range of every array parameter that the kernel touches, where that can be told.

    Sizes follow from the accesses one by one, also of those whose value nothing comes of; where such an index depends
    on something unknown, from the closed form of the results."""
    touches, unknown = reach(kernel)
    known = _extents(touches, unknown)
    outputs: dict[str, list[Write]] = {}
    tops: dict[str, list[Sym]] = {}
    try:
        outputs = summarise(kernel)
        tops, reads = _used(outputs)
    except Unsummarised:
        reads = {name for name, ts in touches.items() if any(t.reads for t in ts)}
    nest = Nest(Fresh([p.name for p in kernel.params]))
    out: dict[str, Range] = {}
    for p in kernel.params:
        if not isinstance(p, Buffer):
            continue
        extent = known.get(p.name) or (_largest(tops[p.name]) if p.name in tops else None)
        if extent is None:
            continue
        read = p.name in reads or (bool(outputs) and p.name not in outputs)
        covered = any(_size(w) is extent for w in outputs.get(p.name, []))
        out[p.name] = Range(nest.plain(extent), read, covered and not read)
    return out


def accessed(kernel: Kernel) -> dict[str, Expr]:
    """How many elements of each array parameter the accesses of a kernel need, whatever comes of them; it may have
    threads and barriers. Arrays with an index that cannot be bounded are left out."""
    nest = Nest(Fresh([p.name for p in kernel.params]))
    return {name: nest.plain(extent) for name, extent in _extents(*reach(kernel)).items()}


def _used(outputs: dict[str, list[Write]]) -> tuple[dict[str, list[Sym]], set[str]]:
    """One past the largest index of every write and of every load that a result is made of; which arrays are loaded."""
    tops: dict[str, list[Sym]] = {}
    reads: set[str] = set()
    for name, writes in outputs.items():
        for w in writes:
            path = frozenset(sym.conjuncts(w.guard))
            tops.setdefault(name, []).append(_top(w.index, path))
            for part in w.parts():
                for n, where in _loads(part, path if part is w.value else frozenset()):
                    tops.setdefault(str(n.data), []).append(_top(n.args[0], where))
                    reads.add(str(n.data))
    return tops, reads


def _extents(touched: dict[str, list[Touch]], unknown: frozenset[Sym]) -> dict[str, Sym]:
    """The arrays all of whose accesses are bounded by something known, and their sizes."""
    out: dict[str, Sym] = {}
    for name, touches in touched.items():
        tops = [_least(index, path, unknown) or _least(_in_its_row(index, unknown), path, unknown)
                for t in touches if sym.FALSE not in t.path for index, path in _cases(t.index, t.path)]
        known = [t for t in tops if t is not None]
        extent = _largest(known) if known and len(known) == len(tops) else None
        if extent is not None:
            out[name] = extent
    return out


def _in_its_row(index: Sym, unknown: frozenset[Sym]) -> Sym:
    """An index where coordinates that only data bound are the last ones of their row, with what else counts in it:
    row * n + u and row * n + u + v + 1 are row * n + n - 1.

    Nothing says so but that rows of n which no coordinate leaves are what everybody means by such an index."""
    units = {atom: _unit(atom, c, unknown) for atom, c in sym.terms_of(index)[1].items()}
    within: dict[Sym, list[Sym]] = {}  # by how long a row is, what counts in it
    for atom in units:
        if _by_data(atom, unknown):
            larger = [n for a, u in units.items() if a is not atom and not _by_data(a, unknown)
                      and (n := quotient(u, units[atom])) is not None and n is not ONE]
            if larger:
                count = min(larger, key=lambda n: (len(n.args), n.uid))
                within.setdefault(sym.mul(units[atom], count), []).append(atom)
    for row, atoms in within.items():
        least = (units[a] for a in atoms)
        step = next((u for u in least if all(quotient(units[b], u) is not None for b in atoms)), None)
        if step is None:
            continue
        const, terms = sym.terms_of(index)
        many = quotient(row, step) or ONE
        beside = (a for a, u in units.items() if (n := quotient(u, step)) is not None and quotient(n, many) is None)
        for atom in dict.fromkeys((*atoms, *beside)):
            index = sym.sub(index, sym.scale(atom, terms.get(atom, 0)))
        if sym.is_const(step):
            index = sym.sub(index, sym.integer(const - const % sym.value_of(step)))
        index = sym.add(index, sym.sub(row, step))
    return index


def _by_data(x: Sym, unknown: frozenset[Sym]) -> bool:
    """Whether what a value may be depends on something unknown."""
    return any(v in unknown or sym.bounded(v) and _by_data(sym.extent_of(v), unknown) for v in x.free)


def _unit(atom: Sym, c: int, unknown: frozenset[Sym]) -> Sym:
    """What a coordinate is multiplied by in an index, of which c * atom is a term."""
    unit = sym.integer(c)
    for f in atom.args if atom.op == "prod" else ():
        if not _by_data(f, unknown) and not any(map(sym.bounded, f.free)):
            unit = sym.mul(unit, f)
    return unit


def _cases(index: Sym, path: Path) -> Iterator[tuple[Sym, Path]]:
    """An index without choices: one for either value of each condition it depends on, and for either side of a
    maximum."""
    choice = next((f for a in sym.terms_of(index)[1] for f in (a.args if a.op == "prod" else (a,))
                   if f.op == "sel" or _is_max(f)), None)
    if choice is None:
        yield index, path
        return
    if choice.op == "call":
        a, b = choice.args
        cond = sym.compare("<", b, a)
    else:
        cond, a, b = choice.args
    for value, holds in ((a, cond), (b, sym.negate(cond))):
        chosen = {choice: value}.get
        here = [sym.rewrite(p, chosen) for p in (*path, holds)]
        if sym.FALSE not in here:
            yield from _cases(sym.rewrite(index, chosen), frozenset(g for p in here for g in sym.conjuncts(p)))


def _is_max(x: Sym) -> bool:
    return x.op == "call" and x.data == "max" and len(x.args) == 2


def _below(index: Sym, path: Path) -> Iterator[Sym]:
    """The index, and what it is no larger than, without the minima, remainders and quotients in it."""
    yield index
    for atom, c in sym.terms_of(index)[1].items():
        factors = atom.args if atom.op == "prod" else (atom,)
        rounded = _rounded_down(atom, c) if c > 0 else None
        if rounded is not None:
            yield from _below(sym.add(sym.sub(index, sym.scale(atom, c)), rounded), path)
        for f in factors if c > 0 else ():
            for top in _tops(f, path):
                part = sym.integer(c)
                for g in factors:
                    part = sym.mul(part, top if g is f else g)
                yield from _below(sym.add(sym.sub(index, sym.scale(atom, c)), part), path)


def _rounded_down(atom: Sym, c: int) -> Sym | None:
    """x where c * atom is x rounded down, as in 16 * (x >> 4) and 16 * (x / 16)."""
    if atom.op == "div" and sym.is_const(atom.args[1]) and atom.args[0].lo >= 0:
        each = sym.value_of(atom.args[1])
        return sym.scale(atom.args[0], c // each) if c % each == 0 else None
    if atom.op == "bit" and atom.data == ">>" and sym.is_const(atom.args[1]):
        each = 1 << sym.value_of(atom.args[1])
        return sym.scale(atom.args[0], c // each) if c % each == 0 else None
    return None


def _tops(f: Sym, path: Path) -> Iterator[Sym]:
    """What a factor is no larger than: either side of a minimum; of a number divided by a positive one that is not
    known, one less than that number, or than the quotient of what the number is below; a number that was converted is
    no larger than its range says, and a loop's variable less than an end that other loops have a part in."""
    if f.op == "var" and sym.bounded(f) and any(map(sym.bounded, sym.extent_of(f).free)):
        yield sym.sub(sym.extent_of(f), ONE)
    if f.op == "cast" and f.hi != inf:
        yield sym.integer(int(f.hi))
    if f.op == "call" and f.data == "min":
        yield from f.args
    elif f.op == "mod":
        yield sym.sub(f.args[1], ONE)
    elif f.op == "div":
        number, divisor = f.args
        ends = [sym.add(sym.bound(number, upper=True), ONE)]
        ends += (sym.sub(number, g.args[0]) for g in sorted((c for c in path if c.op == "lt"), key=lambda c: c.uid))
        for end in ends:  # the number is below this
            whole = quotient(end, divisor)
            if whole is not None:
                yield sym.sub(whole, ONE)


def _least(index: Sym, path: Path, unknown: frozenset[Sym]) -> Sym | None:
    """One past the largest value of index by all that bounds it, without unknown symbols; None if nothing does."""
    found = list(dict.fromkeys(y for x in _below(index, path) for y in (x, sym.bound(x, upper=True))))
    tops = [sym.add(sym.bound(y, upper=True), ONE) for y in found]
    tops += _one_past((z for y in found for z in (*_with_guards(y, path), _within(y, path))), path)
    known = [t for t in tops if _is_known(t, unknown)]
    together = [t for t in _one_past((z for y in found for z in _by_guards(y, path)), path) if _is_known(t, unknown)]
    known += [t for t in together if not known or any(_larger_with_sizes(k, t) for k in known)]
    return _only("min", known) if known else None


def _one_past(indices: Iterator[Sym], path: Path) -> list[Sym]:
    """One past the largest value of each of these, and of what it is no larger than."""
    return [sym.add(sym.bound(less, upper=True), ONE) for z in dict.fromkeys(indices) for less in _below(z, path)]


def _is_known(top: Sym, unknown: frozenset[Sym]) -> bool:
    return not (top.free & unknown or any(map(sym.bounded, top.free)) or top.has - {"call"})


def _by_guards(x: Sym, path: Path) -> Iterator[Sym]:
    """What x is no larger than by these conditions, one after the other: a row, a column and a channel have one each.
    """
    seen, found = {x}, [x]
    for _ in range(COORDINATES):
        found = [z for z in dict.fromkeys(z for y in found for z in _with_guards(y, path, sizes=True)) if z not in seen]
        seen.update(found)
        yield from found


def _with_guards(x: Sym, path: Path, sizes: bool = False) -> Iterator[Sym]:
    """What x is no larger than by one of these conditions, which has a term of x, or what a size multiplies there."""
    _, weights = sym.terms_of(x)
    for g in sorted((c for c in path if c.op in ("lt", "eq")), key=lambda c: c.uid):
        at_most = sym.add(g.args[0], ONE) if g.op == "lt" else g.args[0]  # no more than 0, or 0
        for atom, c in sym.terms_of(g.args[0])[1].items():
            for term, w in weights.items():
                rest = _over(term, atom)
                if rest is not None and (sizes or rest is ONE) and w % c == 0 and (w * c > 0 or g.op == "eq"):
                    yield sym.sub(x, sym.scale(sym.mul(at_most, rest), w // c))
            if atom.op == "mod" and sym.is_const(atom.args[1]):  # n / 32 * 32 is n, less n % 32
                n, each = atom.args[0], sym.value_of(atom.args[1])
                whole = sym.div(n, atom.args[1])
                k = weights.get(whole, 0) // each
                if k * each == weights.get(whole, 0) != 0 and k % c == 0 and (-k * c > 0 or g.op == "eq"):
                    rest = sym.sub(at_most, sym.scale(atom, c))
                    yield sym.add(sym.sub(x, sym.scale(whole, k * each)), sym.scale(n, k), sym.scale(rest, k // c))


def _over(term: Sym, atom: Sym) -> Sym | None:
    """What atom is multiplied by in a term; None where it is no factor of it."""
    if term is atom:
        return ONE
    if term.op != "prod" or atom not in term.args:
        return None
    left = list(term.args)
    left.remove(atom)
    return reduce(sym.mul, left, ONE)


def _within(x: Sym, path: Path) -> Sym:
    """What x is no larger than with each of its loops where conditions end it that no other loop has a part in."""
    for atom, w in sym.terms_of(x)[1].items():
        loops = [f for f in (atom.args if atom.op == "prod" else (atom,)) if f.op == "var" and sym.bounded(f)]
        ends = list(_ends(loops[0], w > 0, path)) if len(loops) == 1 else []
        if ends:
            end = _only("min" if w > 0 else "max", ends)
            x = sym.add(sym.sub(x, sym.scale(atom, w)), sym.scale(sym.substitute(atom, {loops[0]: end}), w))
    return x


def _ends(v: Sym, upper: bool, path: Path) -> Iterator[Sym]:
    """What conditions say a loop's variable is at most, or at least."""
    for g in sorted((c for c in path if c.op in ("lt", "eq")), key=lambda c: c.uid):
        c = sym.terms_of(g.args[0])[1].get(v, 0)
        if abs(c) != 1 or [u for u in g.free if sym.bounded(u)] != [v]:
            continue
        if g.op == "eq" or (c > 0) == upper:
            yield sym.sub(v, sym.scale(g.args[0] if g.op == "eq" else sym.add(g.args[0], ONE), c))


def _only(name: str, found: list[Sym]) -> Sym:
    """The minimum or maximum of these, without those that others make superfluous: any bound will do, so one that is
    larger wherever something has a size is."""
    left: list[Sym] = []
    for x in found:
        if name == "min" and any(_larger_with_sizes(x, y) for y in left):
            continue
        left = [y for y in left if name == "max" or not _larger_with_sizes(y, x)]
        if any(_no_more(y, x) if name == "min" else _no_more(x, y) for y in left):
            continue
        left = [y for y in left if not (_no_more(x, y) if name == "min" else _no_more(y, x))]
        left.append(x)
    return reduce(lambda a, b: sym.call(name, (a, b), DType.I32), left)


def _no_more(a: Sym, b: Sym) -> bool:
    """Whether a <= b is sure. A minimum is no more than either side, a maximum no less; nothing is less than what it
    is rounded up to."""
    if a is b or sym.prove_lt(a, sym.add(b, ONE)) or sym.prove_lt(a, sym.add(_not_rounded(b), ONE)):
        return True
    if b.op == "call" and b.data == "min":
        return all(_no_more(a, x) for x in b.args)
    if _is_max(a):
        return all(_no_more(x, b) for x in a.args)
    if a.op == "call" and a.data == "min":
        return any(_no_more(x, b) for x in a.args)
    return b.op == "call" and b.data == "max" and any(_no_more(a, x) for x in b.args)


def _larger_with_sizes(a: Sym, b: Sym) -> bool:
    """Whether a >= b where all that they are made of is at least one."""
    least = _not_rounded(sym.sub(a, b), sized=True)
    const, terms = sym.terms_of(sym.substitute(least, {v: sym.add(v, ONE) for v in least.free if v.op == "var"}))
    return const >= 0 and all(c > 0 and all(f.op == "var" for f in (x.args if x.op == "prod" else (x,)))
                              for x, c in terms.items())


def _not_rounded(x: Sym, sized: bool = False) -> Sym:
    """What x is at least: without the quotients that are multiplied by their divisor again, and by sizes where these
    are not negative."""
    for atom, c in sym.terms_of(x)[1].items():
        factors = list(atom.args) if atom.op == "prod" and sized else [atom]
        for q in factors:
            if q.op == "div" and sym.is_const(q.args[1]) and c > 0 and c % sym.value_of(q.args[1]) == 0:
                d = sym.value_of(q.args[1])
                least = sym.sub(q.args[0], sym.integer(d - 1))
                for f in factors:
                    least = least if f is q else sym.mul(least, f)
                x = sym.add(sym.sub(x, sym.scale(atom, c)), sym.scale(least, c // d))
                break
    return x


def _loads(x: Sym, path: Path) -> Iterator[tuple[Sym, Path]]:
    """Every load of x, with the conditions under which it is made."""
    todo, seen = [(x, path)], set[tuple[Sym, Path]]()
    while todo:
        n, here = todo.pop()
        if (n, here) in seen or "ld" not in n.has:
            continue
        seen.add((n, here))
        if n.op == "ld":
            yield n, here
        if n.op == "sel":
            cond, a, b = n.args
            todo += [(cond, here), (a, here.union(sym.conjuncts(cond))),
                     (b, here.union(sym.conjuncts(sym.negate(cond))))]
        else:
            todo += [(a, here) for a in n.args]


def _top(index: Sym, path: Path) -> Sym:
    """One past the largest value of index, for all values of the loops that the conditions admit."""
    best = sym.add(sym.bound(index, upper=True), ONE)
    for g in sorted(path, key=lambda c: c.uid):
        if g.op != "lt":
            continue
        tighter = sym.bound(sym.sub(index, g.args[0]), upper=True)  # index < index - d where d < 0
        if not any(map(sym.bounded, tighter.free)) and not tighter.has - {"call"} and sym.likely_le(tighter, best):
            best = tighter
    return best


def _largest(tops: list[Sym]) -> Sym | None:
    best = _only("max", tops)
    return None if any(map(sym.bounded, best.free)) or best.has - {"call"} else best


def _size(w: Write) -> Sym | None:
    if w.guard is not sym.TRUE:
        return None
    total = ONE
    for v in w.vars:
        total = sym.mul(total, sym.extent_of(v))
    return total
