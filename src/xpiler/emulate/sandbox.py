"""Starting processes: no environment, own session, resource limits, a deadline, a throw-away folder, and a cage."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xpiler.emulate.cage import Cage
from xpiler.emulate.entry import Limits

_GRACE = 0.5  # seconds between asking a run to say where it is and ending it
_LOADING = 10
_MIB = 1 << 20


@dataclass(frozen=True)
class Finished:
    """How a process ended: its exit code (negative: a signal), whether its time ran out, and what it printed."""

    code: int
    late: bool
    seconds: float
    stdout: str
    stderr: str


def call(
    command: Sequence[str | Path], folder: Path, limits: Limits, *, tools: str = "", cage: Cage | None = None,
    reads: Sequence[Path] = (), files: Sequence[int] = (), writes: Sequence[str] = (), ask: float = 0.0,
) -> Finished:
    """Run `command` in `folder` and wait for it; `tools` is the PATH it sees ("" for none).

    In a cage it reaches what a kernel needs, or (with `tools`) what a tool needs, the `reads` and the `writes`. `files`
    are file descriptors that it gets open. `ask`: seconds after which it is asked, again and again, whether what it
    does now takes too long (`run_many`)."""
    environment = {"PATH": tools, "LC_ALL": "C", "TMPDIR": str(folder)} if tools else {}
    words = [str(part) for part in command]
    if cage is not None:
        words = cage.tool(words, folder, limits, reads, writes) if tools else cage.kernel(words, limits)
    began = time.monotonic()
    with (folder / ".stdout").open("w+b") as out, (folder / ".stderr").open("w+b") as err:
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
            stderr=err, start_new_session=True, close_fds=True, pass_fds=files,
        )
        _confine(process.pid, limits)
        late = False
        try:
            if not (_asked(process, limits.seconds, ask) if ask else _ended(process, limits.seconds)):
                late = True
                _end(process)
        finally:
            _kill_group(process)
        seconds = time.monotonic() - began
        return Finished(process.returncode, late, seconds, _tail(out.fileno()), _tail(err.fileno()))


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether a process ends in time. Sleeps until it does; `Popen.wait` with a timeout would look again and again."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:  # a kernel before 5.3
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.returncode is not None
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return False
    finally:
        os.close(handle)
    process.wait()
    return True


def _asked(process: subprocess.Popen[bytes], seconds: float, ask: float) -> bool:
    """Whether a process ends in time that is sent SIGTERM every so often."""
    until, pause = time.monotonic() + seconds, _LOADING * ask  # it cannot answer before it is loaded
    while (left := until - time.monotonic()) > 0:
        if _ended(process, min(pause, left)):
            return True
        pause = ask
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    return False


def _confine(pid: int, limits: Limits) -> None:
    """Set from outside: a function between fork and exec would not be safe where the caller has threads."""
    cpu = int(limits.seconds) + 2
    wanted = {
        resource.RLIMIT_CPU: (cpu, cpu + 2),
        resource.RLIMIT_AS: (limits.memory_mb * _MIB,) * 2,
        resource.RLIMIT_FSIZE: (limits.file_mb * _MIB,) * 2,
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NOFILE: (256, 256),
    }
    for name, values in wanted.items():
        try:
            resource.prlimit(pid, name, values)
        except (ProcessLookupError, PermissionError):
            return  # it has ended already


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask, then kill: the runtime answers SIGTERM with the line it was at."""
    os.kill(process.pid, signal.SIGTERM)
    if not _ended(process, _GRACE):
        process.kill()
        process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Whatever the process started and left behind goes with it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _tail(fd: int, most: int = 1 << 16) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, most, max(0, size - most)).decode(errors="replace")
