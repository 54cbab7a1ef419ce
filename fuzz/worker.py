"""The process that tries cases: one JSON request a line, one JSON answer a line, what it prints thrown away."""

from __future__ import annotations

import faulthandler
import io
import json
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict
from pathlib import Path

from fuzz.cases import Case
from fuzz.outcome import Outcome, of_exception
from xpiler import cli, given
from xpiler.fault import Fault

_MEMORY = 12 << 30


def read(file: Path, options: Sequence[str]) -> Outcome:
    """What every command does first: the program of a file, with the extents of its arrays."""
    chosen = dict(zip(options[::2], options[1::2], strict=True))
    try:
        given.program_of(
            file, "", (), (), chosen.get("--grid", ""), chosen.get("--block", ""), chosen.get("--tasks", ""), "",
        )
    except Fault as fault:
        return Outcome("fault", f"{fault.code} {fault.what}")
    return Outcome("fine", "")


def command(name: str, file: Path, options: Sequence[str]) -> Outcome:
    """A command of the command line; what it says is its outcome."""
    said, complained = io.StringIO(), io.StringIO()
    arguments = [name, str(file), *options, "--timeout", "4", "--json"]
    status: object = 0
    with redirect_stdout(said), redirect_stderr(complained):
        try:
            cli.main([*arguments, *(("--seeds", "1") if name == "check" else ())])
        except SystemExit as end:
            status = end.code
    try:
        told = json.loads(said.getvalue())
    except ValueError:
        return Outcome("exception", f"exit {status} without an answer", said.getvalue() + complained.getvalue())
    return Outcome("fine" if status == 0 else "fault", _summary(told))


def _summary(told: dict[str, object]) -> str:
    match told:
        case {"error": {"code": code, "what": what}}:
            return f"{code} {what}"
        case {"findings": [first, *_]}:
            return str(first).split(": ", 1)[-1]
        case {"evidence": [*rows]}:
            return "; ".join(str(r.get("why", r.get("verdict", ""))) for r in rows if isinstance(r, dict))
    return ""


def attempt(target: str, file: Path, options: Sequence[str]) -> Outcome:
    """One case; every exception that is not a Fault is its outcome."""
    try:
        return read(file, options) if target == "read" else command(target, file, options)
    except Exception as e:  # noqa: BLE001  (finding them is what this is for)
        return of_exception(e)


def _left(folder: Path) -> Iterator[str]:
    """What a case should have taken away again."""
    for place in (folder / "tmp", folder / "cache" / "tmp"):
        for path in place.iterdir() if place.is_dir() else ():
            kept_by_reader = path.is_dir() and all(f.suffix == ".pch" for f in path.iterdir())
            if not kept_by_reader or path.name.startswith("xpiler-run-"):
                yield str(path.relative_to(folder))
    yield from (f"work/{p.name}" for p in (folder / "work").iterdir() if not p.name.startswith("case"))


def _children() -> list[str]:
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += (task / "children").read_text().split()
    return found


def main(target: str, folder: Path, limit: float) -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.chdir(folder / "work")
    for line in sys.stdin:
        asked = json.loads(line)
        case = Case(asked["text"], asked["suffix"])
        file = Path(f"case{case.suffix}")
        case.write(file)
        faulthandler.dump_traceback_later(limit * 0.9, repeat=True)
        outcome = attempt(target, file, case.geometry)
        faulthandler.cancel_dump_traceback_later()
        if not outcome.is_find and (left := list(_left(folder))):
            outcome = Outcome("left", f"files left after {outcome.kind}", "\n".join(left))
        if not outcome.is_find and (children := _children()):
            outcome = Outcome("survivor", "a process outlives its run", " ".join(children))
        answers.write(json.dumps(asdict(outcome)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
