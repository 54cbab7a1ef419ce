"""Whether a text computes what a specification says: its observed runs, held against the function in float64."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.verify.spec.binding import Binding, bind, plain
from xpiler.verify.runs.compare import Difference, Tolerance, floats, integers, to_double
from xpiler.verify.evaluate import NoValue, Number
from xpiler.verify.spec.form import Form, solve
from xpiler.verify.runs.inputs import NUMPY, Values, poison
from xpiler.verify.runs.observe import RANDOM_ALONE, Case, Effort, Let, Progress, Reference, observe, spell
from xpiler.verify.signature import Array, Signature, given_sizes, signature
from xpiler.verify.spec.slips import Slip, slips
from xpiler.verify.spec.spec import F64, Answer, Spec
from xpiler.verify.verdict import Evidence, Proved, Refuted, Witness

RUNG = "computes its specification"
# How often inputs are nudged at least to see what rounding them does, and how many times that a result may be off: it
# is rounded on the way too.
NUDGES, NUDGED = 3, 8.0
# The chance that a right text is refuted because no nudge happened to move an element that rounding moves.
MISSED = 1e-6
# Larger arrays stay as they are: what they do to a result is a sum of many, which the tolerance covers.
MOST_NUDGED = 1 << 22
# Elements of all arrays that are held against a specification at once, where it can be had in slices; and of a slice.
MOST_AT_ONCE, PIECE = 1 << 27, 1 << 22


def against(
    text: str, platform: Platform, program: Program, spec: Spec, *, file: str = "", let: Let | None = None,
    pairs: Mapping[str, str] | None = None, kernel: str = "", effort: Effort | None = None, cache: Path | None = None,
    progress: Progress = lambda _: None,
) -> tuple[Reference, tuple[Evidence, ...]]:
    """The evidence that a text runs clean, and that it computes `spec`; and the runs themselves.

    `let` holds scalars of the text, and letters of the specification; `pairs` are arrays bound by the user. Faults:
    XP2302 where arrays cannot be told apart, XP2304 where sizes do not fit or a letter has no value."""
    let = let or {}
    program = sized(program, spec, kernel, let, pairs or {})
    reference = observe(
        text, platform, program, file=file, let=let, kernel=kernel,
        effort=replace(effort or Effort(), level=RANDOM_ALONE), cache=cache, progress=progress,
    )
    if not isinstance(reference.evidence.verdict, Proved):
        return reference, (reference.evidence,)
    start = time.monotonic()
    progress(f"comparing with {spec.name}")
    verdict = _Judge(spec, reference, let, pairs or {}).verdict()
    return reference, (reference.evidence, Evidence(RUNG, verdict, time.monotonic() - start))


def sized(program: Program, spec: Spec, kernel: str, let: Let, pairs: Mapping[str, str]) -> Program:
    """The program with those array sizes that only the specification knows."""
    sig = signature(program, kernel)
    if spec.form is None or all(a.extents for a in sig.arrays):
        return program
    numbers = {k: v for k, v in let.items() if not isinstance(v, tuple)}
    known = _letters(spec, sig, numbers, let)
    sizes: dict[str, int] = {}
    for a in sig.arrays:
        one = replace(sig, arrays=(a,))
        try:
            sizes |= one.sizes(numbers) if a.extents else {}
        except NoValue:
            continue
    binding = bind(spec, sig, pairs, sizes, known)
    both = {**binding.inputs, **binding.outputs}
    elements = {k: sizes[v] for k, v in both.items() if v in sizes}
    dims = solve(spec.form, known, elements) or solve(spec.form, _spoken(spec.form, let), elements) or {}
    found: dict[str, int] = {}
    for s in (*spec.form.inputs, *spec.form.outputs):
        if s.name in both and both[s.name] not in sizes and s.letters <= set(dims):
            found[both[s.name]] = max(s.elements(dims), found.get(both[s.name], 0))
    return given_sizes(program, {k: n for k, n in found.items() if n > 0})


def check_names(spec: Spec, sig: Signature, let: Let) -> None:
    """A value for something neither the text nor its specification has is a slip of the pen."""
    known = [*(p.name for p in sig.params), *(spec.form.letters if spec.form else ()), *spec.scalars]
    for name in let:
        if name not in known:
            raise Fault("XP3004", f"neither `{sig.name}` nor `{spec.name}` has `{name}`",
                        why=f"they have {', '.join(dict.fromkeys(known))}", try_="--let with one of these")


def _spoken(form: Form, let: Let) -> dict[str, int]:
    """The letters the user gave a value."""
    return {k: int(v) for k, v in let.items() if k in form.letters and not isinstance(v, tuple)}


def _letters(spec: Spec, sig: Signature, scalars: Mapping[str, Number], let: Let) -> dict[str, int]:
    """Letters that a scalar of the file is named after, and those the user gave."""
    assert spec.form is not None, "only shapes have letters"
    names = {plain(v.name): v.name for v in sig.scalars if not v.dtype.is_float}
    tries = {letter: (letter, *spec.also.get(letter, ())) for letter in spec.form.letters}
    found = {letter: next((n for n in words if n in names), "") for letter, words in tries.items()}
    found = {letter: n for letter, n in found.items() if names.get(n, "") in scalars}
    if len(found) == 1 and all(len(n) == 1 and n != letter for letter, n in found.items()):
        found = {}  # a lone `n` may be anything
    return {letter: int(scalars[names[n]]) for letter, n in found.items()} | _spoken(spec.form, let)


@dataclass(frozen=True)
class _Piece:
    """What one call of the specification is held against: a case, or one that has only some slices of its arrays.

    `starts`: for every array that was cut, the element it starts with in the whole; `first`: the first slice."""

    case: Case
    binding: Binding
    dims: Mapping[str, int]
    starts: Mapping[str, int] = field(default_factory=dict)
    first: int = 0


@dataclass(frozen=True)
class _Judge:
    """A specification at work on the observed runs of one text."""

    spec: Spec
    reference: Reference
    let: Let
    pairs: Mapping[str, str]

    def verdict(self) -> Proved | Refuted:
        ways = dict.fromkeys(self.spec.ways, 0.0)  # the ways that fit so far -> the largest error
        witness = Witness("")
        binding = Binding({}, {})
        for piece in (p for c in self.reference.cases for p in self.pieces(c)):
            case, binding = piece.case, piece.binding
            arrays, numbers = self.arguments(piece)
            for way in list(ways):
                answer = self.answer(way, {**arrays, **numbers})
                found, error = self.compared(case, binding, answer)
                if found is not None:
                    found, error = self.settled(found, way, piece, answer)
                if found is None:
                    ways[way] = max(ways[way], error)
                    continue
                del ways[way]
                witness = self.witness(piece, *found) if not ways else witness
            if not ways:
                reason = self.explained(case, binding, arrays, numbers)
                what = witness.what + (f"; {reason}" if reason else "")
                return Refuted(replace(witness, what=what))
        way, error = next(iter(ways.items()))
        how = [f"{len(self.reference.cases)} random inputs", self.spec.name + (f" ({way})" if way else "")]
        how += [f"with {binding}"] if str(binding) else []
        how += [f"largest relative error {error:.1e}" if error else "bit for bit"]
        return Proved(", ".join(how))

    def pieces(self, case: Case) -> Iterator[_Piece]:
        """The case; or, where it is large and the specification computes its slices one by one, these in turn."""
        spec, sig = self.spec, self.reference.signature
        sizes = {a.name: _array(case.inputs[a.name]).size for a in sig.arrays}
        known = {} if spec.form is None else _letters(spec, sig, case.point.scalars, self.let)
        binding = bind(spec, sig, self.pairs, sizes, known)
        dims = {} if spec.form is None else self.dims(spec.form, binding, sizes, known, case)
        elements = sum(sizes.values())
        if not spec.apart or spec.form is None or elements <= MOST_AT_ONCE:
            yield _Piece(case, binding, dims)
            return
        slices = dims[spec.apart]
        step = max(1, slices * PIECE // elements)
        one = {**dims, spec.apart: 1}
        both = [(s, binding.inputs) for s in spec.form.inputs] + [(s, binding.outputs) for s in spec.form.outputs]
        rows = {names[s.name]: s.elements(one) for s, names in both if s.name in names and spec.apart in s.letters}
        for first in range(0, slices, step):
            last = min(first + step, slices)
            cut = {k: slice(first * n, last * n) for k, n in rows.items()}
            inputs = {k: _array(v)[cut[k]] if k in cut else v for k, v in case.inputs.items()}
            outputs = {k: v[cut[k]] if k in cut else v for k, v in case.source.outputs.items()}
            part = replace(case, inputs=inputs, source=replace(case.source, outputs=outputs))
            yield _Piece(part, binding, {**dims, spec.apart: last - first}, {k: c.start for k, c in cut.items()}, first)

    def arguments(self, piece: _Piece) -> tuple[dict[str, F64], dict[str, Number]]:
        """The arrays in their shapes, and the numbers of one call of the specification."""
        form, dims = self.spec.form, piece.dims
        shapes = {} if form is None else {i.name: i.sides(dims) for i in form.inputs}
        arrays = {}
        for name, theirs in piece.binding.inputs.items():
            dtype = next(a.dtype for a in self.reference.signature.arrays if a.name == theirs)
            flat = to_double(dtype, _array(piece.case.inputs[theirs]))
            arrays[name] = flat[: int(np.prod(shapes[name]))].reshape(shapes[name]) if name in shapes else flat
        return arrays, {**dims, **self.scalars(piece.case, dims)}

    def dims(self, form: Form, binding: Binding, sizes: Mapping[str, int], known: Mapping[str, int], case: Case,
             ) -> dict[str, int]:
        both = {**binding.inputs, **binding.outputs}
        elements = {k: sizes[v] for k, v in both.items()}
        spoken = _spoken(form, self.let)
        dims = solve(form, known, elements)
        if dims is None or set(form.letters) - set(dims):
            alone = solve(form, spoken, elements)
            dims = alone if dims is None or (alone is not None and not set(form.letters) - set(alone)) else dims
        if dims is None and set(form.letters) <= set(known):
            # The file may hold more than the specification needs, never less.
            enough = all(s.elements(known) <= elements.get(s.name, 0) or s.name not in elements
                         for s in (*form.inputs, *form.outputs))
            dims = dict(known) if enough else None
        if dims is None:
            held = ", ".join(f"`{v}` has {sizes[v]}" for v in dict.fromkeys(both.values()))
            raise Fault(
                "XP2304", f"the sizes of the file do not fit `{self.spec.name}`",
                why=f"{held} elements at {spell(case.point.scalars)}; it wants {_spelled(form)}",
                try_="--bind ARGUMENT=ARRAY, or --let for its letters",
            )
        missing = [s for s in form.letters if s not in dims]
        if missing:
            raise Fault(
                "XP2304", f"`{self.spec.name}` needs the value of {', '.join(f'`{m}`' for m in missing)}",
                why=f"the sizes of the arrays do not determine it; its shapes are {_spelled(form)}",
                try_=" ".join(f"--let {m}=VALUE" for m in missing),
            )
        return dims

    def scalars(self, case: Case, dims: Mapping[str, int]) -> dict[str, Number]:
        """Numbers besides letters: from the file's scalars, from the user, else the usual ones."""
        names = {plain(k): v for k, v in case.point.scalars.items()}
        out: dict[str, Number] = {}
        for name, usual in self.spec.scalars.items():
            said = self.let.get(name)
            tries = (name, plain(name), *self.spec.also.get(name, ()))
            hit = next((names[t] for t in tries if t in names), None)
            value = said if said is not None and not isinstance(said, tuple) else hit if hit is not None else usual
            if value is None and name not in dims:
                raise Fault("XP2304", f"`{self.spec.name}` needs the value of `{name}`",
                            why="no scalar of the file is called so", try_=f"--let {name}=VALUE")
            if value is not None:
                out[name] = value
        return out

    def answer(self, way: str, arguments: Mapping[str, object]) -> Answer:
        with np.errstate(all="ignore"):
            return self.spec.ways[way](arguments)

    def settled(
        self, found: tuple[Array, Difference, tuple[int, ...]], way: str, piece: _Piece, answer: Answer
    ) -> tuple[tuple[Array, Difference, tuple[int, ...]] | None, float]:
        """As `compared`, of a text that is `found` to differ, with the room that rounding its inputs gives.

        A nudge moves an element by less than 1/f of what rounding does with a chance of about 1/f. So k nudges leave
        some of n elements with less room than that with a chance of n / f^k, and whether an element is off by more is
        known once that is small: for what is far off after a few nudges, for the rest after some more."""
        elements = sum(x.size for x in answer)
        for k, room in enumerate(self.rooms(way, piece, answer), 1):
            if k < NUDGES:
                continue
            left, error = self.compared(piece.case, piece.binding, answer, tuple(NUDGED * r for r in room))
            if left is None:
                return None, error
            far = max((elements / MISSED) ** (1 / k), NUDGED)
            beyond, _ = self.compared(piece.case, piece.binding, answer, tuple(far * r for r in room))
            if beyond is not None:
                return beyond, 0.0
        return found, 0.0  # no input moves

    def rooms(self, way: str, piece: _Piece, answer: Answer) -> Iterator[tuple[F64, ...]]:
        """How far each element of the answer moved when inputs moved by one rounding, once, twice and so on: what is
        right for inputs that close is not wrong."""
        arrays, numbers = self.arguments(piece)
        unit = self.reference.tolerance.unit
        room = tuple(np.zeros(x.shape) for x in answer)
        moving = {n: a for n, a in arrays.items() if a.size <= MOST_NUDGED and not np.array_equal(a, np.rint(a))}
        for seed in itertools.count() if moving else ():
            rng = np.random.default_rng(seed)
            moved = {n: a * (1.0 + unit * rng.uniform(-1.0, 1.0, a.shape)) for n, a in moving.items()}
            for r, x, y in zip(room, answer, self.answer(way, {**arrays, **moved, **numbers}), strict=True):
                with np.errstate(invalid="ignore"):
                    np.fmax(r, np.abs(x - y), out=r)
            yield room

    def compared(
        self, case: Case, binding: Binding, answer: Answer, room: tuple[F64, ...] = ()
    ) -> tuple[tuple[Array, Difference, tuple[int, ...]] | None, float]:
        """The first difference with its array and the shape of the answer, or the largest error. Within `room` of the
        answer an element is taken for it."""
        if len(answer) != len(binding.outputs):
            raise Fault("XP2305", f"`{self.spec.name}` gave {len(answer)} arrays for {len(binding.outputs)} outputs",
                        why=f"the file writes {', '.join(binding.outputs.values())}")
        worst = 0.0
        for i, (theirs, expected) in enumerate(zip(binding.outputs.values(), answer, strict=True)):
            a = next(x for x in self.reference.signature.arrays if x.name == theirs)
            actual = case.source.outputs[theirs]
            if expected.size > actual.size:
                raise Fault("XP2304", f"`{self.spec.name}` gives {expected.size} elements for `{theirs}`",
                            why=f"it has {actual.size}")
            flat = np.ascontiguousarray(expected, np.float64).reshape(-1)
            if room and a.dtype.is_float:
                is_ = to_double(a.dtype, actual[: flat.size])
                flat = np.where(np.abs(is_ - flat) <= room[i].reshape(-1), is_, flat)
            found, error = differs(a, case, flat, actual[: flat.size], self.reference.tolerance)
            if found is not None:
                return (a, found, expected.shape), 0.0
            worst = max(worst, error)
        return None, worst

    def witness(self, piece: _Piece, a: Array, found: Difference, shape: tuple[int, ...]) -> Witness:
        row, *rest = (int(i) for i in np.unravel_index(found.index, shape or (1,)))
        index = piece.starts.get(a.name, 0) + found.index
        place = ", ".join(map(str, (piece.first + row, *rest))) if len(shape) > 1 else str(index)
        among = f" of {int(np.prod(shape))}" if piece.starts else ""
        what = (f"`{a.name}` is not what {self.spec.name} gives: `{a.name}`[{place}] is {found.actual:.7g}, not "
                f"{found.expected:.7g}; {found.wrong}{among} elements differ")
        case = piece.case
        return Witness(what, case.seed, case.point.scalars, a.name, index, found.expected, found.actual)

    def explained(self, case: Case, binding: Binding, arrays: Mapping[str, F64], numbers: Mapping[str, Number]) -> str:
        """The known slip that gives just what the text gives, in words; "" when none does."""
        way = next(iter(self.spec.ways))
        for slip in self._slips(case, binding, arrays):
            answer = self.answer(way, {**slip.arrays, **numbers})
            if self.compared(case, binding, slip.after(answer))[0] is None:
                return slip.words
        return ""

    def _slips(self, case: Case, binding: Binding, arrays: Mapping[str, F64]) -> Iterator[Slip]:
        before = []
        for theirs in binding.outputs.values():
            a = next(x for x in self.reference.signature.arrays if x.name == theirs)
            before.append(to_double(a.dtype, _array(case.inputs[theirs])) if a.read else None)
        return slips(arrays, before)


def differs(
    a: Array, case: Case, expected: F64, actual: Values, tolerance: Tolerance
) -> tuple[Difference | None, float]:
    """The first place where an array is not what was expected, and the largest relative error elsewhere."""
    if not a.dtype.is_float:
        with np.errstate(invalid="ignore"):
            return integers(np.rint(expected).astype(np.int64).astype(NUMPY[a.dtype]), actual), 0.0
    if a.dtype is DType.BF16:
        rounded: Values = (expected.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    else:
        with np.errstate(over="ignore"):
            rounded = expected.astype(NUMPY[a.dtype])
    before = _array(case.inputs[a.name])[: expected.size]
    blank = poison(a.dtype, expected.size, case.seed) if a.read else before
    return floats(a.dtype, rounded, actual, None if a.dtype is DType.BF16 else expected, blank, tolerance)


def _spelled(form: Form) -> str:
    return ", ".join(f"{s.name}[{','.join(s.shape)}]" for s in (*form.inputs, *form.outputs))


def _array(value: Values | Number) -> Values:
    assert isinstance(value, np.ndarray), "an array's input is an array"
    return value


__all__ = ["RUNG", "against", "check_names", "sized"]
