"""What a run is asked to do and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xpiler.advice import advice
from xpiler.emulate.cage import Cage
from xpiler.fault import Span, told
from xpiler.ir.nodes import Param

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Entry:
    """A function to call: a host launcher, or (`kernel`) a kernel under the geometry given by `extents`.

    `extents` maps axis kinds (block.x, thread.y, task, cluster, core) to counts, and "shared" to the bytes of
    dynamic shared memory. A launch with cluster and core axes runs cluster * core tasks."""

    name: str
    params: tuple[Param, ...]
    kernel: bool = False
    extents: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """What a run may use: wall-clock seconds, address space and written files in MiB."""

    seconds: float = 20.0
    memory_mb: int = 4096
    file_mb: int = 512


@dataclass(frozen=True)
class Finding:
    """A rule of the platform that the run broke, with the user's line and the thread that did it.

    `buffer` and `index` name the element touched, where there is one; `also` is the other line of a divergence or a
    race."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    where: str = ""
    buffer: str = ""
    index: int | None = None
    also: int = 0
    source_line: str = ""

    def __str__(self) -> str:
        by = f" ({self.where})" if self.where else ""
        why, try_ = advice(self.code, self.also)
        return told(self.code, self.message + by, self.span, why, try_, self.source_line)

    @property
    def span(self) -> Span:
        return Span(self.file, self.line, self.column)

    def to_json(self) -> dict[str, object]:
        """Plain data for `--json`."""
        why, try_ = advice(self.code, self.also)
        return vars(self) | {"why": why, "try_": try_}


@dataclass(frozen=True)
class Writer:
    """Who wrote an element last: the user's line and the thread; line 0 where nobody did.

    `made`: the line that made what this one only copied, or 0."""

    buffer: str
    index: int
    line: int = 0
    column: int = 0
    where: str = ""
    made: int = 0


@dataclass(frozen=True)
class Executable:
    """A built text; `file` is what findings call it, `real` the type every `float` became.

    `loose`: host buffers need not start at a multiple of 64 bytes, so that a flush run may place their ends exactly
    at a guard page. `watched`: every access is looked at. `text` is what was built, for findings to show."""

    path: Path
    build_seconds: float
    file: str = "<text>"
    real: str = "f32"
    loose: bool = False
    watched: bool = False
    text: str = field(default="", repr=False)
    cage: Cage | None = None


@dataclass(frozen=True)
class Seen:
    """What a place of a text that tells what it computes was worth, in the order of the run, without most repetitions.

    `met`: how often it was. Of many values those whose hash is a multiple of `stride` are kept, in any program the
    same ones."""

    met: int
    stride: int
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """What a run left behind. `outputs` has every buffer that is not const when status is "ok", else nothing.

    status: ok | finding | timeout | crash | memory | machine (it was ended, or not started, by no doing of its own).
    `seconds` is the time inside the entry; 0 if it did not end.
    Of a watched run: `noted` findings did not end it; `untouched` says how many bytes of an output were never
    written (they read as 0xFF); `launches` are kernels with the threads of a block; `looked_at` says what was watched
    where that is not everything; `writers` are those that were asked for. `seen`: by the number of the place, of a text
    that tells what it computes. Of one among many: `reached` are the choices that the text leaves open and the run came
    by; `met` has a bit for each value that was asked for."""

    outputs: Mapping[str, Array]
    findings: tuple[Finding, ...]
    status: str
    seconds: float
    stderr: str
    stdout: str = ""
    noted: tuple[Finding, ...] = ()
    untouched: Mapping[str, int] = field(default_factory=dict)
    launches: frozenset[tuple[str, int]] = frozenset()
    looked_at: str = ""
    writers: tuple[Writer, ...] = ()
    seen: Mapping[int, Seen] = field(default_factory=dict)
    reached: frozenset[int] = frozenset()
    met: npt.NDArray[np.uint8] | None = None
