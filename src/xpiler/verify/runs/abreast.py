"""Runs side by side: they are processes, so a thread each is enough to keep every core busy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

Arguments = TypeVarTuple("Arguments")
Outcome = TypeVar("Outcome")


def in_order(act: Callable[[*Arguments], Outcome], over: Sequence[tuple[*Arguments]]) -> Iterator[Outcome]:
    """act(*arguments) for each of `over`, several at a time, results in order; what has not begun when the caller
    stops asking is dropped."""
    if len(over) < 2:
        yield from (act(*arguments) for arguments in over)
        return
    pool = ThreadPoolExecutor(min(len(over), len(os.sched_getaffinity(0)), 8))
    try:
        for future in [pool.submit(act, *arguments) for arguments in over]:
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)
