"""The command line: its commands put together, and the ways out. The only file that reads the environment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from xpiler import show
from xpiler.commands import bench, passes, reference
from xpiler.commands.annotate import annotate
from xpiler.commands.check import check, replay
from xpiler.commands.locate import locate
from xpiler.commands.prompt import prompt
from xpiler.commands.repair import repair
from xpiler.commands.run import run
from xpiler.commands.terminal import Settings, err, print_json
from xpiler.commands.translate import translate
from xpiler.fault import Fault, Span

app = typer.Typer(
    name="xpiler", no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False,
    add_completion=False, context_settings={"help_option_names": ["-h", "--help"]},
    help="""Translate tensor kernels between CUDA C, HIP, Cambricon BANG C, C with AVX-512 VNNI and plain C,
and run and check them on this CPU, without the hardware.

**The main job:** `xpiler translate softmax.cu --to bang -o softmax.mlu`

**Is this kernel sane?** `xpiler check softmax.cu` runs it with bounds, address spaces, capacities and barriers checked.

**Are these two the same?** `xpiler check softmax.cu softmax.mlu`

**And if not, what makes them so?** `xpiler repair softmax.cu broken.mlu -o softmax.mlu`

Exit status: 0 done and confirmed, 1 not confirmed, 2 a mistake in the input or the call, 130 interrupted.""",
)
app.command()(translate)
app.command()(run)
app.command()(check)
app.command()(replay)
app.command()(prompt)
app.command()(locate)
app.command()(repair)
app.command()(annotate)
app.command("platforms")(reference.list_platforms)
app.command()(reference.explain)
app.command()(reference.report)
app.add_typer(passes.app, name="pass")
app.add_typer(bench.app, name="bench")


@app.callback()
def _settings(context: typer.Context) -> None:
    said = os.environ.get
    context.obj = Settings(
        _cache(), base_url=said("XPILER_BASE_URL") or said("OPENAI_BASE_URL") or "", model=said("XPILER_MODEL") or "",
        key=said("XPILER_API_KEY") or said("OPENAI_API_KEY") or "")


def _cache() -> Path:
    """Where builds are kept: $XPILER_CACHE, else the user's cache directory."""
    named = os.environ.get("XPILER_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xpiler"


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status: 2 for a Fault, 128 and more for an interrupt."""
    told: list[int] = []

    def interrupted(number: int, frame: object) -> None:
        """Leave at once, but through every `finally` on the way: nothing half-done stays. Being told twice is once."""
        signal.signal(number, signal.SIG_IGN)  # told twice, by the terminal and by the watching process
        told.append(number)
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    try:
        app(args=args)
    except (Fault, RecursionError, MemoryError, SystemExit) as e:
        if told:  # while C called Python, where nothing can be raised: what came of it is no fault of the text
            raise SystemExit(128 + told[0]) from None
        if isinstance(e, SystemExit):
            raise
        tell(e if isinstance(e, Fault) else _too_much(e), sys.argv[1:] if args is None else args)
        raise SystemExit(2) from None


def tell(fault: Fault, args: Sequence[str]) -> None:
    """Print a Fault, as JSON too where the arguments ask for it."""
    for f in fault.every:
        f.source_line = f.source_line or _line_of(f.where)
    if "--json" in args:
        print_json({"error": fault.to_json(), "errors": [f.to_json() for f in fault.every]})
    err.print(show.message(str(fault)), soft_wrap=True)


def _line_of(where: Span) -> str:
    """The line of a file that a place is in, "" where there is none to show."""
    try:
        lines = Path(where.file).read_text().splitlines() if where.line else []
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[where.line - 1] if where.line <= len(lines) and lines else ""


def _too_much(e: RecursionError | MemoryError) -> Fault:
    what = "is nested too deeply" if isinstance(e, RecursionError) else "needs more memory than there is"
    return Fault("XP1021", f"the text {what}", why="a limit of this process was met", try_="a smaller text")

