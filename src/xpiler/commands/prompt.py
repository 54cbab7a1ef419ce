"""xpiler prompt: what a model is told, for a person to read or to paste."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from xpiler import model_road, platforms, shots, to_pivot
from xpiler.annotated import plain
from xpiler.commands import models
from xpiler.commands.options import Block, File, From, Grid, Json, Let, Tasks
from xpiler.commands.terminal import cache, print_json, working
from xpiler.fault import Fault
from xpiler.given import program_of
from xpiler.ir.nodes import Program
from xpiler.passes.machine.host import with_host
from xpiler.platforms.platform import Platform
from xpiler.propose import prompt as prompts


def prompt(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="PASS", help="A pass, as `xpiler pass list` names it, or `whole`.")],
    file: File,
    to: Annotated[str, typer.Option(help="Language of the answer: c, cuda, hip, bang, vnni.")] = "",
    from_: From = "",
    shots_: models.Shots = 1,
    examples: models.Examples = None,
    passages: models.Passages = 5,
    let: Let = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    as_json: Json = False,
) -> None:
    """Print what a model is asked, to read it or to paste it; no model is asked.

    `whole` is the translation of a whole program, zero-shot with --shots 0; a pass has a prompt of its own, with its
    picture, examples of it and the knobs it has in FILE.

        xpiler prompt whole softmax.cu --to bang

        xpiler prompt tensorize gemm.c --to vnni --shots 2
    """
    if not to:
        raise Fault("XP3005", "no target language", why="a prompt asks for one", try_="--to bang")
    source, text, program, _ = program_of(file, from_, let, (), grid, block, tasks, "")
    target = platforms.get(to)
    if with_host(program).launcher is None:
        raise Fault("XP2013", f"{file} has several kernels and no function that launches them",
                    why="a prompt names the function that callers use", try_="the host code that launches them")
    folder = models.folder(examples)
    with working() as progress:
        task, _ = model_road.tasks(text, with_host(program), down(program, source), source, target, plain(), passages)
        assert task is not None, "there is a launcher"
        progress("making examples")
        if name == "whole":
            found = shots.translated(text, source, target, folder, shots_, cache(context))
            messages = prompts.whole(task if found else replace(task, manual=()), found)
        else:
            told = shots.meta(name, text, source, target, folder, shots_, cache(context))
            messages = prompts.of_pass(name, told.about, task, told.shots, told.knobs)
    if as_json:
        print_json({"prompt": name, "versions": prompts.versions(), "messages": prompts.as_json(messages)})
    else:
        print(prompts.shown(messages), end="")


def down(program: Program, source: Platform) -> Program | None:
    """The clean sequential program, which annotation looks at; None where there is none."""
    try:
        return to_pivot.sequential(with_host(program), source)[0]
    except Fault:
        return None
