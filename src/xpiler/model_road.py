"""What a model is asked in a translation: the program as a task and its sequential form as another, with what
annotation says of them."""

from __future__ import annotations

from dataclasses import replace

from xpiler.fault import BROKEN, Fault
from xpiler.ir.nodes import Program
from xpiler.passes.machine.rehost import on_host_memory, split_launches
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform
from xpiler.propose.annotate import SymbolicAnnotator
from xpiler.propose.manual import manual
from xpiler.propose.pragmas import attach
from xpiler.propose.prompt import Task
from xpiler.propose.retrieval import Index
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.text.writing.error import NotExpressible

MOST = 12  # passages of a manual in one prompt


def tasks(
    text: str, program: Program, pivot: Program | None, source: Platform, target: Platform, plain: Platform | None,
    passages: int,
) -> tuple[Task | None, Task | None]:
    """What a model is asked for, from the text and from its clean sequential program; None where the file has no entry
    that a caller could use, and where there is no such program or no words for it.

    With `passages` of the target's manual for each step of a loop nest (0 for none), annotations stand above the loops
    of the sequential program. Fault XP4003 where the library that searches manuals is not installed."""
    if program.launcher is None:
        return None, None
    task = Task(text, source, target, program.launcher)
    down = pivot_task(pivot, task, plain)
    if down is None or not passages:
        return task, down
    down = annotated(down, passages)
    return replace(task, manual=down.manual), down


def pivot_task(pivot: Program | None, task: Task, plain: Platform | None) -> Task | None:
    """The task from the clean sequential program, as text in C."""
    if pivot is None or plain is None:
        return None
    try:
        hosted = split_launches(on_host_memory(pivot), {k.name: (k,) for k in pivot.kernels})
        return replace(task, text=write(replace(hosted, platform=plain.name), plain), source=plain)
    except (NotApplicable, NotExpressible, *BROKEN):
        return None


def annotated(task: Task, passages: int) -> Task:
    """A task whose text says above its loops what they compute and what the target has for it, with that manual."""
    book = manual(task.target)
    annotator = SymbolicAnnotator(Index(book), passages, task.target.vector_bits)
    try:
        program = read(task.text, task.source, "the sequential form")
        found = annotator.annotate(program, task.text)
        text = attach(task.text, program, found)
    except (Fault, *BROKEN):  # without annotation a model can still be asked
        return task
    named = dict.fromkeys(r.name for a in found for r in a.refers)
    whole = {p.title: p.whole for p in book}
    return replace(task, text=text, manual=tuple(whole[n] for n in named if n in whole)[:MOST])
