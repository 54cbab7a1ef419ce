"""From a refuted text to one that is accepted, by the smallest change that is found.

The holes of a text are opened once, and then choices are only numbers that its runs are given. Each choice is tried
alone, those near the fault first, and what brings the text nearer is followed: in its results, or in the values on its
way, so that several mistakes are undone one by one. A text that came nearer is opened again, as its changes close the
holes around them. What takes longer is tried in stages, each when no other text is nearer. The text that comes out was
accepted by the judge, not by this search."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.repair.leaner import leaner
from xpiler.repair.mended import Mended
from xpiler.repair.opened import Text, following
from xpiler.repair.score import Score, Trials
from xpiler.repair.stages import Stages
from xpiler.repair.trying import Found, Progress

ROUNDS = 240  # steps that are taken


@dataclass
class _Search(Stages):
    """Which text is followed next, until one is accepted."""

    def mend(self, text: str) -> Mended:
        """Texts are opened, the nearest first, until one is accepted; what takes longer is tried when no other text is
        nearer."""
        waiting, known = [Text(text, Score())], {text}
        furthest, why = waiting[0], ""
        stages = (self._first, self._asked_for, self._unless_owed(self._grafted), self._unless_owed(self._put_back),
                  self._around, self._alone, self._paired, self._deeper, self._gaps, self._deeper, self._fixed,
                  self._together)
        for n in range(ROUNDS):
            if not waiting or self.late:
                break
            now = following(waiting, n)
            waiting.remove(now)
            try:
                self._lesser()
                self.trials.watching(now.open.watched if now.open is not None else now.watched)
                now = now if now.open else self._opened(now, first=n == 0)
                furthest = max(furthest, now, key=lambda t: t.score.order)
                found = [*stages[now.stage](now.open), *self._refused(now.open)] if now.open is not None else []
            except Fault as fault:
                why = why or f"the text does not read: {fault.what}"
                continue
            except Found as done:
                return self._ended(self._leaner(done.text, text), True, "")
            waiting += [t for t in found if t.text not in known]
            known |= {t.text for t in found}
            if now.open is not None and not now.open.given_up and now.stage + 1 < len(stages):
                waiting.append(replace(now, stage=now.stage + 1, score=now.open.base))
            furthest = max([furthest, *found], key=lambda t: t.score.order)
        try:
            self._lesser(ended=True)
        except Found as done:
            return self._ended(self._leaner(done.text, text), True, "")
        why = "the time is up" if self.late else why or self._why(furthest, bool(waiting))
        return self._ended(furthest, False, why)

    def _leaner(self, found: Text, began: str) -> Text:
        """The text that was accepted, without changes it does not need; a judge has the last word."""
        few = leaner(found, began, lambda text: not self.late and self.trials.fixed(text).perfect)
        if few.text == found.text or self.trials.confirm(few.text):
            return few
        self.trials.confirm(found.text)  # the evidence is of the text that is given
        return found

    def _why(self, furthest: Text, more: bool) -> str:
        if furthest.score.perfect:
            return "a judge refuses it for what no run shows"
        return f"not right after {ROUNDS} steps" if more else "no small change that was tried brings it nearer"

    def _ended(self, at: Text, accepted: bool, why: str) -> Mended:
        seconds = time.monotonic() - self.began
        return Mended(at.text, accepted, at.changes, self.suspects, why, self.runs, seconds, self.confirming)


def mend(
    text: str, platform: Platform, read: Callable[[str], Program], trials: Trials, *, seconds: float = 60.0,
    progress: Progress = lambda _: None,
) -> Mended:
    """Search for a text near `text` that `trials.confirm` accepts, for so many seconds."""
    search = _Search(platform, read, trials, time.monotonic() + seconds, progress)
    try:
        return search.mend(text)
    finally:
        search.looking.shutdown(wait=False, cancel_futures=True)
