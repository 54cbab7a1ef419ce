"""Ctrl-C from the first moment: imported before everything that takes time to import."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def leave(number: int, frame: object) -> None:
    """Leave at once, through every `finally` on the way; being told twice must not break into these."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def end_with(parent: int) -> None:
    """Be told to end when the process that started this one is killed, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


signal.signal(signal.SIGINT, leave)
