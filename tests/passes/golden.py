"""Golden texts of passes: a kernel before and after, as C-like text; XPILER_GOLDEN=write rewrites them."""

from __future__ import annotations

import os
from pathlib import Path

from xpiler.ir.nodes import Kernel
from xpiler.ir.show import show

FOLDER = Path(__file__).parent / "golden"


def golden(name: str, before: Kernel, after: Kernel) -> None:
    """AssertionError unless golden/NAME.txt holds these two kernels."""
    text = f"{show(before)}\n\n-- becomes\n\n{show(after)}\n"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("XPILER_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text, f"{path.name} differs; XPILER_GOLDEN=write rewrites it"
