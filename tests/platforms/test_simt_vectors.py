"""Small vectors, loads and stores with hints, lengths of arrays, and meanings that only a reader uses."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.platforms.simt_program import mistakes, results
from tests.platforms.simt_run import run_body
from tests.platforms.simt_table import Row, several_results
from xpiler.platforms import get

_ELEMENTS = ("char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "longlong", "ulonglong", "float", "double")
_BYTES = {"char": 1, "short": 2, "int": 4, "float": 4, "long": 8, "longlong": 8, "double": 8}


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_vectors_hold_their_parts_and_have_the_vendors_sizes(platform: str) -> None:
    calls, want = "", []
    for element in _ELEMENTS:
        each = _BYTES[element.removeprefix("u")]
        for n in (1, 2, 3, 4):
            name, parts = f"{element}{n}", ", ".join(str(7 + k) for k in range(n))
            picks = " + ".join(f"{10**k} * (double)v.{part}" for k, part in zip(range(n), "xyzw", strict=False))
            calls += f"{{ {name} v = make_{name}({parts}); o[{2 * len(want)}] = {picks}; o[{2 * len(want) + 1}] = sizeof(v); }}\n"
            want.append((sum(10**k * (7 + k) for k in range(n)), n * each))
    done = run_body(platform, calls, 1, o=np.zeros(2 * len(want)))
    assert [tuple(r) for r in done.outputs["o"].reshape(-1, 2).tolist()] == want


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_hints_change_nothing(platform: str) -> None:
    loads = ("__ldg", "__ldca", "__ldcg", "__ldcs", "__ldcv", "__ldlu")
    stores = ("__stcg", "__stcs", "__stwb", "__stwt")
    calls = "".join(f"{store}(o + {64 * n} + t, {loads[n]}(x + t) + 1);\n" for n, store in enumerate(stores))
    calls += "__stcs((float4*)(o + 256) + t, __ldg((const float4*)x + t));\n" \
             "o[512 + t] = __ldcv(x + t) + __ldlu(x + 64 + t);\n"
    x = np.arange(256, dtype=np.float32)
    done = run_body(platform, calls, 64, x=x, o=np.zeros(576, np.float32))
    assert done.status == "ok", done.findings
    want = [*np.tile(x[:64] + 1, 4), *x, *(x[:64] + x[64:128])]
    assert done.outputs["o"].tolist() == want


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_lengths_of_arrays(platform: str) -> None:
    x = np.array([3, -4, 12, 84], np.float32)
    body = "o[0] = normf(2, x); o[1] = normf(4, x); o[2] = rnormf(3, x); o[3] = norm(4, y); o[4] = rnorm(2, y); o[5] = normf(0, x);"
    done = run_body(platform, body, 1, x=x, y=x.astype(np.float64), o=np.zeros(6))
    np.testing.assert_allclose(done.outputs["o"], [5, 85, 1 / 13, 85, 0.2, 0], rtol=1e-7)


def test_what_a_reader_takes_for_the_c_library() -> None:
    """The bodies that stand for what a run gets from the C library give the same."""
    cuda = get("cuda")
    header = (cuda.folder.parent / "simt_scalar.h").read_text()
    body = header.split("#define XP_STANDARD", 1)[1].split("#undef XP_STANDARD")[0]
    names = set(re.findall(r"(\w+)##f\(", body))
    assert {"ldexp", "frexp", "ilogb", "modf", "llround", "logb", "sincos"} <= names
    word = re.compile(rf"\b({'|'.join(names)})(?=##f\()")
    head = "#define XP_STANDARD" + word.sub(r"meant_\1", body)
    rows = [Row(re.sub(rf"(?<![\w])({'|'.join(names)})(f?)\(", r"meant_\1\2(", r.code), r.want, r.error, r.least)
            for r in several_results() if "scbln" not in r.code and "pi" not in r.code and "fma" not in r.code]
    assert any("meant_frexpf(" in r.code for r in rows)
    assert not mistakes(rows, *results(rows, cuda, "__nv_bfloat16", head))


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_host_code_may_call_its_own_variables_like_the_geometry(platform: str) -> None:
    host = "int area() { dim3 blockDim(8, 4), gridDim; gridDim.x = 3; return blockDim.x * blockDim.y * gridDim.x; }"
    done = run_body(platform, "o[t] = blockDim.x * gridDim.x + threadIdx.x;", 8, head=host, o=np.zeros(8, np.int32))
    assert not done.findings
    assert done.outputs["o"].tolist() == list(range(8, 16))
