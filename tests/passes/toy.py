"""A toy vector machine: four-lane registers, or counted instructions on a scratchpad called `pad`."""

from __future__ import annotations

from tests.passes.programs import F, I, assign, call, ex, let, load, loop, store, var
from xpiler.facts.offers import offers
from xpiler.ir.nodes import Assign, Buffer, Const, Kernel, Meaning, Var
from xpiler.passes.lanes.vectors import VectorUnit

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


def _windowed(name: str, first: object, step) -> Meaning:  # type: ignore[no-untyped-def]
    """A reduction of the kh x kw windows of src[h][w][ch], sh rows and sw columns apart."""
    h, w, ch, kh, kw, sh, sw, y, x, c = (var(v) for v in ("h", "w", "ch", "kh", "kw", "sh", "sw", "y", "x", "c"))
    many = (w - kw) // sw + 1
    element = load("src", ((y * sh + var("i")) * w + x * sw + var("j")) * ch + c)
    body = loop("y", (h - kh) // sh + 1, loop("x", many, loop(
        "c", ch, let("v", load("src", (y * sh * w + x * sw) * ch + c) if first is None else first),
        loop("i", kh, loop("j", kw, assign("v", step(var("v", F), element)))),
        store("dst", (y * many + x) * ch + c, var("v", F)))))
    numbers = tuple(Var(n, I) for n in ("ch", "h", "w", "kh", "kw", "sw", "sh"))
    return Meaning(name, name, (_memory("dst"), _memory("src"), *numbers), None, (body,))


WINDOWS = (
    _windowed("psums", 0.0, lambda a, b: a + b), _windowed("ptops", None, lambda a, b: call("max", a, b)),
    Meaning("pscale", "pscale", (_memory("dst"), _memory("a"), Var("x", F), Var("n", I)), None,
            (loop("i", var("n"), store("dst", var("i"), load("a", var("i")) * var("x", F))),)),
    Meaning("pfloor", "pfloor", (_memory("dst"), _memory("a"), Var("x", F), Var("n", I)), None,
            (loop("i", var("n"), store("dst", var("i"), call("max", load("a", var("i")), var("x", F)))),)),
)
COPY = Meaning("copy", "", (_memory("to"), _memory("source"), Var("bytes", I), Var("way", I)), None,
               (loop("i", var("bytes") // 4, store("to", var("i"), load("source", var("i")))),))

REGISTER_UNIT = VectorUnit(offers(REGISTERS), WIDTH)
COUNTED_UNIT = VectorUnit(
    offers(COUNTED), 0, "pad", "copy", ((("global", "pad"), "IN"), (("pad", "global"), "OUT")))
MEANINGS = {(m.name, m.key): m for m in (*REGISTERS, *COUNTED, COPY)}
Kernels = tuple[Kernel, ...]
