"""Going through a suite: several at a time, one bad file never stops the others, and what is done is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from xpiler.bench.checked import BROKEN, TOO_LARGE, UNDECIDED, Checked
from xpiler.bench.case import Case
from xpiler.bench.workers import Broken, several
from xpiler.fault import Fault, Span


class Named(Protocol):
    """What is gone through: files of a suite."""

    @property
    def name(self) -> str: ...


class Outcome(Protocol):
    """What became of one file, whatever was done with it."""

    @property
    def name(self) -> str: ...

    @property
    def outcome(self) -> str: ...

    def to_json(self) -> dict[str, object]: ...


Item = TypeVar("Item", bound=Named)
T = TypeVar("T", bound=Outcome)


@dataclass(frozen=True)
class Kind(Generic[Item, T]):
    """How outcomes of one kind come back from a file, and what a defect of xpiler leaves in place of one."""

    from_json: Callable[[Mapping[str, Any]], T]
    broken: Callable[[Item, str, str], T]  # the item, the kind of the error, and where it was
    open: frozenset[str] = frozenset()  # outcomes that more time or memory may change


CHECKED: Kind[Case, Checked] = Kind(
    lambda data: Checked(**data), lambda case, kind, why: Checked(case.name, case.operator, BROKEN, kind, why),
    frozenset((TOO_LARGE, UNDECIDED, BROKEN)))


def go_through(
    items: Sequence[Item], act: Callable[[Item], T], jobs: int, kept: Path | None,
    progress: Callable[[str], None], kind: Kind[Item, T], again: bool = False,
    together: bool = False, alike: Callable[[Item], object] | None = None,
) -> tuple[T, ...]:
    """The outcome of every item, in order. With `kept` each is written there as soon as it is known, and those that
    are there already are not repeated; with `again` those are that were left open. They run in processes of their own,
    or in this one where all share something (`together`); those that are `alike`, in the same one after the other."""
    done = {} if kept is None else earlier(kept, kind)
    done = {k: r for k, r in done.items() if not again or r.outcome not in kind.open}
    todo = [c for c in items if c.name not in done]
    for item, came in several(todo, act, jobs, together, alike):
        done[item.name] = kind.broken(item, came.kind, came.why) if isinstance(came, Broken) else came
        if kept is not None:
            _keep(kept, done)
        progress(f"{len(done)} of {len(items)}: {item.name} {done[item.name].outcome}")
    return tuple(done[c.name] for c in items if c.name in done)


def earlier(path: Path, kind: Kind[Any, T]) -> dict[str, T]:
    """The outcomes an earlier run left in a file; none where there is no file yet."""
    if not path.exists():
        return {}
    try:
        found = [kind.from_json(item) for item in json.loads(path.read_text())]
    except (ValueError, TypeError, KeyError) as e:
        raise Fault("XP3020", f"cannot go on from {path}", Span(str(path)), why=f"it holds no such results: {e}",
                    try_="another name for --out") from e
    return {i.name: i for i in found}


def _keep(path: Path, done: Mapping[str, Outcome]) -> None:
    """Written whole or not at all: an interrupt must not cost what is there."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps([r.to_json() for r in done.values()], indent=1))
    os.replace(part, path)
