"""Where commands print: results to stdout, what is said about them to stderr, a spinner while they take long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from xpiler.ir.nodes import Program

WIDE = 160  # columns of a table that no terminal shows
SELDOM = 20.0  # seconds between two lines about long work in a log


def _console(stderr: bool = False) -> Console:
    """Into a pipe or a file, tables are not folded at 80 columns."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=max(console.width, WIDE))


err = _console(stderr=True)


@dataclass(frozen=True)
class Settings:
    """What the environment says, read once by cli.py: the folder where builds are kept, and the model to ask."""

    cache: Path
    base_url: str = ""
    model: str = ""
    key: str = field(default="", repr=False)


def settings(context: typer.Context) -> Settings:
    """What the environment says."""
    found = context.find_object(Settings)
    assert found is not None, "cli.py says it"
    return found


def cache(context: typer.Context) -> Path:
    """Where builds are kept."""
    return settings(context).cache


def out() -> Console:
    """Where results go."""
    return _console()


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str))


def seldom(
    say: Callable[[str], None], seconds: float = SELDOM, clock: Callable[[], float] = time.monotonic
) -> Callable[[str], None]:
    """Says a stage where none was said for so many seconds, nor was the work begun since."""
    last = clock()

    def stage(now: str) -> None:
        nonlocal last
        if clock() - last >= seconds:
            say(now)
            last = clock()

    return stage


@contextmanager
def working() -> Iterator[Any]:
    """A spinner on a terminal that says the stage; elsewhere a line now and then, for those who read a log."""
    if not err.is_terminal:
        yield seldom(lambda stage: err.print(stage, markup=False, soft_wrap=True))
        return
    with err.status("reading") as status:
        yield lambda stage: status.update(stage)


def say_notes(program: Program) -> None:
    for note in program.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)


def say_fixed(program: Program, grid: str, block: str, tasks: str) -> None:
    """A launch that the file's own host code fixes is not changed by an option; say so."""
    named = [o for o, text in (("--grid", grid), ("--block", block), ("--tasks", tasks)) if text]
    if program.launcher is not None and named:
        what = f"{' and '.join(named)} not used: `{program.launcher.name}` says itself how its kernels are launched"
        err.print(f"note: {what}", markup=False)
