"""Several processes at a time: results come back, defects and ends of processes cost one item, nothing outlives them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import islice

import pytest

from xpiler.bench.workers import Broken, several


def test_each_item_runs_in_another_process() -> None:
    found = dict(several(range(6), lambda i: (i * i, os.getpid()), 2))
    assert {i: square for i, (square, _) in _whole(found).items()} == {i: i * i for i in range(6)}
    assert os.getpid() not in {process for _, process in _whole(found).values()}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("together", [False, True])
def test_a_defect_is_the_outcome_of_its_item(jobs: int, together: bool) -> None:
    found = dict(several([2, 0, 1], lambda i: 4 // i, jobs, together))
    broken = found.pop(0)
    assert found == {2: 2, 1: 4}
    assert isinstance(broken, Broken) and broken.kind == "ZeroDivisionError" and "test_workers.py" in broken.why


def test_what_nobody_expects_ends_a_process_and_not_the_rest() -> None:
    class Odd(Exception):
        pass

    def act(i: int) -> int:
        if i == 1:
            raise Odd
        return i

    found = dict(several(range(3), act, 2))
    assert isinstance(found[1], Broken) and "status 1" in found[1].why
    assert found[0] == 0 and found[2] == 2


def test_a_process_that_is_killed_costs_one_item() -> None:
    def act(i: int) -> int:
        if i == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return i

    found = dict(several(range(5), act, 2))
    assert isinstance(found[1], Broken) and "-9" in found[1].why
    assert {i for i, came in found.items() if came == i} == {0, 2, 3, 4}


def test_items_that_are_alike_share_a_process_and_what_it_remembers() -> None:
    seen: list[int] = []
    found = dict(several(range(9), lambda i: (seen.append(i % 3), seen.count(i % 3))[1], 2, alike=lambda i: i % 3))
    assert found == {i: i // 3 + 1 for i in range(9)}


def test_what_shares_something_runs_here() -> None:
    seen: list[int] = []
    found = dict(several(range(4), lambda i: seen.append(i) or os.getpid(), 2, together=True))
    assert sorted(seen) == [0, 1, 2, 3] and set(found.values()) == {os.getpid()}


def test_nothing_outlives_an_interrupt() -> None:
    def act(i: int) -> int:
        if i:
            time.sleep(60)
        return os.getpid()

    began = time.monotonic()
    results = several(range(3), act, 2)
    (_, process), = islice(results, 1)
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 20 and isinstance(process, int)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_all_being_told_to_end_at_once_ends_all() -> None:
    """As by a terminal or a scheduler: those that are told must not be taken for broken ones and begun again."""
    script = """if True:
        import os, signal, time
        from xpiler.bench.workers import several
        signal.signal(signal.SIGTERM, lambda number, frame: (signal.signal(number, signal.SIG_IGN), exit(143)))
        list(several(range(8), lambda i: (print(i, flush=True), time.sleep(60)), 2))
    """
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None and process.stdout.readline()
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(30) == 143
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def _whole(found: dict[int, tuple[int, int] | Broken]) -> dict[int, tuple[int, int]]:
    return {i: came for i, came in found.items() if not isinstance(came, Broken)}
