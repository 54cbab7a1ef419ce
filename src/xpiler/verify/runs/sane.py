"""Is one text sane? A run in which every access is looked at, held against a plain run of the same inputs.

A watched run finds races, accesses out of bounds, misaligned vectors, asynchronous data used too early and overflowing
indices where they happen. Memory that was read before it was written is only a suspicion (copies and padding do so in
sound programs): fresh memory and locals hold other bytes in a watched run than in a plain one, and it becomes a finding
when the outputs differ."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xpiler.emulate.entry import Finding
from xpiler.fault import Span
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.suspicions import index_lines, signed_into_unsigned, too_much_on_chip, unset_locals
from xpiler.verify.runs.inputs import Domain, Point, Values
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import TRIES, Effort, Let, Progress, divide, same_bits, spell
from xpiler.verify.runs.registers import too_many
from xpiler.verify.signature import Signature, signature
from xpiler.verify.runs.sizes import ask, candidates
from xpiler.verify.runs.threads import has_atomics
from xpiler.verify.runs.trial import OF_MACHINE, Machine, Trial, machine
from xpiler.verify.verdict import WATCHED, Evidence, Proved, Refuted, Unknown, Witness

UNSET, RACE, RACE_OF_BLOCKS, CAPACITY, OVERFLOW, CONVERSION, SIGNED = (
    "XP2105", "XP2106", "XP2107", "XP2122", "XP2142", "XP2143", "XP2144",
)
BRISK = 1.0  # seconds of a plain run; a watched one takes some ten times as long
# How many times as long a run takes with every access looked at, where there are threads that may race and where there
# are none, and with hardly any; what is left of the time for the rest of it; and how much less is looked at where that
# was still too much.
WATCHING, ALONE, PASSING, ROOM, LESS = 20.0, 8.0, 6.0, 0.5, 8
RACES = (RACE, RACE_OF_BLOCKS)


@dataclass(frozen=True)
class Sanity:
    """What looking closely found. `warnings` are what only some inputs bring about, which a caller may rule out;
    `notes` are worth knowing. The verdict of `evidence` is about `findings`."""

    signature: Signature
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    notes: tuple[str, ...]
    evidence: Evidence
    points: tuple[Point, ...] = ()  # where it was looked


def sane(
    text: str, platform: Platform, program: Program, *, file: str = "", let: Let | None = None, kernel: str = "",
    effort: Effort | None = None, cache: Path | None = None, seed: int = 0, progress: Progress = lambda _: None,
) -> Sanity:
    """Run a text watched and plain, at one choice of sizes and one odd one where the sizes are free.

    Where looking at every access would not end within the limits, a share of them is; notes and evidence say which."""
    effort = effort or Effort()
    began = time.monotonic()
    sig = signature(program, kernel)
    name = file or program.file
    progress("building")
    with ThreadPoolExecutor(2) as pool:
        ahead = pool.submit(machine, text, platform, sig, file=name, cache=cache)
        watched = machine(text, platform, sig, file=name, cache=cache, watch=True)
        plain = ahead.result()
    looking = _Looking(watched, plain, sig, effort, seed, has_atomics(program))
    progress("running, with every access looked at")
    points, odd = _points(looking, sig, let or {})
    found, warned, notes = stated(text, platform, name), list(odd), list[str]()
    for point in points:
        at = looking.at(point)
        found += at.findings
        warned += at.warnings
        notes += at.notes
    found, warned = _judged(text, platform, name, found, warned)
    verdict = _verdict(found, looking, points, seed)
    return Sanity(
        sig, tuple(found), tuple(warned), tuple(dict.fromkeys(notes)),
        Evidence(WATCHED, verdict, time.monotonic() - began), tuple(points),
    )


def _verdict(
    found: Sequence[Finding], looking: _Looking, points: Sequence[Point], seed: int
) -> Proved | Refuted | Unknown:
    where = " and ".join(spell(p.scalars) for p in points)
    if found:
        what = "1 finding" if len(found) == 1 else f"{len(found)} findings"
        return Refuted(Witness(what, seed, points[0].scalars, findings=tuple(str(f) for f in found)))
    if looking.undecided:
        return Unknown(looking.undecided)
    return Proved(f"{looking.looked_at or 'every access'} of one run, {where}")


def stated(text: str, platform: Platform, file: str) -> list[Finding]:
    """The findings that need no run: the text says so itself."""
    lines = text.splitlines()
    told = [(SIGNED, *x) for x in signed_into_unsigned(text, platform, file)]
    told += [(CAPACITY, *x) for x in too_much_on_chip(text, platform, file)]
    return [Finding(code, what, file, at.line, at.column, source_line=lines[at.line - 1]) for code, at, what in told]


def _judged(
    text: str, platform: Platform, file: str, found: Sequence[Finding], warned: Sequence[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """Each once, in the order of the text; overflow counts where an index is made of the number."""
    if any(f.code == OVERFLOW for f in found):
        indices = index_lines(text, platform, file)
        found = [f for f in found if f.code != OVERFLOW or f.line in indices]
    out = _once(found)
    known = {(f.code, f.line) for f in out}
    return out, [f for f in _once(warned) if (f.code, f.line) not in known]


def _once(findings: Iterable[Finding]) -> list[Finding]:
    first: dict[tuple[str, int, int], Finding] = {}
    for f in findings:
        low, high = sorted((f.line, f.also)) if f.code in RACES else (f.line, 0)
        first.setdefault((f.code, low, high), f)
    return sorted(first.values(), key=lambda f: (f.line, f.column, f.code))


@dataclass(frozen=True)
class _Seen:
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


class _Looking:
    """The two machines, and what could not be decided with them."""

    def __init__(
        self, watched: Machine, plain: Machine, sig: Signature, effort: Effort, seed: int, atomics: bool
    ) -> None:
        self.watched, self.plain, self.sig, self.effort, self.seed = watched, plain, sig, effort, seed
        self.atomics = atomics
        self.undecided, self.looked_at = "", ""
        self.shares: list[tuple[Point, int]] = []
        self.tried: list[tuple[Point, Trial]] = []

    def plainly(self, point: Point) -> Trial:
        """The plain run at a point, made once."""
        known = next((t for p, t in self.tried if p == point), None)
        if known is None:
            known = self.plain.try_point(point, self.seed, self.effort.limits)
            self.tried.append((point, known))
        return known

    def closely(self, point: Point, like: Point | None = None) -> Trial:
        """The watched run at a point. Where looking at everything would not end in time, at a share of the blocks or
        of the accesses; the one that was found for the point `like`, if there is one."""
        plain, limits = self.plainly(like or point), self.effort.limits
        known = next((s for p, s in self.shares if p == (like or point)), 0)
        ends = plain.clean and PASSING * plain.seconds < limits.seconds  # else it is watched as far as it comes
        watching = ALONE if self.watched.platform.model == "serial" else WATCHING
        share = known or max(1, math.ceil(watching * plain.seconds / (ROOM * limits.seconds)) if ends else 1)
        trial = self.watched.try_point(point, self.seed, limits, share)
        if trial.status == "timeout" and ends and like is None:
            share *= LESS
            trial = self.watched.try_point(point, self.seed, limits, share)
        if like is None:
            self.shares.append((point, share))
        return trial

    def at(self, point: Point) -> _Seen:
        trial = self.closely(point)
        self.looked_at = self.looked_at or trial.looked_at
        if trial.status not in ("ok", "finding") or trial.undecided:
            self.undecided = f"the watched run ended with {trial.status} ({spell(point.scalars)})"
            if trial.status == "timeout":
                self.undecided += f"; nothing was found in the {self.effort.limits.seconds:g} s it had"
        hard = [f for f in trial.found if not _of_limits(f)]
        noted = [*trial.noted, *self._in_turns(point, trial)]
        unset = [f for f in noted if f.code == UNSET]
        soft = [f for f in noted if f.code == CONVERSION]
        races = [f for f in noted if f.code in RACES]
        others = [f for f in noted if f not in unset and f not in soft and f not in races]
        warnings: list[Finding] = []
        if races and any(a.steers for a in self.sig.arrays) and not self._races_anyhow(point, races):
            races, warnings = [], races
        if soft and self._converts_in_unit_range(point, soft):
            others += soft
        else:
            warnings += soft
        if trial.clean and not races:
            lines = {f.line for f in others}
            others += self._unset(point, trial, [f for f in unset if f.line not in lines])
        others += self._registers(trial)
        notes = _untouched(self.sig, trial.untouched)
        if trial.looked_at:
            notes.append(f"{trial.looked_at} watched ({spell(point.scalars)}): watching all would not end in time")
        return _Seen((*hard, *others, *races), tuple(warnings), tuple(notes))

    def _in_turns(self, point: Point, trial: Trial) -> list[Finding]:
        """The races on ways that only those take who come to an atomic operation while others are there."""
        if not self.atomics or not trial.clean:
            return []
        share = next(s for p, s in self.shares if p == point)
        turned = self.watched.try_point(point, self.seed, self.effort.limits, share, in_turns=True)
        return [f for f in turned.noted if f.code in RACES] if turned.clean else []

    def _registers(self, trial: Trial) -> list[Finding]:
        text, file = self.watched.text, self.watched.file
        found = []
        for kernel, what in too_many(text, self.watched.platform, trial.launches, self.watched.cache):
            line = next((n for n, s in enumerate(text.splitlines(), 1) if re.search(rf"\b{kernel}\s*\(", s)), 0)
            shown = text.splitlines()[line - 1] if line else ""
            column = shown.find(kernel) + 1
            found.append(Finding(CAPACITY, what, file, line, column, source_line=shown))
        return found

    def _races_anyhow(self, point: Point, races: Sequence[Finding]) -> bool:
        """Whether threads collide even where no index that is read occurs twice."""
        again = self.closely(replace(point, domain=Domain.DISTINCT), point)
        lines = {(f.code, f.line) for f in races}
        return any((f.code, f.line) in lines for f in again.noted)

    def _converts_in_unit_range(self, point: Point, soft: Sequence[Finding]) -> bool:
        """Whether numbers from 0 to 1 overflow the conversion too, so that it is not for the caller to avoid."""
        again = self.closely(replace(point, domain=Domain.NARROW), point)
        return any((f.code, f.line) in {(s.code, s.line) for s in soft} for f in again.noted)

    def _unset(self, point: Point, trial: Trial, suspects: Sequence[Finding]) -> list[Finding]:
        """The reads that matter, when the outputs depend on what fresh memory holds."""
        plain = self.plainly(point)
        if not plain.clean:
            return [f for f in plain.found if not _of_limits(f)]
        name = next((n for n, v in trial.outputs.items() if not same_bits(plain.outputs[n], v)), "")
        if not name and point.kind is Kind.RANDOM and (suspects or self._unset_locals()):
            return self._unset_below_zero(point, suspects)
        if not name:
            return []
        index = _first_difference(plain.outputs[name], trial.outputs[name])
        told = f"so element {index} of `{name}` is whatever fresh memory held"
        text, file = self.watched.text, self.watched.file
        lines = text.splitlines()
        local = [
            Finding(UNSET, f"a local variable is used before it is set; {told}", file, p.line, p.column,
                    buffer=name, index=index, source_line=lines[p.line - 1])
            for p in self._unset_locals()
        ]
        found = [*local[:4], *(replace(f, message=f"{f.message}; {told}") for f in suspects[:4])]
        return found or [Finding(UNSET, f"something is used before it is set; {told}", file, buffer=name, index=index)]


    def _unset_locals(self) -> tuple[Span, ...]:
        return unset_locals(self.watched.text, self.watched.platform, self.watched.file)

    def _unset_below_zero(self, like: Point, suspects: Sequence[Finding]) -> list[Finding]:
        """The same where every input is negative: a maximum that starts at what fresh memory holds hides above zero."""
        point = replace(like, kind=Kind.NEGATIVE)
        trial, plain = self.closely(point, like), self.plainly(point)
        if not trial.clean or not plain.clean or any(np.isnan(v).any() for v in trial.outputs.values()):
            return []
        return self._unset(point, trial, suspects)


def _of_limits(f: Finding) -> bool:
    """Time and memory ran out, or the emulator failed: nothing about the text."""
    return f.code in OF_MACHINE


def _first_difference(a: Values, b: Values) -> int:
    word = f"u{a.itemsize}"
    return int((a.view(word) != b.view(word)).argmax())


def _untouched(sig: Signature, untouched: Mapping[str, int]) -> list[str]:
    arrays = {a.name: a for a in sig.arrays}
    return [
        f"{bytes_ // arrays[name].dtype.bytes} elements of `{name}` are copied back without having been written"
        for name, bytes_ in untouched.items() if name in arrays
    ]


def _points(looking: _Looking, sig: Signature, let: Let) -> tuple[tuple[Point, ...], tuple[Finding, ...]]:
    """Where to look: the first choice of sizes and inputs the text runs with, briskly if there is one, else the first
    of all, and an odd one where sizes are free; and what goes wrong only with odd sizes."""
    fixed, data = divide(let, sig)
    domains = (Domain.WIDE, Domain.NARROW) if any(a.steers for a in sig.arrays) else (Domain.WIDE,)
    usual = [Point(s, n, d, data) for s, n in list(candidates(sig, fixed, odd=False))[:TRIES] for d in domains]
    if not usual:
        raise ask(sig, fixed, ())
    chosen = _first(looking, usual) or usual[0]
    most = sum(chosen.sizes.values())
    odd = [Point(s, n, chosen.domain, data) for s, n in candidates(sig, fixed, odd=True) if sum(n.values()) <= most]
    for point in odd:
        trial = looking.plainly(point)
        if trial.clean:
            return (chosen, point), ()
        if looking.plainly(chosen).clean and trial.found:
            only = f"with {spell(point.scalars)}: "
            return (chosen,), tuple(replace(f, message=only + f.message) for f in trial.found)
    return (chosen,), ()


def _first(looking: _Looking, usual: Sequence[Point]) -> Point | None:
    """The first point the text runs cleanly at; a slow one only where no smaller one will do."""
    slow = None
    for point in usual:
        trial = looking.plainly(point)
        if trial.clean and trial.wall <= BRISK:
            return point
        slow = slow or (point if trial.clean else None)
    return slow
