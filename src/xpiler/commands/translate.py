"""xpiler translate: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xpiler import engine, platforms, record, show
from xpiler.commands import models, options
from xpiler.commands.options import Block, Budget, Depth, File, From, Grid, Json, Let, Named, Record, Seeds, Size, Tasks
from xpiler.commands.terminal import cache, err, print_json, settings, working
from xpiler.fault import Fault
from xpiler.given import for_the_kernel_alone, geometry_of, platform_of, sizes, source_of, values
from xpiler.verify.verdict import confirmed
from xpiler.written import check_writable, write_whole


def translate(
    context: typer.Context,
    file: File,
    to: Annotated[str, typer.Option(help="Language to write: c, cuda, hip, bang, vnni.")] = "",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Where to write; stdout without it.")] = None,
    from_: From = "",
    let: Let = [],  # noqa: B006  (typer's way to say "may be repeated")
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    kernel: Named = "",
    seeds: Seeds = 3,
    budget: Budget = 60.0,
    depth: Depth = "usual",
    keep: Annotated[bool, typer.Option("--keep", help="Write the text even when it was not confirmed.")] = False,
    pivot: Annotated[bool, typer.Option("--pivot", help="Write the clean sequential C program instead.")] = False,
    trace: Annotated[bool, typer.Option(
        "--trace", help="Also print the steps that were taken, and what was tried and not taken.")] = False,
    report: Record = None,
    proposer: models.Proposer = "symbolic",
    ask: models.Ways = "few-shot",
    model: models.Named = "",
    base_url: models.Address = "",
    tape: models.Tape = None,
    replay: models.Replay = None,
    tokens: models.Tokens = 200_000,
    money: models.Money = 0.0,
    price: models.PriceOf = "",
    tries: models.Tries = 3,
    patience: models.Patience = 600.0,
    temperature: models.Temperature = 0.0,
    shots: models.Shots = 1,
    examples: models.Examples = None,
    passages: models.Passages = 5,
    repair: Annotated[float, typer.Option(
        min=0.0, help="Seconds to repair a refuted text: a model's at once, ours when all are; 0 for none.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Translate FILE and confirm that the result does the same.

    Nothing is written unless it was confirmed (or --keep says so).

        xpiler translate softmax.cu --to bang -o softmax.mlu

        xpiler translate add.cu --to hip --let n=1000

        xpiler translate kernel_only.cu --to bang --grid 32 --block 256 --let n=8000
    """
    source = platform_of(file, from_)
    plain = next(p for p in map(platforms.get, platforms.NAMES) if p.model == "serial" and not p.vector_bits)
    if pivot:
        to = plain.name
    if not to:
        raise Fault("XP3005", "no target language", why="`translate` needs one", try_="--to bang")
    target = platforms.get(to)
    geometry = geometry_of(source, grid, block, tasks)
    text, kernel, notes = source_of(file, source, geometry, kernel)
    for note in notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    for path in (out, report):
        if path is not None:
            check_writable(path)
    asked = models.Asked(proposer, ask, model, base_url, tape, replay, tokens, money, price, tries, patience,
                         temperature, shots, examples, passages)
    neural = models.neural(asked, settings(context), plain, source, target)
    how = engine.Options(
        let=values(let), geometry=geometry, seeds=seeds, budget=budget, cache=cache(context), size=sizes(size),
        kernel=kernel, level=options.level(depth), neural=neural, plain=plain, repair=repair)
    with working() as progress:
        try:
            result = engine.translate(text, source, target, file=str(file), progress=progress, options=how)
        except Fault as fault:
            raise fault if geometry else for_the_kernel_alone(fault, file, source) from None
    good = confirmed(result.evidence)
    written = bool(result.text) and (good or keep)
    if written:
        if out is not None:
            write_whole(out, result.text)
        elif not as_json:
            print(result.text, end="")
    told = record.of_translation(str(file), source, result, written)
    if report is not None:
        record.keep(report, told)
    if as_json:
        print_json(told)
    else:
        _say(result, good, written, trace, neural is not None)
    raise typer.Exit(0 if good else 1)


def _say(result: engine.Result, good: bool, written: bool, trace: bool, asked: bool) -> None:
    if trace:
        err.print("\n".join(result.trace), markup=False)
    err.print(show.evidence(result.evidence))
    if good:
        err.print(show.road(result.trace))
        if asked:
            err.print(f"proposed by: {result.road if result.proposer == 'model' else f'rules ({result.road})'}",
                      markup=False)
        for change in result.repairs:
            err.print(f"repaired: {change.removeprefix('repair(').removesuffix(')')}", markup=False, highlight=False)
    for note in result.notes:
        err.print(f"note: {note}", markup=False)
    if not good or asked or trace:
        for attempt in result.attempts:
            err.print(f"tried {attempt.road}: {attempt.why}", style="dim", markup=False)
    if not good:
        err.print("not confirmed" + ("" if written else "; nothing was written"), style="bold red")
