"""Checking a whole suite: which files are sane and compute what they should, and what is wrong with the others."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from xpiler.bench.case import Case, Sizes
from xpiler.bench.specs import SPECS
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Limits
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.spec.against import against, sized
from xpiler.verify.compiles import compiles
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.runs.sane import sane, stated
from xpiler.verify.signature import signature
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown
from xpiler.verify.runs.whole import whole

CORRECT, DEFECTIVE, INVALID, UNREAD = "correct", "defective", "invalid", "not read"
TOO_LARGE, UNDECIDED, BROKEN = "too large", "undecided", "broken"
WORDS = (CORRECT, DEFECTIVE, INVALID, UNREAD, TOO_LARGE, UNDECIDED, BROKEN)
KINDS = ("outcome", "kind", "files", "operators", "for example")
HEADER = ("operator", "files", *WORDS[:4], "other", "read ms", "max", "run s", "max")
# Where a file has sizes at which a run takes fewer seconds, all of its accesses are looked at there, rather than some
# at its own. A watched run may take so many times as long as a plain one, but no more than so many seconds.
BRISK, WATCHING, LONGEST = 0.5, 8.0, 60.0
STILL_RUNNING, CLANG_REFUSES, GXX_REFUSES = "XP2190", "XP1003", "XP4002"
_CODE = re.compile(r"\[(XP\d{4})\]")


@dataclass(frozen=True)
class Checked:
    """What became of one file. `kind` says in a few words what is wrong with it; `note` on what scope it is right."""

    name: str
    operator: str
    outcome: str
    kind: str = ""
    why: str = ""
    note: str = ""
    watched: str = ""  # what looking at every access found; empty where it was not looked at
    read_ms: float = 0.0
    run_s: float = 0.0

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def check(case: Case, platform: Platform, effort: Effort, cache: Path | None) -> Checked:
    """A file that checks itself is run as it is; another is compared with the specification of its operator."""
    if case.says:
        return _itself(case, platform, effort, cache)
    if not case.spec:
        return Checked(case.name, case.operator, UNDECIDED, "no specification", f"of the operator `{case.operator}`")
    return _compared(case, platform, effort, cache)


def _itself(case: Case, platform: Platform, effort: Effort, cache: Path | None) -> Checked:
    """Run a file's own `main` and see whether it says that it works; the note tells how far its launcher is read and
    checked, which takes nothing from that."""
    blank = Checked(case.name, case.operator, UNREAD)
    start = time.monotonic()
    try:
        text = case.text
        done = whole(text, platform, file=case.path.name, limits=effort.limits, cache=cache)
    except Fault as fault:
        return _refused(blank, fault, case, platform, cache)
    blank = replace(blank, run_s=time.monotonic() - start)
    late = done.status == "timeout" or any(f.code == STILL_RUNNING for f in done.findings)
    if done.findings and not late:
        kind, why = done.findings[0].code, "; ".join(" ".join(str(f).split()) for f in done.findings)
        result = replace(blank, outcome=DEFECTIVE, kind=kind, why=why)
    elif late:
        why = f"it does not end within {effort.limits.seconds:g} s"
        result = replace(blank, outcome=TOO_LARGE, kind="time", why=why)
    elif done.code is not None and re.search(case.says, done.stdout):
        result = replace(blank, outcome=CORRECT, why=done.stdout.strip().splitlines()[-1])
    else:
        said = " | ".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        ended = f"returned {done.code}" if done.code is not None else done.status
        result = replace(blank, outcome=DEFECTIVE, kind="its own check fails", why=f"{ended}: {said}")
    start = time.monotonic()
    try:
        program = read(text, platform, case.path.name)
        took = 1000 * (time.monotonic() - start)
        reference = observe(text, platform, program, file=case.path.name, effort=effort, cache=cache)
        note = judged(blank, (reference.evidence,))
        said = f"launcher {program.launcher.name if program.launcher else ''}: {note.outcome} {note.kind} {note.why}"
    except Fault as fault:
        took = 1000 * (time.monotonic() - start)
        said = f"launcher not checked: {_line(fault)}"
    return replace(result, note=said, read_ms=took)


def _compared(case: Case, platform: Platform, effort: Effort, cache: Path | None) -> Checked:
    """Read a file, run it at the sizes its name gives, and compare it with the specification of its operator."""
    blank = Checked(case.name, case.operator, UNREAD)
    start = time.monotonic()
    try:
        text = case.text
        program = read(text, platform, case.path.name, let=_integers(case.let))
    except Fault as fault:
        took = 1000 * (time.monotonic() - start)
        return replace(_refused(blank, fault, case, platform, cache), read_ms=took)
    blank = replace(blank, read_ms=1000 * (time.monotonic() - start))
    start = time.monotonic()
    try:
        done, at = _run(blank, case, text, program, platform, effort, cache)
        if done.outcome in (TOO_LARGE, UNDECIDED):
            done = _by_its_text(done, case, text, platform)
        if at is not None:
            sizes, took = at
            seconds = min(LONGEST, max(effort.limits.seconds, WATCHING * took))
            longer = replace(effort.limits, seconds=seconds)
            done = _watched(done, case, sizes, text, platform, replace(effort, limits=longer), cache)
    except Fault as fault:
        if fault.code == GXX_REFUSES:
            done = _refused(blank, fault, case, platform, cache)
        else:
            done = replace(blank, outcome=UNDECIDED, kind=fault.code, why=_line(fault))
    return replace(done, run_s=time.monotonic() - start)


def _run(
    blank: Checked, case: Case, text: str, program: Program, platform: Platform, effort: Effort, cache: Path | None,
) -> tuple[Checked, tuple[Sizes, float] | None]:
    """The smaller sizes first: they tell whether the file's own can be run in the time there is. These decide where
    both are run. The second result is sizes at which to look closely, and the seconds a run takes there; None where it
    runs at none."""
    own = Sizes(case.let, case.letters)
    most = most_bytes(platform, effort.limits)
    small, close = None, None
    if case.less is not None and _takes(program, case, case.less):
        less = read(text, platform, case.path.name, let=_integers(case.less.let))
        small, took = _at(blank, case, case.less, text, less, platform, effort, cache)
        small = replace(small, note=f"at {_spelled(case.less)}")
        runs = math.isfinite(took)  # else the sizes do not suit the file, whose own may
        close = (case.less, took) if runs else None
        foretold = took * own.weight / max(case.less.weight, 1)
        if runs and (foretold > effort.limits.seconds / 3 or _bytes(own, case) > most):
            return small, close
    if _bytes(own, case) > most:
        why = f"its arrays hold {_bytes(own, case) >> 20} MiB; --memory allows {most >> 20} MiB"
        return replace(blank, outcome=TOO_LARGE, kind="memory", why=why), None
    done, took = _at(blank, case, own, text, program, platform, effort, cache)
    if done.outcome == TOO_LARGE and small is not None and close is not None:
        return small, close
    if math.isfinite(took) and (took < BRISK or close is None or close[1] >= BRISK):
        close = own, took
    return done, close


def _takes(program: Program, case: Case, less: Sizes) -> bool:
    """Whether a file leaves the sizes that would be smaller to its caller; a constant of the same name is none."""
    names = {p.name for p in signature(program).params}
    return {k for k, v in less.let.items() if v != case.let.get(k)} <= names


def _at(
    blank: Checked, case: Case, sizes: Sizes, text: str, program: Program, platform: Platform, effort: Effort,
    cache: Path | None,
) -> tuple[Checked, float]:
    """The outcome at some sizes, and the seconds of the longest run, infinite where none ran clean."""
    reference, evidence = against(
        text, platform, program, SPECS[case.spec], file=case.path.name, let={**case.let, **sizes.let, **sizes.letters},
        effort=effort, cache=cache,
    )
    return judged(blank, evidence), max((c.source.wall for c in reference.cases), default=math.inf)


def _by_its_text(done: Checked, case: Case, text: str, platform: Platform) -> Checked:
    """The outcome of a file that could not be run to its end: defective where its text alone shows a defect."""
    found = stated(text, platform, case.path.name)
    if not found:
        return done
    codes = " ".join(dict.fromkeys(f.code for f in found))
    why = "; ".join(f"line {f.line}: {f.message}" for f in found)
    return replace(done, outcome=DEFECTIVE, kind=codes, why=why, note=f"not run to its end: {done.why}")


def _watched(
    done: Checked, case: Case, sizes: Sizes, text: str, platform: Platform, effort: Effort, cache: Path | None
) -> Checked:
    """The outcome with what a run finds in which every access is looked at."""
    let = {**case.let, **sizes.let}
    program = read(text, platform, case.path.name, let=_integers(let))
    program = sized(program, SPECS[case.spec], "", {**let, **sizes.letters}, {})
    result = sane(text, platform, program, file=case.path.name, let=let, effort=effort, cache=cache)
    if isinstance(result.evidence.verdict, Unknown):
        return replace(done, watched=f"undecided: {result.evidence.verdict.reason}")
    looked_at = next((n for n in result.notes if " watched (" in n), "")
    if not result.findings:
        return replace(done, watched="; ".join(filter(None, ("clean", looked_at))))
    codes = " ".join(dict.fromkeys(f.code for f in result.findings))
    said = "; ".join(f"line {f.line}: {f.message} ({f.where})" for f in result.findings)
    if done.outcome == DEFECTIVE and codes in done.kind:
        return replace(done, watched=codes)
    kind = f"{done.kind} and {codes}" if done.outcome == DEFECTIVE else codes
    why = f"{said}; {done.why}" if done.outcome == DEFECTIVE else said
    return replace(done, outcome=DEFECTIVE, kind=kind, why=why, watched=codes)


def judged(blank: Checked, evidence: Sequence[Evidence]) -> Checked:
    """The outcome a piece of evidence amounts to, and for a defect its kind."""
    for e in evidence:
        match e.verdict:
            case Refuted(witness):
                why = str(witness).replace("\n", " ")
                codes = [c for f in witness.findings for c in _CODE.findall(f)]
                if not codes and "did not" in why:
                    return replace(blank, outcome=UNDECIDED, why=why)
                _, _, reason = witness.what.partition(" elements differ; ")
                kind = codes[0] if codes else f"wrong result: {_short(reason)}" if reason else "wrong result"
                return replace(blank, outcome=DEFECTIVE, kind=kind, why=why)
            case Unknown(reason):
                late = "does not end in time" in reason or "memory" in reason
                return replace(blank, outcome=TOO_LARGE if late else UNDECIDED, kind="time" if late else "", why=reason)
            case Proved():
                pass
    scopes = [e.verdict.scope for e in evidence if isinstance(e.verdict, Proved)]
    return replace(blank, outcome=CORRECT, why="; ".join(scopes))


def _short(reason: str) -> str:
    """A reason without the names of one file's arrays, so that like ones count together."""
    return re.sub(r" \(`.*?\)|`[^`]*`(?: and )?", "", reason).replace("  ", " ").replace(" ,", ",").strip()


def _refused(blank: Checked, fault: Fault, case: Case, platform: Platform, cache: Path | None) -> Checked:
    """Invalid where the vendor's compiler refuses the file too, or, where there is none, clang and g++ both do."""
    why = _line(fault)
    verdict = compiles(case.text, platform).verdict
    match verdict:
        case Refuted(witness):
            first = next((f for f in witness.findings if "error" in f), witness.what)
            return replace(blank, outcome=INVALID, kind=fault.code, why=f"{why}; the vendor's compiler: {first}")
        case Proved():
            return replace(blank, outcome=UNREAD, kind=fault.code, why=f"{why}; the vendor's compiler takes it")
        case Unknown():
            pass
    refused = "" if case.text.strip() else "it is empty"
    if fault.code == CLANG_REFUSES:
        try:
            build(case.text + "\nvoid xp_nothing() {}\n", platform, Entry("xp_nothing", ()), cache=cache)
        except Fault as other:
            refused = f"g++: {other.what}" if other.code == GXX_REFUSES else ""
    return replace(blank, outcome=INVALID if refused else UNREAD, kind=fault.code, why=f"{why}; {refused}".strip("; "))


def _line(fault: Fault) -> str:
    return str(fault).splitlines()[0] + (f" because {fault.why}" if fault.why else "")


def _integers(let: Mapping[str, object]) -> dict[str, int]:
    return {k: v for k, v in let.items() if isinstance(v, int)}


def _bytes(sizes: Sizes, case: Case) -> int:
    """What the arrays of a specification take at these sizes, as floats."""
    form = SPECS[case.spec].form
    arrays = (*form.inputs, *form.outputs) if form else ()
    return sum(4 * a.elements(sizes.letters) for a in arrays if a.letters <= set(sizes.letters))


def _spelled(sizes: Sizes) -> str:
    return " ".join(f"{k}={v}" for k, v in sizes.let.items())


# ---------------------------------------------------------------- tables


def rows(results: Iterable[Checked]) -> list[tuple[str, ...]]:
    """One row an operator and one for all."""
    items = list(results)
    table = [_row(o, [r for r in items if r.operator == o]) for o in sorted({r.operator for r in items})]
    return [*table, _row("all", items)]


def _row(name: str, items: Sequence[Checked]) -> tuple[str, ...]:
    count = Counter(r.outcome for r in items)
    read_ms, run_s = [r.read_ms for r in items] or [0.0], [r.run_s for r in items if r.run_s] or [0.0]
    other = " ".join(f"{w}:{count[w]}" for w in WORDS[4:] if count[w])
    return (
        name, str(len(items)), *(str(count[w]) for w in WORDS[:4]), other,
        f"{median(read_ms):.0f}", f"{max(read_ms):.0f}", f"{median(run_s):.1f}", f"{max(run_s):.1f}",
    )


def kinds(results: Iterable[Checked]) -> list[tuple[str, ...]]:
    """How often each kind of defect, refusal and other outcome occurs, with one file for an example."""
    found: dict[tuple[str, str], list[Checked]] = {}
    for r in results:
        if r.outcome != CORRECT:
            found.setdefault((r.outcome, r.kind), []).append(r)
    return [
        (outcome, kind, str(len(items)), " ".join(sorted({i.operator for i in items})), items[0].name)
        for (outcome, kind), items in sorted(found.items(), key=lambda f: -len(f[1]))
    ]


def limits(seconds: float, memory_mb: int = 8192) -> Limits:
    """What one run of a suite's file may use."""
    return Limits(seconds=seconds, memory_mb=memory_mb, file_mb=max(2048, memory_mb // 2))


def most_bytes(platform: Platform, limits: Limits) -> int:
    """What the arrays of a file may take, all together: a device holds a copy of each, and something is left for the
    program itself."""
    return (limits.memory_mb << 20) * (7 if platform.model == "serial" else 3) // 8
