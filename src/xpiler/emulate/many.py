"""Running a text that leaves choices open, once for each of many choices, in as few processes as will do (many.cpp)."""

from __future__ import annotations

import secrets
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xpiler.emulate.caller import geometry
from xpiler.emulate.entry import Array, Entry, Executable, Finding, Limits, Run
from xpiler.emulate.locate import user_lines
from xpiler.emulate.run import (
    EXIT_MEMORY, EXIT_TIMEOUT, HEAD, PICK, RECORD, WANT, arguments, called, lines_of, outputs_in, one_place,
)
from xpiler.ir.nodes import Buffer

Picks = Mapping[int, int]
Keys = npt.NDArray[np.uint64]
NONE: Keys = np.zeros(0, np.uint64)
LATE = "late"  # the status of what was not run, as the time was up
# Bits of a double that do not count where values are looked for, as seen.cpp has it.
_ROUNDED = 33
# Bytes that all candidates of one process may write; seconds between two questions whether one takes too long.
_WRITTEN, _ASK = 128 << 20, 0.02
_START = 5.0  # seconds that a process may take beside what its candidates do
_SLOWEST = 60.0  # seconds for all candidates of a process
_LEAST = 0.1  # seconds that a process has at least, however late it is


def rounded(values: npt.NDArray[np.float64]) -> Keys:
    """Values without the digits in which two programs that do the same may differ."""
    return np.ascontiguousarray(values, np.float64).view(np.uint64) >> np.uint64(_ROUNDED)


def run_many(
    executable: Executable, entry: Entry, inputs: Mapping[str, Array | int | float], limits: Limits,
    candidates: Sequence[Picks], *, each: float, flush: bool = False, backwards: bool = False,
    wanted: Keys = NONE, until: float = inf, clusters: int = 0,
) -> list[Run]:
    """What each candidate does: `picks` of `run`, for a text built with `many`. `each`: seconds of CPU time for one.
    `wanted`: values that a text which tells its own is asked for, as `rounded` has them. From the time `until` on
    nothing is run; what was not run then was "late". `clusters`: so many of each launch are run, about, 0 for all.

    Where a candidate ends its process, the next ones get another. What is told is enough to compare candidates;
    findings are placed at a line, and no more."""
    records, blobs, buffers = arguments(executable, entry, inputs)
    if wanted.size:
        records = [*records, RECORD.pack(WANT, wanted.nbytes, 0, 0, 0.0, 0, b"")]
        blobs = [*blobs, wanted]
    size = sum(shape.nbytes for _, shape in buffers)
    at_once = max(1, min(int(_WRITTEN / max(size, 1)), int(_SLOWEST / each)))
    batch = _Batch(executable, entry, limits, records, blobs, buffers, each, flush, backwards, until,
                   wanted.size // 8 + 1 if wanted.size else 0, clusters)
    done = list[Run]()
    ask = max(_ASK, each / 4)
    while len(done) < len(candidates):
        some = candidates[len(done):len(done) + at_once]
        if time.monotonic() > until:
            return done + [Run({}, (), LATE, 0.0, "")] * (len(candidates) - len(done))
        found, early = batch.run(some, ask)
        if early and ask < limits.seconds:
            ask *= 4  # asked before it could answer
            continue
        done += found
    return done


@dataclass(frozen=True)
class _Batch:
    """All that the candidates share."""

    executable: Executable
    entry: Entry
    limits: Limits
    records: list[bytes]
    blobs: list[Array]
    buffers: list[tuple[Buffer, Array]]
    each: float
    flush: bool
    backwards: bool
    until: float
    met: int  # bytes that tell which values a candidate had
    clusters: int

    def run(self, some: Sequence[Picks], ask: float) -> tuple[list[Run], bool]:
        """What the first of these did, one at least; and whether the process ended before it began."""
        chosen = [RECORD.pack(PICK, k, 0, n, 0.0, choice, b"") for n, picks in enumerate(some)
                  for k, choice in picks.items()]
        token = secrets.randbits(63)
        align = 1 if self.flush and self.executable.loose else 64
        count = len(self.records) + len(chosen)
        head = HEAD.pack(count, align, *geometry(self.entry), token, 1, self.backwards, False, 1, len(some),
                         self.each, self.clusters)
        seconds = min(_SLOWEST, len(some) * self.each) + _START
        left = max(self.until - time.monotonic(), _LEAST)
        limits = replace(self.limits, seconds=min(seconds, left))
        with tempfile.TemporaryDirectory(prefix="xpiler-run-") as name:
            folder = Path(name)
            done = called(self.executable, folder, head, self.records + chosen, self.blobs, limits, ask)
            lines = lines_of(folder / "findings")
            if done.code == -signal.SIGTERM and not lines:
                return [], True
            out = list[Run]()
            places = user_lines(self.executable.path, _first(lines), self.executable.cage)
            since, at = list[dict[str, object]](), 0
            each = sum(shape.nbytes for _, shape in self.buffers)
            written = (folder / "out").stat().st_size if (folder / "out").exists() else 0
            for line in lines:
                if line.get("candidate") != len(out):
                    since.append(line)
                    continue
                # What a candidate wrecked may be the file too: what is not there was not left by it.
                well = line.get("token") == token and at + each <= written
                one = self._candidate(line, since, places, folder / "out", at if well else -1)
                at += each if well else 0
                if self.met and at + self.met <= written:
                    one = replace(one, met=np.fromfile(folder / "out", np.uint8, self.met, offset=at))
                at += self.met
                out.append(one)
                since = []
        if len(out) < len(some):
            findings = self._findings(since, places)
            if done.late and seconds > left:
                return [*out, *[Run({}, (), LATE, 0.0, "")] * (len(some) - len(out))], False
            out.append(Run({}, findings, _status(done.code or 1, done.late, findings), 0.0, ""))
        return out, False

    def _candidate(
        self, line: dict[str, object], since: list[dict[str, object]], places: Mapping[int, int], out: Path, at: int
    ) -> Run:
        findings = self._findings(since, places)
        outputs = outputs_in(out, self.buffers, at) if at >= 0 and not findings else {}
        code = 0 if at >= 0 else int(str(line.get("ended", 1)))
        reached = _reached(str(line.get("reached", "")))
        seconds = float(str(line.get("done", line.get("took", 0.0))))
        return Run(outputs, findings, _status(code, False, findings), seconds, "", reached=reached)

    def _findings(self, lines: Sequence[Mapping[str, object]], places: Mapping[int, int]) -> tuple[Finding, ...]:
        out = list[Finding]()
        for raw in lines:
            if "code" not in raw or "noted" in raw:
                continue
            line, also = (next((places[a] for a in _addresses(raw, pcs) if a in places), 0) for pcs in ("pcs", "pcs2"))
            line = int(str(raw["line"])) if "line" in raw else line
            if one_place(raw, line, also):
                continue
            index = raw.get("index")
            buffer = str(raw.get("buffer", ""))
            place = f"element {index} of `{buffer}`" if buffer else "memory"
            message = str(raw.get("message", "")).replace("{place}", place)
            where = str(raw.get("where", ""))
            out.append(Finding(str(raw["code"]), message, self.executable.file, line, 0, where, buffer,
                               index if isinstance(index, int) else None))
        return tuple(out)


@lru_cache(maxsize=256)
def _reached(digits: str) -> frozenset[int]:
    """The bits that are set, the lowest of each digit first; most candidates of a text come by the same choices."""
    return frozenset(4 * i + b for i, d in enumerate(digits) for b in range(4) if int(d, 16) >> b & 1)


def _status(code: int, late: bool, findings: tuple[Finding, ...]) -> str:
    if late or code == EXIT_TIMEOUT:
        return "timeout"
    if code == EXIT_MEMORY:
        return "memory"
    return "finding" if findings else "ok" if code == 0 else "crash"


def _first(lines: Sequence[Mapping[str, object]]) -> list[int]:
    return [a for line in lines if "code" in line for a in (*_addresses(line), *_addresses(line, "pcs2"))]


def _addresses(raw: Mapping[str, object], pcs: str = "pcs") -> list[int]:
    value = raw.get(pcs)
    return [a for a in value if isinstance(a, int)] if isinstance(value, list) else []
