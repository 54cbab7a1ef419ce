"""xpiler platforms, explain, report: things to look up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xpiler import platforms, record, show
from xpiler.codes import CODES, page
from xpiler.commands.options import Json
from xpiler.commands.terminal import out, print_json
from xpiler.fault import Fault
from xpiler.written import check_writable, write_whole


def list_platforms(as_json: Json = False) -> None:
    """The languages xpiler reads and writes, with their suffixes and memory spaces."""
    known = [platforms.get(name) for name in platforms.NAMES]
    if as_json:
        print_json([{"name": p.name, "title": p.title, "suffixes": p.suffixes, "model": p.model} for p in known])
        return
    rows = [(p.name, p.title, " ".join(p.suffixes), p.model, " ".join(s.name for s in p.spaces)) for p in known]
    out().print(show.columns(("name", "title", "suffixes", "model", "spaces"), rows, words=True))


def explain(
    code: Annotated[str, typer.Argument(help="The code in brackets at the end of a message: XP2010.")],
    as_json: Json = False,
) -> None:
    """What a message means, an example that gives it, and what to do.

        xpiler explain XP2101
    """
    name = code.upper().strip("[]")
    meaning = CODES.get(name)
    if meaning is None:
        raise Fault("XP3006", f"no message has the code `{code}`")
    if as_json:
        print_json({"code": name, "meaning": meaning, "page": page(name)})
    else:
        print(page(name), end="")


def report(
    file: Annotated[Path, typer.Argument(help="What --report or --json of a command left.", metavar="RUN.json")],
    html: Annotated[Path | None, typer.Option(help="Write a page for a browser here instead.")] = None,
) -> None:
    """A result for a person to read: what was shown, on what scope, by which argument, and what was not tried.

        xpiler translate softmax.cu --to bang -o softmax.mlu --report run.json

        xpiler report run.json --html run.html
    """
    told = record.read(file)
    if html is None:
        out().print(show.report(told))
        return
    check_writable(html)
    with open("/dev/null", "w") as nowhere:
        console = Console(record=True, width=120, highlight=False, file=nowhere)
        console.print(show.report(told))
        write_whole(html, console.export_html(inline_styles=True))
