"""Going through a suite: several at a time, one bad file never stops the others, and what is done is kept."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from xpiler.bench.checked import BROKEN, Checked
from xpiler.bench.layouts import Case
from xpiler.fault import Fault, Span


def go_through(
    cases: Sequence[Case], act: Callable[[Case], Checked], jobs: int, kept: Path | None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Checked, ...]:
    """The outcome of every case, in order. With `kept` each is written there as soon as it is known, and those that
    are there already are not repeated."""
    done = {} if kept is None else earlier(kept)
    todo = [c for c in cases if c.name not in done]
    pool = ThreadPoolExecutor(jobs)
    try:
        futures: dict[Future[Checked], Case] = {pool.submit(act, c): c for c in todo}
        for future in as_completed(futures):
            case, broken = futures[future], future.exception()
            result = future.result() if broken is None else _broken(case, broken)
            done[case.name] = result
            if kept is not None:
                _keep(kept, done)
            progress(f"{len(done)} of {len(cases)}: {result.name} {result.outcome}")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return tuple(done[c.name] for c in cases if c.name in done)


def earlier(path: Path) -> dict[str, Checked]:
    """The outcomes an earlier run left in a file; none where there is no file yet."""
    if not path.exists():
        return {}
    try:
        items = [Checked(**item) for item in json.loads(path.read_text())]
    except (ValueError, TypeError) as e:
        raise Fault("XP3020", f"cannot go on from {path}", Span(str(path)), why=f"it holds no results: {e}",
                    try_="another name for --out") from e
    return {i.name: i for i in items}


def _keep(path: Path, done: Mapping[str, Checked]) -> None:
    """Written whole or not at all: an interrupt must not cost what is there."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps([r.to_json() for r in done.values()], indent=1))
    os.replace(part, path)


def _broken(case: Case, error: BaseException) -> Checked:
    """A defect of xpiler, with the place in its code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return Checked(case.name, case.operator, BROKEN, type(error).__name__, f"{error} at {place}")
