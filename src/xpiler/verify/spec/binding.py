"""Which array of a file is which argument of a specification: by name, then by order and size, else by asking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from xpiler.fault import Fault
from xpiler.verify.spec.form import Form, solve
from xpiler.verify.signature import Array, Signature
from xpiler.verify.spec.spec import Spec

# Names that say "what goes in" and "what comes out", after the words that say where memory is were taken off.
_IN = ("x", "input", "in", "inp", "a", "src", "data")
_OUT = ("y", "output", "out", "c", "dst", "result", "res", "o", "b")
_WHERE = re.compile(r"^(?:d|h|dev|device|host|g|ptr|p|mat|matrix)_|_(?:d|h|dev|device|host|ptr|gpu|gm|g)$|_+$")
MOST_ORDERS = 720


@dataclass(frozen=True)
class Binding:
    """A specification's argument -> the file's array, for inputs and for outputs."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    def __str__(self) -> str:
        pairs = [f"{k}={v}" for k, v in {**self.inputs, **self.outputs}.items() if k != v]
        return " ".join(pairs)


def bind(spec: Spec, sig: Signature, given: Mapping[str, str], sizes: Mapping[str, int],
         known: Mapping[str, int]) -> Binding:
    """The binding; Fault XP2302 where it is not clear. `given` are the user's pairs, argument -> array."""
    _check_given(spec, sig, given)
    wanted_out = [o.name for o in spec.form.outputs] if spec.form else []
    written = [a for a in sig.arrays if a.written]
    if spec.form is None:
        outputs = {a.name: a.name for a in written}
    else:
        outputs = _outputs(spec, written, wanted_out, given)
    taken = set(outputs.values())
    if spec.form is None:
        required, optional = list(spec.inputs), list[str]()
    else:
        required = [i.name for i in spec.form.inputs if not i.optional]
        optional = [i.name for i in spec.form.inputs if i.optional]
    inputs = {k: v for k, v in given.items() if k in (*required, *optional) and k not in wanted_out}
    pool = [a for a in sig.arrays if a.name not in taken and a.name not in inputs.values()]
    _by_name(spec, [r for r in (*required, *optional) if r not in inputs], pool, inputs, _IN)
    for o in optional:  # an accumulator: what its output held before
        if o not in inputs and o in outputs and _array(sig, outputs[o]).read:
            inputs[o] = outputs[o]
    left = [r for r in required if r not in inputs]
    pool = [a for a in pool if a.name not in inputs.values()]
    if len(pool) < len(left):  # in place: outputs are inputs too
        pool += [_array(sig, n) for n in outputs.values() if _array(sig, n).read and n not in inputs.values()]
    inputs |= _by_order(spec, left, pool, inputs, outputs, sizes, known, sig)
    return Binding(inputs, outputs)


def _check_given(spec: Spec, sig: Signature, given: Mapping[str, str]) -> None:
    form = spec.form
    arguments = (*spec.inputs, *((a.name for a in (*form.inputs, *form.outputs)) if form else ()))
    for argument, name in given.items():
        if arguments and argument not in arguments:
            raise Fault("XP2302", f"`{spec.name}` has no array `{argument}`", why=f"it has {_list(arguments)}")
        if name not in [a.name for a in sig.arrays]:
            raise Fault("XP2302", f"there is no array `{name}`",
                        why=f"the arrays of `{sig.name}` are {_list(a.name for a in sig.arrays)}")


def _outputs(spec: Spec, written: Sequence[Array], wanted: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    found = {k: v for k, v in given.items() if k in wanted}
    pool = [a for a in written if a.name not in found.values() and a.name not in given.values()]
    _by_name(spec, [w for w in wanted if w not in found], pool, found, _OUT)
    left = [w for w in wanted if w not in found]
    pool = [a for a in pool if a.name not in found.values()]
    fresh = [a for a in pool if not a.read]
    pool = fresh if len(fresh) == len(left) else pool
    if len(pool) != len(left):
        raise _unclear(spec, left, pool, "the arrays that the file writes")
    return found | {w: a.name for w, a in zip(left, pool, strict=True)}


def _by_name(
    spec: Spec, wanted: Sequence[str], pool: Sequence[Array], found: dict[str, str], generic: tuple[str, ...]
) -> None:
    """Bind what is called the same, then what is called by another of the argument's names; generic names help where
    only one argument is wanted."""
    names = {plain(a.name): a.name for a in reversed(pool)}
    for also in (False, True):
        for w in wanted:
            if w in found:
                continue
            tries = (*spec.also.get(w, ()), *(generic if len(wanted) == 1 else ())) if also else (plain(w),)
            hit = next((names[t] for t in tries if t in names and names[t] not in found.values()), None)
            if hit is not None:
                found[w] = hit


def _by_order(
    spec: Spec, left: list[str], pool: list[Array], inputs: Mapping[str, str], outputs: Mapping[str, str],
    sizes: Mapping[str, int], known: Mapping[str, int], sig: Signature,
) -> dict[str, str]:
    if not left:
        return {}
    if len(pool) < len(left):
        raise _unclear(spec, left, pool, "the arrays left")

    def fits(order: Sequence[Array]) -> bool:
        both = {**inputs, **outputs, **{w: a.name for w, a in zip(left, order, strict=True)}}
        return spec.form is None or agree(spec.form, both, sizes, known)

    if len(pool) == len(left) and fits(pool):
        return {w: a.name for w, a in zip(left, pool, strict=True)}
    orders = list(permutations(pool, len(left)))
    fitting = [o for o in orders[:MOST_ORDERS] if fits(o)] if len(orders) <= MOST_ORDERS else []
    if len(fitting) != 1:
        raise _unclear(spec, left, pool, "the arrays left")
    return {w: a.name for w, a in zip(left, fitting[0], strict=True)}


def agree(form: Form, both: Mapping[str, str], sizes: Mapping[str, int], known: Mapping[str, int]) -> bool:
    """Whether the sizes of the bound arrays fit together."""
    elements = {k: sizes[v] for k, v in both.items() if v in sizes}
    return solve(form, known, elements) is not None or solve(form, {}, elements) is not None


def plain(name: str) -> str:
    """A name without the words that say where its memory is."""
    before, name = "", name.lower()
    while before != name:
        before, name = name, _WHERE.sub("", name) or name
    return name


def _array(sig: Signature, name: str) -> Array:
    return next(a for a in sig.arrays if a.name == name)


def _unclear(spec: Spec, left: Sequence[str], pool: Sequence[Array], which: str) -> Fault:
    theirs = _list(a.name for a in pool)
    return Fault(
        "XP2302", f"cannot tell which array is which argument of `{spec.name}`",
        why=f"it wants {_list(left)}; {which} are {theirs or 'none'}",
        try_=" ".join(f"--bind {w}=NAME" for w in left),
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in dict.fromkeys(names))
