"""From machine addresses to the user's lines."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xpiler.emulate import sandbox
from xpiler.emulate.entry import Limits
from xpiler.emulate.prepare import TEXT

_PLACE = re.compile(rf"^{re.escape(TEXT)}:(\d+)", re.MULTILINE)


def user_line(program: Path, addresses: Sequence[int]) -> int:
    """The line of the user's text that the innermost of these frames (innermost first) is in; 0 if none is."""
    tool = shutil.which("addr2line")
    if not tool or not addresses:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        done = sandbox.call(
            [tool, "-i", "-e", program, *(hex(a) for a in addresses)], Path(folder), Limits(seconds=10),
            tools=str(Path(tool).parent),
        )
    found = _PLACE.search(done.stdout)
    return int(found[1]) if found else 0
