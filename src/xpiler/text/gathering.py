"""The Faults of one text: reading goes on behind a Fault, so that a file's mistakes are told together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from xpiler.fault import MOST, Fault, together


class Gathering:
    """What was found wrong so far, and which declarations can no longer be relied on.

    A statement that fails is left out. What fails later because of that is its consequence and is not told."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self.spoiled: set[int] = set()
        self.seen = 0  # Faults met, those not told included
        self._open = False

    def __enter__(self) -> None:
        """Faults that are kept inside are raised together at the end, instead of whatever followed from them."""
        self._open = True

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._open = False
        if self.found and (kind is None or issubclass(kind, Exception)):
            raise together(self.found) from None

    def state(self) -> tuple[int, int, frozenset[int]]:
        """How far reading has come."""
        return len(self.found), self.seen, frozenset(self.spoiled)

    def restore(self, state: tuple[int, int, frozenset[int]]) -> None:
        """Forget what was found since then: it is going to be read again."""
        del self.found[state[0]:]
        self.seen, self.spoiled = state[1], set(state[2])

    def keep(self, fault: Fault, consequence: bool = False) -> None:
        """Remember a Fault; raised at once where nobody gathers, or where there are many already."""
        self.seen += 1
        if not self._open or len(self.found) >= 2 * MOST:
            raise fault
        if not consequence:
            self.found.extend(fault.every)

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part whose Fault does not keep the others from being read."""
        before = self.seen
        try:
            yield
        except Fault as fault:
            self.keep(fault, self.seen > before)
