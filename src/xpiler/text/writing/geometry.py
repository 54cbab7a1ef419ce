"""Launch geometry: what a kernel's axis loops and arrays ask of its launch."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.ir.nodes import Alloc, Barrier, Buffer, Const, Expr, For, Kernel, Stmt
from xpiler.ir.show import PRECEDENCE
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform
from xpiler.text.writing.error import NotExpressible
from xpiler.text.writing.expr import Speller

_ONE = Const(1, DType.I32)


@dataclass(frozen=True)
class Geometry:
    """The extents of a kernel's axis loops by kind, over its parameters, and its dynamic shared buffer."""

    extents: dict[str, Expr]
    dynamic: Buffer | None = None
    shares: bool = False  # the tasks of one job share memory
    meets: bool = False  # the tasks of one job wait for each other

    @property
    def grouped(self) -> bool:
        return self.shares or self.meets

    def of(self, head: str) -> tuple[Expr, Expr, Expr]:
        x, y, z = (self.extents.get(f"{head}.{d}", _ONE) for d in "xyz")
        return x, y, z


def geometry(kernel: Kernel, platform: Platform) -> Geometry:
    """What a launch of `kernel` has to say; NotExpressible where the axis loops do not enclose the body."""
    extents: dict[str, Expr] = {}
    body: tuple[Stmt, ...] = kernel.body
    kinds = {a.kind: a for a in platform.axes}
    while (loop := next((s for s in body if isinstance(s, For) and s.kind in kinds), None)) is not None:
        if loop is not body[-1]:
            raise NotExpressible(loop.span, f"the loop over {loop.kind}", "statements follow it")
        if loop.kind in extents:
            raise NotExpressible(loop.span, f"the loop over {loop.kind}", "it stands inside another one")
        if isinstance(loop.stop, Const) and loop.stop.value > kinds[loop.kind].limit:
            why = f"{int(loop.stop.value)} is more than the {kinds[loop.kind].limit} of {platform.title}"
            raise NotExpressible(loop.span, f"the loop over {loop.kind}", why)
        extents[loop.kind] = loop.stop
        body = loop.body
    for s in statements(body):
        if isinstance(s, For) and s.kind in kinds:
            raise NotExpressible(s.span, f"the loop over {s.kind}", "it does not enclose the kernel's body")
    threads = [extents.get(f"thread.{d}", _ONE) for d in "xyz"]
    total = 1
    for t in threads:
        total *= int(t.value) if isinstance(t, Const) else 1
    if "thread.x" in kinds and total > kinds["thread.x"].limit:
        raise NotExpressible(kernel.span, f"{total} threads a block", f"the limit is {kinds['thread.x'].limit}")
    scopes = {p.name: p.scope for p in platform.spaces}
    allocs = [s.buffer for s in statements(kernel) if isinstance(s, Alloc)]
    shares = any(scopes.get(b.space) == "cluster" for b in allocs)
    meets = any(isinstance(s, Barrier) and s.scope in ("cluster", "device") for s in statements(kernel))
    dynamic = _dynamic(allocs, platform)
    if dynamic is None:
        _fits(kernel, allocs, platform)
    return Geometry(extents, dynamic, shares, meets)


def _fits(kernel: Kernel, allocs: list[Buffer], platform: Platform) -> None:
    """NotExpressible if static arrays ask for more on-chip memory than there is."""
    for space in platform.spaces:
        if space.capacity is None or space.scope not in ("cluster", "block", "core"):
            continue
        sizes = [int(b.extent.value) * b.dtype.bytes for b in allocs
                 if b.space == space.name and isinstance(b.extent, Const)]
        if sum(sizes) > space.capacity:
            why = f"{platform.title} has {space.capacity} bytes of it"
            raise NotExpressible(kernel.span, f"{sum(sizes)} bytes of {space.name} memory", why)


def _dynamic(allocs: list[Buffer], platform: Platform) -> Buffer | None:
    """The one shared array whose size only the launch can give, if the platform has such arrays."""
    spaces = {p.name: p for p in platform.spaces if p.scope == "block" and p.capacity is not None}
    held = [b for b in allocs if b.space in spaces]
    if not held or "{dynamic}" not in platform.runtime.launch:
        return None
    sized = [b for b in held if isinstance(b.extent, Const)]
    total = sum(int(b.extent.value) * b.dtype.bytes for b in sized if isinstance(b.extent, Const))
    capacity = spaces[held[0].space].capacity or 0
    if len(held) == 1 and (not sized or (total > capacity and platform.runtime.opt_in)):
        return held[0]
    return None


def described(shape: Geometry, spell: Speller) -> str:
    """The launch that a kernel without a launcher expects."""
    heads = list(dict.fromkeys(kind.partition(".")[0] for kind in shape.extents))
    words = []
    for head in heads:
        extents = [shape.extents[head]] if head in shape.extents else list(shape.of(head))
        words.append(f"{head} {' x '.join(spell.text(e, PRECEDENCE['*'] + 1) for e in extents)}")
    return f"// Launch: {', '.join(words)}." if words else ""
