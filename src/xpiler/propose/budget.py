"""What asking models may cost. The worst case is set aside before a request, the real use is booked after it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from xpiler.fault import Fault
from xpiler.propose.exchange import Message, Request, Use

NONE = Use(0, 0)
_FRAME = 32  # tokens around a message: its role and marks, generously


@dataclass(frozen=True)
class Price:
    """Money for a million tokens read, and for a million written; in whatever currency the budget is."""

    read: float = 0.0
    written: float = 0.0

    def of(self, use: Use) -> float:
        return (use.read * self.read + use.written * self.written) / 1e6


@dataclass
class Budget:
    """Tokens and money for one run, kept by any number of threads; None is no limit.

    Requests under way count as their worst case, so that no order of answers can exceed a limit."""

    tokens: int | None = None
    money: float | None = None
    price: Price = field(default_factory=Price)
    used: Use = field(default_factory=lambda: NONE)
    _aside: Use = field(default_factory=lambda: NONE)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def spent(self) -> float:
        return self.price.of(self.used)

    def reserve(self, worst: Use) -> None:
        """Set the worst case of a request aside; Fault XP5003 where it could exceed what is left."""
        with self._lock:
            held = _sum(self.used, self._aside)
            total = _sum(held, worst)
            if self.tokens is not None and total.tokens > self.tokens:
                raise _spent(f"{self.tokens} tokens", f"{held.tokens} are used or set aside, and the next request may "
                             f"take {worst.tokens}", "--tokens")
            if self.money is not None and self.price.of(total) > self.money:
                raise _spent(f"{self.money:g}", f"{self.price.of(held):.4g} is spent or set aside, and the next "
                             f"request may cost {self.price.of(worst):.4g}", "--money")
            self._aside = _sum(self._aside, worst)

    def settle(self, worst: Use, use: Use) -> None:
        """Book what a request that was set aside has really used."""
        with self._lock:
            self._aside = Use(self._aside.read - worst.read, self._aside.written - worst.written)
            self.used = _sum(self.used, use)


def _sum(a: Use, b: Use) -> Use:
    return Use(a.read + b.read, a.written + b.written)


def _spent(limit: str, why: str, option: str) -> Fault:
    try_ = f"a larger {option}, or fewer --tries"
    return Fault("XP5003", f"the model's budget of {limit} is spent", why=why, try_=try_)


def worst_case(request: Request) -> Use:
    """No tokenizer is needed: a token is at least one byte of text."""
    return Use(bytes_of(request.messages), request.most)


def bytes_of(messages: tuple[Message, ...]) -> int:
    return sum(len(m.text.encode(errors="replace")) + len(m.role) + _FRAME for m in messages)
