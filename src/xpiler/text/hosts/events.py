"""What happens to memory while a host function runs, in the order of its text."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.ir.nodes import DeviceBuffer, Expr
from xpiler.ir.types import DType
from xpiler.text.arithmetic import ONE
from xpiler.text.clang import Node

# How the names of copy directions end, whatever the vendor.
TO_DEVICE = ("HostToDevice", "HostToDev", "HOST2DEV")
TO_HOST = ("DeviceToHost", "DevToHost", "DEV2HOST")
ON_DEVICE = ("DeviceToDevice", "DevToDev", "DEV2DEV")


@dataclass
class Device:
    """A device allocation while its launcher is read; `symbol` is the file's variable it stands for."""

    name: str
    dtype: DType
    extent: Expr
    host: str = ""
    copy_in: bool = False
    copy_out: bool = False
    fill: int | None = None
    symbol: str = ""
    managed: bool = False
    start: tuple[Expr, ...] = ()  # what a variable of the file holds before anything writes it

    def done(self) -> DeviceBuffer:
        return DeviceBuffer(self.name, self.dtype, self.extent, self.host, self.copy_in, self.copy_out, self.fill)


@dataclass(frozen=True)
class End:
    """One end of a copy: elements of a buffer from `index` on, `stride` from row to row."""

    buffer: str
    index: Expr
    stride: Expr = ONE


@dataclass(frozen=True)
class Move:
    """A copy or fill, in the order of the text; `mark` is the kernel name of its place among the statements.

    `src` None: `value` goes to every byte (a Const) or to the only element."""

    mark: str
    dst: End
    src: End | None
    count: Expr  # elements of a row
    rows: Expr
    value: Expr | None
    under: tuple[Expr, ...]  # the conditions of the branches around it
    in_loop: bool
    node: Node
    fill: bool = False
    direction: str = ""


@dataclass(frozen=True)
class Ran:
    """A launch and what it may write."""

    writes: frozenset[str]
    touches: frozenset[str]
    under: tuple[Expr, ...]


@dataclass(frozen=True)
class Touched:
    """A statement of the host that was left out, and the host arrays it mentions."""

    arrays: frozenset[str]
    under: tuple[Expr, ...]
    in_loop: bool
    node: Node
