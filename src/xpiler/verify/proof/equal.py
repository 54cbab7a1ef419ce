"""The judge "equal for all inputs": every output element is shown to be the same expression of the same inputs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xpiler.ir.nodes import Binary, Call, Program, Unary, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.verify.alike import alike_from
from xpiler.verify.evaluate import Number
from xpiler.verify.pairing import pair
from xpiler.verify.proof.cases import Cases
from xpiler.verify.proof.compare import Comparison
from xpiler.verify.proof.evaluate import Evaluator, evaluator
from xpiler.verify.proof.flatten import Flat, entry, flatten
from xpiler.verify.proof.index import Atom, Mono, Poly, below, negated, poly, symbol
from xpiler.verify.proof.normal import Normal
from xpiler.verify.proof.scene import Scene, Split, Value
from xpiler.verify.proof.solver import Facts, Oracle, Outside, TimeIsUp
from xpiler.verify.proof.terms import Terms
from xpiler.verify.proof.tree import nodes
from xpiler.verify.verdict import Evidence, Proved, Unknown, Verdict

ALL_INPUTS = "equal for all inputs"
GIVEN = ", given that both are in bounds and free of races"
# Cases an element's index and the sizes are split into before the proof is given up.
CASES = 96
# Functions from which no law here leads to others: where one program has one that the other has not, nothing is shown.
ELEMENTARY = frozenset({"exp", "log", "sin", "cos", "tan", "tanh", "erf", "erfc"})
# A walk backwards calls itself at every statement it meets.
DEEPEST = 20_000


def equal_for_all(
    source: Program, target: Program, *, kernel: str = "", let: Mapping[str, Number] | None = None,
    seconds: float = 10.0,
) -> Evidence:
    """Whether two programs write the same expression of the same inputs to every element of every output.

    Their parameters correspond by position. `let` fixes scalars of the source; the others are any number from 1 on.
    `seconds` of this thread's processor, so that a busy machine changes no verdict. Never refutes: what is not shown is
    Unknown."""
    start = time.monotonic()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEPEST))
    try:
        verdict = _verdict(source, target, kernel, let or {}, time.thread_time() + seconds)
    finally:
        sys.setrecursionlimit(limit)
    return Evidence(ALL_INPUTS, verdict, time.monotonic() - start)


def _verdict(
    source: Program, target: Program, kernel: str, let: Mapping[str, Number], deadline: float
) -> Verdict:
    try:
        if (same := _same(source, target, kernel, let)) is not None:
            return same
        a = flatten(source, kernel)
        b = flatten(target, kernel if target.launcher is None else "")
        pairing = pair(a.params, b.params)
        if pairing.clash:
            return Unknown(pairing.clash)
        if list(pairing.names.values()) != [p.name for p in b.params]:
            return Unknown("the parameters are in another order")
        if alone := ELEMENTARY & (_functions(a) ^ _functions(b)):
            return Unknown(f"outside the affine part: `{min(alone)}` is computed by one of the two alone")
        return _Proof(a, b, let, Oracle(deadline)).verdict()
    except Outside as o:
        return Unknown(f"outside the affine part: {o}")
    except TimeIsUp:
        return Unknown("the proof took too long")
    except RecursionError:
        return Unknown("the proof is too deep")


def _same(source: Program, target: Program, kernel: str, let: Mapping[str, Number]) -> Proved | None:
    """What is shown where the two are one program, whatever is in it."""
    one, other = entry(source, kernel), entry(target, "" if target.launcher is not None else kernel)
    if not alike_from(source, target, one, other):
        return None
    free = [p.name for p in one.params if isinstance(p, Var) and not p.dtype.is_float and p.name not in let]
    return Proved(f"{_inputs(sorted(free))}, the same statements in the same order{GIVEN}")


def _inputs(names: Sequence[str]) -> str:
    """Which inputs and sizes; `names` are the sizes that are free."""
    sizes = f"all sizes with {' and '.join(f'{n} >= 1' for n in names)} (products below 2^31)" if names else (
        "these sizes")
    return f"all inputs, {sizes}"


@dataclass
class _Proof:
    source: Flat
    target: Flat
    let: Mapping[str, Number]
    oracle: Oracle

    def __post_init__(self) -> None:
        self.terms = Terms()
        self.sizes: dict[int, Poly] = {}
        self.free: set[Atom] = set()
        for i, p in enumerate(self.source.params):
            if isinstance(p, Var) and not p.dtype.is_float:
                said = self.let.get(p.name)
                if said is None:
                    s = symbol(p.name, 1)
                    self.free.add(s)
                    self.sizes[i] = poly(s)
                else:
                    self.sizes[i] = poly(int(said))
        self.ordered = True

    def verdict(self) -> Verdict:
        outputs = sorted(set(self.source.results) | set(self.target.results))
        self.evaluators = [
            evaluator(f, self.terms, self._scalars(f), frozenset(), side)
            for f, side in ((self.source, ""), (self.target, "target:"))
        ]
        touched = [p for p in outputs if any(self._writes(e, p) for e in self.evaluators)]
        if not touched:
            return Unknown("neither program writes anything")
        for position in touched:
            reason = self._output(position)
            if reason:
                return Unknown(reason)
        return Proved(self._scope())

    def _writes(self, e: Evaluator, position: int) -> bool:
        """Whether the caller may find something new in an array."""
        name = e.flat.results.get(position)
        if name is None:
            return False
        start = e.flat.starts[name]
        return start.position != position or any(name in n.writes for n in nodes(e.tree.root))

    def _scalars(self, flat: Flat) -> dict[str, Value]:
        out: dict[str, Value] = {}
        for i, p in enumerate(flat.params):
            if isinstance(p, Var):
                out[p.name] = self.sizes[i] if i in self.sizes else self.terms.make("param", i)
        return out

    def _output(self, position: int) -> str:
        """Why an output was not shown equal, or nothing."""
        for e in self.evaluators:  # no case is split before there is an element
            e.free = frozenset()
        index, facts = self._element(position)
        free = frozenset(self.free | index.symbols)
        for e in self.evaluators:
            e.free = free
        cases = [facts]
        done = 0
        while cases:
            held = cases.pop()
            if not held.consistent():
                continue
            done += 1
            if done > CASES:
                return "too many cases"
            try:
                reason = self._case(position, index, held)
            except Split as split:
                cases += [held.assume(negated(split.cond)), held.assume(split.cond)]
                continue
            if reason:
                return reason
        return ""

    def _case(self, position: int, index: Poly, facts: Facts) -> str:
        a, b = (self._final(e, position, index, Scene(facts)) for e in self.evaluators)
        left, right = self.evaluators[0].lifted(a), self.evaluators[1].lifted(b)
        name = self.source.params[position].name
        if left.kind == "undef" or right.kind == "undef":
            return f"an element of `{name}` may be left without a value"
        types = {i: p.dtype for i, p in enumerate(self.source.params)}
        doubles = DType.F64 in {*types.values(), *_floats(self.source), *_floats(self.target)}
        normal = Normal(self.terms, facts, types, doubles)
        compare = Comparison(self.terms, normal)
        if compare.same(left, right, facts):
            return ""
        self.ordered = False
        one, other = normal.form(left), normal.form(right)
        if compare.same(one, other, facts) or Cases(normal, compare).same(one, other, facts):
            return ""
        self.differing = (one, other)
        return f"the expressions of `{name}` were not shown equal"

    def _final(self, e: Evaluator, position: int, index: Poly, scene: Scene) -> Value:
        name = e.flat.results.get(position)
        if name is None:  # the caller's array stays as it was
            return self.terms.make("input", (position, index))
        extent = self._extent(e, position)
        if extent is None or name == e.flat.params[position].name:
            return e.final(name, index, scene)
        return e.choose(  # what is behind the part that is copied back stays as it was
            below(index, extent), lambda s: e.final(name, index, s),
            lambda _: self.terms.make("input", (position, index)), scene,
        )

    def _element(self, position: int) -> tuple[Poly, Facts]:
        """A symbolic element of an output: digits where the programs' indices have symbolic strides, else one number.

        Every number from 0 on has digits in every such base, so that nothing is left out."""
        facts = Facts(self.oracle)
        strides = list(self._strides(position))
        index, bound = poly(0), None
        for n, stride in enumerate(strides):
            digit = symbol(f"element.{n}", 0)
            index = index + poly(digit) * Poly({stride: 1})
            if bound is not None:
                facts = facts.assume(below(poly(digit), bound))
            after = strides[n + 1] if n + 1 < len(strides) else ()
            bound = Poly({_quotient(stride, after): 1})
        extents = [self._extent(e, position) for e in self.evaluators]
        if extents[0] is not None and extents[0] == extents[1]:
            facts = facts.assume(below(index, extents[0]))
        return index, facts

    def _strides(self, position: int) -> Iterator[Mono]:
        """Symbolic strides of the output's indices, each a multiple of the next, the last one 1."""
        found: set[Mono] = set()
        for e in self.evaluators:
            found |= e.strides(e.flat.results.get(position, ""), Scene(Facts(self.oracle)), self.free)
        chain: list[Mono] = []
        for m in sorted(found, key=lambda m: (len(m), tuple(a.key for a in m))):
            if not chain or _divides(chain[-1], m):
                chain.append(m)
        return iter((*reversed(chain), ()))

    def _extent(self, e: Evaluator, position: int) -> Poly | None:
        """How many elements the caller's array has, where a program says so: no more than these are copied back."""
        extent = e.flat.extents.get(position)
        last = e.tree.root.nodes[-1] if e.tree.root.nodes else None
        return None if extent is None or last is None else e.index(extent, last, {}, Scene(Facts(self.oracle)))

    def _scope(self) -> str:
        ordered = self.ordered and not any(e.reordered for e in self.evaluators)
        same = ordered and _floats(self.source) == _floats(self.target)
        how = "same operations in the same order" if same else "real arithmetic with reassociation"
        return f"{_inputs(sorted(s.key for s in self.free))}, {how}{GIVEN}"


def _functions(flat: Flat) -> set[str]:
    """The functions a program computes, wherever."""
    found = (e for s in statements(flat.body) for x in expressions(s) for e in subexpressions(x))
    return {e.name for e in found if isinstance(e, Call)}


def _floats(flat: Flat) -> set[DType]:
    """The types of floats a program computes in."""
    found = (e.dtype for s in statements(flat.body) for x in expressions(s) for e in subexpressions(x)
             if isinstance(e, Binary | Unary | Call))
    return {d for d in found if d.is_float}


def _quotient(m: Mono, n: Mono) -> Mono:
    left = list(m)
    for a in n:
        left.remove(a)
    return tuple(left)


def _divides(n: Mono, m: Mono) -> bool:
    left = list(m)
    for a in n:
        if a not in left:
            return False
        left.remove(a)
    return True
