"""Whether a result hangs on what no caller chooses: the order in which threads come, and what was called before.

A run takes threads one after another, so a barrier that is missing may not show; with the last block and the last
thread first it does, as does a loop that is none to be run in parallel. An update that loses what others did between
its load and its store shows where threads let the others go first at every atomic operation. And a program that starts
from what it left behind is right once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.emulate.entry import Limits
from xpiler.verify.runs.agree import Agreement, Compared
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.observe import BRISK, Case
from xpiler.verify.runs.trial import Machine, Trial
from xpiler.verify.verdict import Witness

# How many times as long as the source a run out of order may take: a thread that waits for one that comes later never
# ends, and decides nothing.
PATIENCE = 10.0
BACKWARDS, AGAIN = "where the last block and the last thread start first", "on a second call"
IN_TURNS = "where threads let the others come as far at each atomic operation"
LAST_FIRST = "where the last iteration of each parallel loop comes first"


@dataclass(frozen=True)
class Seen:
    """A run of the target, and how its outputs compare; None where there are none to compare."""

    trial: Trial
    compared: Compared | None
    note: str = ""
    when: str = ""  # what was unusual about the run

    @property
    def fine(self) -> bool:
        return self.compared is not None and self.compared.witness is None


@dataclass(frozen=True)
class Subject:
    """The target, with the source it is held against."""

    source: Machine | None
    target: Machine
    names: Mapping[str, str]
    agreement: Agreement
    limits: Limits

    def run(self, case: Case, *, backwards: bool = False, in_turns: bool = False, calls: int = 1) -> Trial:
        limits = self._limits(case, backwards or in_turns, calls)
        return attempt(self.target, case, self.names, limits, backwards=backwards, in_turns=in_turns, calls=calls)

    def seen(self, case: Case, trial: Trial) -> Seen:
        if not trial.clean:
            return Seen(trial, None)
        return Seen(trial, self.agreement.compare(case, outputs_of(trial, case, self.names)))

    def settled(self, case: Case, trial: Trial) -> Seen:
        """What to make of a run that had its threads backwards. A difference counts where the source has none."""
        back = self.seen(case, trial)
        if back.fine:
            return back
        usual = self.seen(case, self.run(case))
        if not usual.fine or trial.status == "timeout":
            return usual
        own = self._source(case, backwards=True)
        if own is None or not own.clean or self._apart(case, own):
            return replace(usual, note="both hang on the order in which threads come")
        return replace(back, when=LAST_FIRST if self.target.platform.model == "serial" else BACKWARDS)

    def in_turns(self, case: Case) -> Seen:
        """What comes of updates that others may come between, where the source's are not among them."""
        apart = self.seen(case, self.run(case, in_turns=True))
        if apart.fine:
            return apart
        own = self._source(case, in_turns=True)
        if apart.trial.undecided or own is None or not own.clean:
            return Seen(apart.trial, Compared())
        if self._apart(case, own):
            return Seen(apart.trial, Compared(), "both hang on the order in which threads come")
        return replace(apart, when=IN_TURNS)

    def again(self, case: Case) -> Seen:
        """What a second call gives, after one on other data: the same, or what the source's does."""
        second = self.seen(case, self.run(case, calls=2))
        if second.fine:
            return second
        own = self._source(case, calls=2)
        if own is None or not own.clean:
            return Seen(second.trial, Compared(), "")
        if self._apart(case, own):
            like = replace(case, source=own, reference=None)
            if second.trial.clean and self.seen(like, second.trial).fine:
                return Seen(second.trial, Compared(), "a second call gives something else, in both")
        return replace(second, when=AGAIN)

    def hangs(self, case: Case) -> Witness | None:
        """How what the source computes hangs on the order in which its threads come; None where it was not seen to."""
        own = self._source(case, backwards=True)
        if own is None or not own.clean:
            return None
        names = {name: name for name in self.names}
        witness = self.agreement.compare(case, outputs_of(own, case, names)).witness
        if witness is None:
            return None
        return told(replace(witness, what=f"of the source itself, {witness.what}"), BACKWARDS)

    def _apart(self, case: Case, trial: Trial) -> bool:
        """Whether a run of the source parts from the case."""
        names = {name: name for name in self.names}
        return self.agreement.compare(case, outputs_of(trial, case, names)).witness is not None

    def _source(
        self, case: Case, *, backwards: bool = False, in_turns: bool = False, calls: int = 1
    ) -> Trial | None:
        if self.source is None:
            return None
        limits = self._limits(case, backwards or in_turns, calls)
        return self.source.run(case.point, case.inputs, limits, case.seed, backwards=backwards, in_turns=in_turns,
                               calls=calls)

    def _limits(self, case: Case, unusual: bool, calls: int) -> Limits:
        if not unusual and calls == 1:
            return self.limits
        most = calls * (2 * BRISK + PATIENCE * case.source.seconds)
        return replace(self.limits, seconds=min(self.limits.seconds, most))


def attempt(
    target: Machine, case: Case, names: Mapping[str, str], limits: Limits, *, backwards: bool = False,
    in_turns: bool = False, calls: int = 1, picks: Mapping[int, int] | None = None,
) -> Trial:
    """The target on a case's inputs, its parameters named by those of the source."""
    scalars = {names[k]: v for k, v in case.point.scalars.items()}
    inputs = {names[k]: v for k, v in case.inputs.items()}
    return target.run(replace(case.point, scalars=scalars), inputs, limits, case.seed, backwards=backwards,
                      in_turns=in_turns, calls=calls, picks=picks)


def outputs_of(trial: Trial, case: Case, names: Mapping[str, str]) -> dict[str, Values | Number]:
    """What a run of the target left in every parameter, by its name in the source."""
    return {a: trial.outputs.get(b, case.inputs[a]) for a, b in names.items()}


def told(witness: Witness, when: str) -> Witness:
    return replace(witness, what=f"{witness.what}, {when}") if when else witness
