"""The neural road: a model proposes a text, the text is read and written again in the cage, the judge decides.

A text that is refused or refuted goes back to the model with the witness in words (self-debugging), so often and so
long as is allowed. No answer of a model ends this road with anything but a reason or a confirmed text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from xpiler.emulate.restated import NotRestated, restated
from xpiler.fault import Fault
from xpiler.platforms.platform import Platform
from xpiler.propose.exchange import Message
from xpiler.propose.neural import Model, Nothing, Proposer, proposed
from xpiler.propose.prompt import Task
from xpiler.verify.verdict import Evidence, Refuted, Unknown, Witness, confirmed

Judge = Callable[[str, Platform], tuple[Evidence, ...]]
BROKEN = (KeyError, IndexError, TypeError, ValueError, AssertionError, RecursionError)


@dataclass(frozen=True)
class Stage:
    """One part of a way to the target: who proposes it, and the language it ends in (None for the target itself)."""

    proposer: Proposer
    to: Platform | None = None


@dataclass(frozen=True)
class Neural:
    """What asks a model in a translation. `first`: before the rules, else where these have nothing that is confirmed.

    Each of `ways` is tried in turn; its stages follow one another, the first from the source, or from the `pivot`
    where one of them is named there and the program has one. `tries` are answers for each stage, `seconds` for all."""

    model: Model
    ways: tuple[tuple[Stage, ...], ...]
    first: bool = False
    tries: int = 3
    seconds: float = 600.0


@dataclass(frozen=True)
class Try:
    """One answer and what became of it; `why` is "" for a text of the target that was confirmed."""

    road: str
    why: str
    text: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a translation stands: what is asked for, the pivot as a task of its own, and how answers are judged."""

    task: Task
    pivot: Task | None
    judge: Judge
    file: str = "<text>"
    cache: Path | None = None
    progress: Callable[[str], None] = lambda _: None


def tried(neural: Neural, place: Place) -> Iterator[Try]:
    """Every try in order; the last one is confirmed, or none is."""
    until = time.monotonic() + neural.seconds
    for way in neural.ways:
        task, stages = place.task, way
        if place.pivot is not None and len(way) > 1:  # rules have been down there already
            task, stages = place.pivot, way[1:]
        done = ""
        for stage in stages:
            target = stage.to or place.task.target
            done = ""
            for one in _conversation(neural, stage.proposer, replace(task, target=target), place, until):
                if one.why or stage.to is None:
                    yield one
                done = "" if one.why else one.text
            if not done:
                break
            task = replace(task, text=done, source=target)
        if done:
            return


def _conversation(neural: Neural, proposer: Proposer, task: Task, place: Place, until: float) -> Iterator[Try]:
    """Try after try in one conversation, to the first that is confirmed."""
    messages: tuple[Message, ...] | None = proposer.opening(task)
    for n in range(neural.tries):
        road = f"neural: {proposer.name}, try {n + 1}"
        left = until - time.monotonic()
        if messages is None:
            return
        if left <= 0:
            yield Try(road, f"the {neural.seconds:g} s for the model are over")
            return
        place.progress(f"asking the model ({proposer.name}, try {n + 1})")
        try:
            got = proposed(neural.model, messages, task.target, n, left)
        except Fault as fault:  # the budget
            yield Try(road, f"{fault.what}: {fault.why}")
            return
        if isinstance(got, Nothing):
            yield Try(road, got.why)
            messages = got.after
            continue
        one = _judged(road, got.text, task, place)
        yield one
        if not one.why:
            return
        # The lines a witness names are those of the text that was judged; where the user's file lies is not told.
        messages = replace(got, text=one.text or got.text).after(one.why.replace(place.file, "answer"))


def _judged(road: str, answer: str, task: Task, place: Place) -> Try:
    place.progress("reading the answer")
    try:
        text = restated(answer, task.target, origin=place.file, cache=place.cache)
    except NotRestated as e:
        return Try(road, str(e))
    place.progress(f"confirming ({road})")
    try:
        evidence = place.judge(text, task.target)
    except BROKEN as e:  # a bug that an answer brought to light must not cost the user the other roads
        return Try(road, f"internal error in judging: {type(e).__name__}: {e}", text)
    return Try(road, "" if confirmed(evidence) else in_words(evidence), text, evidence)


def in_words(evidence: tuple[Evidence, ...]) -> str:
    """Why a text was not accepted, for whoever is to correct it."""
    lines: list[str] = []
    for e in evidence:
        match e.verdict:
            case Refuted(witness):
                lines.append(f"{e.rung}: {_told(witness)}")
            case Unknown(reason):
                lines.append(f"{e.rung}: could not be decided: {reason}")
    return "\n".join(lines) or "not every check was made"


def _told(w: Witness) -> str:
    where = ""
    if w.buffer and w.index is not None and w.expected is not None:
        where = f"\n`{w.buffer}[{w.index}]` must be {w.expected}, the program gives {w.actual}"
    return f"{w}{where}"
