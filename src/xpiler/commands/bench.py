"""xpiler bench: measure xpiler on suites of kernels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from xpiler import engine, platforms, show
from xpiler.bench import checked, corpus, rungs
from xpiler.bench.layouts import Case
from xpiler.bench.progress import CHECKED, go_through
from xpiler.commands import options
from xpiler.commands.options import Budget, Depth, Json, Seeds
from xpiler.commands.terminal import cache, err, out, print_json, working
from xpiler.platforms.platform import Platform
from xpiler.verify.observe import Effort

app = typer.Typer(no_args_is_help=True, help="Measure xpiler on suites of kernels.")

Layout = Annotated[str, typer.Option(help="How the suite is laid out: qimeng, polybench, hipcpu, or plain files.")]
Limit = Annotated[int, typer.Option(min=0, help="At most so many files of an operator; 0 is all.")]
Only = Annotated[str, typer.Option(help="Only files whose name matches this pattern.")]
Jobs = Annotated[int, typer.Option(min=1, help="Kernels translated or checked at the same time.")]
Kept = Annotated[Path | None, typer.Option("--out", help="Keep results here, and go on from them the next time.")]


@app.command("corpus")
def bench_corpus(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="The suite's data directory.")],
    from_: Annotated[str, typer.Option("--from", help="Source language.")],
    to: Annotated[str, typer.Option(help="Target language; without one the files are checked, not translated.")] = "",
    layout: Layout = "qimeng",
    limit: Limit = 0,
    only: Only = "*",
    jobs: Jobs = 2,
    seeds: Seeds = 2,
    budget: Budget = 30.0,
    depth: Depth = "usual",
    memory: Annotated[int, typer.Option(min=1024, help="MiB of addresses a run may use when checking.")] = 8192,
    kept: Kept = None,
    again: Annotated[bool, typer.Option(
        "--again", help="Check those of --out again that were too large or undecided: with more --budget or --memory.",
    )] = False,
    as_json: Json = False,
) -> None:
    """Check every file of a public suite, or translate it, and count what came of it.

        xpiler bench corpus benchmark/data --from cuda

        xpiler bench corpus benchmark/data --from cuda --to bang --limit 1

        xpiler bench corpus benchmark/data --from cuda --out r.json --again --budget 300 --memory 20480

        xpiler bench corpus examples --layout plain --from cuda --to vnni --evidence full
    """
    source = platforms.get(from_)
    cases = corpus.cases(directory, layout, source, only, limit)
    if not to:
        effort = Effort(seeds, 2 * budget, checked.limits(budget, memory), double=False)
        _check(cases, source, jobs, effort, cache(context), kept, again, as_json)
        return
    asked = engine.Options(seeds=seeds, budget=budget, cache=cache(context), level=options.level(depth))
    with working() as progress:
        results = corpus.measure(cases, source, platforms.get(to), jobs, asked, progress, kept)
    if as_json:
        print_json([r.to_json() for r in results])
    else:
        out().print(show.columns(corpus.HEADER, corpus.rows(results)))
        out().print(show.columns(rungs.HEADER, rungs.rows(r.evidence for r in results), words=True))
        for r in results:
            if r.outcome != "confirmed":
                err.print(f"{r.name}: {r.outcome}: {r.why}", markup=False, soft_wrap=True)


def _check(
    cases: Sequence[Case], platform: Platform, jobs: int, effort: Effort, builds: Path, kept: Path | None,
    again: bool, as_json: bool,
) -> None:
    with working() as progress:
        results = go_through(cases, lambda case: checked.check(case, platform, effort, builds), jobs, kept, progress,
                             CHECKED, again)
    if as_json:
        print_json([r.to_json() for r in results])
        return
    out().print(show.columns(checked.HEADER, checked.rows(results)))
    out().print(show.columns(checked.KINDS, checked.kinds(results), words=True))
    for r in results:
        if r.outcome != checked.CORRECT:
            err.print(f"{r.name}: {r.outcome}: {r.why}", markup=False, soft_wrap=True)
