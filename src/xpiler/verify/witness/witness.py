"""A refutation a person can hold: the smallest input, the line to blame, and a folder that shows it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from xpiler import platforms
from xpiler.fault import Fault, Span
from xpiler.ir.nodes import Program
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.witness.blame import NEVER, Blamed, of_finding, writer_of
from xpiler.verify.runs.compare import Tolerance, to_double
from xpiler.verify.runs.depth import precision, terms
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Point, Values
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import Case, Effort, Let, Reference, divide, spell
from xpiler.verify.pairing import pair
from xpiler.verify.witness.shrink import Failing, Pair, shrink
from xpiler.verify.signature import signature
from xpiler.verify.runs.trial import Machine, Trial, machine
from xpiler.verify.verdict import SOURCE, Evidence, Proved, Witness

CASE = "case.json"
KEPT = ("a", "b", "scalars", "sizes", "seed", "kind", "names", "let", "geometry")
# Elements of an array that are spelled out.
SHOWN = 8


class Text(Protocol):
    """One of the two programs: its text, its language, what it was read as, and which kernel; `ladder.Side` is one."""

    @property
    def text(self) -> str: ...
    @property
    def platform(self) -> Platform: ...
    @property
    def program(self) -> Program: ...
    @property
    def file(self) -> str: ...
    @property
    def kernel(self) -> str: ...


@dataclass(frozen=True)
class Explained:
    """A failing case, as small as it was found, with the line of the target that wrote the wrong element.

    `line` is None where nobody wrote it (`writer` says so) or it is not known; `made` is the line that made what `line`
    only copied. `trial` is the target's run; `names` are the target's parameters by the source's."""

    witness: Witness
    case: Case
    trial: Trial
    line: Span | None
    writer: str
    made: Span | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, DType] = field(default_factory=dict)  # of the arrays the source reads

    @property
    def reads(self) -> tuple[str, ...]:
        """The arrays that the source reads."""
        return tuple(self.types)

    def __str__(self) -> str:
        """The witness, its writer and its inputs, a line each."""
        arrays = (f"{n} = {self.shown(n)}" for n in self.reads)
        return "\n".join(filter(None, (str(self.witness), self.written, *arrays)))

    def shown(self, name: str) -> str:
        """An input in words: what is not zero in it, where that is little."""
        return _shown(self.case.inputs[name], self.types.get(name))

    @property
    def written(self) -> str:
        """Who wrote the wrong element, in words."""
        if self.line is not None:
            by = f" by {self.writer}" if self.writer else ""
            made = f", which copies what line {self.made.line} made" if self.made is not None else ""
            return f"written at {self.line}{by}{made}"
        return self.writer


def explain(
    reference: Reference, source: Text, target: Text, witness: Witness | None = None, *,
    pairs: Mapping[str, str] | None = None, let: Let | None = None, effort: Effort | None = None,
    cache: Path | None = None, seconds: float = 5.0,
) -> Explained | None:
    """The smallest case found in `seconds` on which the target is refuted, and who wrote its first wrong element.

    `witness` says where to start. None where no case refutes it: the texts cannot be called alike or do not compile."""
    effort = effort or Effort()
    both = _both(reference, source, target, pairs, effort, cache)
    if both is None:
        return None
    failing = _first(both, reference, witness)
    if failing is None:
        return None
    fixed, _ = divide(let or {}, reference.signature)
    failing = shrink(both, failing, fixed, seconds)
    types = {a.name: a.dtype for a in reference.signature.arrays if a.read}
    by = _blamed(failing, target, both, cache)
    return Explained(failing.witness, failing.case, failing.trial, by.line, by.writer, by.made, both.names, types)


def _both(
    reference: Reference, source: Text, target: Text, pairs: Mapping[str, str] | None, effort: Effort,
    cache: Path | None,
) -> Pair | None:
    theirs = signature(target.program, target.kernel)
    pairing = pair(reference.signature.params, theirs.params, pairs)
    if pairing.clash:
        return None
    try:
        one = machine(source.text, source.platform, reference.signature, file=source.file, cache=cache)
        other = machine(target.text, target.platform, theirs, file=target.file, cache=cache)
    except Fault:
        return None
    return Pair(one, other, pairing.names, reference, effort.limits)


def _first(both: Pair, reference: Reference, witness: Witness | None) -> Failing | None:
    """The failing case: the one that the witness is of, if it is known."""

    def likely(case: Case) -> bool:
        return witness is not None and case.seed == witness.seed and case.point.scalars == witness.sizes

    for case in sorted(reference.cases, key=lambda c: not likely(c)):
        found = both.closely(case)
        if found is not None:
            return found
    return None


def _blamed(failing: Failing, target: Text, both: Pair, cache: Path | None) -> Blamed:
    if failing.trial.found:
        return of_finding(failing.trial.found[0])
    case, w = failing.case, failing.witness
    if w.index is None or not w.buffer:
        return Blamed(None, "")
    scalars = {both.names[k]: v for k, v in case.point.scalars.items()}
    inputs = {both.names[k]: v for k, v in case.inputs.items()}
    point = Point(scalars, {both.names[k]: n for k, n in case.point.sizes.items()})
    return writer_of(
        target.text, target.platform, both.target.signature, point, inputs, (both.names[w.buffer], w.index),
        file=target.file, limits=both.limits, seed=case.seed, cache=cache,
    )


# ---------------------------------------------------------------- on disk


@dataclass(frozen=True)
class Reading:
    """How the two files were read: what `read` was given besides their text."""

    let: Mapping[str, int] = field(default_factory=dict)
    geometry: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()  # the same as a person writes it: --let n=5, --grid 4


def save(directory: Path, found: Explained, source: Text, target: Text, reading: Reading = Reading()) -> None:
    """Write both files, the inputs, what each gives, and how to run it again."""
    for part in ("inputs", "expected", "actual"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    a, b = _names(source, target)
    (directory / a).write_text(_own(source))
    (directory / b).write_text(_own(target))
    case = found.case
    for name, x in case.inputs.items():
        if isinstance(x, np.ndarray):
            np.save(directory / "inputs" / f"{name}.npy", x)
            np.save(directory / "expected" / f"{name}.npy", case.source.outputs.get(name, x))
            if found.trial.clean:
                np.save(directory / "actual" / f"{name}.npy", found.trial.outputs.get(found.names[name], x))
    told: dict[str, Any] = {
        "a": {"file": a, "language": source.platform.name, "kernel": source.kernel},
        "b": {"file": b, "language": target.platform.name, "kernel": target.kernel},
        "scalars": dict(case.point.scalars), "sizes": dict(case.point.sizes), "seed": case.seed,
        "kind": case.point.kind.value, "names": dict(found.names), "let": dict(reading.let),
        "geometry": dict(reading.geometry),
    }
    (directory / CASE).write_text(json.dumps(told, indent=1) + "\n")
    (directory / "README.md").write_text(_readme(found, a, b, reading))


def replay(directory: Path, *, effort: Effort | None = None, cache: Path | None = None) -> Explained | None:
    """Run what `save` wrote once more; None where the two give the same now. Fault XP1020 for any other folder."""
    effort = effort or Effort()
    told = _told(directory)
    source, target = (_text(directory, told[k], told["let"], told["geometry"]) for k in ("a", "b"))
    sig = signature(source.program, source.kernel)
    inputs: dict[str, Values | Number] = dict(told["scalars"])
    for a in sig.arrays:
        inputs[a.name] = np.load(directory / "inputs" / f"{a.name}.npy", allow_pickle=False)
    point = Point(told["scalars"], told["sizes"], kind=Kind(told["kind"]))
    single = machine(source.text, source.platform, sig, file=source.file, cache=cache)
    trial = single.run(point, inputs, effort.limits, told["seed"])
    if not trial.clean:
        raise Fault("XP2002", f"{source.file} does not run on these inputs", why=trial.complaint)
    tolerance = Tolerance(precision(source.program), terms(source.program, point.scalars))
    again = _double(source, single, cache)
    evidence = Evidence(SOURCE, Proved("the inputs of a folder"))
    reference = Reference(sig, (), tolerance, evidence, again=again, own=single)
    both = _both(reference, source, target, told["names"], effort, cache)
    if both is None:
        raise Fault("XP2002", f"{target.file} cannot be called like {source.file}, or does not compile")
    failing = both.closely(Case(point, told["seed"], inputs, trial, None))
    if failing is None:
        return None
    by = _blamed(failing, target, both, cache)
    types = {a.name: a.dtype for a in sig.arrays if a.read}
    return Explained(failing.witness, failing.case, failing.trial, by.line, by.writer, by.made, both.names, types)


@dataclass(frozen=True)
class _Read:
    text: str
    platform: Platform
    program: Program
    file: str
    kernel: str


def _text(directory: Path, told: Mapping[str, str], let: Mapping[str, int], geometry: Mapping[str, str]) -> _Read:
    platform = platforms.get(told["language"])
    text = (directory / told["file"]).read_text()
    program = read(text, platform, told["file"], geometry=geometry or None, let=let or None, lenient=True)
    return _Read(text + program.entry, platform, program, told["file"], told["kernel"])


def _told(directory: Path) -> dict[str, Any]:
    try:
        told = json.loads((directory / CASE).read_text())
        return {name: told[name] for name in KEPT}
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise Fault(
            "XP1020", f"cannot read {directory / CASE}", why=str(e), try_="a folder that --witness wrote",
        ) from e


def _double(source: Text, single: Machine, cache: Path | None) -> Machine:
    """The source in float64; as it is where it does not compile so."""
    try:
        return machine(source.text, source.platform, single.signature, file=source.file, real="f64", cache=cache)
    except Fault:
        return single


def _own(side: Text) -> str:
    """The text as its owner has it."""
    return side.text.removesuffix(side.program.entry) if side.program.entry else side.text


def _names(source: Text, target: Text) -> tuple[str, str]:
    a, b = (Path(s.file).name or f"{which}{s.platform.suffixes[0]}" for s, which in ((source, "a"), (target, "b")))
    return (f"a_{a}", f"b_{b}") if a == b else (a, b)


def _readme(found: Explained, a: str, b: str, reading: Reading) -> str:
    mapped = [f"--map {x}={y}" for x, y in found.names.items() if x != y]
    let = [f"--let {k}={v}" for k, v in found.case.point.scalars.items() if f"--let {k}={v}" not in reading.options]
    command = " ".join(["xpiler check", a, b, *reading.options, *let, *mapped])
    return "\n".join([
        f"# {a} and {b} are not the same", "", str(found.witness), *([found.written] if found.written else []), "",
        "Run it again, in this folder; the second line looks for other inputs too:", "",
        "    xpiler replay .", f"    {command}", "",
        "`inputs/` holds the arrays both were called with, `expected/` what the first made of them and `actual/` what",
        f"the second did; {spell(found.case.point.scalars)}. bfloat16 is kept as its 16 bits.", "",
        *(f"- `{n}` is {found.shown(n)}" for n in found.reads), "",
    ])


def _shown(x: Values | Number, dtype: DType | None) -> str:
    if not isinstance(x, np.ndarray):
        return str(x)
    flat = to_double(dtype, x) if dtype is not None and dtype.is_float else x
    places = np.flatnonzero(flat)
    if flat.size <= SHOWN:
        return f"[{', '.join(f'{v:g}' for v in flat)}]"
    if not places.size:
        return f"{flat.size} zeros"
    told = ", ".join(f"[{i}] = {flat[i]:g}" for i in places[:SHOWN])
    more = f" and {places.size - SHOWN} more" if places.size > SHOWN else ""
    return f"{flat.size} elements, all zero but {told}{more}"


__all__ = ["NEVER", "Explained", "Reading", "explain", "replay", "save"]
