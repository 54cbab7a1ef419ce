"""What the rest of the house may ask of a platform: data about one accelerator language, no code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from xpiler.ir.nodes import Meaning
from xpiler.ir.types import DType


@dataclass(frozen=True)
class Axis:
    """A parallel axis: the loop kind that names it, how kernels spell its index and extent, and its largest extent."""

    kind: str
    index: str
    extent: str
    limit: int


@dataclass(frozen=True)
class Space:
    """A memory space: its declaration qualifier ("" where a plain local lives) and its capacity in bytes.

    `scope` is the outermost axis group one copy serves: device, cluster, block, core (a task) or thread."""

    name: str
    qualifier: str
    capacity: int | None
    scope: str
    align: int = 1


@dataclass(frozen=True)
class Runtime:
    """How a launcher is written: `{name}` fields are filled by text.write. Empty strings mean 'no such step'.

    malloc: {ctype} {name} {bytes}; copy_in/copy_out: {device} {host} {bytes}; free: {name};
    fill: {device} {value} {bytes}; launch: {kernel} {grid} {block} {dynamic} {args} {dim} {dim_name} {type}; dim3: {x}
    {y} {z}, or {dims} without trailing ones; opt_in: {kernel} {bytes}, before a launch that needs more shared memory
    than a static array may hold; groups: tasks per job -> launch type, and single the type of ungrouped tasks;
    prologue, epilogue (after the launches), cleanup (last): fixed statements; copy_waits: copying out waits for the
    launches by itself, so that what copies needs no epilogue.
    """

    malloc: str = ""
    copy_in: str = ""
    copy_out: str = ""
    fill: str = ""
    free: str = ""
    launch: str = ""
    dim3: str = ""
    opt_in: str = ""
    groups: Mapping[int, str] = field(default_factory=dict)
    single: str = ""
    prologue: tuple[str, ...] = ()
    epilogue: tuple[str, ...] = ()
    cleanup: tuple[str, ...] = ()
    copy_waits: bool = False


@dataclass(frozen=True)
class Registers:
    """Vector registers: how many a program can name; the cycles until a sum, or a product and a sum, is there; and the
    vectors that are computed in a cycle, as many as are loaded."""

    count: int
    latency: int
    units: int


@dataclass(frozen=True)
class Wording:
    """What texts of a platform call otherwise than those of another one of its model, where a whole text is reworded.

    `headers` are its own headers, the first of a kind before others of it, and what kind each is; one of kind "runtime"
    is always there. Names of the runtime are `api` and a tail; `own` are the tails of the model for which there is
    another name, or none (""). `words` and `macros` ({0}, or {rest} for all arguments) say the platform's own in the
    words of the model; `launch` is a macro (kernel, grid, block, shared, stream, arguments...). `symbol`: how the
    runtime is given a {name}d variable of the file. `operators`: its small vectors have operators. `absent`: pattern of
    words that its header has for others' sake."""

    api: str
    headers: Mapping[str, str]
    own: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    macros: Mapping[str, str] = field(default_factory=dict)
    launch: str = ""
    symbol: str = "{name}"
    operators: bool = False
    absent: str = ""


@dataclass(frozen=True)
class WeightUnit:
    """A matrix instruction whose second operand is a weight with its own memory and layout.

    `product`(out, a, weight, m, k, n) multiplies m x k by the k x n matrix whose weight is its transpose, n x k,
    reordered by `reorder`(to, from, n, 1, 1, k) and copied to `space`. n is a multiple of `columns`, k * sizeof of
    `depth_bytes`. `transpose`(to, from, rows, columns); `add`(out, a, b, count); `fill`(out, count, value). `types` are
    the operand types it takes; the result is `result`."""

    product: str
    reorder: str
    transpose: str
    add: str
    fill: str
    space: str
    columns: int
    depth_bytes: int
    types: frozenset[DType]
    result: DType


@dataclass(frozen=True)
class DotUnit:
    """A vector instruction that adds `group` products of neighbouring narrow elements to each wide lane.

    `product`(sum, a, b) takes registers of `lanes` words; a's narrow elements are of the first of `types`, b's of the
    second, the sum's of the third. `broadcast`(word), `load`(pointer), `store`(pointer, register); `zero`()."""

    product: str
    broadcast: str
    load: str
    store: str
    zero: str
    register: str
    lanes: int
    group: int
    types: tuple[DType, DType, DType]


@dataclass(frozen=True)
class Target:
    """One architecture of a platform: the macros it defines, and the capacities that are its own, by space."""

    macros: Mapping[str, str]
    capacities: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Queues:
    """How what is under way is waited for.

    `batch` and `arrived` are the intrinsics that close a batch of copies, and that wait for a `queue` but for the last
    batches that may be `left`. Where a core has queues of its own, what is in one of them is done in order, a core that
    meets others has waited for all, and a copy at once has waited for its queue and for `compute`, the intrinsics of
    the queue of that name; `spaces` are those at one end of the copies of each queue."""

    batch: str = ""
    arrived: str = ""
    spaces: Mapping[str, frozenset[str]] = field(default_factory=dict)
    others: str = ""  # the queue of copies between other spaces
    compute: str = ""  # pattern


@dataclass(frozen=True)
class Platform:
    """One accelerator language.

    `clang_args` make libclang read it; `suffixes` are its file suffixes; `model` is "simt" (grid, blocks, threads),
    "task" (tasks on cores with scratchpads) or "serial" (one thread, vectors).
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    model: str
    clang_args: tuple[str, ...]
    folder: Path
    axes: tuple[Axis, ...] = ()
    spaces: tuple[Space, ...] = ()
    warp: int = 1
    vector_bits: int = 0
    registers: Registers | None = None  # those of vectors, where it has some
    includes: tuple[str, ...] = ()
    include_when: Mapping[str, str] = field(default_factory=dict)  # token seen in the text -> include line
    kernel_qualifier: str = ""
    device_qualifier: str = ""
    types: Mapping[DType, str] = field(default_factory=dict)
    masks: Mapping[DType, str] = field(default_factory=dict)  # what scalars of a type are called that intrinsics take
    math: Mapping[tuple[str, DType], str] = field(default_factory=dict)  # canonical name and type -> spelling
    barriers: Mapping[str, str] = field(default_factory=dict)  # scope -> statement
    shuffles: Mapping[str, str] = field(default_factory=dict)  # kind -> call template {mask} {value} {lane} {width}
    atomics: Mapping[str, str] = field(default_factory=dict)  # op -> call template {address} {value} {compare}
    runtime: Runtime = field(default_factory=Runtime)
    wording: Wording | None = None
    atomic_types: Mapping[str, frozenset[DType]] = field(default_factory=dict)  # op -> the types it exists for
    atomics_return: bool = True  # whether the templates give the old value back
    linkage: str = 'extern "C" {function}'  # how the launcher gets its C name
    pragmas: Mapping[str, str] = field(default_factory=dict)  # loop kind -> line above the loop
    collapse: str = ""  # behind the line above a parallel loop, where `{depth}` loops are run as one
    elements: Mapping[str, str] = field(default_factory=dict)  # ctype pattern -> access {name} {index} {letter}
    counts: Mapping[str, str] = field(default_factory=dict)  # ctype pattern -> its number of elements {name}
    aliases: Mapping[str, str] = field(default_factory=dict)  # canonical spelling -> how the dialect writes it
    preludes: Mapping[str, str] = field(default_factory=dict)  # token seen in the text -> file of functions it carries
    vector_type: str = ""  # declares an owner's vector type: {ctype} {name} {bytes}
    vector_space: str = ""  # where vector instructions with a count find their operands
    result_bytes: int = 0  # of it, that a vector instruction with one result may set
    copy: str = ""  # the bulk copy intrinsic: (to, from, bytes, direction [, to_stride, from_stride, segments - 1])
    copy_later: str = ""  # the form of `copy` that comes to pass by the next core barrier
    transfers: Mapping[tuple[str, str], str] = field(default_factory=dict)  # spaces from, to -> direction
    avoid: tuple[str, ...] = ()  # intrinsics out of use, or with preconditions a translation does not establish
    enumerators: Mapping[tuple[str, int], str] = field(default_factory=dict)  # parameter and value -> spelling
    late: str = ""  # pattern of the intrinsics whose effect comes by the time it is waited for
    queues: Queues = Queues()
    together: str = ""  # pattern of the intrinsics that the lanes of a warp carry out as one
    weights: WeightUnit | None = None
    dots: tuple[DotUnit, ...] = ()
    unsigned_operands: Mapping[str, int] = field(default_factory=dict)  # intrinsic -> which operand has unsigned bytes
    target: str = ""  # the architecture that limits and toolchain calls are for
    targets: Mapping[str, Target] = field(default_factory=dict)  # the architectures there are to choose from
    # What its header offers, where somebody has read it (text.library): for passes that look for instructions.
    intrinsics: tuple[Meaning, ...] = field(default=(), repr=False, compare=False)

    @property
    def constants(self) -> frozenset[str]:
        """Names of the language's own constants that a program may use as scalars."""
        return frozenset(self.transfers.values()) | frozenset(self.enumerators.values())

    @property
    def macros(self) -> Mapping[str, str]:
        """What every text of the chosen architecture sees defined."""
        return self.targets[self.target].macros if self.target in self.targets else {}

    def on(self, target: str) -> Platform:
        """This platform with another of its architectures chosen."""
        chosen = self.targets[target]
        spaces = tuple(replace(s, capacity=chosen.capacities.get(s.name, s.capacity)) for s in self.spaces)
        macros = tuple(f"-D{name}={value}" for name, value in chosen.macros.items())
        return replace(self, target=target, spaces=spaces, clang_args=(*self.clang_args, *macros))

    @property
    def header(self) -> Path:
        """The device.h that gives every built-in a meaning."""
        return self.folder / "device.h"

    def carries(self, function: str) -> bool:
        """Whether a text that calls a function brings it along."""
        return any(re.search(pattern, f"{function}(") for pattern in self.preludes)

    @property
    def running(self) -> str | None:
        """What of it is compiled once and linked with every program, against that header; None where there is none."""
        path = self.folder / "running.cpp"
        return path.read_text() if path.exists() else None

    def axis(self, kind: str) -> Axis:
        return next(a for a in self.axes if a.kind == kind)

    @property
    def copies(self) -> frozenset[str]:
        """The bulk copies: done when they return, and later."""
        return frozenset(filter(None, (self.copy, self.copy_later)))

    def space(self, name: str) -> Space:
        return next(s for s in self.spaces if s.name == name)
