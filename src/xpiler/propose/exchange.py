"""One question to a language model and what comes of it, as plain values: what tapes keep and proposers read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    role: str  # system, user or assistant
    text: str


@dataclass(frozen=True)
class Request:
    """What is asked. `nth` tells apart the times the same is asked of a model whose answers vary."""

    model: str
    messages: tuple[Message, ...]
    temperature: float = 0.0
    most: int = 4096  # tokens the answer may have
    nth: int = 0

    @property
    def key(self) -> str:
        """What a tape finds it by: the same for the same question, on every machine."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Use:
    """Tokens that were read and written, as the endpoint counts them (or, where it does not, at most so many)."""

    read: int
    written: int

    @property
    def tokens(self) -> int:
        return self.read + self.written


@dataclass(frozen=True)
class Reply:
    """A model's answer: its text, and why it ended there (`stop`, `length`, ...)."""

    text: str
    ended: str
    use: Use

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """What `to_json` wrote; KeyError or TypeError where it did not."""
        text, ended, use = data["text"], data["ended"], data["use"]
        if not (isinstance(text, str) and isinstance(ended, str)):
            raise TypeError("a reply is text")
        return cls(text, ended, Use(int(use["read"]), int(use["written"])))


@dataclass(frozen=True)
class NoProposal:
    """Nothing usable came, and why. `final`: asking again is no use."""

    why: str
    final: bool = False


Answer = Reply | NoProposal
Ask = Callable[[Request, float], Answer]  # the request, and the seconds it may take
