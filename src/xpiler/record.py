"""A result as plain data: what `--json` prints, `--report` keeps and `xpiler report` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xpiler.engine import Result
from xpiler.fault import Fault, Span
from xpiler.platforms.platform import Platform
from xpiler.verify.ladder import not_tried
from xpiler.verify.verdict import Evidence, confirmed
from xpiler.written import write_whole

Record = dict[str, Any]
VERSION = version("xpiler")


def of_translation(file: str, source: Platform, result: Result, written: bool) -> Record:
    """What became of a file that was to be translated."""
    return {
        "xpiler": VERSION, "file": file, "from": source.name, "to": result.target,
        "road": result.road, "proposer": result.proposer if result.road else "",
        "repairs": list(result.repairs), "confirmed": confirmed(result.evidence),
        "text": result.text if written else None,
        "trace": list(result.trace), "notes": list(result.notes), "attempts": [vars(a) for a in result.attempts],
        **evidence(result.evidence), "seconds": round(result.seconds, 3),
    }


def of_check(files: Sequence[str], items: Sequence[Evidence], good: bool, **more: object) -> Record:
    """What was found in one file, or in two that were compared."""
    return {"xpiler": VERSION, "files": list(files), "confirmed": good, **evidence(items), **more}


def evidence(items: Sequence[Evidence]) -> Record:
    """The evidence in order, and the rungs it does not have."""
    return {"evidence": [e.to_json() for e in items], "not_tried": list(not_tried(items))}


def keep(path: Path, told: Mapping[str, object]) -> None:
    """Write a record, all of it or nothing."""
    write_whole(path, json.dumps(told, indent=2, default=str) + "\n")


def read(path: Path) -> Record:
    """A record that `keep` or `--json` left; Fault XP3021 where the file holds none."""
    try:
        told = json.loads(path.read_text())
        found = [Evidence.from_json(e) for e in told["evidence"]]
    except OSError as e:
        raise Fault("XP1020", f"cannot read {path}", Span(str(path)), why=e.strerror or str(e)) from e
    except (ValueError, KeyError, TypeError) as e:
        why = f"it is not what `--report` or `--json` of `translate` or `check` writes ({type(e).__name__}: {e})"
        raise Fault("XP3021", f"{path} holds no result", Span(str(path)), why=why,
                    try_="xpiler translate ... --report run.json") from e
    return dict(told) | {"evidence": found}
