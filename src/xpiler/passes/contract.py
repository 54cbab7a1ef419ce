"""Contraction: producers move into their consumers until each output is one loop nest.

    for t in 256: s[t] = x[t]                       for t in 256:
    for t in 256: s[t] = s[t] * 2          ->           y[t] = x[t] * 2 + 1
    for t in 256: y[t] = s[t] + 1

Scratch arrays, register tiles, unrolled bodies and tree reductions disappear; reductions become plain loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.apart import never_meet
from xpiler.facts.cases import by_cases
from xpiler.facts.contraction import SUM, Contraction, contraction, finished
from xpiler.facts.decided import most
from xpiler.facts.flips import without_flips
from xpiler.facts.joining import aligned, join
from xpiler.facts.nonempty import spared
from xpiler.facts.renewed import renewed
from xpiler.facts.shaping import renumbered, shaped
from xpiler.facts.solving import solve
from xpiler.facts.summary import summarise, symbol
from xpiler.facts.sym import FALSE, TRUE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Buffer, Expr, If, Kernel, Stmt
from xpiler.ir.walk import Fresh, expressions, operands, statements
from xpiler.passes.names.parts import NamingNest, length
from xpiler.passes.nests.nest import Output
from xpiler.passes.step import NotApplicable


FEW = 4  # iterations of a reduction that are looked at one by one
LONGEST = 100_000  # nodes of all expressions, each written where it is used


def _written(e: Expr, known: dict[int, int]) -> int:
    """The nodes of an expression as a tree; what it shares is looked at once."""
    if id(e) not in known:
        known[id(e)] = 1 + sum(_written(x, known) for x in operands(e))
    return known[id(e)]


@dataclass(frozen=True)
class Contract:
    """Rewrite a sequential kernel as one nest per output."""

    def apply(self, kernel: Kernel) -> Kernel:
        return closed_form(kernel)


def closed_form(kernel: Kernel, given: Expr | None = None) -> Kernel:
    """A sequential kernel as one nest per output; `given` is what its scalars are launched under."""
    try:
        nests = groups_of(kernel) if given is None else _under(given, kernel)
        if sum(length(w.value) for group in nests for _, w in group) > 10 * LONGEST:  # and it takes long
            raise NotApplicable("the closed form is too long to be written")
        body = _emit(kernel, nests)
    except Unsummarised as e:
        raise NotApplicable(e.why, e.span) from e
    known: dict[int, int] = {}
    if sum(_written(e, known) for s in statements(body) for e in expressions(s)) > LONGEST:
        raise NotApplicable("the closed form is too long to be written")
    return Kernel(kernel.name, kernel.params, body, kernel.span)


Group = tuple[tuple[str, Write], ...]  # outputs that one nest computes, of the same loops


def nests_of(kernel: Kernel) -> list[tuple[str, Write]]:
    """What each output of a sequential kernel is, in an order in which they may be computed one after the other."""
    groups = groups_of(kernel)
    if any(len(group) > 1 for group in groups):
        raise Unsummarised(_EACH_OTHER)
    return [nest for group in groups for nest in group]


_EACH_OTHER = "outputs that read each other's initial content"


def groups_of(kernel: Kernel) -> list[Group]:
    """What each output of a sequential kernel is, in an order in which they may be computed; together, where each of
    some is made of what another one overwrites, or iterations of theirs are made of the same elements."""
    outputs = summarise(kernel)
    nests = []
    for name, writes in outputs.items():
        shaped = join([spared(_shape(by_cases(w))) for w in writes])
        nests += [(name, w) for w in _united([_shape(w) for w in shaped])]
    return _beside_each_other(_order(nests))


def _under(given: Expr, kernel: Kernel) -> list[Group]:
    """The outputs where something holds, which nobody asks again."""
    known = frozenset(sym.conjuncts(symbol(replace(kernel, body=()), given)))
    groups = groups_of(replace(kernel, body=(If(given, kernel.body),)))
    return [tuple((name, _knowing(w, known)) for name, w in group) for group in groups]


def _knowing(w: Write, known: frozenset[Sym]) -> Write:
    """A write without what is known: conditions, and minima of which one side is no more than the other."""

    def rule(n: Sym) -> Sym | None:
        if n.op != "call" or n.data != "min" or n.dtype.is_float:
            return None
        return next((a for a, b in (n.args, n.args[::-1]) if most(sym.sub(a, b), known) <= 0), None)

    extents = {v: sym.rewrite(sym.extent_of(v), rule) for v in w.vars}
    names = {v: sym.fresh(sym.name_of(v).split("#")[0], e) for v, e in extents.items() if e is not sym.extent_of(v)}
    guard = sym.conjoin(*(c for c in sym.conjuncts(w.guard) if c not in known))
    made = replace(w, guard=guard).at(names)
    return replace(made, vars=tuple(names.get(v, v) for v in w.vars), value=sym.rewrite(made.value, rule))


def sums_of_products(kernel: Kernel, finish: bool = False) -> tuple[tuple[str, Contraction], ...]:
    """Each output of a sequential kernel as a sum of products over matrices, or, with `finish`, what is made of one;
    NotApplicable where one is none."""
    try:
        found = [(out, (finished if finish else contraction)(w)) for out, w in nests_of(kernel)]
    except Unsummarised as e:
        raise NotApplicable(e.why, e.span) from e
    known = tuple((out, c) for out, c in found if c is not None)
    if len(known) < len(found):
        raise NotApplicable("not a sum of products over matrices")
    return known


def in_two(kernel: Kernel) -> tuple[Kernel, Kernel] | None:
    """A kernel whose output is made of sums of products, as one that leaves these there and one that goes on from them;
    None where they cannot be left there."""
    try:
        ((out, w),) = nests_of(kernel)
        c = finished(w)
        types = {p.name: p.dtype for p in kernel.params if isinstance(p, Buffer)}
        if c is None or c.finish is None or types[out] is not c.dtype or _reads(w, out):
            return None
        (total,) = sym.collect(w.value, lambda n: n.op == "fold")
        total = sym.fold("+", sym.fold_vars(total), total.args[0], c.init, c.dtype)
        there = sym.load(out, w.index, c.dtype)
        rest = sym.substitute(c.finish, {sym.var(SUM, dtype=c.dtype): there})
        first, then = (_emit(kernel, [((out, replace(w, value=v)),)]) for v in (total, rest))
    except (Unsummarised, ValueError):
        return None
    return replace(kernel, body=first), Kernel(f"{kernel.name}_finish", kernel.params, then, kernel.span)


def _united(writes: list[Write]) -> list[Write]:
    """Writes to the same elements, one of which is made whatever the others' conditions say, as one with a choice."""
    for n, first in enumerate(writes):
        rest = [aligned(first, w) for w in writes[n:]]
        same = [w for w in rest if w is not None and w.index is first.index]
        if len(same) < len(rest) or len(same) < 2:
            continue
        left = TRUE  # where none so far writes
        for w in same:
            left = sym.conjoin(left, sym.assume(sym.negate(w.guard), left))
        if left is not FALSE:
            continue
        apart = all(sym.assume(w.guard, v.guard) is FALSE for k, v in enumerate(same) for w in same[k + 1:])
        order = same[::-1] if apart else same  # as in the source, where it matters
        value = order[0].value
        for w in order[1:]:
            value = sym.select(w.guard, w.value, value)
        return [*writes[:n], Write(first.vars, first.index, TRUE, value)]
    return writes


def _emit(kernel: Kernel, ordered: list[Group]) -> tuple[Stmt, ...]:
    names = Fresh([p.name for p in kernel.params])
    body: list[Stmt] = []
    for group in ordered:
        body += NamingNest(names).together(typed(kernel, group))
    return tuple(body)


def typed(kernel: Kernel, group: Group) -> tuple[Output, ...]:
    """The outputs of a nest with the types of their arrays."""
    types = {p.name: p.dtype for p in kernel.params if isinstance(p, Buffer)}
    return tuple((name, types[name], replace(w, value=without_flips(w.value))) for name, w in group)


# ---------------------------------------------------------------- shape and order


def _shape(w: Write) -> Write:
    """w with its digits merged, split where its value needs them, and ordered by stride."""
    w = shaped(renumbered(w) or w)
    solve(Write(w.vars, w.index, TRUE, ZERO), w.index, w.guard)  # or raises: iterations write distinct elements
    return Write(tuple(sorted(w.vars, key=lambda v: _stride(v, w.index), reverse=True)),
                 w.index, w.guard, w.value)


def _stride(v: Sym, index: Sym) -> float:
    _, terms = sym.terms_of(index)
    best = 0.0
    for atom, c in terms.items():
        if atom is v:
            best = max(best, abs(c))
        elif v in atom.free:
            best = max(best, float("inf"))
    return best


def _order(nests: list[tuple[str, Write]]) -> list[Group]:
    """Nests that read an output's initial content come before the nest that overwrites it, or are one with it."""
    todo = list(range(len(nests)))
    done: list[Group] = []
    while todo:
        readers = {n: {m for m in todo if m != n and _needs(nests[m][1], *nests[n])} for n in todo}
        first = min((_closure(n, readers) for n in todo), key=len)
        todo = [n for n in todo if n not in first]
        group = tuple(nests[n] for n in sorted(first))
        if len(group) > 1:
            done += _together(group)
            continue
        if _reads(group[0][1], group[0][0]):
            _check_in_place(*group[0])
        done.append(group)
    return done


def _together(group: Group) -> list[Group]:
    """Outputs that read each other's initial content as one nest, or in an order in which the later ones read what the
    earlier ones left."""
    try:
        return [_in_one(group)]
    except Unsummarised:
        for n, (name, w) in enumerate(group):
            rest = [(other, renewed(name, w, v)) for k, (other, v) in enumerate(group) if k != n and other != name]
            after = [(other, v) for other, v in rest if v is not None]
            if len(after) == len(group) - 1 and all(x.args[0] is w.index for x in _loads(w) if x.data == name):
                return [(group[n],), *_order(after)]
        raise


def _beside_each_other(groups: list[Group]) -> list[Group]:
    """Neighbours that are made of the same elements, one of each an iteration, as one."""
    out: list[Group] = []
    for group in groups:
        one = _in_one_loop(out[-1], group) if out else None
        if one is None:
            out.append(group)
        else:
            out[-1] = one
    return out


def _in_one_loop(first: Group, second: Group) -> Group | None:
    """Both as one, where they read an element in common and neither adds up anything."""
    both = first + second
    if any(_reads(w, name) for _, w in second for name, _ in first):
        return None  # the second reads what the first leaves
    if not first[0][1].vars or any("fold" in w.value.has for _, w in both):  # each is worth instructions of its own
        return None
    read = [{x for _, w in group for x in _loads(aligned(first[0][1], w))} for group in (first, second)]
    if read[0].isdisjoint(read[1]):
        return None
    with suppress(Unsummarised):
        return _in_one(both)
    return None


def _loads(w: Write | None) -> list[Sym]:
    return [] if w is None else sym.collect(w.value, lambda n: n.op == "ld")


def _closure(first: int, readers: Mapping[int, set[int]]) -> frozenset[int]:
    """A nest, those that must not come after it, and so on."""
    found, todo = {first}, [first]
    while todo:
        new = readers[todo.pop()] - found
        found |= new
        todo += new
    return frozenset(found)


def _in_one(group: Group) -> Group:
    """Outputs whose iterations need nothing of what others overwrite, in the loops of the first of them."""
    first = group[0][1]
    same: list[tuple[str, Write]] = []
    for name, w in sorted(group, key=lambda nest: nest[1].value.size):  # one may be a part of another
        moved = aligned(first, w)
        if moved is None or moved.guard is not first.guard:
            raise Unsummarised(_EACH_OTHER)
        same.append((name, moved))
    for n, (name, w) in enumerate(same):
        if any(other == name and not _apart(v, w) for other, v in same[:n]):
            raise Unsummarised(_EACH_OTHER)
        own = {v.index for other, v in same if other == name}
        if any(x not in own for _, v in same for part in v.parts() for x in _places(part, name)):
            raise Unsummarised(_EACH_OTHER)
    return tuple(same)


def _places(x: Sym, name: str) -> Iterator[Sym]:
    """The places in an array that x reads, each by itself where a short reduction reads several."""
    for n in sym.collect(x, lambda n: n.op == "ld" and n.data == name):
        loops = [v for v in n.args[0].free if v not in x.free and sym.bounded(v)]
        if all(sym.extent_of(v).hi <= FEW for v in loops) and len(loops) < 2:
            for at in range(int(sym.extent_of(loops[0]).hi)) if loops else (0,):
                yield sym.substitute(n.args[0], dict.fromkeys(loops, sym.integer(at)))
        else:
            yield n.args[0]


def _apart(a: Write, b: Write) -> bool:
    """No iteration of the one writes an element that any iteration of the other does."""
    any_of = {v: sym.fresh("o", sym.extent_of(v)) for v in b.vars}
    return never_meet(a.index, sym.substitute(b.index, any_of))


def _reads(w: Write, name: str) -> bool:
    return any(
        sym.collect(p, lambda n: n.op == "ld" and n.data == name) for p in w.parts() if "ld" in p.has)


def _needs(w: Write, name: str, other: Write) -> bool:
    """w reads what `other` overwrites in `name`, as far as can be told."""
    if not _reads(w, name):
        return False
    if any(sym.extent_of(v).free & set(other.vars) for v in other.vars):
        return True
    copies = {v: sym.fresh("o", sym.extent_of(v)) for v in other.vars}  # any iteration of the other
    written = sym.substitute(other.index, copies)
    read = (x.args[0] for p in w.parts() for x in sym.collect(p, lambda n: n.op == "ld" and n.data == name))
    return not all(sym.prove_lt(written, e) or sym.prove_lt(e, written) for e in read)


def _check_in_place(name: str, w: Write) -> None:
    """Every element of `name` that an iteration reads is one only its own outermost iteration writes."""
    for n in sym.collect(w.value, lambda x: x.op == "ld" and x.data == name):
        if n.args[0] is w.index:
            continue
        _, mapping = solve(Write(w.vars, w.index, TRUE, ZERO), n.args[0], w.guard)
        shared = 0
        for v in w.vars:
            if mapping[v] is not v:
                break
            shared += 1
        inner = set(w.vars[shared:])
        if n.args[0].free & inner or not w.vars[:shared]:
            raise Unsummarised(f"`{name}` is updated from elements other iterations write")
