"""The judges judged: mutants of every file of a suite, and how many of them each judge finds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from xpiler import platforms, to_pivot
from xpiler.bench.case import Case
from xpiler.bench.progress import Kind, go_through
from xpiler.bench.workers import place
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.ladder import Level, Question, Side, climb, meanings
from xpiler.verify.mutants import FAMILIES, KINDS, Mutant, mutants
from xpiler.verify.mutants.trial import (
    BROKEN, CLIMBED, EQUIVALENT, INVALID, KILLED, PROVING, SURVIVED, Judged, judged, undecided,
)
from xpiler.verify.runs.observe import Effort, divide, observe
from xpiler.verify.signature import signature
from xpiler.verify.runs.sizes import MOST_ELEMENTS, free_integers, known_sizes, with_floats
from xpiler.verify.verdict import COMPILES, EQUAL, READS, Evidence, Proved, Refuted, Unknown

HEAD = ("kind", "mutants", "invalid")
TAIL = ("killed", "equivalent", "survived")
ALONE = ("found by this judge alone", "mutants")
SHOWN = ("an equivalent mutant is shown to be one by", "mutants")
SKIPPED = ("file", "why it has no mutants")
_LETTERS = {"k": "killed", "s": "spared", "u": "undecided"}


@dataclass(frozen=True)
class Subject:
    """A correct file to make mutants of, in its language, with the scalars it is to be called with."""

    name: str
    text: str
    platform: Platform
    let: Mapping[str, Any] = field(default_factory=dict)

    @property
    def read_with(self) -> dict[str, int]:
        return {k: v for k, v in self.let.items() if isinstance(v, int)}


@dataclass(frozen=True)
class Options:
    """How much is tried: mutants a file (`each`), of which kinds, and what every judge may use.

    `seconds` bounds one mutant: judges that were not asked by then are not asked. `most` bounds the elements of a
    file's arrays."""

    each: int = 16
    kinds: tuple[str, ...] = ()
    seed: int = 0
    effort: Effort = field(default_factory=lambda: Effort(seeds=2, budget=20.0))
    level: Level = Level.FULL
    seconds: float = 60.0
    most: int = MOST_ELEMENTS
    cache: Path | None = None


class Brisk(Question):
    """A question to every judge there is, each of which takes no longer than in an ordinary translation."""

    def seconds(self, usual: float, full: float) -> float:
        return usual


@dataclass(frozen=True)
class Row:
    """One mutant: its place, what was done, what became of it, and what each rung said (killed, spared, undecided)."""

    kind: str
    family: str
    line: int
    column: int
    what: str
    outcome: str
    rungs: Mapping[str, str]
    shown: str = ""
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Examined:
    """The mutants of one file; `skipped` says why a file has none: what is not right cannot be made wrong."""

    name: str
    platform: str
    rows: tuple[Row, ...] = ()
    skipped: str = ""
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """How many of its mutants came to what end, in words."""
        count = Counter(r.outcome for r in self.rows)
        return self.skipped or ", ".join(f"{n} {outcome}" for outcome, n in count.most_common())

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Examined:
        return cls(**{**data, "rows": tuple(Row(**r) for r in data["rows"])})


# ---------------------------------------------------------------- what to test


def subjects(directory: Path, only: str = "*", limit: int = 0) -> tuple[Subject, ...]:
    """The files of a directory, or a file, whose suffixes name a language; Fault XP3020 where there are none."""
    paths = [directory] if directory.is_file() else sorted(p for p in directory.rglob("*") if p.is_file())
    found = [(p, platforms.of_file(p)) for p in paths if fnmatch(p.name, only)]
    out = tuple(Subject(p.name, p.read_text(), platform) for p, platform in found if platform is not None)
    if not out:
        raise Fault("XP3020", f"no file in {directory} matches `{only}`", try_="--only '*'")
    return out[: limit or None]


def of_suite(cases: Iterable[Case], platform: Platform) -> tuple[Subject, ...]:
    """A suite's files of one language, at the smaller sizes where they have some."""
    return tuple(
        Subject(f"{platform.name}/{c.name}", c.text, platform, {**c.let, **(c.less.let if c.less else {})})
        for c in cases
    )


# ---------------------------------------------------------------- testing


EXAMINED: Kind[Subject, Examined] = Kind(
    Examined.from_json, lambda s, kind, why: Examined(s.name, s.platform.name, skipped=f"{BROKEN}: {kind}: {why}"))


def measure(
    todo: Sequence[Subject], options: Options, jobs: int = 1, kept: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Examined, ...]:
    """Every file's mutants before every judge, `jobs` files at a time. With `kept` each file's results are written
    there as soon as they are known, and those that are there already are not repeated."""
    return go_through(todo, lambda s: examine(s, options), jobs, kept, progress, EXAMINED)


def examine(subject: Subject, options: Options) -> Examined:
    """The mutants of one file. One that a judge breaks on is a defect of that judge, and does not stop the others."""
    began = time.monotonic()
    blank = Examined(subject.name, subject.platform.name)
    try:
        program = read(subject.text, subject.platform, subject.name, let=subject.read_with)
        made = list(mutants(subject.text, subject.platform, program, kinds=options.kinds or None, limit=options.each,
                            seed=options.seed))
        if not made:
            return replace(blank, seconds=time.monotonic() - began)
        question = _question(subject, _sized(program, subject.platform), options)
        deaf = question if isinstance(question, str) else _deaf(question)
    except Fault as fault:
        return replace(blank, skipped=str(fault).splitlines()[0])
    if isinstance(question, str) or isinstance(deaf, str):
        return replace(blank, skipped=str(deaf), seconds=time.monotonic() - began)
    rows = tuple(_row(m, subject, question, options, deaf) for m in made)
    return replace(blank, rows=rows, seconds=time.monotonic() - began)


def _deaf(question: Question) -> frozenset[str] | str:
    """The judges that refuse the source itself, or why it cannot have mutants: it must pass the others.

    What the vendor's compiler does not take may be a right program all the same, of a neighbouring language; that
    compiler then has nothing to say of its mutants."""
    refusing = [e for e in climb(question, every=True) if isinstance(e.verdict, Refuted)]
    wrong = next((e for e in refusing if e.rung != COMPILES), None)
    if wrong is not None:
        return f"as it stands: {wrong.rung}: {_said(wrong)}"
    return frozenset(e.rung for e in refusing)


def _sized(program: Program, platform: Platform) -> Program:
    """The program with the sizes of arrays that nothing allocates, where its accesses tell them."""
    if program.unread or program.launcher is None:
        return program
    try:
        pivot, _ = to_pivot.sequential(program, platform)
    except Fault:
        return program
    sized = to_pivot.with_extents(pivot, to_pivot.accesses(program)).launcher
    if sized is None:
        return program
    return replace(program, launcher=replace(program.launcher, params=sized.params))


def _question(subject: Subject, program: Program, options: Options) -> Question | str:
    """What judges are asked about every mutant, or why this file cannot have any: itself it must pass them all."""
    if (held := _held(subject, program)) > options.most:
        return f"its arrays hold {held} elements"
    text = subject.text + program.entry
    reference = observe(
        text, subject.platform, program, file=subject.name, let=subject.let, effort=options.effort,
        cache=options.cache,
    )
    if not isinstance(reference.evidence.verdict, Proved):
        return f"{reference.evidence.rung}: {_said(reference.evidence)}"
    side = Side(text, subject.platform, program, subject.name)
    return Brisk(side, side, reference, subject.let, {}, options.effort, options.level, options.cache)


def _held(subject: Subject, program: Program) -> int:
    """How many elements a file's arrays have, where its sizes are not free."""
    sig = signature(program)
    fixed, _ = divide(subject.let, sig)
    if free_integers(sig, fixed):
        return 0
    return sum(known_sizes(sig, with_floats(sig, fixed)).values())


def _unhurried(q: Question) -> Question:
    return Question(q.source, q.target, q.reference, q.let, q.pairs, q.effort, q.level, q.cache)


def _row(m: Mutant, subject: Subject, question: Question, options: Options, deaf: Collection[str]) -> Row:
    try:
        return _of(judged(m, question, subject.read_with, options.seconds, _unhurried(question), deaf))
    except Fault as fault:
        return Row(m.kind, m.family, m.line, m.column, m.what, BROKEN, {}, why=str(fault))
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {place(error)}"
        return Row(m.kind, m.family, m.line, m.column, m.what, BROKEN, {}, why=why)


def _of(j: Judged) -> Row:
    m = j.mutant
    rungs = {e.rung: _LETTERS["k" if isinstance(e.verdict, Refuted) else "s" if isinstance(e.verdict, Proved) else "u"]
             for e in j.evidence}
    first = next((e for e in j.evidence if isinstance(e.verdict, Refuted)), None)
    why = f"{first.rung}: {_said(first)}" if first is not None else undecided(j.evidence)
    return Row(m.kind, m.family, m.line, m.column, m.what, j.outcome, rungs, j.shown, why, round(j.seconds, 2))


def _said(e: Evidence) -> str:
    match e.verdict:
        case Refuted(witness):
            return " ".join(str(witness).split())[:300]
        case Unknown(reason):
            return reason
        case Proved(scope):
            return scope
    raise TypeError(f"not a verdict: {e.verdict!r}")


# ---------------------------------------------------------------- tables


def table(results: Iterable[Examined]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Kinds by judges: each cell is how many a judge killed of those it was shown; then what the ladder as a whole
    left over. One row a kind, one a family, one for all; what judges would be without each other is each column."""
    rows = [r for t in results for r in t.rows]
    rungs = _rungs(rows)
    out = []
    for family in FAMILIES:
        mine = [r for r in rows if r.family == family]
        for kind in (k for k, f in KINDS.items() if f == family):
            of_kind = [r for r in mine if r.kind == kind]
            if of_kind:
                out.append(_line(kind, of_kind, rungs))
        if mine:
            out.append(_line(family.upper(), mine, rungs))
    return (*HEAD, *rungs, *TAIL), [*out, _line("ALL", rows, rungs)]


def _rungs(rows: Iterable[Row]) -> list[str]:
    """The judges that were asked, in the order of the ladder."""
    met = dict.fromkeys(n for r in rows for n in r.rungs)
    told = [*(m for m in meanings() if m in met), *(n for n in met if n not in meanings())]
    return [n for n in told if n not in (READS, CLIMBED)]


def _line(name: str, rows: Sequence[Row], rungs: Sequence[str]) -> tuple[str, ...]:
    count = Counter(r.outcome for r in rows)
    valid = [r for r in rows if r.outcome != INVALID]
    cells = []
    for rung in rungs:
        said = [r.rungs[rung] for r in valid if rung in r.rungs]
        cells.append(f"{said.count('killed')}/{len(said) - said.count('undecided')}" if said else "")
    left = count[SURVIVED] + count[BROKEN]
    return (name, str(len(rows)), str(count[INVALID]), *cells, str(count[KILLED]), str(count[EQUIVALENT]), str(left))


def alone(results: Iterable[Examined]) -> list[tuple[str, ...]]:
    """How many mutants each judge was the only one to find: what the ladder would miss without it."""
    rows = [r for t in results for r in t.rows if r.outcome == KILLED]
    killers = [[n for n, said in r.rungs.items() if said == "killed"] for r in rows]
    count = Counter(k[0] for k in killers if len(k) == 1)
    return [(n, str(count[n])) for n in _rungs(rows)]


def shown(results: Iterable[Examined]) -> list[tuple[str, ...]]:
    """How many equivalent mutants each argument shows to be so."""
    count = Counter(r.shown for t in results for r in t.rows if r.outcome == EQUIVALENT)
    return [(how, str(n)) for how, n in count.most_common()]


def survivors(results: Iterable[Examined]) -> Iterator[str]:
    """What nobody found and nobody showed to be equivalent: each is a defect of a judge."""
    for t in results:
        for r in t.rows:
            if r.outcome in (SURVIVED, BROKEN):
                told = f"; {r.why}" if r.why else ""
                yield f"{t.name}:{r.line}:{r.column}: {r.kind}: {r.what} ({r.outcome}{told})"


def contradictions(results: Iterable[Examined]) -> Iterator[str]:
    """Mutants that a proof accepts and a run refutes: one of the two is wrong, and nothing is worse than the first."""
    for t in results:
        for r in t.rows:
            proofs = [p for p in PROVING if r.rungs.get(p) == "spared"]
            if proofs and r.rungs.get(EQUAL) == "killed":
                yield f"{t.name}:{r.line}:{r.column}: {r.kind}: {r.what} (proved by {proofs[0]}, but {r.why})"


def skipped(results: Iterable[Examined]) -> list[tuple[str, ...]]:
    """The files that no mutants were made of."""
    return [(t.name, t.skipped) for t in results if t.skipped]
