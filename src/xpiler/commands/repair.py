"""xpiler repair: a wrong translation made right by the smallest change that is found."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from xpiler import show
from xpiler.commands import options
from xpiler.commands.options import Block, Depth, From, Grid, Json, Let, Map, Seeds, Size, Tasks, Timeout
from xpiler.commands.terminal import cache, err, print_json, working
from xpiler.given import geometry_of, pairs, platform_of, sizes, text_of, values
from xpiler.located import as_data
from xpiler.located import said as located
from xpiler.mending import Repaired
from xpiler.repairing import repair as mended
from xpiler.verify.verdict import refuted
from xpiler.written import check_writable, write_whole


def repair(
    context: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="SOURCE", help="The file that says what is right.")],
    b: Annotated[Path, typer.Argument(metavar="BROKEN", help="A translation of it that does something else.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Where to write; stdout without it.")] = None,
    from_: From = "",
    to: Annotated[str, typer.Option(help="Language of BROKEN, where its suffix does not say.")] = "",
    let: Let = [],  # noqa: B006
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    mapped: Map = [],  # noqa: B006
    seeds: Seeds = 2,
    timeout: Timeout = 60.0,
    depth: Depth = "usual",
    as_json: Json = False,
) -> None:
    """Change BROKEN as little as makes it compute what SOURCE computes.

    Nothing is written unless the result was confirmed. Exit status 1 where no repair was found.

        xpiler repair softmax.cu broken.mlu -o softmax.mlu
    """
    if out is not None:
        check_writable(out)
    source, target = platform_of(a, from_), platform_of(b, to)
    text = text_of(b)
    with working() as progress:
        done = mended(
            text_of(a), source, text, target, file=str(b), source_file=str(a), let=values(let), size=sizes(size),
            geometry=geometry_of(source, grid, block, tasks), target_geometry=geometry_of(target, grid, block, tasks),
            pairs=pairs(mapped, "--map", "PARAMETER=PARAMETER"), seconds=timeout, level=options.level(depth),
            effort=options.effort(seeds, timeout, depth), cache=cache(context), progress=progress)
    if done.confirmed and out is not None:
        write_whole(out, done.mended.text)
    if as_json:
        print_json(_told(a, b, done))
    else:
        _say(a, b, text, done, to_stdout=out is None)
    raise typer.Exit(0 if done.confirmed else 1)


def _say(a: Path, b: Path, before: str, done: Repaired, to_stdout: bool) -> None:
    mended = done.mended
    for c in mended.changes:
        err.print(f"{b}:{c.line}: {c.what}", markup=False, soft_wrap=True, highlight=False)
    if done.confirmed:
        said = f"repaired by {len(mended.changes)} changes" if mended.changes else "nothing to repair"
        err.print(f"{said} ({mended.runs} programs run, {mended.seconds:.1f} s)", markup=False, highlight=False)
        err.print(show.evidence(done.evidence))
        if to_stdout:
            print(mended.text, end="")
        return
    err.print(f"not repaired: {mended.why} ({mended.runs} programs run, {mended.seconds:.1f} s)", markup=False,
              soft_wrap=True, highlight=False)
    for paragraph in located(done.located, a, b, before) if done.located is not None else ():
        err.print(paragraph, markup=False, soft_wrap=True, highlight=False)
    if mended.suspects:
        lines = ", ".join(map(str, mended.suspects[:5]))
        err.print(f"look at: {b}, lines {lines}", markup=False, soft_wrap=True, highlight=False)
    first = refuted(done.evidence)
    if first is not None:
        err.print(show.evidence((first,)))
    after = mended.text.splitlines()
    for line in unified_diff(before.splitlines(), after, str(b), "as far as it came", lineterm="", n=1):
        err.print(line, markup=False, soft_wrap=True, highlight=False)


def _told(a: Path, b: Path, done: Repaired) -> dict[str, object]:
    mended = done.mended
    return {
        "source": str(a), "broken": str(b), "repaired": done.confirmed, "why": mended.why,
        "changes": [{"line": c.line, "what": c.what} for c in mended.changes], "suspects": list(mended.suspects),
        "located": None if done.located is None else as_data(done.located),
        "runs": mended.runs, "seconds": round(mended.seconds, 3), "text": mended.text,
        "evidence": [e.to_json() for e in done.evidence],
    }
