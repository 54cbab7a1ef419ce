"""Annotation (paper section 4.1, algorithm 1): what each loop nest computes, and what the target offers for it.

An annotator looks at a sequential program and says, for a loop, its computation in words and the passages of the
target's manual that are about it. The symbolic one finds both in the program's index maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Alloc, Assign, Buffer, Const, For, Kernel, Let, Program, Stmt, Store, Var
from xpiler.ir.paths import Path
from xpiler.ir.types import DType
from xpiler.ir.walk import bodies, expressions, scalars_read, statements
from xpiler.passes.contract import nests_of
from xpiler.propose.manual import Passage
from xpiler.propose.retrieval import TOP, Index
from xpiler.propose.structure import Computation, Step, computation


@dataclass(frozen=True)
class Reference:
    """A passage of the target's manual: an intrinsic or a section, the spaces of its operands, and its limits."""

    name: str
    spaces: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Annotation:
    """What the nest of one loop computes, and what the manual has for it, best first."""

    loop: Path
    computation: str
    refers: tuple[Reference, ...] = ()


class Annotator(Protocol):
    """Whoever annotates a sequential program; `text` is what the program was read from."""

    def annotate(self, program: Program, text: str) -> tuple[Annotation, ...]:
        """What its loops compute, in the order of the text; loops about which nothing is known are left out."""
        ...


def reference(passage: Passage) -> Reference:
    """A passage without its prose."""
    return Reference(passage.title, passage.spaces, passage.limits)


@dataclass(frozen=True)
class SymbolicAnnotator:
    """Recognises computations from index maps, and searches the target's manual for their steps."""

    index: Index
    top: int = TOP
    bits: int = 0  # of the target's vector registers, where it has any: their width is in the names of intrinsics

    def annotate(self, program: Program, text: str = "") -> tuple[Annotation, ...]:
        """Every outermost loop, and the loops side by side in it where it has several."""
        return tuple(
            a for k, kernel in enumerate(program.kernels)
            for path, loop in loops_of(kernel.body, Path(k)) for a in self._nest(kernel, path, loop))

    def _nest(self, kernel: Kernel, path: Path, loop: For) -> Iterator[Annotation]:
        found = computed(kernel, loop)
        parts = _parts(loop, path) if found is not None else list(loops_of(loop.body, path))
        if found is not None:
            yield Annotation(path, found.says, () if parts else self.refers(found))
        for below, inner in parts:
            yield from self._nest(kernel, below, inner)

    def refers(self, found: Computation) -> tuple[Reference, ...]:
        """The best passages of each step in turn, `top` of them or one for each step."""
        ranked = [self.passages(s) for s in found.steps]
        rounds = [r[n] for n in range(self.top) for r in ranked if n < len(r)]
        once = dict.fromkeys(map(reference, rounds))
        return tuple(once)[: max(self.top, len(found.steps))]

    def passages(self, step: Step) -> list[Passage]:
        """What the manual has for one step, best first."""
        return self.index.search(f"{step.query} {self.bits or ''}", self.top)


def loops_of(body: tuple[Stmt, ...], parent: Path, arm: int = 0) -> Iterator[tuple[Path, For]]:
    """The outermost loops of a body, with their paths."""
    for n, s in enumerate(body):
        path = parent.child(n, arm)
        if isinstance(s, For):
            yield path, s
        else:
            for a, inner in enumerate(bodies(s)):
                yield from loops_of(inner, path, a)


def every_loop(program: Program) -> Iterator[tuple[Path, For]]:
    """All loops of a program in the order of the text."""
    waiting = [pair for k, kernel in enumerate(program.kernels) for pair in loops_of(kernel.body, Path(k))][::-1]
    while waiting:
        path, loop = waiting.pop()
        yield path, loop
        waiting += list(loops_of(loop.body, path))[::-1]


def _parts(loop: For, path: Path) -> list[tuple[Path, For]]:
    """The loops side by side in a nest; none where it is one within the other to the end."""
    found = list(loops_of(loop.body, path))
    while len(found) == 1:
        below, inner = found[0]
        found = list(loops_of(inner.body, below))
    return found


def computed(kernel: Kernel, loop: For) -> Computation | None:
    """What one loop of a kernel computes by itself; None where that has no closed form."""
    try:
        return computation(nests_of(_alone(kernel, loop)))
    except (Unsummarised, KeyError, TypeError):  # as `facts.offers` does: what has no form is not described
        return None


def _alone(kernel: Kernel, loop: For) -> Kernel:
    """A loop as a kernel: what it finds are its parameters, and the scalars it leaves are stored at the end."""
    inside = list(statements((loop,)))
    own = {s.var for s in inside if isinstance(s, Let | For)}
    arrays = {s.buffer.name for s in inside if isinstance(s, Alloc)}
    used = {v for s in inside for e in expressions(s) for v in scalars_read(e)}
    left = sorted({s.var for s in inside if isinstance(s, Assign)} - own, key=lambda v: v.name)
    scalars = sorted((used | set(left)) - own, key=lambda v: v.name)
    buffers = [p for p in kernel.params if isinstance(p, Buffer)]
    buffers += [s.buffer for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.name not in arrays]
    zero = Const(0, DType.I32)
    results = [Buffer(v.name, v.dtype, Const(1, DType.I32)) for v in left]
    params: list[Buffer | Var] = [*buffers, *results, *scalars]
    return Kernel(kernel.name, tuple(params), (loop, *(Store(v.name, zero, v) for v in left)), loop.span)
