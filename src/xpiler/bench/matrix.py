"""The suite translated in every direction: what compiles, what computes the same, in what time, by what means."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby, permutations
from pathlib import Path
from statistics import median
from typing import Any

from xpiler import engine, platforms
from xpiler.bench import paper
from xpiler.bench.case import Case
from xpiler.bench.corpus import BROKEN, CONFIRMED, DEFECTIVE, UNKNOWN, judged
from xpiler.bench.idioms import Idioms, idioms
from xpiler.bench.progress import Kind, go_through
from xpiler.bench.suite import operators as operators_of
from xpiler.bench.suite import suite
from xpiler.fault import Fault
from xpiler.bench.specs import SPECS
from xpiler.ir.nodes import Buffer, Const, Program
from xpiler.platforms.platform import Platform
from xpiler.text.library import library
from xpiler.text.pragmas import with_directives
from xpiler.text.read import read
from xpiler.verify.signature import signature
from xpiler.verify.spec.against import sized
from xpiler.verify.verdict import COMPILES, EQUAL, READS, Evidence, Proved, Refuted

Direction = tuple[str, str]
SUITE = ("cuda", "hip", "bang", "vnni")  # the dialects the suite is written in
HEADER = ("from", "to", "cases", "compiles %", "computes %", "median s", "max s", "missed", "defective",
          paper.METHOD + " %", "its compiles %", "o1 %", "GPT-4 %")
SHARES = ("from", "to", "by intrinsics %", "cases tensorized %", "matrix units %", "kept near %", "width, median")
NOTE = (
    "compiles: NVRTC or nvcc, clang for AMD, g++; BANG C has no public compiler: clang and g++ against its header, "
    "all of its rules enforced. computes: both texts run by the emulator on this CPU and agree. by intrinsics, matrix "
    "units, kept near (fewer reads of global memory than the sequential program makes) and width: counted in the text.")
SIZES = "XP2011"  # the code of a Fault that asks for the size of an array
# A case counts as tensorized from this share of its arithmetic on.
TENSORIZED = 0.5


@dataclass(frozen=True)
class Item:
    """One case to be translated in one direction, and perhaps the mistakes that are put into its translation."""

    case: Case
    source: str
    target: str
    mistakes: int = 0
    seed: int = 0

    @property
    def name(self) -> str:
        name = f"{self.source} -> {self.target} {self.case.name}"
        return f"{name} {self.mistakes} {self.seed}" if self.mistakes else name


@dataclass(frozen=True)
class Translated:
    """What became of it; `outcome` as in `corpus.Outcome`, `road` the way it was lowered, `idioms` of the result's
    text and `before` of the sequential program it was made from."""

    name: str
    case: str
    operator: str
    source: str
    target: str
    outcome: str
    why: str
    seconds: float
    road: str = ""
    evidence: tuple[Evidence, ...] = ()
    idioms: Idioms | None = None
    before: Idioms | None = None
    stated: bool = False  # the sizes of arrays were asked for, and given

    @property
    def direction(self) -> Direction:
        return self.source, self.target

    @property
    def compiles(self) -> bool:
        """The target's compiler takes the text; where there is none here, clang and g++ do, with its rules."""
        for e in self.evidence:
            if e.rung == COMPILES:
                if isinstance(e.verdict, Proved | Refuted):
                    return isinstance(e.verdict, Proved)
                break
        return any(e.rung == READS and isinstance(e.verdict, Proved) for e in self.evidence) and (
            self.outcome == CONFIRMED or any(e.rung == EQUAL for e in self.evidence))

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {
            "evidence": [e.to_json() for e in self.evidence],
            "idioms": self.idioms and self.idioms.to_json(), "before": self.before and self.before.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Translated:
        """What `to_json` gave."""
        found = {k: Idioms.from_json(data[k]) if data.get(k) else None for k in ("idioms", "before")}
        return cls(**(dict(data) | found | {"evidence": tuple(Evidence.from_json(e) for e in data["evidence"])}))


@dataclass(frozen=True)
class Options:
    engine: engine.Options = field(default_factory=engine.Options)
    texts: Path | None = None  # a folder to write the results to, as <from>-<to>/<case>.<suffix>


TRANSLATED: Kind[Item, Translated] = Kind(
    Translated.from_json, lambda item, kind, why: _missed(item, BROKEN, f"{kind}: {why}", 0.0))


def directions(asked: Iterable[str]) -> tuple[Direction, ...]:
    """`cuda:bang`, `cuda:*` or `*:vnni`; all of those between accelerators where nothing is asked for."""
    every = tuple(permutations(SUITE, 2))
    out: list[Direction] = []
    for word in asked:
        a, colon, b = word.partition(":")
        if not colon:
            raise Fault("XP3020", f"`{word}` is not a direction", try_="--direction cuda:bang; cuda:* is all from it")
        for name in (a, b):
            if name != "*":
                platforms.get(name)
        found = [d for d in every if a in ("*", d[0]) and b in ("*", d[1])]
        out += found or ([(a, b)] if a != b and "*" not in (a, b) else [])
    return tuple(dict.fromkeys(out)) if out else every


def chosen(
    directory: Path, wanted: Sequence[Direction], operator: str = "", shape: str = "*", each: int = 0, seed: int = 0,
    targets: int = 0,
) -> tuple[Item, ...]:
    """The items of some directions; of each operator `each` shapes, to `targets` of the languages: others for another
    seed, and as seeds go on each shape meets each language."""
    names = tuple(w.strip() for w in operator.split(",") if w.strip())
    known = operators_of(directory)
    for name in names:
        if name not in known:
            raise Fault("XP3020", f"the suite has no operator `{name}`", why=f"it has {', '.join(known)}")
    out: list[Item] = []
    for a, b in wanted:
        others = [y for x, y in wanted if x == a]
        cases = [c for c in suite(directory, platforms.get(a), shape, 0) if not names or c.operator in names]
        for n, (_, group) in enumerate(groupby(cases, key=lambda c: c.operator)):
            mine = list(group)
            picked = [mine[(seed + n + k * len(mine) // each) % len(mine)] for k in range(min(each, len(mine)))]
            if (others.index(b) - seed - n) % len(others) < (targets or len(others)):
                out += [Item(c, a, b) for c in (picked if each else mine)]
    if not out:
        raise Fault("XP3020", f"no case of {directory} is asked for", try_="--shape '*', without --operator")
    return tuple(out)


def measure(
    items: Sequence[Item], jobs: int, options: Options, progress: Callable[[str], None] = lambda _: None,
    kept: Path | None = None,
) -> tuple[Translated, ...]:
    """Translate every item, `jobs` at a time; one bad file never stops the others. A case is run once for all its
    targets."""
    return go_through(items, lambda item: one(item, options), jobs, kept, progress, TRANSLATED,
                      alike=lambda item: (item.source, item.case.name))


def one(item: Item, options: Options) -> Translated:
    """What becomes of one item, judged and counted."""
    start = time.monotonic()
    source, target = platforms.get(item.source), platforms.get(item.target)
    let = item.case.let
    asked = replace(options.engine, let=let)
    stated = False
    try:
        try:
            result = engine.translate(item.case.text, source, target, file=item.case.path.name, options=asked)
        except Fault as fault:
            if fault.code != SIZES or not (sizes := _sizes(item.case, source)):
                raise
            stated = True
            result = engine.translate(item.case.text, source, target, file=item.case.path.name,
                                      options=replace(asked, size=sizes))
    except Fault as fault:
        why = str(fault).splitlines()[0] + (f" because {fault.why}" if fault.why else "")
        return _missed(item, fault.code, why, time.monotonic() - start)
    seconds = time.monotonic() - start
    outcome, why = judged(result.evidence)
    if outcome == UNKNOWN:
        why = "; ".join(filter(None, (why, *(f"{a.road}: {a.why}" for a in result.attempts))))
    done = replace(_missed(item, outcome, why, seconds), evidence=result.evidence, stated=stated,
                   road=result.road if result.confirmed else "")
    if not result.confirmed:
        return done
    if options.texts is not None:
        folder = options.texts / f"{item.source}-{item.target}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{item.case.name}{target.suffixes[0]}").write_text(result.text)
    shipped = with_directives(read(result.text, target, "result"), result.text, target)
    # Reading inlines functions that hold an instruction; what was written still says which they are.
    written = replace(result.program, meanings=library(target, asked.cache))
    counts = (_counted(shipped, target, let), _counted(written, target, let))
    return replace(done, idioms=max(counts, key=lambda i: i.by_intrinsics),
                   before=_counted(result.pivot, target, let) if result.pivot is not None else None)


def _sizes(case: Case, source: Platform) -> dict[str, int]:
    """The sizes of the arrays that nothing in a file allocates, as its operator has them."""
    spec = SPECS[case.spec]
    plain = read(case.text, source, case.path.name)
    params = {p.name for p in signature(plain).params if isinstance(p, Buffer) and p.extent is None}
    program = sized(plain, spec, "", {**case.let, **case.letters}, {})
    return {p.name: int(p.extent.value) for p in signature(program).params
            if p.name in params and isinstance(p, Buffer) and isinstance(p.extent, Const)}


def _counted(program: Program, platform: Platform, let: Mapping[str, Any]) -> Idioms:
    return idioms(program, platform, {k: v for k, v in let.items() if isinstance(v, int | float)})


def _missed(item: Item, outcome: str, why: str, seconds: float) -> Translated:
    return Translated(item.name, item.case.name, item.case.operator, item.source, item.target, outcome, why, seconds)


# ---------------------------------------------------------------- tables


def rows(results: Sequence[Translated]) -> list[tuple[str, ...]]:
    """One row a direction, and one for all; a defective source is neither a success nor a miss."""
    table = [_row(d, items) for d, items in _by_direction(results).items()]
    return [*table, _row(("all", ""), results)] if len(table) > 1 else table


def _row(direction: Direction, results: Sequence[Translated]) -> tuple[str, ...]:
    sound = [r for r in results if r.outcome != DEFECTIVE]
    seconds = [r.seconds for r in sound] or [0.0]
    others = paper.COMPUTES.get(direction, {})
    return (
        *direction, str(len(sound)), _percent(r.compiles for r in sound),
        _percent(r.outcome == CONFIRMED for r in sound), f"{median(seconds):.1f}", f"{max(seconds):.1f}",
        str(sum(r.outcome != CONFIRMED for r in sound)), str(len(results) - len(sound)),
        *(f"{v:.1f}" if v is not None else "" for v in (
            others.get(paper.METHOD), paper.COMPILES.get(direction), others.get("o1 few-shot"),
            others.get("GPT-4 few-shot"))))


def operators(results: Sequence[Translated]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of confirmed results: an operator a row, a direction a column."""
    columns = _by_direction(results)
    names = list(dict.fromkeys(r.operator for r in results))
    header = ("operator", *(f"{a} {b}" for a, b in columns))
    table = []
    for name in names:
        cells = []
        for items in columns.values():
            mine = [r for r in items if r.operator == name and r.outcome != DEFECTIVE]
            cells.append(f"{sum(r.outcome == CONFIRMED for r in mine)}/{len(mine)}" if mine else "")
        table.append((name, *cells))
    return header, table


def shares(results: Sequence[Translated]) -> list[tuple[str, ...]]:
    """How much of its machine each direction's results use; counted in the text, see `idioms`."""
    return [_shares(d, [r for r in items if r.idioms is not None]) for d, items in _by_direction(results).items()]


def _shares(direction: Direction, items: Sequence[Translated]) -> tuple[str, ...]:
    found = [(r.idioms, r.before) for r in items if r.idioms is not None]
    work = sum(i.work for i, _ in found) or 1.0
    busy = [i for i, _ in found if i.work]
    again = [i for i, b in found if b is not None and b.reads > i.reads]
    reuse = [(i, b) for i, b in found if b is not None and b.reads > 1]
    return (
        *direction, f"{100 * sum(i.by_intrinsics for i, _ in found) / work:.1f}",
        _percent(i.share >= TENSORIZED for i in busy), f"{100 * sum(i.matrix for i, _ in found) / work:.1f}",
        f"{100 * len(again) / len(reuse):.1f}" if reuse else "",
        f"{median(i.width for i, _ in found):.0f}" if found else "")


def stated(results: Sequence[Translated]) -> str:
    """How many cases were told sizes, in words; nothing where none was."""
    found = sorted({f"{r.source} {r.case}" for r in results if r.stated})
    return f"asked for the sizes of arrays, and told: {', '.join(found)}" if found else ""


def misses(results: Sequence[Translated]) -> list[str]:
    """Every case that did not arrive, with its diagnostic."""
    return [f"{r.name}: {r.outcome}: {r.why}" for r in results if r.outcome != CONFIRMED]


def _by_direction(results: Sequence[Translated]) -> dict[Direction, list[Translated]]:
    out: dict[Direction, list[Translated]] = {}
    for r in results:
        out.setdefault(r.direction, []).append(r)
    return out


def _percent(found: Iterable[bool]) -> str:
    items = list(found)
    return f"{100 * sum(items) / len(items):.1f}" if items else ""
