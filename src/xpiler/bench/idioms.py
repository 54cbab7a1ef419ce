"""Whether a program uses its machine: what share of its arithmetic intrinsics do, what is kept near, how wide it is.

All of it is counted in the program's text, not measured: a loop counts as often as its bounds say where these have a
value, an `if` as if it were taken, a loop with bounds that depend on data once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xpiler.ir.nodes import (
    Addr, Alloc, Binary, Buffer, Call, Const, Expr, For, If, Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning,
    Param, Program, Stmt, Var, While,
)
from xpiler.ir.walk import bodies, expressions, statements, subexpressions
from xpiler.platforms.platform import Platform
from xpiler.verify.evaluate import Number, NoValue, evaluate, run_scalars

PARALLEL = ("block", "thread", "task", "cluster", "core", "parallel")
# The most an intrinsic's own loops may run: a count read from memory has no bound.
MOST = 1 << 40


@dataclass(frozen=True)
class Idioms:
    """`work`: operations on floats, and on integers where these are what is stored; `by_intrinsics`: those that
    intrinsics do; `near`: spaces of the arrays kept on chip; `reads`: loads of elements of arrays in global memory,
    copies into near memory counted by the elements they bring; `width`: iterations that may run at the same time."""

    work: float
    by_intrinsics: float
    matrix: float  # of these, by intrinsics that take a product of matrices at once
    near: tuple[str, ...]
    reads: float
    width: float

    @property
    def share(self) -> float:
        """The share of the work intrinsics do, 1.0 where there is no work at all."""
        return self.by_intrinsics / self.work if self.work else 1.0

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"share": self.share}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Idioms:
        held = {k: v for k, v in data.items() if k != "share"}
        return cls(**(held | {"near": tuple(held["near"])}))


def idioms(program: Program, platform: Platform, values: Mapping[str, Number]) -> Idioms:
    """What a program's kernels use when its launcher is called with these scalars."""
    launches = _launches(program, values)
    totals = [_Count(program, platform, env).of(kernel) for kernel, env in launches]
    near = {s.buffer.space for kernel, _ in launches for s in statements(kernel.body) if isinstance(s, Alloc)}
    return Idioms(
        sum(t.work for t in totals), sum(t.fast for t in totals), sum(t.matrix for t in totals),
        tuple(sorted(near - {"global"})), sum(t.reads for t in totals), max((t.width for t in totals), default=1.0))


def _launches(program: Program, values: Mapping[str, Number]) -> list[tuple[Kernel, dict[str, Number]]]:
    """Each kernel a launcher runs with the scalars it is given; all kernels where there is no launcher."""
    launcher: Launcher | None = program.launcher
    if launcher is None:
        return [(k, dict(values)) for k in program.kernels]
    env = run_scalars(launcher.body, values)
    out = []
    for s in statements(launcher.body):
        if isinstance(s, Launch):
            kernel = program.kernel(s.kernel)
            out.append((kernel, _given(kernel.params, s.args, env)))
    return out


def _given(params: Iterable[Param], args: Iterable[Expr], env: Mapping[str, Number]) -> dict[str, Number]:
    out: dict[str, Number] = {}
    for p, a in zip(params, args, strict=False):
        if isinstance(p, Var):
            try:
                out[p.name] = evaluate(a, env)
            except NoValue:
                continue
    return out


@dataclass
class _Totals:
    work: float = 0.0
    fast: float = 0.0
    matrix: float = 0.0
    reads: float = 0.0
    width: float = 1.0


class _Count:
    """Counts one kernel, for given values of its scalars."""

    def __init__(self, program: Program, platform: Platform, env: Mapping[str, Number]) -> None:
        self.platform = platform
        self.whole = not any(isinstance(b, Buffer) and b.dtype.is_float for k in program.kernels for b in k.params)
        self.meanings = {(m.name, m.key): m for m in program.meanings}
        self.env = dict(env)
        self.totals = _Totals()
        self.known: dict[tuple[str, str, tuple[Number | None, ...]], float] = {}

    def of(self, kernel: Kernel) -> _Totals:
        far = {p.name for p in kernel.params if not isinstance(p, Var)}
        self._body(kernel.body, 1.0, 1.0, far)
        return self.totals

    def _body(self, body: tuple[Stmt, ...], times: float, width: float, far: set[str]) -> None:
        for s in body:
            self.totals.work += times * self._operations(s)
            self.totals.reads += times * sum(
                isinstance(x, Load) and x.buffer in far for e in expressions(s) for x in subexpressions(e))
            match s:
                case Let(var, value) if value is not None:
                    _bind(self.env, var, value)
                case For(var, start, stop, step, inner, kind):
                    _bind(self.env, var, start)
                    n = _trips(start, stop, step, self.env)
                    wide = width * n if kind.startswith(PARALLEL) else width
                    self.totals.width = max(self.totals.width, wide)
                    self._body(inner, times * n, wide, far)
                case Intrinsic(name, args, _, key) if (name, key) in self.meanings:
                    meaning = self.meanings[name, key]
                    work = times * self._inside(meaning, args)
                    self.totals.work += work
                    self.totals.fast += work
                    self.totals.matrix += work if multiplies_matrices(meaning) else 0.0
                case If() | While():
                    for inner in bodies(s):
                        self._body(inner, times, width, far)
                case _:
                    pass

    def _inside(self, meaning: Meaning, args: tuple[Expr, ...]) -> float:
        """The operations one call of an intrinsic does; of one that a warp carries out as one, a lane's share."""
        env = _given(meaning.params, args, self.env)
        key = (meaning.name, meaning.key, tuple(env.get(p.name) for p in meaning.params))
        if key not in self.known:
            lanes = self.platform.warp if _together(self.platform, meaning.name) else 1
            self.known[key] = self._plain(meaning.body, env) / lanes
        return self.known[key]

    def _plain(self, body: tuple[Stmt, ...], env: dict[str, Number]) -> float:
        work = 0.0
        for s in body:
            work += self._operations(s)
            match s:
                case Let(var, value) if value is not None:
                    _bind(env, var, value)
                case For(var, start, stop, step, inner):
                    n = _trips(start, stop, step, env)
                    _bind(env, var, start)
                    work += n * self._plain(inner, env)
                case If() | While():
                    work += sum(self._plain(inner, env) for inner in bodies(s))
                case _:
                    pass
        return work

    def _operations(self, s: Stmt) -> int:
        """Operations on floats; where no array of the program holds any, on integers that come from memory."""
        found = (x for e in expressions(s) for x in subexpressions(e) if isinstance(x, Binary | Call))
        return sum(_of_memory(x) if self.whole else _on_floats(x) for x in found)


def multiplies_matrices(meaning: Meaning) -> bool:
    """Whether an intrinsic adds up products of elements of two arrays in loops at least three deep."""
    return _depth(meaning.body) > 2 and any(
        isinstance(x, Binary) and x.op == "*" and _loads(x.a) and _loads(x.b) and _loads(x.a) != _loads(x.b)
        for s in statements(meaning) for e in expressions(s) for x in subexpressions(e))


def _depth(body: tuple[Stmt, ...]) -> int:
    return max((int(isinstance(s, For)) + max((_depth(b) for b in bodies(s)), default=0) for s in body), default=0)


def _loads(e: Expr) -> set[str]:
    return {x.buffer for x in subexpressions(e) if isinstance(x, Load)}


def _together(platform: Platform, name: str) -> bool:
    return bool(platform.together) and re.search(platform.together, name) is not None


def _bind(env: dict[str, Number], var: Var, value: Expr) -> None:
    """What a variable holds from here on, where that can be told."""
    try:
        env[var.name] = evaluate(value, env)
    except NoValue:
        env.pop(var.name, None)


def _trips(start: Expr, stop: Expr, step: Expr, env: Mapping[str, Number]) -> float:
    try:
        low, high, by = (evaluate(e, env) for e in (start, stop, step))
    except NoValue:
        return 1.0
    return float(min(MOST, max(0, -(-(high - low) // by)))) if by else 1.0


def _of_memory(x: Binary | Call) -> bool:
    return bool(_loads(x))


def _on_floats(x: Binary | Call) -> bool:
    if x.dtype.is_float:
        return True
    operands = (x.a, x.b) if isinstance(x, Binary) else x.args
    return any(not isinstance(o, Addr) and not isinstance(o, Const) and o.dtype.is_float for o in operands)
