"""Running one program text on chosen inputs: the only file of this room that knows how the emulator is called."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Executable, Finding, Limits, Run, Seen, Writer
from xpiler.emulate.many import NONE, Keys, run_many
from xpiler.emulate.run import run
from xpiler.fault import Fault
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Point, Values, make
from xpiler.verify.signature import Signature


# Findings about the run, not about the text: no time, no memory, no such instruction here, a limit of the emulator.
OF_MACHINE = ("XP2190", "XP2191", "XP2141", "XP2199")


@dataclass(frozen=True)
class Trial:
    """What one run gave: arrays by parameter name, complaints, and how it ended ("ok" when it did end well).

    Arrays the entry promises not to write are not among the outputs; writing to one is a complaint."""

    outputs: Mapping[str, Values]
    findings: tuple[str, ...]
    status: str
    seconds: float
    stderr: str = ""
    wall: float = 0.0  # with the transfers
    noted: tuple[Finding, ...] = ()  # of a watched run: findings that did not end it
    untouched: Mapping[str, int] = field(default_factory=dict)  # of a watched run: bytes of outputs never written
    launches: frozenset[tuple[str, int]] = frozenset()  # of a watched run: kernels, and threads of a block
    found: tuple[Finding, ...] = ()  # what `findings` say, part by part
    writers: tuple[Writer, ...] = ()  # of a watched run: those that were asked for
    looked_at: str = ""  # of a watched run: what was watched, where that is not everything
    seen: Mapping[int, Seen] = field(default_factory=dict)  # of a text that tells what it computes
    reached: frozenset[int] = frozenset()  # of one among many: the open choices it came by
    met: npt.NDArray[np.uint8] | None = None  # of one among many: a bit for each value that was asked for

    @property
    def clean(self) -> bool:
        return self.status == "ok" and not self.findings

    @property
    def undecided(self) -> bool:
        """Whether it ended for want of time or memory, or by a limit of the emulator, not by what the text does."""
        return self.status in ("timeout", "memory") or (
            bool(self.found) and all(f.code in OF_MACHINE for f in self.found))

    @property
    def complaint(self) -> str:
        """The first finding in one line, or how the run ended."""
        return self.findings[0].splitlines()[0] if self.findings else f"the run ended with {self.status}"


@dataclass(frozen=True)
class Machine:
    """A text that can be run. A launcher is built once; a kernel once for every geometry, which is compiled in."""

    text: str
    platform: Platform
    signature: Signature
    file: str
    real: str
    cache: Path | None
    watch: bool = False
    many: bool = False  # it leaves choices open, for `run_many` to try
    beside: tuple[str, ...] = ()  # other programs against the same header that it is linked with
    built: dict[tuple[tuple[str, int], ...], tuple[Executable, Entry]] = field(default_factory=dict, compare=False)

    def build(self, scalars: Mapping[str, Number]) -> tuple[Executable, Entry]:
        """The executable for the geometry that goes with these scalars; a Fault when the text does not compile."""
        sig = self.signature
        geometry = sig.geometry(scalars)
        key = tuple(sorted(geometry.items()))
        if key not in self.built:
            entry = Entry(sig.name, sig.params, kernel=sig.is_kernel, extents=geometry)
            executable = build(
                self.text, self.platform, entry, file=self.file, real=self.real, cache=self.cache,
                watch=self.watch, many=self.many, beside=self.beside,
            )
            self.built[key] = executable, entry
        return self.built[key]

    def run(self, point: Point, inputs: Mapping[str, Values | Number], limits: Limits, seed: int = 0, share: int = 1,
            ask: Sequence[tuple[str, int]] = (), *, backwards: bool = False, in_turns: bool = False,
            calls: int = 1, picks: Mapping[int, int] | None = None) -> Trial:
        """One call of the entry; the inputs are not changed. With odd seeds buffers lie flush with their guards. A
        watched run looks at one access in `share`, about, and tells who wrote the elements in `ask`. `backwards`,
        `in_turns`, `calls` and `picks`: see `emulate.run`. Fault XP4004 where this machine ended it: that says
        nothing."""
        executable, entry = self.build(point.scalars)
        start = time.monotonic()
        done = run(executable, entry, inputs, limits, flush=seed % 2 == 1, share=share, ask=ask,
                   backwards=backwards, in_turns=in_turns, calls=calls, picks=picks)
        return self._trial(done, time.monotonic() - start)

    def run_many(self, point: Point, inputs: Mapping[str, Values | Number], limits: Limits,
                 candidates: Sequence[Mapping[int, int]], seed: int = 0, *, each: float,
                 backwards: bool = False, wanted: Keys = NONE, until: float = inf, clusters: int = 0) -> list[Trial]:
        """One call for each candidate, a choice for some of what the text leaves open, of a machine made with `many`;
        `each`, `wanted`, `until` and `clusters`: see `emulate.many`."""
        executable, entry = self.build(point.scalars)
        done = run_many(executable, entry, inputs, limits, candidates, each=each, flush=seed % 2 == 1,
                        backwards=backwards, wanted=wanted, until=until, clusters=clusters)
        return [self._trial(one, one.seconds) for one in done]

    def _trial(self, done: Run, wall: float) -> Trial:
        if done.status == "machine":
            raise Fault("XP4004", f"a run was ended by this machine: {done.stderr.strip()[-200:] or 'no reason given'}")
        outputs = {a.name: _as_kept(a.dtype, done.outputs[a.name])
                   for a in self.signature.arrays if a.name in done.outputs}
        findings = tuple(str(f) for f in done.findings)
        return Trial(
            outputs, findings, done.status, done.seconds, done.stderr, wall, noted=done.noted,
            untouched=done.untouched, launches=done.launches, found=done.findings,
            looked_at=done.looked_at, writers=done.writers, seen=done.seen, reached=done.reached,
            met=done.met,
        )

    def try_point(self, point: Point, seed: int, limits: Limits, share: int = 1, in_turns: bool = False) -> Trial:
        """One call on freshly drawn inputs."""
        return self.run(point, make(self.signature, point, seed), limits, seed, share, in_turns=in_turns)


def machine(
    text: str, platform: Platform, sig: Signature, *, file: str, real: str = "f32", cache: Path | None = None,
    watch: bool = False, many: bool = False, beside: Sequence[str] = (),
) -> Machine:
    """`text` made executable; a launcher is compiled at once, and a Fault when it does not compile."""
    made = Machine(text, platform, sig, file, real, cache, watch, many, tuple(beside))
    if not sig.axes:
        made.build({})
    return made


def _as_kept(dtype: DType, values: Values) -> Values:
    """bfloat16 as its 16 bits, everything else as it comes."""
    if dtype is DType.BF16 and values.dtype == np.float32:
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    return values
