"""The arguments and options that several commands share, with the help each shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort

File = Annotated[Path, typer.Argument(help="A source file; its suffix names the language unless --from does.")]
From = Annotated[str, typer.Option("--from", help="Language of the file: c, cuda, hip, bang, vnni.")]
Let = Annotated[
    list[str],
    typer.Option("--let", help="A run-time scalar, `--let n=1000`, or a small array's contents, `--let shape=84,117`."),
]
Grid = Annotated[str, typer.Option(help="Blocks of a kernel without host code: `x`, `x,y` or `x,y,z`.")]
Block = Annotated[str, typer.Option(help="Threads of a block of a kernel without host code, likewise.")]
Tasks = Annotated[str, typer.Option(help="Tasks of a kernel without host code, on task platforms.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout instead of tables.")]
Seeds = Annotated[int, typer.Option(min=1, help="Random inputs to try at every choice of sizes.")]
Budget = Annotated[float, typer.Option(min=1.0, help="Seconds for running the source, and again the result.")]
Timeout = Annotated[float, typer.Option(min=0.05, help="Seconds one run of a kernel may take.")]
Named = Annotated[str, typer.Option(help="The kernel that is meant, where a file without host code has several.")]
Map = Annotated[
    list[str], typer.Option("--map", help="Which parameter of the first file is which of the second: `--map x=input`."),
]
Size = Annotated[list[str], typer.Option(
    help="Elements of an array nothing in the file allocates: `--size a=1024`, `--size a=rows*cols`.")]
Depth = Annotated[
    str,
    typer.Option("--evidence", help="How far to go: `tests` runs both and no more, `usual` argues too, `full` may "
                                    "take a minute."),
]
Record = Annotated[
    Path | None, typer.Option("--report", help="Keep the evidence here, for `xpiler report`.", metavar="FILE.json"),
]


def level(name: str) -> Level:
    """The level of evidence a user named."""
    known = {member.name.lower(): member for member in Level}
    if name not in known:
        raise Fault("XP3004", f"cannot understand `--evidence {name}`", why=f"the levels are {', '.join(known)}",
                    try_="--evidence usual")
    return known[name]


def effort(seeds: int, timeout: float, depth: str = "usual") -> Effort:
    """How much is tried, and how long one run may take."""
    return Effort(seeds=seeds, limits=Limits(seconds=timeout), level=int(level(depth)))
