"""The ablation with a model, live or from a tape: what it proposes, whole and pass by pass, and what follows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xpiler import engine, platforms
from xpiler.bench.ablation import DEBUGGED, KIND, MENDED, RULES, STEPS, WHOLE, Outcome, Went
from xpiler.bench.matrix import Item
from xpiler.bench.progress import go_through
from xpiler.fault import Fault
from xpiler.neural_road import Neural, Stage
from xpiler.platforms.platform import Platform
from xpiler.propose.exchange import Answer, Ask, Request
from xpiler.propose.neural import Model

ASKED = "a model was asked"
Ways = Callable[[Platform, Platform], Sequence[tuple[str, tuple[Stage, ...]]]]  # of a direction, each with its name


@dataclass
class Once:
    """Asks the same question once: rows that begin alike go on from the same answer, and pay for it once."""

    ask: Ask
    known: dict[str, Answer] = field(default_factory=dict)

    def __call__(self, request: Request, seconds: float) -> Answer:
        if request.key not in self.known:
            self.known[request.key] = self.ask(request, seconds)
        return self.known[request.key]


@dataclass(frozen=True)
class Options:
    """Who is asked, in which ways, how often in one conversation, how long, and how results are confirmed."""

    engine: engine.Options
    model: Model
    ways: Ways
    tries: int = 3
    seconds: float = 600.0
    repair: float = 60.0
    passages: int = 0


def measure(
    items: Sequence[Item], options: Options, jobs: int, kept: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Every row for every item; one bad case never stops the others."""
    return go_through(items, lambda item: _one(item, options), jobs, kept, progress, KIND, together=True)  # a budget


def _one(item: Item, options: Options) -> Outcome:
    source, target = platforms.get(item.source), platforms.get(item.target)
    model = replace(options.model, ask=Once(options.model.ask))
    went, why = dict[str, Went](), list[str]()
    for name, way in options.ways(source, target):
        for follows, tries, repair in (("", 1, 0.0), (DEBUGGED, options.tries, 0.0), (MENDED, 1, options.repair)):
            neural = Neural(model, (way,), True, tries, options.seconds, alone=True, passages=options.passages)
            row = f"{name}, {follows}" if follows else name
            went[row], said = _went(item, source, target, replace(options.engine, neural=neural, repair=repair))
            why += [f"{row}: {said}"] if said else []
    went[RULES], _ = _went(item, source, target, replace(options.engine, repair=0.0))
    return Outcome(item.name, 0, (), (), ASKED, why="; ".join(why), went=went)


def _went(item: Item, source: Platform, target: Platform, options: engine.Options) -> tuple[Went, str]:
    start = time.monotonic()
    try:
        result = engine.translate(item.case.text, source, target, file=item.case.path.name,
                                  options=replace(options, let=item.case.let))
    except Fault as fault:
        return Went(False, time.monotonic() - start), fault.what
    last = result.attempts[-1].why.splitlines() if result.attempts and not result.confirmed else []
    return Went(result.confirmed, time.monotonic() - start), last[0] if last else ""


__all__ = ["ASKED", "STEPS", "WHOLE", "Once", "Options", "measure"]
