"""Proposers that ask a model: text in, text out. What comes is no more than a proposal, whatever it says it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from xpiler.platforms.platform import Platform
from xpiler.propose.exchange import Answer, Ask, Message, NoProposal, Request
from xpiler.propose.fenced import text_of
from xpiler.propose.prompt import Shot, Task, asked_again, debugged, of_pass, whole
from xpiler.propose.screen import objection


@dataclass(frozen=True)
class Model:
    """Who is asked, and how."""

    name: str
    ask: Ask = field(repr=False)
    temperature: float = 0.0
    most: int = 8192  # tokens of one answer

    def __call__(self, messages: Sequence[Message], nth: int, seconds: float) -> Answer:
        return self.ask(Request(self.name, tuple(messages), self.temperature, self.most, nth), seconds)


@dataclass(frozen=True)
class Proposal:
    """A text that a model proposes, and the conversation it came of."""

    text: str
    asked: tuple[Message, ...]

    def after(self, witness: str) -> tuple[Message, ...]:
        """The conversation that goes on with what refuted the text."""
        return debugged(self.asked, self.text, witness)


@dataclass(frozen=True)
class Nothing:
    """No text came: why, and the conversation that may go on, None where it is no use."""

    why: str
    after: tuple[Message, ...] | None


class Proposer(Protocol):
    """Opens a conversation about a task."""

    @property
    def name(self) -> str: ...

    def opening(self, task: Task) -> tuple[Message, ...]: ...


@dataclass(frozen=True)
class WholeProgram:
    """The whole program in one answer: zero-shot, or few-shot with the examples that `shots` finds for a task."""

    shots: Callable[[Task], Sequence[Shot]] | None = None

    @property
    def name(self) -> str:
        return "whole program" + (", few-shot" if self.shots else "")

    def opening(self, task: Task) -> tuple[Message, ...]:
        return whole(task, self.shots(task)) if self.shots else whole(replace(task, manual=()))


@dataclass(frozen=True)
class Meta:
    """What is told of a pass: its docstring with the picture, examples of it, and its instances in words."""

    about: str
    shots: tuple[Shot, ...] = ()
    knobs: tuple[str, ...] = ()


@dataclass(frozen=True)
class PerPass:
    """One pass of the road, by its meta-prompt."""

    passes: str
    meta: Callable[[str, Task], Meta]

    @property
    def name(self) -> str:
        return f"pass {self.passes}"

    def opening(self, task: Task) -> tuple[Message, ...]:
        told = self.meta(self.passes, task)
        return of_pass(self.passes, told.about, task, told.shots, told.knobs)


def proposed(
    model: Model, messages: tuple[Message, ...], platform: Platform, nth: int, seconds: float
) -> Proposal | Nothing:
    """The text a model proposes next in a conversation: taken out of its answer and screened, not yet read."""
    answer = model(messages, nth, seconds)
    if isinstance(answer, NoProposal):
        return Nothing(answer.why, None if answer.final else messages)
    text = text_of(answer)
    if isinstance(text, NoProposal):
        return Nothing(text.why, asked_again(messages, answer.text, text.why))
    made = Proposal(text, messages)
    if why := objection(text, platform):
        return Nothing(f"the text has {why}", made.after(f"It may not have {why}."))
    return made
