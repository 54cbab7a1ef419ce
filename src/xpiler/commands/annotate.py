"""xpiler annotate: what each loop nest computes, and what a target's manual has for it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from xpiler import platforms
from xpiler.annotated import pivot_text
from xpiler.commands.options import Block, File, From, Grid, Json, Let, Tasks
from xpiler.commands.terminal import print_json
from xpiler.fault import Fault
from xpiler.given import program_of
from xpiler.propose.annotate import SymbolicAnnotator
from xpiler.propose.manual import manual
from xpiler.propose.pragmas import attach
from xpiler.propose.retrieval import TOP, Index


def annotate(
    file: File,
    to: Annotated[str, typer.Option(help="The language whose manual is searched: c, cuda, hip, bang, vnni.")] = "",
    from_: From = "",
    top: Annotated[int, typer.Option(min=1, help="Passages of the manual for each loop nest.")] = TOP,
    let: Let = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    as_json: Json = False,
) -> None:
    """Print the sequential form of FILE with pragmas: what each loop nest computes, and what the target offers for it.

    The computations are recognised from index maps; the target's intrinsics and the sections of its guide are searched
    for them. It needs the extra `model`: `pip install 'xpiler[model]'`.

        xpiler annotate softmax.cu --to bang
    """
    if not to:
        raise Fault("XP3005", "no target language", why="`annotate` looks into the manual of one", try_="--to bang")
    target = platforms.get(to)
    source, _, program, _ = program_of(file, from_, let, (), grid, block, tasks, "")
    text, read = pivot_text(program, source)
    found = SymbolicAnnotator(Index(manual(target)), top, target.vector_bits).annotate(read, text)
    marked = attach(text, read, found)
    if as_json:
        print_json({"target": target.name, "text": marked,
                    "annotations": [{**asdict(a), "loop": str(a.loop)} for a in found]})
    else:
        print(marked, end="")
