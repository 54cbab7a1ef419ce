"""The command line in a process of its own, watched by a small one: what kills it becomes a message, and nothing stays.

libclang reads a stranger's text inside the process. A text can crash it, or keep it busy for ever; no Python code can
catch that. The watching process can, and it takes away the temporary files of a process that could not."""

from __future__ import annotations

from xpiler import interrupts  # first: from here on

import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xpiler import cli
from xpiler.emulate.cage import weaknesses
from xpiler.fault import Fault

_SECONDS = 300  # of CPU time in this process; compilers and runs have limits of their own
_MEMORY = 8 << 30  # of address space, beyond what the start took
_DEPTH = 5000  # frames: enough for 256 nested brackets, and little enough for a stack of 8 MiB
_RUNNING = ("run", "check", "replay", "translate", "prompt")  # commands that run a stranger's code
_LONG = ("bench",)  # commands that may take hours
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run the command line; leave with its exit status, or 2 with a message when it was killed."""
    arguments, watcher = sys.argv[1:], os.getpid()
    folder = tempfile.mkdtemp(prefix="xpiler-")
    try:
        child = os.fork()
        if child == 0:
            tempfile.tempdir = folder
            _limit(arguments)
            _warn(arguments)
            interrupts.end_with(watcher)
            cli.main(arguments)
            return
        status, told = _outcome(child)
    finally:
        if os.getppid() != watcher:  # this is the watcher, or the other one without it
            shutil.rmtree(folder, ignore_errors=True)
    if status < 0 and -status in told:  # it was told to end before it had a way of its own to do so
        status = 128 - status
    if status < 0:
        cli.tell(_fault(-status, arguments), arguments)
        status = 2
    raise SystemExit(status)


def _outcome(child: int) -> tuple[int, frozenset[int]]:
    """The exit status of the child, negative for a signal, and the signals this process was given; they go to it."""
    told: set[int] = set()

    def pass_on(number: int, frame: object) -> None:
        told.add(number)
        os.kill(child, number)

    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    while True:
        done, status = os.waitpid(child, 0)
        if done == child:
            for number in _PASSED_ON:
                signal.signal(number, signal.SIG_IGN)
            return os.waitstatus_to_exitcode(status), frozenset(told)


def _warn(arguments: Sequence[str]) -> None:
    """Say what the sandbox cannot hold on this system, before anything runs in it."""
    for weakness in weaknesses() if arguments[:1] and arguments[0] in _RUNNING else ():
        print(f"note: {weakness}", file=sys.stderr)


def _limit(arguments: Sequence[str]) -> None:
    sys.setrecursionlimit(_DEPTH)
    if arguments[:1] and arguments[0] not in _LONG:
        _lower(resource.RLIMIT_CPU, _SECONDS)
        _lower(resource.RLIMIT_AS, _address_space() + _MEMORY)


def _lower(limit: int, most: int) -> None:
    """The soft limit alone: what is started from here may have more."""
    soft, hard = resource.getrlimit(limit)
    known = [value for value in (soft, hard, most) if value != resource.RLIM_INFINITY]
    resource.setrlimit(limit, (min(known), hard))


def _address_space() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


def _fault(number: int, arguments: Sequence[str]) -> Fault:
    name = signal.Signals(number).name
    if number == signal.SIGXCPU:
        what = f"this takes more than {_SECONDS} seconds of CPU time"
        why = "macros or templates make the text very large"
    elif number == signal.SIGKILL:
        what, why = "xpiler was killed from outside", "the system was out of memory, or somebody did it"
    else:
        what = "the parser crashed on this text"
        why = f"it ended with {name}: the text is nested too deeply or too large"
    return Fault("XP1021", what, why=why, try_="a smaller text; a report with the file, where it is an ordinary one")
