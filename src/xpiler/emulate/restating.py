"""The other side of `emulate.restated`: runs in the cage, reads a stranger's text, answers with what it was read as.

What it answers is written from the program that was read; no character of the stranger's text goes into it unread."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.text.writing.error import NotExpressible

_DEPTH = 5000  # frames, as in the command itself


def main(folder: Path) -> None:
    """`asked.json` -> `told.json`, either a text or a reason."""
    sys.setrecursionlimit(_DEPTH)
    asked = json.loads((folder / "asked.json").read_text())
    platform = platforms.get(asked["platform"])
    if asked["target"] in platform.targets:
        platform = platform.on(asked["target"])
    told: dict[str, str]
    try:
        told = {"text": write(replace(read(asked["text"], platform, "answer"), file=asked["origin"]), platform)}
    except (Fault, NotExpressible) as e:
        told = {"why": str(e)}
    except (RecursionError, MemoryError) as e:
        told = {"why": f"the text is too deep or too large ({type(e).__name__})"}
    (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path.cwd())
