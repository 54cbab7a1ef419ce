"""Threads that exchange data: what each of them sees, and that what they do not see is never proved."""

from __future__ import annotations

import pytest

from tests.verify.proof.test_random import agree, c, cuda
from xpiler.ir.nodes import Program
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

SYNC = "__syncthreads();"
ROTATED = f"s[t] = x[t]; {SYNC} for (int k = 0; k < 3; ++k) {{ float v = s[(t + 1) % 8]; {SYNC} s[t] = v; {SYNC} }} "


def shifted(by: int) -> Program:
    return c(f"for (int i = 0; i < 8; ++i) y[i] = x[(i + {by}) % 8];")


TREE = (f"s[t] = x[t]; {SYNC} for (int l = 0; l < 3; ++l) {{ int reach = 4 >> l;"
        f" if (t < reach) s[t] = s[t] + s[t + reach]; {SYNC} }} if (t == 0) y[0] = s[0];")
SUM = c("float a = 0.0f; for (int i = 0; i < 8; ++i) a += x[i]; y[0] = a;")


BUTTERFLY = "float v = x[t]; for (int o = 16; o > 0; o /= 2) v += __shfl_xor_sync(0xffffffffu, v, o); "
ROWS = "for (int i = 0; i < 64; ++i) { float a = 0.0f; for (int k = 0; k < 32; ++k) a += x[i / 32 * 32 + k]; y[i] = a; }"
# Two warps, of which the first adds up what each has made.
BLOCK = (f"{BUTTERFLY} if (t % 32 == 0) s[t / 32] = v; {SYNC} if (t / 32 == 0) {{ v = t < 2 ? s[t] : 0.0f;"
         " for (int o = 1; o > 0; o /= 2) v += __shfl_xor_sync(0xffffffffu, v, o); if (t == 0) y[0] = v; }")
ALL = c("float a = 0.0f; for (int i = 0; i < 64; ++i) a += x[i]; y[0] = a;")

HALVED = f"s[t] = x[t] + x[t + 64]; {SYNC} for (int h = 32; h > 0; h /= 2) {{ if (t < h) s[t] += s[t + h]; {SYNC} }} "
LONG = c("float a = 0.0f; for (int i = 0; i < 128; ++i) a += x[i]; y[0] = a;")
EIGHT = c("for (int k = 0; k < 8; ++k) { float a = 0.0f; for (int i = 0; i < 16; ++i) a += x[8 * i + k]; y[k] = a; }")

DOWN = BUTTERFLY.replace("xor", "down")
FIRST = c("float a = 0.0f; for (int i = 0; i < 32; ++i) a += x[i]; y[0] = a;")

EQUAL = [
    (cuda(DOWN + "if (t == 0) y[0] = v;", 1, 32), FIRST),
    (cuda(DOWN + "if (t % 32 == 0) y[t / 32] = v;", 1, 32), FIRST),
    (cuda(BUTTERFLY.replace("v += __shfl_xor_sync(0xffffffffu, v, o);",
                            "{ float u = __shfl_xor_sync(0xffffffffu, v, o); v = v + u; }") + "y[t] = v;", 1, 64), c(ROWS)),
    (cuda(DOWN.replace("o = 16", "o = 8") + "if (t == 7) y[0] = v;", 1, 32),
     c("float a = 0.0f; for (int i = 0; i < 16; ++i) a += x[7 + i]; y[0] = a;")),
    (cuda(HALVED + "if (t == 0) y[0] = s[0];", 1, 64, 64), LONG),
    (cuda(HALVED.replace("+= s[t + h]", "= fmaxf(s[t + h], s[t])").replace("x[t] + x[t + 64]", "fmaxf(x[t], x[t + 64])")
          + "if (t == 0) y[0] = s[0];", 1, 64, 64),
     c("float a = x[0]; for (int i = 1; i < 128; ++i) a = fmaxf(a, x[i]); y[0] = a;")),
    (cuda(HALVED.replace("h > 0", "h > 4") + "if (t < 8) y[t] = s[t];", 1, 64, 64), EIGHT),
    (cuda(BUTTERFLY + "y[t] = v;", 1, 64), c(ROWS)),
    (cuda(BUTTERFLY.replace("v += ", "v = fmaxf(v, ").replace(", o)", ", o))") + "y[t] = v;", 1, 32),
     c("float a = x[0]; for (int i = 1; i < 32; ++i) a = fmaxf(a, x[i]); for (int i = 0; i < 32; ++i) y[i] = a;")),
    (cuda(BLOCK, 1, 64, 2), ALL),
    (cuda(BLOCK.replace("t / 32 == 0", "t < 32"), 1, 64, 2), ALL),
    (cuda(TREE, 1, 8, 8), SUM),
    (cuda(f"s[t] = x[t]; {SYNC} y[t] = s[7 - t];", 1, 8, 8), c("for (int i = 0; i < 8; ++i) y[i] = x[7 - i];")),
    (cuda(f"s[7 - t] = x[t]; {SYNC} y[t] = s[t];", 1, 8, 8), c("for (int i = 0; i < 8; ++i) y[i] = x[7 - i];")),
    (cuda(f"s[t] = x[t]; {SYNC} if (t < 4) s[t] = s[t] + s[t + 4]; {SYNC} if (t < 2) s[t] = s[t] + s[t + 2]; {SYNC}"
          " if (t == 0) y[0] = s[0] + s[1];", 1, 8, 8),
     c("float a = 0.0f; for (int i = 0; i < 8; ++i) a += x[i]; y[0] = a;")),
    (cuda(f"y[t] = x[t]; {SYNC} y[7 - t] = w[t];", 1, 8), c("for (int i = 0; i < 8; ++i) y[i] = w[7 - i];")),
    (cuda("if (t == 3) y[b] = x[b];", 4, 8), c("for (int i = 0; i < 4; ++i) y[i] = x[i];")),
    (cuda("for (int o = 16; o > 0; o /= 2) ; float v = x[t]; v += __shfl_xor_sync(0xffffffffu, v, 1); y[t] = v;", 1, 32),
     c("for (int i = 0; i < 32; ++i) y[i] = x[i] + x[i % 2 ? i - 1 : i + 1];")),
]
DIFFERENT = [
    (cuda(DOWN + "y[t] = v;", 1, 32), c(ROWS.replace("i < 64", "i < 32"))),
    (cuda(DOWN + "if (t == 1) y[0] = v;", 1, 32), FIRST),
    (cuda(DOWN.replace("o > 0", "o > 1") + "if (t == 0) y[0] = v;", 1, 32), FIRST),
    (cuda(DOWN.replace("v += ", "v = v * ") + "if (t == 0) y[0] = v;", 1, 32), FIRST),
    (cuda(DOWN.replace("o = 16", "o = 8") + "if (t == 17) y[0] = v;", 1, 32),
     c("float a = 0.0f; for (int i = 0; i < 16; ++i) a += x[17 + i]; y[0] = a;")),
    (cuda(BUTTERFLY.replace("v += __shfl_xor_sync(0xffffffffu, v, o);",
                            "{ float u = __shfl_xor_sync(0xffffffffu, v, o); v = v + v; }") + "y[t] = v;", 1, 64), c(ROWS)),
    *[(cuda(HALVED.replace(was, becomes) + "if (t == 0) y[0] = s[0];", 1, 64, 64), LONG) for was, becomes in (
        ("t < h)", "t < h - 1)"), ("s[t + h]", "s[t + h - 1]"), ("h = 32", "h = 16"), ("h > 0", "h > 1"),
        ("h /= 2", "h /= 4"), ("s[t] +=", "s[t] -="), ("x[t + 64]", "x[t + 63]"), ("+= s[t + h]", "= s[t] + 2 * s[t + h]"),
        ("(t < h) s[t] += s[t + h]", "(t < h) s[t + 1] += s[t + h]"))],
    (cuda(HALVED.replace("h > 0", "h > 4") + "if (t < 8) y[t] = s[t];", 1, 64, 64),
     c("for (int k = 0; k < 8; ++k) { float a = 0.0f; for (int i = 0; i < 16; ++i) a += x[16 * k + i]; y[k] = a; }")),
    (cuda(HALVED.replace("h > 0", "h > 4") + "if (t < 8) y[t] = s[8 + t];", 1, 64, 64), EIGHT),
    (cuda(f"s[t] = x[t] + x[t + 64]; {SYNC} if (t < 16) {{ if (t < 32) s[t] += s[t + 32]; if (t < 16) s[t] += s[t + 16];"
          " if (t < 8) s[t] += s[t + 8]; if (t < 4) s[t] += s[t + 4]; if (t < 2) s[t] += s[t + 2]; if (t < 1) s[t] += s[t + 1];"
          " } if (t == 0) y[0] = s[0];", 1, 64, 64), LONG),
    (cuda(BUTTERFLY.replace("o > 0", "o > 1") + "y[t] = v;", 1, 64), c(ROWS)),
    (cuda(BUTTERFLY.replace("v += ", "v -= ") + "y[t] = v;", 1, 64), c(ROWS)),
    (cuda(BUTTERFLY.replace("v, o)", "2 * v, o)") + "y[t] = v;", 1, 64), c(ROWS)),
    (cuda(BUTTERFLY.replace("v += ", "v = 2 * v + ") + "y[t] = v;", 1, 64), c(ROWS)),
    (cuda(BUTTERFLY + "y[t] = v;", 1, 64), c(ROWS.replace("i / 32 * 32", "i / 16 * 16"))),
    (cuda("float v = x[t]; float u = __shfl_xor_sync(0xffffffffu, v, 1); v = x[0]; v += u; y[t] = v;", 1, 32),
     c("for (int i = 0; i < 32; ++i) y[i] = x[i / 2 * 2] + x[i / 2 * 2 + 1];")),
    (cuda(TREE.replace("t < reach", "t < reach - 1"), 1, 8, 8), SUM),
    (cuda(TREE.replace("l < 3", "l < 2"), 1, 8, 8), SUM),
    (cuda(f"y[t] = x[t]; {SYNC} y[7 - t] = w[t];", 1, 8), c("for (int i = 0; i < 8; ++i) y[i] = x[i];")),
    (cuda(f"s[t] = x[t]; {SYNC} y[t] = s[7 - t];", 1, 8, 8), c("for (int i = 0; i < 8; ++i) y[i] = x[i];")),
    *[(cuda(ROTATED + "y[t] = s[t];", 1, 8, 8), shifted(k)) for k in (0, 1, 2, 4)],
    (cuda(f"s[t] = x[t]; {SYNC} if (t < 4) s[t] = s[t] + s[t + 4]; {SYNC} if (t < 2) s[t] = s[t] + s[t + 1]; {SYNC}"
          " if (t == 0) y[0] = s[0] + s[1];", 1, 8, 8),
     c("float a = 0.0f; for (int i = 0; i < 8; ++i) a += x[i]; y[0] = a;")),
    (cuda("if (t == 3) y[b] = x[t];", 4, 8), c("for (int i = 0; i < 4; ++i) y[i] = x[i];")),
    (c("float s = -INFINITY; for (int i = 0; i < 0; ++i) s = fmaxf(s, x[i]); y[0] = s;"),
     c("float s = -3.4028234663852886e38f; for (int i = 0; i < 0; ++i) s = fmaxf(s, x[i]); y[0] = s;")),
]


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_what_threads_exchange_is_followed(a: Program, b: Program) -> None:
    found = equal_for_all(a, b, seconds=60).verdict
    assert isinstance(found, Proved), found


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_what_differs_is_never_proved(a: Program, b: Program) -> None:
    assert not agree(a, b)
    assert not isinstance(equal_for_all(a, b, seconds=5).verdict, Proved)


@pytest.mark.parametrize(("a", "b"), [
    (cuda(BLOCK.replace("t / 32 == 0", "t / 32 == 1"), 1, 64, 2), ALL),
    (cuda(BLOCK.replace("t / 32 == 0", "t < 16"), 1, 64, 2), ALL),
    (cuda(BLOCK.replace("t < 2", "t < 1"), 1, 64, 2), ALL),
])
def test_a_warp_among_others_that_differs_is_never_proved(a: Program, b: Program) -> None:
    assert not isinstance(equal_for_all(a, b, seconds=5).verdict, Proved)
