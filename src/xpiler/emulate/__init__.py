"""Running text on this CPU: build against device.h, run in a sandbox, report broken rules at the user's lines."""

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Executable, Finding, Limits, Run
from xpiler.emulate.run import run

__all__ = ["Entry", "Executable", "Finding", "Limits", "Run", "build", "run"]
