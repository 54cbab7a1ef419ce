"""What a program is: the whole IR on one screen.

Small C with loops that have kinds. A kernel's grid, blocks, threads, tasks and cores are `For` loops whose `kind`
names a parallel axis; everything a pass needs to know about an accelerator is in loop kinds, buffer spaces and
intrinsic calls. Buffers are flat arrays of scalars: a `float4`, an `__m512`, a wmma fragment or a local array is a
`Buffer` whose `ctype` remembers how its owner spelled it. Nodes are frozen; equality ignores spans.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xpiler.fault import NOWHERE, Span
from xpiler.ir.types import DType

# ---------------------------------------------------------------- expressions (no side effects)


@dataclass(frozen=True)
class Const:
    value: int | float
    dtype: DType


@dataclass(frozen=True)
class Var:
    """A scalar: parameter, local, or loop variable. Names are unique within a kernel."""

    name: str
    dtype: DType


@dataclass(frozen=True)
class Load:
    """buffer[index]; the index counts elements of the buffer."""

    buffer: str
    index: Expr
    dtype: DType


@dataclass(frozen=True)
class Addr:
    """&buffer[index]: only as an argument of `Intrinsic` or `Launch`."""

    buffer: str
    index: Expr
    dtype: DType


@dataclass(frozen=True)
class Unary:
    """op is one of - ! ~"""

    op: str
    a: Expr
    dtype: DType


@dataclass(frozen=True)
class Binary:
    """op is + - * / % << >> & | ^ && || < <= > >= == !=. Operands already have C's common type
    (conversions are explicit `Cast`s); integer / and % truncate as in C; comparisons are bool."""

    op: str
    a: Expr
    b: Expr
    dtype: DType


@dataclass(frozen=True)
class Select:
    """cond ? a : b"""

    cond: Expr
    a: Expr
    b: Expr
    dtype: DType


@dataclass(frozen=True)
class Cast:
    a: Expr
    dtype: DType


@dataclass(frozen=True)
class Call:
    """A pure scalar function by its canonical name: exp exp2 log log2 log10 sqrt rsqrt rcp tanh erf erfc sin cos tan
    pow abs floor ceil round rint trunc min max fma fmod isnan isinf expm1 log1p cbrt sinh cosh atan atan2 ..."""

    name: str
    args: tuple[Expr, ...]
    dtype: DType


Expr = Const | Var | Load | Addr | Unary | Binary | Select | Cast | Call

# ---------------------------------------------------------------- storage


@dataclass(frozen=True)
class Buffer:
    """A flat array of `extent` scalars. `space` is a name of the platform's (global, shared, local, nram, wram, ...).

    `extent` is None only for a global parameter whose size nobody has said yet. `ctype` is the aggregate's own
    spelling (`float4`, `__m512`, `wmma::fragment<...>`) or "" for an array. `const`: never stored to through this name.
    `cut_from`: the array of bytes in the text that this is a stretch of, if every access stays in its own.
    """

    name: str
    dtype: DType
    extent: Expr | None
    space: str = "global"
    ctype: str = ""
    const: bool = False
    cut_from: str = field(default="", compare=False)


# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class Let:
    """Declare a mutable scalar local; value None leaves it uninitialised."""

    var: Var
    value: Expr | None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Assign:
    var: Var
    value: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Store:
    buffer: str
    index: Expr
    value: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Alloc:
    """Declare a buffer; it lives to the end of the enclosing body. Contents start undefined."""

    buffer: Buffer
    init: tuple[Expr, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


PLAIN = frozenset({"serial", "unroll", "parallel", "vector"})  # the kinds of loops that are no axis of a platform


@dataclass(frozen=True)
class For:
    """for (var = start; var < stop; var += step). step > 0; stop and step are fixed on entry.

    kind: serial | unroll | parallel (iterations independent: an OpenMP loop) | vector, or a parallel axis of the
    platform: block.x/y/z, thread.x/y/z, task, cluster, core. Axis loops start at 0 with step 1, enclose the whole
    kernel body, outermost first (block.z block.y block.x, shared Allocs, thread.z thread.y thread.x).
    """

    var: Var
    start: Expr
    stop: Expr
    step: Expr
    body: tuple[Stmt, ...]
    kind: str = "serial"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class While:
    cond: Expr
    body: tuple[Stmt, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class If:
    cond: Expr
    then: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Intrinsic:
    """A call of a `device.h` intrinsic, by its source name. Pointers and aggregates are passed as `Addr`; an
    aggregate result is stored through `result` (Addr), a scalar one is assigned to `result` (Var).

    `key` selects the overload or instantiation: the canonical function type as the reader saw it."""

    name: str
    args: tuple[Expr, ...]
    result: Addr | Var | None = None
    key: str = ""
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Shuffle:
    """result = a value of another lane of the same warp; kind: idx up down xor any all ballot active.

    `lane` is the source lane, delta or mask of the kind; width is a Const (segment size); lanes named in `mask`
    (a bit set) take part. `warp` is the hardware warp width. Votes use `value` as the predicate."""

    result: Var
    kind: str
    value: Expr
    lane: Expr
    width: int
    warp: int
    mask: Expr
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Atomic:
    """old = buffer[index]; buffer[index] = op(old, value), indivisibly. op: add sub max min exch cas and or xor
    (cas compares with `compare`). `result` receives old, or is None."""

    op: str
    buffer: str
    index: Expr
    value: Expr
    result: Var | None = None
    compare: Expr | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Barrier:
    """All iterations of the enclosing axis loops of `scope` meet here; scope: warp block cluster device, or core
    (an on-core ordering of asynchronous queues, no exchange: of all of them, or of the one that is named)."""

    scope: str
    span: Span = field(default=NOWHERE, compare=False)
    queue: str = ""


@dataclass(frozen=True)
class Return:
    """Leave the kernel (this iteration of its axis loops)."""

    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Break:
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Continue:
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Launch:
    """Host side: run a kernel; args match its params (buffers as Addr, scalars as Expr over launcher variables).
    The geometry is the kernel's own axis loops: their extents are expressions over the kernel's params."""

    kernel: str
    args: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False)


Stmt = (
    Let | Assign | Store | Alloc | For | While | If | Intrinsic | Shuffle | Atomic | Barrier | Return | Break
    | Continue | Launch
)

# ---------------------------------------------------------------- programs

Param = Buffer | Var


@dataclass(frozen=True)
class Kernel:
    name: str
    params: tuple[Param, ...]
    body: tuple[Stmt, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class DeviceBuffer:
    """A device allocation of a launcher: `extent` elements; `host` is the launcher's pointer parameter it mirrors, if
    any; copied in before the launches and out after them as the two flags say, out to `back` where that is another
    one of the launcher's; `fill` is a byte value or None."""

    name: str
    dtype: DType
    extent: Expr
    host: str = ""
    copy_in: bool = False
    copy_out: bool = False
    fill: int | None = None
    back: str = ""

    @property
    def out(self) -> str:
        """The launcher's pointer it is copied out to; "" where it is not."""
        return (self.back or self.host) if self.copy_out else ""


@dataclass(frozen=True)
class Launcher:
    """The host function callers use: extern "C" void name(params). Pointer params are host Buffers.

    `body` holds Let (host scalars), Launch, and For/If around them.
    On platforms without a device (c, vnni) buffers is empty and Launch arguments name the params directly, or a
    DeviceBuffer without host for scratch between kernels."""

    name: str
    params: tuple[Param, ...]
    buffers: tuple[DeviceBuffer, ...]
    body: tuple[Stmt, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Meaning:
    """What an intrinsic does, read from its body in device.h.

    `params` are Buffers (pointers and aggregates; extent None for pointers) and Vars in the order of `Intrinsic.args`;
    `result` is the Buffer or Var the result is stored to (None for void). `key` is the `Intrinsic.key` of its calls."""

    name: str
    key: str
    params: tuple[Param, ...]
    result: Buffer | Var | None
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Program:
    """Kernels, and the launcher that runs them (None for a file of kernels alone).

    `meanings` holds the meaning of every intrinsic the kernels call. `entry` is text behind the source's own that makes
    the launcher callable, where the source has no such function; `unread` are kernels whose bodies were not understood,
    so that they can be run but not translated; `notes` are remarks for the user about the reading; `fixed` are scalars
    of the host that were given values; `only_for` are those of the launcher's parameters among them, "n=1000" each: for
    other values of these the program is wrong."""

    platform: str
    kernels: tuple[Kernel, ...]
    launcher: Launcher | None
    file: str = ""
    meanings: tuple[Meaning, ...] = field(default=(), compare=False)
    entry: str = field(default="", compare=False)
    unread: tuple[str, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    fixed: tuple[str, ...] = field(default=(), compare=False)
    only_for: tuple[str, ...] = field(default=(), compare=False)

    def kernel(self, name: str) -> Kernel:
        return next(k for k in self.kernels if k.name == name)
