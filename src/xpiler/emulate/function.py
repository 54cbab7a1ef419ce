"""A user's Python function, called in the sandbox: never in this process."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xpiler.emulate import sandbox
from xpiler.emulate.entry import Array, Limits
from xpiler.fault import Fault, Span


_CAGED = Path(__file__).with_name("caged.py")


@dataclass(frozen=True)
class Function:
    """The function `spec` of a file (or the one named like the file)."""

    text: str
    file: str
    limits: Limits = Limits()

    def describe(self) -> tuple[tuple[tuple[str, float | None], ...], str]:
        """Its parameters with their numeric defaults, and the file's SHAPES."""
        told, _ = self._asked({}, {}, describe=True)
        return tuple((str(n), d) for n, d in told["parameters"]), str(told["shapes"])

    def call(self, arrays: Mapping[str, Array], numbers: Mapping[str, int | float]) -> tuple[Array, ...]:
        """What it returns, as float64 arrays; Fault XP2305 when it fails."""
        _, results = self._asked(arrays, numbers, describe=False)
        return results

    def _asked(
        self, arrays: Mapping[str, Array], numbers: Mapping[str, int | float], describe: bool
    ) -> tuple[dict[str, Any], tuple[Array, ...]]:
        with tempfile.TemporaryDirectory(prefix="xpiler-spec-") as name:
            folder = Path(name)
            for i, a in enumerate(arrays.values()):
                np.save(folder / f"{i}.npy", a, allow_pickle=False)
            (folder / "asked.json").write_text(json.dumps({
                "text": self.text, "file": self.file, "stem": Path(self.file).stem, "describe": describe,
                "numbers": dict(numbers),
                "arrays": {n: f"{i}.npy" for i, n in enumerate(arrays)},
            }))
            done = sandbox.call([sys.executable, "-I", _CAGED, Path(np.__file__).parent.parent], folder, self.limits)
            told = _told(folder / "answer.json")
            if done.late:
                what = f"the specification did not end within {self.limits.seconds:g} s"
                raise Fault("XP2305", what, Span(self.file), why="it loops for ever, or the sizes are large",
                            try_="--timeout, or smaller sizes with --let")
            if told is None or "error" in told:
                why = told["error"] if told else done.stderr.strip()[-300:] or f"its process ended with {done.code}"
                line = int(told["line"]) if told else 0
                where = Span(self.file, line, 1) if line else Span(self.file)
                raise Fault("XP2305", "the specification failed", where, why=why, try_="run it by itself in Python")
            with (folder / "answer.bin").open("rb") as f:
                count = int(told.get("results", 0))
                return told, tuple(np.load(f, allow_pickle=False) for _ in range(count))


def _told(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None
