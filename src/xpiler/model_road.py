"""What a model is asked in a translation: the program as a task, and its sequential form as another."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Program
from xpiler.neural_road import BROKEN
from xpiler.passes.rehost import on_host_memory, split_launches
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform
from xpiler.propose.prompt import Task
from xpiler.text.write import write
from xpiler.text.write_error import NotExpressible


def task_of(text: str, program: Program, source: Platform, target: Platform) -> Task | None:
    """What a model is asked for; None where the file has no entry that a caller could use."""
    return None if program.launcher is None else Task(text, source, target, program.launcher)


def pivot_task(pivot: Program | None, task: Task, plain: Platform | None) -> Task | None:
    """The same, from the clean sequential program; None where there is none, or no words for it."""
    if pivot is None or plain is None:
        return None
    try:
        hosted = split_launches(on_host_memory(pivot), {k.name: (k,) for k in pivot.kernels})
        return replace(task, text=write(replace(hosted, platform=plain.name), plain), source=plain)
    except (NotApplicable, NotExpressible, *BROKEN):
        return None
