"""The neural road: a model proposes a text, the text is read and written again in the cage, the judge decides.

A text that is refuted is repaired where a small change does it. Else it goes back to the model, as one that is refused
does, with the witness and the place in words (self-debugging), so often and so long as is allowed. No answer of a model
ends this road with anything but a reason or a confirmed text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import dropwhile
from pathlib import Path

from xpiler.emulate.restated import NotRestated, restated
from xpiler.fault import BROKEN, Fault
from xpiler.located import said
from xpiler.locating import Located
from xpiler.mending import Repaired
from xpiler.platforms.platform import Platform
from xpiler.propose.exchange import Message
from xpiler.propose.neural import Model, Nothing, Proposer, proposed
from xpiler.propose.prompt import Task
from xpiler.verify.verdict import Evidence, Refuted, Unknown, Witness, confirmed, refuted

Judge = Callable[[str, Platform], tuple[Evidence, ...]]
Mend = Callable[[str, Platform, float], Repaired]  # text, language, seconds
Locate = Callable[[str, Platform], Located]
ORIGINAL, ANSWER = "the original", "answer"  # what a model is told the files are called


@dataclass(frozen=True)
class Stage:
    """One part of a way to the target: who proposes it, and the language it ends in (None for the target itself)."""

    proposer: Proposer
    to: Platform | None = None


@dataclass(frozen=True)
class Neural:
    """What asks a model in a translation. `first`: before the rules, else where these have nothing that is confirmed;
    `alone`: and no rules after it. `passages` of the target's manual for each step of a loop nest are shown to it.

    Each of `ways` is tried in turn; its stages follow one another, the first from the source, or from the `pivot`
    where one of them is named there and the program has one. `tries` are answers for each stage, `seconds` for all."""

    model: Model
    ways: tuple[tuple[Stage, ...], ...]
    first: bool = False
    tries: int = 3
    seconds: float = 600.0
    alone: bool = False
    passages: int = 0


@dataclass(frozen=True)
class Try:
    """One answer and what became of it; `why` is "" for a text of the target that was confirmed, and `repairs` what was
    changed in the answer for it, a line each."""

    road: str
    why: str
    text: str = ""
    evidence: tuple[Evidence, ...] = ()
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a translation stands: what is asked for, the pivot as a task of its own, and how answers are judged,
    repaired in `repair` seconds each (0: not at all), and searched for the place where they go wrong."""

    task: Task
    pivot: Task | None
    judge: Judge
    mend: Mend
    repair: float = 0.0
    file: str = "<text>"
    cache: Path | None = None
    progress: Callable[[str], None] = lambda _: None
    locate: Locate = lambda *_: Located()


def tried(neural: Neural, place: Place) -> Iterator[Try]:
    """Every try in order; the last one is confirmed, or none is."""
    until = time.monotonic() + neural.seconds
    for way in neural.ways:
        task, stages = place.task, way
        if place.pivot is not None and len(way) > 1:  # rules have been down there already
            task, stages = place.pivot, tuple(dropwhile(partial(_ends_in, place.pivot.source), way))
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


def _ends_in(language: Platform, stage: Stage) -> bool:
    return stage.to == language


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
        found = None
        if refuted(one.evidence) is not None and place.repair:
            mended, found = _mended(one, task, place, min(place.repair, until - time.monotonic()))
            yield mended
            if not mended.why:
                return
        if refuted(one.evidence) is not None and n + 1 < neural.tries:
            found = found or _located(one, task, place)
        # The lines a witness names are those of the text that was judged; where the user's file lies is not told.
        where = said(found, Path(ORIGINAL), Path(ANSWER), one.text) if found else ()
        told = "\n\n".join((one.why.replace(place.file, ANSWER), *where))
        messages = replace(got, text=one.text or got.text).after(told)


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


def _mended(refused: Try, task: Task, place: Place, seconds: float) -> tuple[Try, Located | None]:
    """What a repair makes of a refuted answer, before the model is asked again; and where that goes wrong."""
    place.progress(f"repairing ({refused.road})")
    try:
        done = place.mend(refused.text, task.target, max(seconds, 0.0))
    except (Fault, *BROKEN) as e:
        return Try(f"{refused.road}, repair", f"{type(e).__name__}: {e}", refused.text, refused.evidence), None
    road = repaired_road(refused.road, done)
    if done.confirmed:
        return Try(road, "", done.mended.text, done.evidence, repairs(done)), None
    return Try(road, f"not repaired: {done.mended.why}", refused.text, refused.evidence), done.located


def _located(refused: Try, task: Task, place: Place) -> Located | None:
    place.progress("looking for the place where it goes wrong")
    try:
        return place.locate(refused.text, task.target)
    except (Fault, *BROKEN):
        return None


def repaired_road(road: str, done: Repaired) -> str:
    """What a road is called whose text was repaired, or could not be."""
    return f"{road}, repaired" if done.confirmed else f"{road}, repair"


def repairs(done: Repaired) -> tuple[str, ...]:
    """What a repair changed, as steps of a trace."""
    return tuple(f"repair(line {c.line}: {c.what})" for c in done.mended.changes)


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
