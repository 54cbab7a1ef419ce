"""xpiler bench: measure xpiler on suites of kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, RenderableType

from xpiler import annotated, engine, platforms, show
from xpiler.bench import asked as by_model
from xpiler.bench import ablation, checked, corpus, matrix, mutants, peers, precision, recall, rungs
from xpiler.bench.case import Case
from xpiler.bench.progress import CHECKED, go_through
from xpiler.commands import models, options
from xpiler.commands.options import Budget, Depth, Json, Seeds
from xpiler.commands.terminal import cache, err, out, print_json, settings, working
from xpiler.fault import Fault
from xpiler.neural_road import Stage
from xpiler.platforms.platform import Platform
from xpiler.verify.mutants import KINDS
from xpiler.verify.runs.observe import Effort
from xpiler.written import check_writable, write_whole

app = typer.Typer(help="Measure xpiler on suites of kernels.")

Suite = Annotated[Path, typer.Option(help="The suite: a folder with operators.toml.")]
Directions = Annotated[list[str] | None, typer.Option(
    "--direction", "-d", help="`cuda:bang`; `cuda:*` is all from CUDA. Again for more; all twelve without.")]
Operators = Annotated[str, typer.Option(help="Only these operators, with commas: `gemm,softmax`.")]
Shapes = Annotated[str, typer.Option(help="Only cases whose name matches: `gemm_*_128`.")]
Each = Annotated[int, typer.Option(min=0, help="So many shapes of an operator; 0 is all.")]
Targets = Annotated[int, typer.Option(min=0, help="So many target languages for an operator's shapes; 0 is all.")]
Which = Annotated[int, typer.Option(min=0, help="Which shapes, languages and mistakes are taken.")]
Layout = Annotated[str, typer.Option(
    help="How the suite is laid out: suite (templates, as in benchmarks/), qimeng, polybench, hipcpu, or plain files.")]
Limit = Annotated[int, typer.Option(min=0, help="At most so many files of an operator; 0 is all.")]
Only = Annotated[str, typer.Option(help="Only files whose name matches this pattern.")]
Jobs = Annotated[int, typer.Option(min=1, help="Kernels translated or checked at the same time.")]
Kept = Annotated[Path | None, typer.Option("--out", help="Keep results here, and go on from them the next time.")]


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    suite: Suite = Path("benchmarks"),
    direction: Directions = None,
    operator: Operators = "",
    shape: Shapes = "*",
    each: Each = 0,
    targets: Targets = 0,
    seed: Which = 0,
    jobs: Jobs = 2,
    seeds: Seeds = 2,
    budget: Budget = 30.0,
    depth: Depth = "usual",
    kept: Kept = None,
    texts: Annotated[Path | None, typer.Option(help="Write every confirmed result into this folder.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the tables as a page for a browser too.")] = None,
    as_json: Json = False,
    mutants_of: Annotated[
        Path | None, typer.Option("--mutants", help="The same as `bench mutants DIR`.", metavar="DIR"),
    ] = None,
    of_parts: Annotated[bool, typer.Option("--ablation", help="The same as `bench ablation`, of these cases.")] = False,
) -> None:
    """Translate the suite in every direction and print what arrived, beside the published figures of others.

    Exit status 1 when a case of a sound source does not arrive.

        xpiler bench --each 1 --out sample.json

        xpiler bench --direction cuda:bang --operator gemm,softmax

        xpiler bench --out all.json --texts out --html all.html
    """
    if context.invoked_subcommand is not None:
        return
    if mutants_of is not None:
        bench_mutants(context, mutants_of)
        return
    if of_parts:
        said = context.get_parameter_source("jobs")  # unless it is said otherwise one at a time: repair counts seconds
        alone = said is None or said.name == "DEFAULT"
        bench_ablation(context, suite, direction, operator, shape, each or 1, seed, jobs=1 if alone else jobs,
                       depth=depth, kept=kept, as_json=as_json)
        return
    if html is not None:
        check_writable(html)
    chosen = matrix.chosen(suite, matrix.directions(direction or ()), operator, shape, each, seed, targets)
    asked = engine.Options(seeds=seeds, budget=budget, cache=cache(context), level=options.level(depth), repair=0.0)
    with working() as progress:
        results = matrix.measure(chosen, jobs, matrix.Options(asked, texts), progress, kept)
    missed = matrix.misses(results)
    if as_json:
        print_json([r.to_json() for r in results])
    else:
        for table in _tables(results):
            out().print(table)
        for line in missed:
            err.print(line, markup=False, soft_wrap=True)
    if html is not None:
        page = Console(record=True, file=StringIO(), width=200)
        for item in (*_tables(results), *missed):
            page.print(item)
        write_whole(html, page.export_html(inline_styles=True))
    raise typer.Exit(1 if any(r.outcome not in (corpus.CONFIRMED, corpus.DEFECTIVE) for r in results) else 0)


def _tables(results: Sequence[matrix.Translated]) -> Sequence[RenderableType]:
    return (
        show.columns(matrix.HEADER, matrix.rows(results)), show.columns(*matrix.operators(results)),
        show.columns(rungs.HEADER, rungs.rows(r.evidence for r in results), words=True),
        show.columns(matrix.SHARES, matrix.shares(results)), matrix.NOTE, matrix.stated(results),
    )


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
    asked = engine.Options(seeds=seeds, budget=budget, cache=cache(context), level=options.level(depth), repair=0.0)
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


@app.command("mutants")
def bench_mutants(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="A folder of kernels, a file, or a suite's data directory.")],
    from_: Annotated[str, typer.Option("--from", help="Only files of this language; a suite needs it.")] = "",
    layout: Layout = "plain",
    only: Only = "*",
    limit: Limit = 0,
    each: Annotated[int, typer.Option(min=1, help="Mutants of a file.")] = 16,
    kinds: Annotated[str, typer.Option(help="Only these kinds, with commas: `missing barrier,zeros`.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Which places are taken, of those there are.")] = 0,
    seconds: Annotated[float, typer.Option(min=1.0, help="Seconds for all judges of one mutant.")] = 60.0,
    jobs: Jobs = 2,
    depth: Depth = "full",
    kept: Kept = None,
    as_json: Json = False,
) -> None:
    """Break correct kernels on purpose, one plausible mistake each, and count which judge finds it.

    Exit status 1 when a mutant survives: nobody refutes it, and nobody shows that it computes the same.

        xpiler bench mutants examples --each 8

        xpiler bench mutants benchmark/data --layout qimeng --from cuda --limit 1 --out mutants.json
    """
    if layout == "plain" and not from_:
        todo = mutants.subjects(directory, only, limit)
    else:
        platform = platforms.get(from_)
        todo = mutants.of_suite(corpus.cases(directory, layout, platform, only, limit), platform)
    wanted = tuple(k.strip() for k in kinds.split(",") if k.strip())
    unknown = [k for k in wanted if k not in KINDS]
    if unknown:
        raise Fault("XP3004", f"there is no kind of mutant `{unknown[0]}`",
                    why=f"the kinds are {', '.join(KINDS)}")
    asked = mutants.Options(each, wanted, seed, level=options.level(depth), seconds=seconds, cache=cache(context))
    with working() as progress:
        results = mutants.measure(todo, asked, jobs, kept, progress)
    left, wrong = list(mutants.survivors(results)), list(mutants.contradictions(results))
    if as_json:
        print_json([r.to_json() for r in results])
    else:
        header, rows = mutants.table(results)
        out().print(show.columns(header, rows))
        out().print(show.columns(mutants.ALONE, mutants.alone(results)))
        out().print(show.columns(mutants.SHOWN, mutants.shown(results)))
        out().print(show.columns(mutants.SKIPPED, mutants.skipped(results), words=True))
        for line in left:
            err.print(f"survived: {line}", markup=False, soft_wrap=True)
        for line in wrong:
            err.print(f"contradiction: {line}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if left or wrong else 0)


@app.command("ablation")
def bench_ablation(
    context: typer.Context,
    suite: Suite = Path("benchmarks"),
    direction: Directions = None,
    operator: Operators = "",
    shape: Shapes = "*",
    each: Each = 1,
    seed: Which = 0,
    most: Annotated[int, typer.Option(min=1, max=4, help="One to so many mistakes in a text.")] = 4,
    seconds: Annotated[float, typer.Option(min=1.0, help="Seconds to search for one repair.")] = 60.0,
    rows: Annotated[str, typer.Option(
        help="Only rows whose name begins with one of these, with commas: `whole program,rules`.")] = "",
    proposer: Annotated[str, typer.Option(
        help="`faulty` (our own translations with mistakes in them), or `model`: what --model, --ask and --replay say.",
    )] = "faulty",
    ask: models.Ways = "few-shot,per-pass",
    model: models.Named = "",
    base_url: models.Address = "",
    tape: models.Tape = None,
    replay: models.Replay = None,
    tokens: models.Tokens = 2_000_000,
    tries: models.Tries = 3,
    patience: models.Patience = 600.0,
    shots: models.Shots = 1,
    examples: models.Examples = None,
    passages: models.Passages = 5,
    jobs: Jobs = 1,
    depth: Depth = "usual",
    kept: Kept = None,
    as_json: Json = False,
) -> None:
    """What self-debugging, repair and going pass by pass are worth, in the shape of the paper's ablation.

    The faulty proposer puts mistakes into our own translations, as a model makes them; a model proposes by itself.

        xpiler bench ablation --direction cuda:bang --operator gemm,softmax --out ablation.json

        xpiler bench ablation -d cuda:bang --proposer model --model my-model --tape tape.jsonl
    """
    chosen = matrix.chosen(suite, matrix.directions(direction or ()), operator, shape, each, seed)
    asked = engine.Options(seeds=2, budget=30.0, cache=cache(context), level=options.level(depth), repair=0.0)
    if proposer not in ("faulty", "model"):
        raise Fault("XP3004", f"cannot understand `--proposer {proposer}`", why="there are faulty, model")
    said = models.Asked("neural", ask, model, base_url, tape, replay, tokens, tries=tries, patience=patience,
                        shots=shots, examples=examples, passages=passages)
    with working() as progress:
        if proposer == "model":
            results = _asked(context, said, chosen, asked, seconds, jobs, kept, progress)
        else:
            items = [replace(item, mistakes=n, seed=seed) for item in chosen for n in range(1, most + 1)]
            begins = tuple(r.strip() for r in rows.split(",") if r.strip())
            wanted = tuple(r for r in ablation.ROWS if r.startswith(begins or ("",)))
            results = ablation.measure(items, ablation.Options(asked, seconds, tries, wanted), jobs, kept, progress)
    if as_json:
        print_json([r.to_json() for r in results])
        return
    directions = list(dict.fromkeys((item.source, item.target) for item in chosen))
    out().print(show.columns(ablation.PARTS, ablation.parts(results, directions)))
    if proposer == "faulty":
        out().print(show.columns(ablation.HEAD, ablation.rows(results)))
        out().print(show.columns(ablation.OF_KIND, ablation.kinds(results)))
    for r in results:
        if r.outcome not in (ablation.REPAIRED, ablation.UNTOUCHED):
            err.print(f"{r.name}: {r.outcome}: {'; '.join((*r.what, r.why))}", markup=False, soft_wrap=True)


def _asked(
    context: typer.Context, said: models.Asked, items: Sequence[matrix.Item], asked: engine.Options, seconds: float,
    jobs: int, kept: Path | None, progress: Callable[[str], None],
) -> tuple[ablation.Outcome, ...]:
    """The rows of a model."""
    names = models.ways_of(said)
    plain, builds = annotated.plain(), cache(context)

    def ways(source: Platform, target: Platform) -> list[tuple[str, tuple[Stage, ...]]]:
        called = {n: ablation.STEPS if n == "per-pass" else f"{ablation.WHOLE}, {n}" for n in names}
        return [(called[n], models.way(n, said, builds, plain, source, target)) for n in names]

    wanted = by_model.Options(replace(asked, plain=plain), models.model_of(said, settings(context)), ways, said.tries,
                              said.patience, seconds, said.passages)
    return by_model.measure(items, wanted, jobs, kept, progress)


@app.command("locate")
def bench_locate(
    context: typer.Context,
    suite: Suite = Path("benchmarks"),
    direction: Directions = None,
    operator: Operators = "",
    shape: Shapes = "*",
    each: Each = 1,
    mistakes: Annotated[int, typer.Option(min=1, help="Texts with one mistake made of each translation.")] = 8,
    seed: Which = 0,
    jobs: Jobs = 1,
    kept: Kept = None,
    by_kind: Annotated[bool, typer.Option("--kinds", help="A row for every kind of mistake, too.")] = False,
    as_json: Json = False,
) -> None:
    """Put one mistake into translations, and count how far from it localisation sends one to look.

        xpiler bench locate --direction cuda:bang --operator softmax,layernorm --mistakes 12 --out located.json
    """
    chosen = matrix.chosen(suite, matrix.directions(direction or ()), operator, shape, each, seed)
    asked = engine.Options(seeds=2, budget=30.0, cache=cache(context), level=options.level("tests"), repair=0.0)
    with working() as progress:
        results = precision.measure(
            [replace(i, mistakes=mistakes, seed=seed) for i in chosen], asked, jobs, kept, progress)
    if as_json:
        print_json([r.to_json() for r in results])
        return
    out().print(show.columns(precision.HEAD, precision.rows(results)))
    if by_kind:
        out().print(show.columns(precision.HEAD, precision.kinds(results)))
    for r in results:
        if r.outcome != precision.MEASURED:
            err.print(f"{r.name}: {r.outcome}: {r.why}", markup=False, soft_wrap=True)


@app.command("recall")
def bench_recall(
    context: typer.Context,
    suite: Suite = Path("benchmarks"),
    to: Annotated[str, typer.Option(help="Only these targets, with commas: `bang,vnni`.")] = "",
    misses: Annotated[bool, typer.Option("--misses", help="List what was not found, too.")] = False,
    as_json: Json = False,
) -> None:
    """Measure how often the right passage of a manual is among the best five: for intrinsics and for operators.

        xpiler bench recall

        xpiler bench recall --to bang --misses
    """
    targets = [platforms.get(n) for n in (to.split(",") if to else platforms.NAMES)]
    with working() as progress:
        sought, operators = [], []
        for target in targets:
            progress(target.name)
            sought += recall.intrinsics(target, cache(context))
            operators += list(recall.operators(suite, target, cache(context)))
    if as_json:
        print_json({"intrinsics": [vars(s) for s in sought], "operators": [vars(o) for o in operators]})
        return
    out().print(show.columns(recall.INTRINSICS, recall.of_intrinsics(sought)))
    out().print(show.columns(recall.OPERATORS, recall.of_operators(operators)))
    for line in recall.missed(sought, operators) if misses else ():
        print(line)


@app.command("peers")
def bench_peers(
    context: typer.Context,
    suite: Suite = Path("benchmarks"),
    peer: Annotated[list[str] | None, typer.Option(
        help="HIPIFY=COMMAND, or NAME:cuda:hip=COMMAND; the command gets a file's name and prints its translation.",
    )] = None,
    operator: Operators = "",
    shape: Shapes = "*",
    each: Each = 0,
    seed: Which = 0,
    jobs: Jobs = 2,
    seeds: Seeds = 2,
    budget: Budget = 30.0,
    depth: Depth = "usual",
    kept: Kept = None,
    as_json: Json = False,
) -> None:
    """Translate the suite with other translators and with xpiler, and let the same judges say what arrived.

    hipify-perl and ppcg are taken where they are on PATH; the table says which were not.

        xpiler bench peers --peer HIPIFY=./hipify-perl --each 1
    """
    asked = peers.peers(peer or ())
    tries: list[peers.Try] = []
    for p in asked:
        if p.command:
            items = matrix.chosen(suite, [(p.source, p.target)], operator, shape, each, seed)
            tries += [peers.Try(i, who) for i in items for who in (p, None)]
    options_ = engine.Options(seeds=seeds, budget=budget, cache=cache(context), level=options.level(depth))
    with working() as progress:
        results = peers.measure(tries, jobs, options_, progress, kept)
    if as_json:
        print_json([r.to_json() for r in results])
        return
    out().print(show.columns(peers.HEADER, peers.rows(asked, results)))
    for line in peers.misses(results):
        err.print(line, markup=False, soft_wrap=True)
