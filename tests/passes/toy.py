"""A toy vector machine: four-lane registers, or counted instructions on a scratchpad called `pad`."""

from __future__ import annotations

from tests.passes.programs import F, I, call, ex, load, loop, store, var
from xpiler.facts.offers import offers
from xpiler.ir.nodes import Assign, Buffer, Const, Kernel, Meaning, Var
from xpiler.passes.vectors import VectorUnit

WIDTH = 4


def _register(name: str) -> Buffer:
    return Buffer(name, F, Const(WIDTH, I), "local", "vec4")


def _memory(name: str) -> Buffer:
    return Buffer(name, F, None)


def _lanes(name: str, value) -> Meaning:  # type: ignore[no-untyped-def]
    body = loop("i", WIDTH, store("r", var("i"), value(load("a", var("i")), load("b", var("i")))))
    return Meaning(name, name, (_register("a"), _register("b")), _register("r"), (body,))


def _counted(name: str, value) -> Meaning:  # type: ignore[no-untyped-def]
    body = loop("i", var("n"), store("dst", var("i"), value(load("a", var("i")), load("b", var("i")))))
    return Meaning(name, name, (_memory("dst"), _memory("a"), _memory("b"), Var("n", I)), None, (body,))


def _unary(name: str, value) -> Meaning:  # type: ignore[no-untyped-def]
    body = loop("i", var("n"), store("dst", var("i"), value(load("a", var("i")))))
    return Meaning(name, name, (_memory("dst"), _memory("a"), Var("n", I)), None, (body,))


_sum = (
    Assign(Var("s", F), ex(0.0).e),
    loop("i", WIDTH, Assign(Var("s", F), (var("s", F) + load("a", var("i"))).e)),
)
REGISTERS = (
    Meaning("load", "load", (_memory("p"),), _register("r"), (loop("i", WIDTH, store("r", var("i"), load("p", var("i")))),)),
    Meaning("put", "put", (_memory("p"), _register("a")), None, (loop("i", WIDTH, store("p", var("i"), load("a", var("i")))),)),
    Meaning("splat", "splat", (Var("x", F),), _register("r"), (loop("i", WIDTH, store("r", var("i"), var("x", F))),)),
    _lanes("vadd", lambda a, b: a + b), _lanes("vsub", lambda a, b: a - b), _lanes("vmul", lambda a, b: a * b),
    _lanes("vmax", lambda a, b: call("max", a, b)),
    Meaning("vsum", "vsum", (_register("a"),), Var("s", F), _sum),
)
COUNTED = (
    _counted("padd", lambda a, b: a + b), _counted("psub", lambda a, b: a - b), _counted("pmul", lambda a, b: a * b),
    _counted("pmax", lambda a, b: call("max", a, b)), _unary("pexp", lambda a: call("exp", a)),
    Meaning("pfill", "pfill", (_memory("dst"), Var("n", I), Var("x", F)), None,
            (loop("i", var("n"), store("dst", var("i"), var("x", F))),)),
)
COPY = Meaning("copy", "", (_memory("to"), _memory("source"), Var("bytes", I), Var("way", I)), None,
               (loop("i", var("bytes") // 4, store("to", var("i"), load("source", var("i")))),))

REGISTER_UNIT = VectorUnit(offers(REGISTERS), WIDTH)
COUNTED_UNIT = VectorUnit(
    offers(COUNTED), 0, "pad", "copy", ((("global", "pad"), "IN"), (("pad", "global"), "OUT")))
MEANINGS = {(m.name, m.key): m for m in (*REGISTERS, *COUNTED, COPY)}
Kernels = tuple[Kernel, ...]
