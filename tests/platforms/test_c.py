"""The C library as plain C reads and runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate import Entry, build, run
from xpiler.ir.nodes import Buffer, Call, Store
from xpiler.ir.types import DType
from xpiler.ir.walk import statements, subexpressions
from xpiler.text.read import read
from xpiler.text.write import write

C = platforms.get("c")
HEAD = "#include <math.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n"


def _calls(text: str) -> set[str]:
    kernel = read(text, C).kernels[0]
    values = [s.value for s in statements(kernel.body) if isinstance(s, Store)]
    return {e.name for v in values for e in subexpressions(v) if isinstance(e, Call)}


@pytest.mark.parametrize(
    ("spelled", "name", "dtype"),
    [
        ("expf(x[0])", "exp", "float"), ("exp(x[0])", "exp", "double"), ("std::exp(x[0])", "exp", "float"),
        ("fmaxf(x[0], x[1])", "max", "float"), ("std::max(x[0], x[1])", "max", "float"),
        ("fmin(x[0], 0)", "min", "double"),
        ("fabsf(x[0])", "abs", "float"), ("std::abs(x[0])", "abs", "float"), ("erff(x[0])", "erf", "float"),
        ("tanhf(x[0])", "tanh", "float"), ("powf(x[0], 2)", "pow", "float"), ("std::pow(x[0], 2)", "pow", "float"),
        ("nearbyintf(x[0])", "rint", "float"), ("roundf(x[0])", "round", "float"),
        ("fmaf(x[0], x[1], x[2])", "fma", "float"),
        ("isnan(x[0]) ? 1 : 0", "isnan", "float"),
    ],
)
def test_scalar_functions_have_one_name(spelled: str, name: str, dtype: str) -> None:
    assert _calls(f"{HEAD}void k(const {dtype}* x, {dtype}* y) {{ y[0] = {spelled}; }}") == {name}


COPIES = HEAD + """
extern "C" void k(const uint8_t* bytes, const float* x, int* whole, float* back, int* filled) {
  for (int i = 0; i < 4; ++i) {
    int word;
    memcpy(&word, bytes + 4 * i, 4);
    whole[i] = word;
    float copy[4];
    memset(copy, 0, sizeof(copy));
    memcpy(copy, x, 2 * sizeof(float));
    back[i] = copy[i];
  }
  memset(filled, -1, 4 * sizeof(int));
}
"""


def _buffers() -> tuple[Buffer, ...]:
    kinds = (("bytes", DType.U8), ("x", DType.F32), ("whole", DType.I32), ("back", DType.F32), ("filled", DType.I32))
    return tuple(Buffer(n, t, None, const=n in ("bytes", "x")) for n, t in kinds)


@pytest.mark.slow
def test_copies_mean_what_the_library_does(cache: Path) -> None:
    """The text as it stands, and the text that reading it and writing it gives."""
    rng = np.random.default_rng(5)
    inputs = {
        "bytes": rng.integers(0, 256, 16, np.uint8), "x": rng.normal(size=4).astype(np.float32),
        "whole": np.zeros(4, np.int32), "back": np.ones(4, np.float32), "filled": np.zeros(4, np.int32),
    }
    want = {
        "whole": inputs["bytes"].view(np.int32), "back": np.append(inputs["x"][:2], [0, 0]), "filled": np.full(4, -1),
    }
    for text in (COPIES, write(read(COPIES, C), C)):
        entry = Entry("k", _buffers())
        done = run(build(text, C, entry, cache=cache), entry, inputs)
        assert done.status == "ok", done
        for name, values in want.items():
            np.testing.assert_array_equal(done.outputs[name], values, name)


def test_words_of_c_that_are_not_cpp() -> None:
    text = "void k(const float* restrict x, float* restrict y, int n) { _Bool on = n > 3; y[0] = on ? x[0] : 0.0f; }\n"
    assert read(text, C).kernels[0].name == "k"


@pytest.mark.parametrize("name", ["add", "gemm", "softmax"])
def test_the_examples_read(name: str, examples: Path) -> None:
    assert read((examples / f"{name}.c").read_text(), C, f"{name}.c").kernels
