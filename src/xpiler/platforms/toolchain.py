"""What a platform's own compiler says about a text."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_LIMIT_S = 60.0
_MESSAGE_LINES = 12


@dataclass(frozen=True)
class Checked:
    """The compiler took the text as far as `level`: checked, ISA or linked; `said` is what it printed."""

    level: str
    compiler: str
    said: str = ""


@dataclass(frozen=True)
class Rejected:
    """The compiler refused the text; `message` is the head of what it said."""

    message: str


@dataclass(frozen=True)
class Unavailable:
    """No verdict, because of `reason`: no compiler here, or it did not end in time."""

    reason: str


Outcome = Checked | Rejected | Unavailable


def first_on_path(*names: str) -> str | None:
    """The path of the first of these programs that is installed."""
    return next((found for name in names if (found := shutil.which(name))), None)


def attempt(
    compiler: str, args: Sequence[str], text: str, suffix: str, level: str, seconds: float = _LIMIT_S
) -> Outcome:
    """Run `compiler args SOURCE` on `text` in a folder of its own; `{out}` in an argument is the output file."""
    with TemporaryDirectory(prefix="xpiler-") as folder:
        source, out = Path(folder, f"kernel{suffix}"), Path(folder, "out")
        source.write_text(text)
        command = [compiler, *(a.replace("{out}", str(out)) for a in args), str(source)]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return Unavailable(f"{Path(compiler).name} did not end within {seconds:g} s")
        except OSError as failure:
            return Unavailable(f"{compiler} cannot be run: {failure.strerror}")
        if done.returncode == 0:
            return Checked(level, compiler, done.stderr or done.stdout)
        said = (done.stderr or done.stdout).replace(f"{folder}/", "").strip().splitlines()
        return Rejected("\n".join(said[:_MESSAGE_LINES]) or f"exit status {done.returncode}")
