"""xpiler check: is one text sane, are two the same, does one compute what it should?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from xpiler import record, show
from xpiler.bench import specs
from xpiler.commands import options
from xpiler.commands.options import (
    Block, Depth, From, Grid, Json, Let, Map, Named, Record, Seeds, Size, Tasks, Timeout,
)
from xpiler.commands.run import run_main, say_as_it_is
from xpiler.commands.terminal import cache, err, out, print_json, say_fixed, say_notes, working
from xpiler.fault import Fault
from xpiler.given import (
    geometry_of, integers, pairs, program_of, runs_as_it_is, stated_program_of, text_of, values, with_extents,
)
from xpiler.ir.nodes import Program
from xpiler.verify.spec.against import against, check_names
from xpiler.verify.spec.against import sized as sizes_known
from xpiler.verify.confirm import confirm
from xpiler.verify.alone import argued_alone
from xpiler.verify.ladder import Level, Side
from xpiler.verify.runs.observe import Effort, observe
from xpiler.verify.spec.own_spec import own
from xpiler.verify.runs.sane import sane
from xpiler.verify.signature import signature, unsized
from xpiler.verify.spec.spec import Spec
from xpiler.verify.verdict import CLEAN, EQUAL, Evidence, Proved, Refuted, confirmed, refuted
from xpiler.verify.witness.witness import Explained, Reading, explain, save
from xpiler.verify.witness.witness import replay as played
from xpiler.written import check_writable

Bind = Annotated[
    list[str], typer.Option(help="Which array is which argument of --spec: `--bind a=A`, where it is not clear."),
]


def check(
    context: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="A", help="A source file.")],
    b: Annotated[Path | None, typer.Argument(metavar="[B]", help="A second one, to compare with the first.")] = None,
    from_: From = "",
    to: Annotated[str, typer.Option(help="Language of B, where its suffix does not say.")] = "",
    let: Let = [],  # noqa: B006
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    kernel: Named = "",
    seeds: Seeds = 3,
    timeout: Timeout = 60.0,
    depth: Depth = "usual",
    mapped: Map = [],  # noqa: B006
    spec: Annotated[str, typer.Option(help="Compare A with an operator, `--spec gemm`, or `--spec mine.py`.")] = "",
    bind: Bind = [],  # noqa: B006
    witness: Annotated[
        Path | None, typer.Option(help="Where A and B differ, write the smallest inputs found, and how to run them.",
                                  metavar="DIR"),
    ] = None,
    report: Record = None,
    as_json: Json = False,
) -> None:
    """Is A sane? With B: do A and B compute the same? With --spec: does A compute what it should?

        xpiler check softmax.cu

        xpiler check softmax.cu softmax.mlu --let n=1000

        xpiler check mine.cu theirs.cu --map x=input --map y=output --witness found

        xpiler check gemm.cu --spec gemm --bind a=A
    """
    if report is not None:
        check_writable(report)
    asked = _Asked(let, size, (grid, block, tasks), kernel, options.effort(seeds, timeout, depth), cache(context),
                   report, as_json)
    if spec and b is not None:
        raise Fault("XP3004", "`--spec` compares one file", why=f"there are two: {a} and {b}")
    for option, given in (("--map", mapped), ("--witness", witness)):
        if given and b is None:
            raise Fault("XP3004", f"`{option}` is for two files", why="there is one", try_=f"xpiler check A B {option}")
    if witness is not None:
        check_writable(witness / "README.md" if witness.exists() else witness)
    if spec:
        asked.against_spec(a, spec, from_, pairs(bind))
    try:
        first = asked.side(a, from_, kernel)
    except Fault as fault:
        if b is not None or not runs_as_it_is(a, fault, (let, size, grid, block, tasks, kernel)):
            raise
        say_as_it_is(a, fault)
        run_main(a, from_, timeout, as_json, asked.cache, watch=True)
    second = None if b is None else asked.side(b, to, "")
    if not kernel:
        say_fixed(first.program, grid, block, tasks)
    say_notes(first.program)
    if second is None:
        asked.alone(first)
    asked.both(first, second, options.level(depth), pairs(mapped, "--map", "PARAMETER=PARAMETER"), witness)


@dataclass(frozen=True)
class _Asked:
    """What a check was asked, whichever of the three it is."""

    let: Sequence[str]
    size: Sequence[str]
    geometry: tuple[str, str, str]
    kernel: str
    effort: Effort
    cache: Path
    report: Path | None
    as_json: bool

    def side(self, file: Path, language: str, kernel: str) -> Side:
        platform, text, program, kernel = stated_program_of(
            file, language, self.let, self.size, *self.geometry, kernel)
        return Side(text, platform, with_extents(program, platform, kernel), str(file), kernel, unsized(program))

    def alone(self, one: Side) -> NoReturn:
        """`check FILE`: every finding, then the warnings, then the verdict."""
        with working() as progress:
            result = sane(
                one.text, one.platform, one.program, file=one.file, let=values(self.let), kernel=one.kernel,
                effort=self.effort, cache=self.cache, progress=progress,
            )
            progress("arguing about all inputs")
            argued = argued_alone(one, integers(self.let), [p.scalars for p in result.points])
        evidence = (result.evidence, *argued)
        good = refuted(evidence) is None
        if not self.as_json:
            for f in result.findings:
                err.print(show.message(str(f)), soft_wrap=True)
            for f in result.warnings:
                err.print(show.message(f"warning: {f}", "bold yellow"), soft_wrap=True)
            for note in result.notes:
                err.print(f"note: {note}", markup=False)
        self.tell(record.of_check(
            [one.file], evidence, good, entry=result.signature.name,
            findings=[f.to_json() for f in result.findings], warnings=[f.to_json() for f in result.warnings],
            notes=list(result.notes),
        ), evidence, good, details=False)

    def both(self, a: Side, b: Side, level: Level, mapped: dict[str, str], witness: Path | None) -> NoReturn:
        """`check A B`: the ladder, from both texts; where they part, the smallest inputs that show it."""
        let, found = values(self.let), None
        with working() as progress:
            reference = observe(
                a.text, a.platform, a.program, file=a.file, let=let, kernel=a.kernel, effort=self.effort,
                cache=self.cache, progress=progress,
            )
            evidence = confirm(
                a.text, a.platform, b.text, b.platform, a.program, target_program=b.program, reference=reference,
                kernel=a.kernel, let=let, effort=self.effort, cache=self.cache, file=b.file, level=level,
                pairs=mapped, progress=progress, taken=a.taken,
            )
            first = refuted(evidence)
            if first is not None and first.rung in (CLEAN, EQUAL) and isinstance(first.verdict, Refuted):
                progress("looking for a smaller input")
                found = explain(reference, a, b, first.verdict.witness, pairs=mapped or None, let=let,
                                effort=self.effort, cache=self.cache)
        good = confirmed(evidence)
        if found is not None and witness is not None:
            save(witness, found, a, b, self.reading(a))
        told = record.of_check([a.file, b.file], evidence, good)
        smallest = {"smallest": _smallest(found)} if found is not None else {}
        self.tell(told | smallest, evidence, good, details=found is None, more=found)

    def reading(self, a: Side) -> Reading:
        """How both files were read, as a person writes it."""
        grid, block, tasks = self.geometry
        words = [f"--let {x}" for x in self.let] + [f"--size {x}" for x in self.size]
        words += [f"{o} {x}" for o, x in (("--grid", grid), ("--block", block), ("--tasks", tasks)) if x]
        return Reading(integers(self.let), geometry_of(a.platform, grid, block, tasks), tuple(words))

    def against_spec(self, file: Path, name: str, language: str, bound: dict[str, str]) -> NoReturn:
        """`check --spec`: whether a file is sane and computes a specification."""
        own_text = text_of(Path(name)) if name.endswith(".py") else ""
        found: list[Spec] = []

        def sized(program: Program, kernel: str) -> Program:
            entry = signature(program, kernel)
            found.append(own(own_text, name, entry, self.effort.limits) if own_text else specs.named(name))
            check_names(found[0], entry, values(self.let))
            return sizes_known(program, found[0], kernel, values(self.let), bound)

        platform, text, program, kernel = program_of(
            file, language, self.let, self.size, *self.geometry, self.kernel, sized)
        if not self.kernel:
            say_fixed(program, *self.geometry)
        scalars = {p.name for p in signature(program, kernel).params}
        with working() as progress:
            watched = sane(
                text, platform, program, file=str(file),
                let={k: v for k, v in values(self.let).items() if k in scalars}, kernel=kernel,
                effort=self.effort, cache=self.cache, progress=progress,
            )
            _, evidence = against(
                text, platform, program, found[0], file=str(file), let=values(self.let), pairs=bound,
                kernel=kernel, effort=self.effort, cache=self.cache, progress=progress,
            )
        evidence = (watched.evidence, *evidence)
        good = all(isinstance(e.verdict, Proved) for e in evidence)
        self.tell(record.of_check([str(file)], evidence, good, spec=name), evidence, good)

    def tell(
        self, told: record.Record, evidence: Sequence[Evidence], good: bool, details: bool = True,
        more: Explained | None = None,
    ) -> NoReturn:
        """Keep and print the outcome, and leave with its status."""
        if self.report is not None:
            record.keep(self.report, told)
        if self.as_json:
            print_json(told)
        else:
            out().print(show.evidence(evidence, details=details))
            if more is not None:
                out().print(show.smallest(more), soft_wrap=True)
        raise typer.Exit(0 if good else 1)


def replay(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="The folder that `check A B --witness` wrote.", metavar="DIR")],
    as_json: Json = False,
) -> None:
    """Run the two files of a witness again, on its inputs: do they still differ?

        xpiler check softmax.cu broken.mlu --witness found

        xpiler replay found
    """
    found = played(directory, cache=cache(context))
    if as_json:
        print_json({"differ": found is not None} | ({} if found is None else {"smallest": _smallest(found)}))
    else:
        out().print("they give the same" if found is None else show.smallest(found), soft_wrap=True)
    raise typer.Exit(0 if found is None else 1)


def _smallest(found: Explained) -> dict[str, object]:
    """The smallest failing input, as plain data."""
    told = Evidence(EQUAL, Refuted(found.witness)).to_json()["witness"]
    place = None if found.line is None else {"file": found.line.file, "line": found.line.line}
    return {"witness": told, "line": place, "written": found.written, "scalars": dict(found.case.point.scalars),
            "sizes": dict(found.case.point.sizes)}
