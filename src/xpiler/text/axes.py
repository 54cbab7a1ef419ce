"""Built-in parallel variables: which expression each of their names stands for, and the loops they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xpiler.fault import Span
from xpiler.ir.nodes import Alloc, Const, Expr, For, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, scalars_read
from xpiler.platforms.platform import Axis, Platform
from xpiler.text.arithmetic import ONE, ZERO, Arithmetic, int_const

Geometry = Mapping[str, Expr]  # axis kind -> extent
_ALWAYS = ("block.x", "thread.x")


@dataclass(frozen=True)
class Axes:
    """The axis loops of one kernel, outermost first, and the meaning of the built-in names."""

    loops: tuple[tuple[str, Var, Expr], ...]
    builtins: Mapping[str, Expr]
    reach: Mapping[str, str] = field(default_factory=dict)  # scopes of barriers -> what they span in this job

    def enclose(self, shared: tuple[Alloc, ...], inner: tuple[Stmt, ...], span: Span) -> tuple[Stmt, ...]:
        """The kernel's body inside its axis loops; shared arrays stand outside the loops of those who share them."""
        sharing = [k for k, (kind, _, _) in enumerate(self.loops) if kind.startswith("thread") or kind == "core"]
        cut = sharing[0] if sharing else len(self.loops)
        body = inner
        for k in reversed(range(len(self.loops))):
            kind, var, extent = self.loops[k]
            body = (For(var, ZERO, extent, ONE, body, kind, span),)
            if k == cut:
                body = (*shared, *body)
        return (*shared, *body) if not sharing else body


def simt(platform: Platform, geometry: Geometry, fresh: Fresh, math: Arithmetic) -> Axes:
    """Grid and block axes: those of extent 1 are left out, but for the first of each."""
    loops: list[tuple[str, Var, Expr]] = []
    builtins: dict[str, Expr] = {"warpSize": int_const(platform.warp)}
    for axis in _outermost_first(platform.axes):
        extent = geometry.get(axis.kind, ONE)
        _positive(extent, math)
        if extent == ONE and axis.kind not in _ALWAYS:
            builtins[axis.index], builtins[axis.extent] = ZERO, ONE
            continue
        var = _index(axis, fresh, math)
        builtins[axis.index], builtins[axis.extent] = var, extent
        loops.append((axis.kind, var, extent))
    return Axes(tuple(loops), builtins)


def _outermost_first(axes: tuple[Axis, ...]) -> list[Axis]:
    groups = {"block": 0, "thread": 1}
    return sorted(axes, key=lambda a: (groups[a.kind[:-2]], -"xyz".index(a.kind[-1])))


def _index(axis: Axis, fresh: Fresh, math: Arithmetic) -> Var:
    var = Var(fresh(axis.index.replace(".", "_")), DType.I32)
    math.counters.add(var.name)
    return var


def _positive(extent: Expr, math: Arithmetic) -> None:
    """A launch has at least one of everything, so the sizes its extents are made of are not negative."""
    math.counters.update(v.name for v in scalars_read(extent))


def tasks(
    platform: Platform, geometry: Geometry, fresh: Fresh, math: Arithmetic, clustered: bool
) -> Axes:
    """The task axis, or clusters of cores where cores share memory or meet.

    Tasks are counted along x, then y, then z; "task.y" and "task.z" of a geometry say how many there are of these, and
    "job" how many cores a job of them takes, or 0 where only the run tells."""
    task, cluster, core = (platform.axis(k) for k in ("task", "cluster", "core"))
    total = geometry.get("task", ONE)
    _positive(total, math)
    cores = int_const(core.limit)
    job = geometry.get("job")
    alone = isinstance(job, Const) and 0 < job.value < core.limit
    if not clustered:
        var = _index(task, fresh, math)
        index: Expr = var
        at = math.binary("/", var, cores)
        counted = math.binary("/", math.binary("+", total, int_const(core.limit - 1)), cores)
        builtins = {core.index: math.binary("%", var, cores), core.extent: cores}
        loops: tuple[tuple[str, Var, Expr], ...] = (("task", var, total),)
    else:
        few = isinstance(total, Const) and total.value < core.limit
        at, k = _index(cluster, fresh, math), _index(core, fresh, math)
        counted, width = (ONE, total) if few else (math.binary("/", total, cores), cores)
        builtins = {core.index: k, core.extent: width}
        if alone:
            counted, width = total, ONE
            builtins = {core.index: math.binary("%", at, cores), core.extent: cores}
        index = math.binary("+", math.binary("*", at, width), k)
        loops = (("cluster", at, counted), ("core", k, width))
    builtins |= _clusters(cluster, at, counted, job, core.limit, math)
    builtins |= {task.index: index, task.extent: total}
    left, rest = index, total
    for letter, many in (("Z", geometry.get("task.z", ONE)), ("Y", geometry.get("task.y", ONE))):
        builtins[f"{task.extent}{letter}"] = many
        if many == ONE:
            builtins[f"{task.index}{letter}"] = ZERO
            continue
        rest = math.binary("/", rest, many)  # tasks of one layer
        builtins[f"{task.index}{letter}"] = math.binary("/", left, rest)
        left = math.binary("%", left, rest)
    builtins |= {f"{task.index}X": left, f"{task.extent}X": rest}
    return Axes(loops, builtins, _reach(total, job, core.limit))


def _clusters(
    cluster: Axis, at: Expr, counted: Expr, job: Expr | None, cores: int, math: Arithmetic
) -> dict[str, Expr]:
    """The number of a task's cluster and how many there are: of the job. One that is no union of clusters has none; a
    launch of more tasks than a job has cores runs in rounds, and the numbers repeat in each.

    What nobody knows has no name: of a job whose kind only the run tells."""
    if job is None:  # no host: as many clusters as the tasks fill
        return {cluster.index: at, cluster.extent: counted}
    if not isinstance(job, Const) or not job.value:
        return {}
    most = int(job.value) // cores
    if not most:
        return {cluster.index: ZERO, cluster.extent: ZERO}
    within = at if counted == int_const(most) else math.binary("%", at, int_const(most))
    return {cluster.index: within, cluster.extent: int_const(most)}


def _reach(total: Expr, job: Expr | None, cores: int) -> dict[str, str]:
    """What the barriers between cores span: those of one job, and in one that is no union of clusters nobody else.

    "" where that is none of the scopes there are."""
    if job is None:
        return {}
    if not isinstance(job, Const) or not job.value:
        return {"cluster": "", "device": ""}
    if job.value < cores:
        return {"cluster": "core", "device": "core"}
    if total == job:
        return {}
    return {"device": "cluster" if job.value == cores else ""}


def serial() -> Axes:
    """One thread."""
    return Axes((), {})
