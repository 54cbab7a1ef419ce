"""Paths: the address of a statement in a program, and how it moves when the program is edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xpiler.ir.nodes import For, If, Kernel, Program, Stmt, While
from xpiler.ir.walk import Body, bodies


@dataclass(frozen=True, order=True)
class Path:
    """A kernel by its index, then one (arm, index) a level: arm 1 is an If's else, arm 0 every other body.

    The empty path of a kernel addresses no statement; it is the parent of the kernel's top level.
    """

    kernel: int
    steps: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.kernel}:" + ".".join(f"{'e' if arm else ''}{i}" for arm, i in self.steps)

    @staticmethod
    def parse(text: str) -> Path:
        """The path that `str` printed."""
        kernel, _, steps = text.partition(":")
        parts = steps.split(".") if steps else []
        return Path(int(kernel), tuple((int(p[0] == "e"), int(p.lstrip("e"))) for p in parts))

    @property
    def parent(self) -> Path:
        return Path(self.kernel, self.steps[:-1])

    @property
    def index(self) -> int:
        return self.steps[-1][1]

    def child(self, index: int, arm: int = 0) -> Path:
        return Path(self.kernel, (*self.steps, (arm, index)))

    def sibling(self, offset: int) -> Path:
        arm, index = self.steps[-1]
        return Path(self.kernel, (*self.steps[:-1], (arm, index + offset)))

    def within(self, other: Path) -> bool:
        """Whether this path is `other` or lies below it."""
        depth = len(other.steps)
        return self.kernel == other.kernel and self.steps[:depth] == other.steps


@dataclass(frozen=True)
class Edit:
    """At `at`, `removed` statements gave way to `added` others."""

    at: Path
    removed: int
    added: int


def follow(path: Path, edit: Edit) -> Path | None:
    """Where a path points after an edit; None when what it addressed is gone."""
    if not edit.at.steps:
        raise ValueError("an edit needs the path of a statement")
    depth = len(edit.at.steps) - 1
    beside = path.kernel == edit.at.kernel and path.steps[:depth] == edit.at.steps[:depth]
    if not beside or len(path.steps) <= depth:
        return path
    arm, index = path.steps[depth]
    edit_arm, first = edit.at.steps[depth]
    if arm != edit_arm or index < first:
        return path
    if index < first + edit.removed:
        return None
    moved = (arm, index + edit.added - edit.removed)
    return Path(path.kernel, (*path.steps[:depth], moved, *path.steps[depth + 1 :]))


def get(program: Program, path: Path) -> Stmt:
    """The statement a path addresses; LookupError when there is none."""
    body = program.kernels[path.kernel].body
    found: Stmt | None = None
    for level, (arm, index) in enumerate(path.steps):
        if level:
            assert found is not None
            below = bodies(found)
            if arm >= len(below):
                raise LookupError(f"no such body at {path}")
            body = below[arm]
        elif arm:
            raise LookupError(f"a kernel has one body: {path}")
        if not 0 <= index < len(body):
            raise LookupError(f"no statement at {path}")
        found = body[index]
    if found is None:
        raise LookupError(f"{path} addresses a kernel, not a statement")
    return found


def edit(program: Program, path: Path, new: Body, removed: int = 1) -> tuple[Program, Edit]:
    """Put `new` in the place of `removed` statements from a path on, and say how other paths move."""
    if not path.steps:
        raise LookupError(f"{path} addresses a kernel, not a statement")
    kernel = program.kernels[path.kernel]
    changed = replace(kernel, body=_splice(kernel.body, path, 0, new, removed))
    kernels = (*program.kernels[: path.kernel], changed, *program.kernels[path.kernel + 1 :])
    return replace(program, kernels=kernels), Edit(path, removed, len(new))


def replaced(program: Program, path: Path, new: Body) -> Program:
    """The program with `new` in the place of the statement at a path."""
    return edit(program, path, new)[0]


def inserted(program: Program, path: Path, new: Body) -> Program:
    """The program with `new` put before the statement at a path (or at the end of its body)."""
    return edit(program, path, new, removed=0)[0]


def removed(program: Program, path: Path) -> Program:
    """The program without the statement at a path."""
    return edit(program, path, ())[0]


def _splice(body: Body, path: Path, level: int, new: Body, gone: int) -> Body:
    arm, index = path.steps[level]
    last = level == len(path.steps) - 1
    if (level == 0 and arm) or not 0 <= index <= len(body) - (gone if last else 1):
        raise LookupError(f"no statement at {path}")
    if last:
        return body[:index] + new + body[index + gone :]
    arm_below = path.steps[level + 1][0]
    match body[index]:
        case (For() | While()) as s if arm_below == 0:
            inner: Stmt = replace(s, body=_splice(s.body, path, level + 1, new, gone))
        case If() as s if arm_below == 0:
            inner = replace(s, then=_splice(s.then, path, level + 1, new, gone))
        case If() as s:
            inner = replace(s, orelse=_splice(s.orelse, path, level + 1, new, gone))
        case _:
            raise LookupError(f"no such body at {path}")
    return body[:index] + (inner,) + body[index + 1 :]


def places(program: Program) -> Iterator[tuple[Path, Stmt]]:
    """Every statement of every kernel with its path, in the order of the text."""
    for k, kernel in enumerate(program.kernels):
        yield from _places(kernel, k)


def _places(kernel: Kernel, k: int) -> Iterator[tuple[Path, Stmt]]:
    stack = [(Path(k, ((0, i),)), s) for i, s in reversed(list(enumerate(kernel.body)))]
    while stack:
        path, s = stack.pop()
        yield path, s
        below = [
            (path.child(i, arm), inner)
            for arm, body in enumerate(bodies(s))
            for i, inner in enumerate(body)
        ]
        stack.extend(reversed(below))


def find(program: Program, wanted: Callable[[Stmt], bool]) -> tuple[Path, ...]:
    """The paths of the statements a predicate holds for, in the order of the text."""
    return tuple(path for path, s in places(program) if wanted(s))


def loop(program: Program, variable: str, kernel: int | None = None) -> Path | None:
    """The path of the loop over a variable: names are unique in a kernel, the first kernel wins."""
    for path, s in places(program):
        if isinstance(s, For) and s.var.name == variable and kernel in (None, path.kernel):
            return path
    return None


def enclosing(program: Program, path: Path) -> tuple[Stmt, ...]:
    """The statements around the one a path addresses, outermost first, itself left out."""
    above = (Path(path.kernel, path.steps[:n]) for n in range(1, len(path.steps)))
    return tuple(get(program, p) for p in above)
