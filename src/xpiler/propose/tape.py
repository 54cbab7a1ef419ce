"""Exchanges with models, kept a line each: recorded as they happen, replayed without network, library or key."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xpiler.fault import Fault, Span
from xpiler.propose.exchange import Answer, Ask, NoProposal, Reply, Request

_SECRET = 8  # shorter keys are stand-ins, and words of every text
HIDDEN = "[key]"


@dataclass
class Recorder:
    """Asks, and writes what was asked and answered to the end of a file. `secrets` are left out wherever they stand."""

    ask: Ask
    path: Path
    secrets: tuple[str, ...] = field(default=(), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, request: Request, seconds: float) -> Answer:
        answer = self.ask(request, seconds)
        kind = "reply" if isinstance(answer, Reply) else "none"
        told = answer.to_json() if isinstance(answer, Reply) else vars(answer)
        line = json.dumps(self._hidden({"key": request.key, "request": request.to_json(), kind: told}))
        with self._lock, self.path.open("a", encoding="utf-8") as tape:
            tape.write(line + "\n")
        return answer

    def _hidden(self, value: Any) -> Any:
        """The same without secrets, before JSON gives characters another spelling."""
        match value:
            case str():
                for secret in self.secrets:
                    value = value.replace(secret, HIDDEN) if len(secret) >= _SECRET else value
                return value
            case dict():
                return {k: self._hidden(v) for k, v in value.items()}
            case list() | tuple():
                return [self._hidden(v) for v in value]
        return value


@dataclass(frozen=True)
class Player:
    """Answers from a tape, by the question; of equal ones the last."""

    answers: Mapping[str, Answer]
    path: str

    def __call__(self, request: Request, seconds: float) -> Answer:
        return self.answers.get(request.key) or NoProposal(f"{self.path} has no answer to this request", final=True)


def played(path: Path) -> Player:
    """A tape as something to ask; Fault XP5004 where the file is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise Fault("XP1020", f"cannot read {path}", Span(str(path)), why=e.strerror or str(e)) from e
    except UnicodeDecodeError as e:
        raise _no_tape(path, 0, "it is not text in UTF-8") from e
    answers: dict[str, Answer] = {}
    for n, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            answers[str(told["key"])] = _answer(told)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            raise _no_tape(path, n, f"line {n} is no exchange ({type(e).__name__}: {e})") from e
    if not answers:
        raise _no_tape(path, 0, "there is nothing on it")
    return Player(answers, str(path))


def _answer(told: Mapping[str, Any]) -> Answer:
    if "reply" in told:
        return Reply.from_json(told["reply"])
    return NoProposal(str(told["none"]["why"]), bool(told["none"]["final"]))


def _no_tape(path: Path, line: int, why: str) -> Fault:
    return Fault("XP5004", f"{path} is not a tape", Span(str(path), line, 1) if line else Span(str(path)), why=why)
