"""The command line for tests: called in this process, which is quick, or in one of its own, as a person does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from xpiler import cli

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Call = Callable[..., Said]


def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """`xpiler` with these arguments in an empty folder, in this process: all but the watching process around it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*args: str) -> Said:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        capfd.readouterr()
        try:
            cli.main(args)
        except SystemExit as left:
            status = left.code or 0
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        assert isinstance(status, int), f"left with {status!r}"
        return Said(status, *capfd.readouterr())

    return run


def apart(tmp_path: Path) -> Call:
    """`xpiler` with these arguments in an empty folder, in a process of its own; keywords change its environment."""

    def run(*args: str, **environment: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "xpiler", *args], cwd=tmp_path, env=ENVIRONMENT | environment, capture_output=True,
            text=True, timeout=120, check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def write(folder: Path, text: str, name: str = "k.cu") -> str:
    (folder / name).write_text(text)
    return name
