"""xpiler locate: where a wrong translation parts from what it should equal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xpiler.commands import options
from xpiler.located import as_data, said
from xpiler.commands.options import Block, From, Grid, Json, Let, Map, Seeds, Size, Tasks, Timeout
from xpiler.commands.terminal import cache, err, out, print_json, working
from xpiler.fault import Fault
from xpiler.given import geometry_of, pairs, platform_of, sizes, text_of, values
from xpiler.repairing import judges_of
from xpiler.repair.localise import suspects
from xpiler.text.sites import Sites
from xpiler.verify.verdict import refuted

MOST = 6  # further lines that are named


def locate(
    context: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="SOURCE", help="The file that says what is right.")],
    b: Annotated[Path, typer.Argument(metavar="BROKEN", help="A translation of it that does something else.")],
    from_: From = "",
    to: Annotated[str, typer.Option(help="Language of BROKEN, where its suffix does not say.")] = "",
    let: Let = [],  # noqa: B006
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    mapped: Map = [],  # noqa: B006
    seeds: Seeds = 1,
    timeout: Timeout = 60.0,
    as_json: Json = False,
) -> None:
    """Where does BROKEN make something wrong of what is still right?

    Both are run, and tell the values they compute. Exit status 1 where a difference was seen, 0 where none was.

        xpiler locate softmax.cu broken.mlu
    """
    source, target = platform_of(a, from_), platform_of(b, to)
    text = text_of(b)
    with working() as progress:
        judges = judges_of(
            text_of(a), source, target, file=str(b), source_file=str(a), let=values(let), size=sizes(size),
            geometry=geometry_of(source, grid, block, tasks), target_geometry=geometry_of(target, grid, block, tasks),
            pairs=pairs(mapped, "--map", "PARAMETER=PARAMETER"), effort=options.effort(seeds, timeout, "tests"),
            cache=cache(context), progress=progress)
        if refuted([judges.reference.evidence]):
            raise Fault("XP2010", f"{a} itself is not sane", why="what is right cannot be told by it",
                        try_=f"xpiler check {a}")
        progress("running both programs, which tell their values")
        found = judges.locate(text)
        order = suspects(Sites(text, target, judges.read(text), str(b)), found.lines, found.then)
    if as_json:
        print_json({"source": str(a), "broken": str(b), **as_data(found), "suspects": list(order)})
    else:
        for paragraph in said(found, a, b, text):
            out().print(paragraph, markup=False, soft_wrap=True, highlight=False)
        further = [n for n in order if n not in found.lines][:MOST]
        if further:
            err.print(f"then look at lines {', '.join(map(str, further))}: what these values come from", markup=False,
                      soft_wrap=True, highlight=False)
    raise typer.Exit(1 if found.finding is not None or found.array else 0)
