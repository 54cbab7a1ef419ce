"""The mathematical library of plain C against Python's, over edge values; every function that the header declares."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from tests.passes.interpret import run as interpreted
from xpiler import platforms
from xpiler.emulate import Entry, build, run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.text.clang import parse
from xpiler.text.read import read
from xpiler.to_pivot import sequential

C = platforms.get("c")
ONE = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt tanh sinh cosh asinh acosh atanh sin cos tan asin acos atan floor "
    "ceil rint trunc fabs"
).split()
TWO = {"atan2": np.arctan2, "fmod": np.fmod, "hypot": np.hypot, "copysign": np.copysign, "fmin": np.fmin,
       "fmax": np.fmax, "pow": np.power}
NUMPY = {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
EDGES = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-310, -1e-310, 1e300, -1e300, 88.8, 709.9,
     -745.2, 0.3, 3.14159, 2.0**31, 1e-5]
)
WHOLE = {
    "abs((int)w[i])": lambda w: np.abs(w), "(int)labs(w[i])": lambda w: np.abs(w), "(int)llabs(w[i])": lambda w: np.abs(w),
    "(int)lrint(w[i] * 0.5)": lambda w: np.rint(w * 0.5), "(int)lrintf(w[i] * 0.5f)": lambda w: np.rint(w * 0.5),
    "(int)lround(w[i] * 0.25)": lambda w: np.trunc(w * 0.25 + np.copysign(0.5, w)),
    "(int)lroundf(w[i] * 0.25f)": lambda w: np.trunc(w * 0.25 + np.copysign(0.5, w)),
    "(int)ldexp(w[i], 3)": lambda w: w * 8, "(int)ldexpf(w[i], 3)": lambda w: w * 8,
    "std::min(w[i], 3)": lambda w: np.minimum(w, 3), "std::max(w[i], 3)": lambda w: np.maximum(w, 3),
}
TESTS = ("isnan", "isinf", "isfinite", "signbit")


@pytest.mark.slow
def test_functions_of_numbers_agree_with_numpy(cache: Path) -> None:
    calls = [f"{name}(x[i])" for name in [*ONE, "erf", "erfc", "round", "nearbyint"]]
    calls += [f"{name}(x[i], y[i])" for name in TWO] + ["fma(x[i], y[i], 2.0)"]
    calls += [f"{name}f((float)x[i])" for name in (*ONE, "erf", "erfc", "round", "nearbyint")]
    calls += [f"{name}(x[i]) ? 1 : 0" for name in TESTS]
    n = len(EDGES)
    lines = [f"o[{k * n} + i] = {call};" for k, call in enumerate(calls)]
    whole = [f"v[{k * 16} + i] = {call};" for k, call in enumerate(WHOLE)]
    text = (
        "#include <math.h>\n#include <stdlib.h>\n#include <algorithm>\n"
        'extern "C" void k(const double* x, const double* y, double* o, const int* w, int* v) {\n'
        f"for (int i = 0; i < {n}; ++i) {{\n" + "\n".join(lines) + "\n}\nfor (int i = 0; i < 16; ++i) {\n"
        + "\n".join(whole) + f"\n}}\nint* t = v + {len(WHOLE) * 16};\n"
        "std::fill(t, t + 4, 3);\nstd::fill_n(t, 2, 5);\nstd::swap(t[0], t[3]);\n}\n"
    )
    kinds = (("x", DType.F64), ("y", DType.F64), ("o", DType.F64), ("w", DType.I32), ("v", DType.I32))
    entry = Entry("k", tuple(Buffer(name, t, None, const=name in "xyw") for name, t in kinds))
    x, y, w = EDGES, np.roll(EDGES, 5), np.arange(-8, 8, dtype=np.int32)
    done = run(build(text, C, entry, cache=cache), entry, {
        "x": x, "y": y, "w": w, "o": np.zeros(len(calls) * n), "v": np.zeros(len(WHOLE) * 16 + 4, np.int32),
    })
    assert done.status == "ok", (done.findings, done.stderr)
    got = iter(np.asarray(done.outputs["o"]).reshape(-1, n))
    with np.errstate(all="ignore"):
        def one(name: str, v: np.ndarray) -> np.ndarray:
            if name in ("erf", "erfc"):
                return np.array([getattr(math, name)(float(e)) for e in v])
            if name == "round":
                return np.where(np.abs(v) < 2.0**52, np.trunc(v + np.copysign(0.5, v)), v)
            return np.asarray(getattr(np, NUMPY.get(name, {"nearbyint": "rint"}.get(name, name)))(v))

        names = [*ONE, "erf", "erfc", "round", "nearbyint"]
        for name in names:
            np.testing.assert_allclose(next(got), one(name, x), 1e-13, err_msg=name)
        for name, f in TWO.items():
            np.testing.assert_allclose(next(got), f(x, y), 1e-13, err_msg=name)
        np.testing.assert_allclose(next(got), x * y + 2.0, 1e-13, err_msg="fma")
        for name in names:
            narrow = one(name, x.astype(np.float32)).astype(np.float32)
            np.testing.assert_allclose(next(got), narrow, 3e-6, 1e-44, err_msg=f"{name}f")
        for name in TESTS:
            np.testing.assert_array_equal(next(got), getattr(np, name)(x), name)
    whole_results = np.asarray(done.outputs["v"])
    assert list(whole_results[-4:]) == [3, 5, 3, 5]
    for (call, f), result in zip(WHOLE.items(), whole_results[:-4].reshape(-1, 16), strict=True):
        np.testing.assert_array_equal(result, f(w), call)


def test_every_function_of_the_header_is_tried() -> None:
    unit = parse("", "empty.c", C.header, C.clang_args, whole=True)
    known = {n.spelling for n in unit.top if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE")}
    texts = "\n".join(p.read_text() for p in Path(__file__).parent.glob("test_c*.py") if "cuda" not in p.name)
    numbers = {n for n in known if re.sub(r"f$", "", n) in {*ONE, *TWO, "erf", "erfc", "round", "nearbyint"}}
    # Hosts and allocation are read and run by the tests of examples and launchers; the bits of numbers by their writers'.
    host = {"malloc", "calloc", "free", "aligned_alloc", "printf", "fprintf", "puts", "fflush", "exit", "abort", "srand",
            "rand", "memmove"}
    left = {n for n in known - numbers - host if not n.startswith(("xp_", "omp_")) and not re.search(rf"\b{n}\b", texts)}
    assert len(known) > 60 and not left, sorted(left)


BITS = (0x00010000, 0x80000001, 0x7FFFFFFF, 1, 0xF0F0F0F0)
COUNTS = {
    "__builtin_popcount(w[i])": lambda w: bin(w).count("1"), "__builtin_ctz(w[i])": lambda w: (w & -w).bit_length() - 1,
    "__builtin_clz(w[i])": lambda w: 32 - w.bit_length(), "__builtin_parity(w[i])": lambda w: bin(w).count("1") % 2,
    "__builtin_ffs((int)w[i])": lambda w: (w & -w).bit_length(), "__builtin_popcountl(w[i])": lambda w: bin(w).count("1"),
    "__builtin_popcountll(3ull * w[i])": lambda w: bin(3 * w).count("1"),
    "__builtin_ctzl(w[i])": lambda w: (w & -w).bit_length() - 1,
    "__builtin_ctzll((unsigned long long)w[i] << 20)": lambda w: (w & -w).bit_length() + 19,
    "__builtin_clzl(w[i])": lambda w: 64 - w.bit_length(), "__builtin_clzll(w[i])": lambda w: 64 - w.bit_length(),
    "__builtin_ffsll(w[i])": lambda w: (w & -w).bit_length(),
    "__builtin_parityll(w[i])": lambda w: bin(w).count("1") % 2,
    "(int)(__builtin_bswap32(w[i]) & 0xffffffu)": lambda w: int.from_bytes(w.to_bytes(4, "little"), "big") & 0xFFFFFF,
}


def test_counts_of_bits_are_read_as_the_compiler_means_them() -> None:
    lines = "\n".join(f"v[{k} * {len(BITS)} + i] = {call};" for k, call in enumerate(COUNTS))
    text = f"void k(const unsigned* w, int* v) {{ for (int i = 0; i < {len(BITS)}; ++i) {{ {lines} }} }}"
    kernel = sequential(read(text, C, "k.c"), C, contracted=False)[0].kernels[0]
    arrays = {"w": np.array(BITS, np.uint32), "v": np.zeros(len(BITS) * len(COUNTS), np.int32)}
    interpreted(kernel, arrays)
    for got, (call, want) in zip(arrays["v"].reshape(len(COUNTS), -1), COUNTS.items(), strict=True):
        assert list(got) == [want(w) for w in BITS], call
