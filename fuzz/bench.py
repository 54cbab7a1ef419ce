"""A worker kept at hand: started when needed, replaced when it dies, hangs or has done enough."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.cases import Case
from fuzz.outcome import Outcome

_PATIENCE = 10  # on a machine with other things to do, a case may wait longer than it works
LIMITS = {"read": 30.0, "run": 120.0, "check": 180.0}
_ENOUGH = {"read": 400, "run": 60, "check": 40}  # cases a worker does, so that changes of the code are picked up
_ROOT = Path(__file__).parent.parent


@dataclass
class Bench:
    """Tries cases of one target in a folder of its own."""

    target: str
    folder: Path
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _done: int = 0

    def attempt(self, case: Case) -> Outcome:
        """What becomes of a case; a worker's death is an outcome too."""
        worker = self._worker()
        assert worker.stdin is not None and worker.stdout is not None
        request = {"text": case.text, "suffix": case.suffix}
        worker.stdin.write(json.dumps(request) + "\n")
        worker.stdin.flush()
        limit, began, used = LIMITS[self.target], time.monotonic(), _seconds(worker.pid)
        answered = False
        while not answered and time.monotonic() - began < limit * _PATIENCE and _seconds(worker.pid) - used < limit:
            answered = bool(select.select([worker.stdout], [], [], 1.0)[0])
        line = worker.stdout.readline() if answered else ""
        self._done += 1
        if line:
            return Outcome(**json.loads(line))
        told = (self.folder / "stderr").read_text(errors="replace")[-6000:]
        if not answered:
            self.close()
            return Outcome("hang", f"not done after {limit:.0f} s in {_deepest(told)}", told)
        code = worker.wait()
        self.close()
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return Outcome("signal", f"{name} in {_deepest(told)}", told)

    def close(self) -> None:
        """End the worker and what it started, and empty its folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process, self._done = None, 0
        for name in ("tmp", "work", "cache/run", "cache/tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _worker(self) -> subprocess.Popen[str]:
        if self._process is not None and self._done >= _ENOUGH[self.target]:
            self.close()
        if self._process is None:
            for name in ("tmp", "work", "cache"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            environment = {
                **os.environ, "TMPDIR": str(self.folder / "tmp"), "XPILER_CACHE": str(self.folder / "cache"),
                "PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT)]), "PYTHONHASHSEED": "0",
            }
            with (self.folder / "stderr").open("w") as err:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "fuzz.worker", self.target, str(self.folder), str(LIMITS[self.target])],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True, env=environment, cwd=_ROOT,
                )
        return self._process


def _seconds(pid: int) -> float:
    """The CPU time of a process and of those it has waited for."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _deepest(told: str) -> str:
    """The innermost place in xpiler that a dump of the interpreter's stacks names."""
    place = next((line for line in told.splitlines() if "/xpiler/" in line and " in " in line), "")
    file, _, function = place.rpartition(" in ")
    return f"{file.rsplit('/xpiler/', 1)[-1].split(chr(34))[0]}:{function}" if place else "?"
