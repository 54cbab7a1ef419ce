"""Holding a mutant against its source: what every judge says, and what that amounts to."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Program
from xpiler.text.read import read
from xpiler.verify.alike import alike
from xpiler.verify.exact.exact import EXACT
from xpiler.verify.ladder import Question, Side, climb
from xpiler.verify.mutants.mutant import Mutant
from xpiler.verify.verdict import CLEAN, READS, WATCHED, Evidence, Proved, Refuted, Unknown, Witness, refuted

KILLED, INVALID, EQUIVALENT, SURVIVED, BROKEN = "killed", "invalid", "equivalent", "survived", "broken"
OUTCOMES = (KILLED, INVALID, EQUIVALENT, SURVIVED, BROKEN)
SAME_PROGRAM = "equal as programs"
# Rungs whose proof says, of all inputs at the sizes they name, that two programs compute the same.
PROVING = ("equal for all inputs", EXACT)
# Proofs are about real numbers, which neither are rounded nor overflow: what they say of a mutant that rounds is beside
# the point.
ROUNDING = "narrower float"
CLIMBED = "looked at by every judge"
_REFUSED = "XP4002"  # the compiler that everything runs by does not take the text


@dataclass(frozen=True)
class Judged:
    """What became of a mutant, with all the evidence; `shown` is the rung that shows an equivalent one to be one."""

    mutant: Mutant
    outcome: str
    evidence: tuple[Evidence, ...]
    shown: str = ""
    seconds: float = 0.0

    @property
    def killers(self) -> tuple[str, ...]:
        return tuple(e.rung for e in self.evidence if isinstance(e.verdict, Refuted))


def judged(
    mutant: Mutant, question: Question, let: Mapping[str, int] | None = None, seconds: float = 60.0,
    again: Question | None = None, deaf: Collection[str] = (),
) -> Judged:
    """Ask every judge about a mutant of the question's source; what is not answered in time was not asked.

    The question's target is a stand-in: the mutant takes its place. `let` are the scalars the source was read with.
    `again` is the question, less hurried, that survivors are asked once more; `deaf` are judges that do not count, as
    a compiler that refuses the source too."""
    began = time.monotonic()
    source = question.source
    program = _read(mutant, source, let or {})
    if isinstance(program, Evidence):
        return Judged(mutant, INVALID, (program,), seconds=time.monotonic() - began)
    text = mutant.text + program.entry
    target = Side(text, source.platform, _called_alike(program, source.program), source.file, source.kernel)
    same, real = alike(target.program, source.program), mutant.kind != ROUNDING
    evidence = _asked(replace(question, target=target), began, seconds, deaf)
    outcome, shown = verdict_of(evidence, same, real)
    if outcome == SURVIVED and again is not None:
        evidence = _asked(replace(again, target=target), time.monotonic(), seconds, deaf)
        outcome, shown = verdict_of(evidence, same, real)
    return Judged(mutant, outcome, tuple(evidence), shown, time.monotonic() - began)


def _asked(question: Question, began: float, seconds: float, deaf: Collection[str]) -> list[Evidence]:
    evidence = [Evidence(READS, Proved("the text parses and means a program"), time.monotonic() - began)]
    try:
        for found in climb(question, every=True):
            evidence += [found] if found.rung not in deaf else []
            if time.monotonic() - began > seconds:
                evidence.append(Evidence(CLIMBED, Unknown(f"the {seconds:g} s for a mutant were up")))
                break
    except Fault as fault:  # a judge could not even look
        evidence.append(Evidence(CLIMBED, Unknown(str(fault))))
    return evidence


def _read(mutant: Mutant, source: Side, let: Mapping[str, int]) -> Program | Evidence:
    try:
        return read(mutant.text, source.platform, source.program.file, let=let)
    except Fault as fault:
        return Evidence(READS, Refuted(Witness(str(fault))))


def _called_alike(program: Program, source: Program) -> Program:
    """The mutant's program with the arrays of the source's caller: how large they are is not for a mutant to say."""
    one, other = program.launcher, source.launcher
    if one is None or other is None or [p.name for p in one.params] != [p.name for p in other.params]:
        return program
    sizes = {p.name: p.extent for p in other.params if isinstance(p, Buffer)}
    params = tuple(replace(p, extent=sizes.get(p.name) or p.extent) if isinstance(p, Buffer) else p for p in one.params)
    return replace(program, launcher=replace(one, params=params))


def verdict_of(evidence: Iterable[Evidence], same: bool, real: bool = True) -> tuple[str, str]:
    """The outcome that evidence amounts to, and the rung that shows an equivalence; `real`: proofs about
    real numbers may.

    No judge may have refuted an equivalent mutant, and one that looked at every access must have found nothing: two
    programs may mean the same to a reader while one of them breaks a rule."""
    evidence = tuple(evidence)
    first = refuted(evidence)
    if first is not None and isinstance(first.verdict, Refuted):
        refused = first.rung == CLEAN and _REFUSED in str(first.verdict.witness)
        return (INVALID if refused else KILLED), ""
    proved = {e.rung for e in evidence if isinstance(e.verdict, Proved)}
    shown = SAME_PROGRAM if same else next((r for r in PROVING if r in proved and real), "")
    return (EQUIVALENT, shown) if shown and WATCHED in proved else (SURVIVED, "")


def undecided(evidence: Iterable[Evidence]) -> str:
    """Why judges had nothing to say."""
    return "; ".join(f"{e.rung}: {e.verdict.reason}" for e in evidence if isinstance(e.verdict, Unknown))
