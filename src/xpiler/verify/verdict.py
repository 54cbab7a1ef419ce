"""What a judge may answer, and the evidence a result carries. A verdict is not a bool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Witness:
    """How a person sees the same refutation: the inputs (seed, sizes), and the first place that is wrong.

    `index` is the flat element of `buffer`; `findings` are what the checked run itself complained about."""

    what: str
    seed: int | None = None
    sizes: Mapping[str, int | float] = field(default_factory=dict)
    buffer: str = ""
    index: int | None = None
    expected: float | int | None = None
    actual: float | int | None = None
    findings: tuple[str, ...] = ()
    found: tuple[Mapping[str, object], ...] = ()  # the findings part by part, where they come from a run

    def __str__(self) -> str:
        inputs = [f"{k}={v}" for k, v in self.sizes.items()]
        inputs += [f"seed={self.seed}"] if self.seed is not None else []
        lines = [self.what + (f" ({', '.join(inputs)})" if inputs else "")]
        return "\n".join([*lines, *self.findings])


@dataclass(frozen=True)
class Proved:
    """The rung holds on `scope`, which says what was tried and nothing more."""

    scope: str


@dataclass(frozen=True)
class Refuted:
    witness: Witness


@dataclass(frozen=True)
class Unknown:
    """Nothing was decided. Never counts as a pass."""

    reason: str


Verdict = Proved | Refuted | Unknown


@dataclass(frozen=True)
class Evidence:
    """One rung of the ladder, its verdict, and what it cost in wall-clock seconds."""

    rung: str
    verdict: Verdict
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Plain data for `--json`."""
        out: dict[str, object] = {"rung": self.rung, "seconds": round(self.seconds, 4)}
        match self.verdict:
            case Proved(scope):
                return out | {"verdict": "proved", "scope": scope}
            case Unknown(reason):
                return out | {"verdict": "unknown", "reason": reason}
            case Refuted(w):
                witness = {
                    "what": w.what, "seed": w.seed, "sizes": dict(w.sizes), "buffer": w.buffer, "index": w.index,
                    "expected": _plain(w.expected), "actual": _plain(w.actual),
                    "findings": list(w.found or w.findings),
                }
                return out | {"verdict": "refuted", "witness": witness}
        raise TypeError(f"not a verdict: {self.verdict!r}")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """What `to_json` wrote; KeyError, TypeError or ValueError where it did not."""
        verdict: Verdict
        match data["verdict"]:
            case "proved":
                verdict = Proved(str(data["scope"]))
            case "unknown":
                verdict = Unknown(str(data["reason"]))
            case "refuted":
                w = data["witness"]
                told = tuple(f if isinstance(f, str) else str(f.get("message", f)) for f in w["findings"])
                verdict = Refuted(Witness(
                    str(w["what"]), w["seed"], dict(w["sizes"]), str(w["buffer"]), w["index"], w["expected"],
                    w["actual"], told,
                ))
            case other:
                raise ValueError(f"{other!r} is no verdict")
        return cls(str(data["rung"]), verdict, float(data["seconds"]))


READS, SOURCE, CLEAN, EQUAL, COMPILES, WATCHED = (
    "reads back", "source runs clean", "runs clean", "equal on tests", "compiles", "sane when watched",
)
REQUIRED = (READS, SOURCE, CLEAN, EQUAL)


def confirmed(evidence: Iterable[Evidence]) -> bool:
    """Whether every rung that needs no vendor's compiler was proved, and none was refuted."""
    rungs = {e.rung: e.verdict for e in evidence}
    refuted = any(isinstance(v, Refuted) for v in rungs.values())
    return not refuted and all(isinstance(rungs.get(r), Proved) for r in REQUIRED)


def refuted(evidence: Iterable[Evidence]) -> Evidence | None:
    """The first rung that was refuted."""
    return next((e for e in evidence if isinstance(e.verdict, Refuted)), None)


def against(evidence: Iterable[Evidence]) -> str:
    """What keeps a text from being confirmed, in words: what refutes it, else what it needs and nobody could tell."""
    evidence = tuple(evidence)
    said = [f"{e.rung}: {e.verdict.witness}" for e in evidence if isinstance(e.verdict, Refuted)] or [
        f"{e.rung}: {e.verdict.reason}" for e in evidence if isinstance(e.verdict, Unknown) and e.rung in REQUIRED]
    return "; ".join(said)


def source_defective(evidence: Iterable[Evidence]) -> bool:
    """Whether it was the source itself that failed its checks."""
    first = refuted(evidence)
    return first is not None and first.rung == SOURCE


def _plain(x: float | int | None) -> float | int | str | None:
    """JSON has no NaN and no infinity."""
    return str(x) if isinstance(x, float) and (x != x or x in (float("inf"), float("-inf"))) else x
