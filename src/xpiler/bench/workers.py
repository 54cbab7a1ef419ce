"""Several items at a time, each in one of several processes: Python runs on one core, and what kills a process takes
one item with it and not the rest."""

from __future__ import annotations

import os
import resource
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Generic, TypeVar

from xpiler.fault import BROKEN, Fault
from xpiler.interrupts import end_with, leave

Item = TypeVar("Item")
T = TypeVar("T")

_FORK = get_context("fork")  # what is to be done is a closure, and cannot be sent; an index can
_LARGE = 2 << 20  # KiB: a process that has held so much gives way to a new one
_TOLD = (Fault, *BROKEN, ArithmeticError, AttributeError, OSError, MemoryError)
_PATIENCE = 10.0  # seconds for one that was told to end


@dataclass(frozen=True)
class Broken:
    """What a defect of xpiler leaves in place of a result."""

    kind: str  # of the error
    why: str  # what it says, and where it was raised


def several(
    items: Sequence[Item], act: Callable[[Item], T], jobs: int, together: bool = False,
    alike: Callable[[Item], object] | None = None,
) -> Iterator[tuple[Item, T | Broken]]:
    """What came of every item, as it comes. Items that are `alike` are done one after the other by the same process,
    which may remember what they share; where all share something (`together`), this process does them itself."""
    return _here(items, act, jobs) if together else _apart(items, act, jobs, alike)


def _here(items: Sequence[Item], act: Callable[[Item], T], jobs: int) -> Iterator[tuple[Item, T | Broken]]:
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(act, item): item for item in items}
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], future.result() if error is None else broken(error)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _apart(
    items: Sequence[Item], act: Callable[[Item], T], jobs: int, alike: Callable[[Item], object] | None
) -> Iterator[tuple[Item, T | Broken]]:
    groups: dict[object, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(index if alike is None else alike(item), []).append(index)
    workers = [_Worker(act, items) for _ in range(min(jobs, len(groups)))]
    idle: SimpleQueue[_Worker[Item, T]] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def one(group: Sequence[int]) -> list[T | Broken]:
        worker = idle.get()
        try:
            return [worker.ask(index) for index in group]
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(one, group): group for group in groups.values()}
        for future in as_completed(futures):
            yield from zip([items[index] for index in futures[future]], future.result(), strict=True)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.end()


class _Worker(Generic[Item, T]):
    """A process that does one item after the other, and another in its place when it is gone."""

    def __init__(self, act: Callable[[Item], T], items: Sequence[Item]) -> None:
        self.work, self.over = (act, items), False
        self.change = Lock()  # one thread may want another process while the next ends them all
        self.begin()

    def begin(self) -> None:
        self.pipe, theirs = _FORK.Pipe()
        self.process = _FORK.Process(target=_serve, args=(*self.work, theirs, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, index: int) -> T | Broken:
        try:
            self.pipe.send(index)
            result, large = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            result, large = Broken("ProcessEnded", f"with status {self.process.exitcode}"), True
        with self.change:
            if large and not self.over:
                self.stop()
                self.begin()
        found: T | Broken = result
        return found

    def end(self) -> None:
        """No other takes its place from here on."""
        with self.change:
            self.over = True
            self.stop()

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _serve(act: Callable[[Item], T], items: Sequence[Item], pipe: Connection, parent: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    end_with(parent)
    while True:
        index = pipe.recv()
        try:
            found: T | Broken = act(items[index])
        except _TOLD as error:  # anything else ends this process, and that is told
            found = broken(error)
        pipe.send((found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _LARGE))


def broken(error: BaseException) -> Broken:
    return Broken(type(error).__name__, place(error))


def place(error: BaseException) -> str:
    """What a defect of xpiler says, with the place in its code."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{error} at {where}"
