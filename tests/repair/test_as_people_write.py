"""Texts as people write them open: macros, comments, templates and constants cost no holes."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.bench.suite import suite
from xpiler.fault import Fault
from xpiler.repair.flow import Flow
from xpiler.repair.hole import Hole, Kind
from xpiler.repair.holes import around, asked_for, gaps, holes
from xpiler.repair.inserted import held_together
from xpiler.repair.instrument import instrumented
from xpiler.repair.localise import ANYWHERE
from xpiler.repair.loops import flat, formed, planes
from xpiler.repair.nodes import fitting
from xpiler.repair.opening import ROOM
from xpiler.repair.scope import Scope
from xpiler.repair.sketch import Sketch
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.runs.trial import machine
from xpiler.verify.signature import signature

SUITE = Path(__file__).parents[2] / "benchmarks"

MACROS = """#include <cstdio>
#define CHECK(call) do { cudaError_t e = (call); if (e != cudaSuccess) printf("%s:%d\\n", __FILE__, __LINE__); } while (0)
#define EACH(i, n) for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)
#define at(r, c) x[(r) * W + (c)]
#define W 8
#define LATE 3

template <typename T, int ROWS>
__global__ void sums(const T *x, T *y, const int n) {
    static_assert(ROWS > 0, "some");
    const int cells = ROWS * W;
    __shared__ T kept[ROWS * W];
    EACH(i, n) {
        T total = 0;
        const T *row = x + i * W;
        for (int k = 0; k < W; ++k)  // all of a row
            total += at(i, k + 0 * LATE) + row[k] * 0;
        kept[i % cells] = total;
        y[i] = fmaxf(total,  // never less
                     -FLT_MAX);
    }
}

extern "C" void rows(const float *x, float *y) {
    float *d_x, *d_y;
    CHECK(cudaMalloc(&d_x, 16 * W * sizeof(float)));
    CHECK(cudaMalloc(&d_y, 16 * sizeof(float)));
    CHECK(cudaMemcpy(d_x, x, 16 * W * sizeof(float), cudaMemcpyHostToDevice));
    sums<float, 2><<<2, 8>>>(d_x, d_y, 16);
    CHECK(cudaMemcpy(y, d_y, 16 * sizeof(float), cudaMemcpyDeviceToHost));
}
"""


def sites(text: str, name: str) -> Sites:
    platform = platforms.get(name)
    return Sites(text, platform, read(text, platform, "t"), "t")


def opens(at: Sites, found: tuple[Hole, ...]) -> None:
    """Fault where the text does not compile with these holes open."""
    sketch = Sketch(at.data, found, places=instrumented(at).places, besides=tuple(held_together(at)))
    machine(sketch.text, at.platform, signature(at.program), file="t", many=True, beside=sketch.beside)


def offered(found: tuple[Hole, ...], at: Sites, text: str) -> set[str]:
    return {h.choices[n].spelled for h in found if at.data[h.start:h.end].decode() == text
            for n in range(len(h.choices))}


def test_a_text_full_of_macros_opens() -> None:
    at = sites(MACROS, "cuda")
    for found in (holes(at), fitting(around(at), ANYWHERE, ROOM), fitting(gaps(at), ANYWHERE, ROOM)):
        opens(at, found)


def test_what_is_handed_to_a_macro_can_be_chosen() -> None:
    """What a macro stands for has the macro's bytes once, and its arguments theirs."""
    at = sites(MACROS, "cuda")
    found = holes(at)
    assert {"(k + 0 * LATE) - 1", "k"} <= offered(found, at, "k + 0 * LATE")
    assert not offered(found, at, "__LINE__") and not any("CHECK" in c for h in found for c in (
        h.choices[n].spelled for n in range(len(h.choices))))
    whole = [s.node.kind for s in at.device if at.source(s.node) == "at(i, k + 0 * LATE)"]
    assert whole == ["UNEXPOSED_EXPR", "ARRAY_SUBSCRIPT_EXPR"]


def test_what_a_loop_macro_declares_can_be_named() -> None:
    at = sites(MACROS.replace("y[i] = fmaxf", "total = fmaxf"), "cuda")
    assert "y" in Flow(at).asking[0]
    made = {h.choices[n].spelled for h in asked_for(at) for n in range(len(h.choices))}
    assert "y[i] = total;" in made


def test_a_compiler_chooses_what_it_has_to_know() -> None:
    at = sites(MACROS, "cuda")
    kinds = {at.data[h.start:h.end].decode(): h.kind for h in holes(at) if h.kind in (Kind.NUMBER, Kind.FIXED)}
    assert kinds["ROWS * W"] is Kind.FIXED and kinds["k"] is Kind.NUMBER
    assert not any("some" in at.data[h.start:h.end].decode() for h in holes(at))


def test_no_name_is_offered_before_it_is_known() -> None:
    text = "const int A = 3;\nstatic int more(int n) {\n    int k = n * A;\n    return k;\n}\n" \
           "const int B = 5;\nvoid f(const float *x, float *y) {\n    int m = A;\n    y[m] = x[more(B)];\n}\n"
    at = sites(text, "c")
    texts = {(h.line, h.choices[n].spelled) for h in holes(at) for n in range(len(h.choices))}
    assert (8, "B") in texts and not any(line < 6 and "B" in spelled for line, spelled in texts)


def test_what_only_goes_on_is_computed_for_nothing() -> None:
    """And a pointer that begins in an output asks as the output does."""
    text = "void f(const float *x, float *y) {\n    for (int i = 0; i < 8; ++i) {\n        float *to = y + i;\n" \
           "        float best = x[i];\n        best = fmaxf(best, x[i + 8]);\n    }\n}\n"
    flow = Flow(sites(f"#include <math.h>\n{text}", "c"))
    assert flow.asking[0] == {"y", "to"} and "best" in flow.unread
    assert "best" not in Flow(sites(f"#include <math.h>\n{text.replace('    }', '    to[0] = best; }', 1)}", "c")).unread


def test_loops_around_make_subscripts_that_fit_the_array() -> None:
    text = "void f(const float x[15], float y[12]) {\n    for (int i = 0; i < 3; ++i)\n        for (int k = 0; k < 5; ++k)\n" \
           "            for (int j = 0; j < 4; ++j)\n                y[i * 4 + j] += x[i * 5 + k];\n}\n"
    at = sites(text, "c")
    inner = next(s for s in at.device if at.source(s.node) == "y[i * 4 + j] += x[i * 5 + k]")
    assert flat(at, inner, "x") == ["i * 5 + k", "k * 3 + i"] and flat(at, inner, "y") == ["i * 4 + j", "j * 3 + i"]
    assert len(flat(at, inner, "z")) == 12


def test_subscripts_are_like_those_of_the_text() -> None:
    """Its variables in any order, with its pitches and the numbers that are given; planes at what they are written at."""
    text = "void f(const float *x, const float *z, float *y, int n, int m) {\n    float t[4][4];\n" \
           "    for (int i = 0; i < 3; ++i)\n        for (int k = 0; k < 4; ++k) {\n            t[i][k] = 1.0f;\n" \
           "            y[i * m + k] = x[i * m + k];\n        }\n}\n"
    at = sites(text, "c")
    scope = Scope(at)
    inner = next(s for s in at.device if at.source(s.node) == "y[i * m + k] = x[i * m + k]")
    assert formed(at, scope, inner) == ["i * m + k", "i * n + k", "k * m + i", "k * n + i"]
    assert planes(at, scope, inner, "t") == ["t[i][k]", "t[k][i]"]
    read_ = next(h for h in around(at) if at.data[h.start:h.end] == b"x[i * m + k]")
    made = {read_.choices[n].spelled for n in range(len(read_.choices))}
    assert {"(x[i * m + k] * z[k * n + i])", "(x[i * m + k] * t[k][i])"} <= made


TILES = """#define T 4
__global__ void product(const float *a, const float *b, float *c) {
    __shared__ float one[T][T];
    __shared__ float two[T][T];
    const int x = threadIdx.x, y = threadIdx.y;
    one[y][x] = a[y * T + x];
    two[y][x] = b[y * T + x];
    __syncthreads();
    float sum = 0.0f;
    for (int k = 0; k < T; ++k)
        ;
    c[y * T + x] = sum;
}
"""


def test_products_of_planes_are_put_into_an_empty_body() -> None:
    host = 'extern "C" void f(const float *a, const float *b, float *c) { product<<<1, dim3(T, T)>>>(a, b, c); }\n'
    at = sites(TILES + host, "cuda")
    found = asked_for(at)
    opens(at, found)
    lost = next(((k, n) for k, h in enumerate(found) for n in range(len(h.choices))
                 if h.choices[n].spelled == "sum += one[y][k] * two[k][x];"), None)
    assert lost is not None
    filled = Sketch(at.data, found).filled({lost[0]: lost[1] + 1}) or ""
    assert "++k)\n        sum += one[y][k] * two[k][x];;" in filled


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["cuda", "hip", "bang", "vnni"])
def test_texts_of_the_suite_open(dialect: str) -> None:
    """One of every operator, none with holes that do not compile."""
    platform, failing = platforms.get(dialect), dict[str, str]()
    for case in suite(SUITE, platform, "*", 1):
        let = {k: v for k, v in case.let.items() if isinstance(v, int)}
        at = Sites(case.text, platform, read(case.text, platform, "t", let=let or None), "t")
        try:
            opens(at, holes(at))
            opens(at, fitting(around(at), ANYWHERE, ROOM))
        except Fault as fault:
            failing[case.path.name] = str(fault)[:400]
    assert not failing
