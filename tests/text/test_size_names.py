"""Numbers go by the names that the source has for them, where these mean nothing else."""

from __future__ import annotations

from xpiler import platforms
from xpiler.ir.nodes import Named
from xpiler.text.constants import constants_of
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.text.writing.sizes import SizeNames, size_names
from xpiler.to_pivot import sequential
from xpiler.to_target import suited_to, roads

POOL = """
#include <cuda_runtime.h>
#define H 32  /* rows of the picture */
#define K 3
#define THREADS 64
constexpr int OH = (H - K) / 2 + 1;
const int kTile = 8, kOther = 9;
// #define LEFT_OUT 7
__global__ void rows(const float* x, float* y) {
  int r = blockIdx.x, t = threadIdx.x;
  float s = 0.0f;
  for (int k = 0; k < K; ++k) s += x[(2 * r + k) * THREADS + t];
  y[r * THREADS + t] = s;
}
extern "C" void pool(const float* x, float* y) {
  float *dx, *dy;
  cudaMalloc(&dx, H * THREADS * sizeof(float));
  cudaMalloc(&dy, OH * THREADS * sizeof(float));
  cudaMemcpy(dx, x, H * THREADS * sizeof(float), cudaMemcpyHostToDevice);
  rows<<<OH, THREADS>>>(dx, dy);
  cudaMemcpy(y, dy, OH * THREADS * sizeof(float), cudaMemcpyDeviceToHost);
}"""
SCALE = """
#define ROWS 40
#define COLS 24
#define BATCH 16
void scale(const float* x, float* y) {
  for (int r = 0; r < ROWS; r++)
    for (int c = 0; c < COLS; c++) y[r * COLS + c] = 2.0f * x[r * COLS + c];
  y[ROWS * COLS] = BATCH;
}"""


def test_sizes_are_told_from_how_work_is_shared_out() -> None:
    found = {n.name: n for n in constants_of(POOL)}
    assert {n: (c.value, c.size) for n, c in found.items()} == {
        "H": (32, True), "K": (3, True), "THREADS": (64, False), "OH": (15, True)}
    assert found["OH"].text == "(H - K) / 2 + 1"
    assert found["K"].bounds == {"k"}


def test_a_name_that_is_defined_twice_says_nothing() -> None:
    assert not constants_of("#ifdef A\n#define N 4\n#else\n#define N 5\n#endif\n")
    assert [n.name for n in constants_of("#define N 4\n#define M (N * sizeof(float))\n")] == ["N"]


def test_loops_indices_and_arrays_go_by_name() -> None:
    program = read(SCALE, platforms.get("c"), "scale.c")
    for target in ("c", "vnni"):
        text = write(program, platforms.get(target))
        assert "for (int r = 0; r < ROWS; ++r) {" in text and "y[r * COLS + c]" in text
        assert "16" in text and "BATCH" not in text, "the number of lanes may be something else"
    assert "constexpr int ROWS = 40;\nconstexpr int COLS = 24;\n" in text
    assert "#define ROWS (40)\n" in write(program, platforms.get("c"))
    cuda = platforms.get("cuda")
    pivot, steps = sequential(program, platforms.get("c"))
    on_device = next(roads(program, suited_to(cuda, pivot)[0], steps, platforms.get("c"), cuda, []))
    assert "COLS" in write(on_device.program, cuda)


def test_what_does_not_tell_stays_a_number() -> None:
    two = SizeNames((Named("A", "8", 8), Named("B", "8", 8, True, frozenset({"b"})), Named("C", "12", 12)))
    assert (two.factor(8), two.factor(12), two.factor(13)) == ("", "C", "")
    assert (two.bound(8, "i"), two.bound(8, "b_1")) == ("", "B")
    assert two.lines("{name}={value}") == "B=8\nC=12"
    product = SizeNames((Named("A", "8", 8), Named("C", "12", 12), Named("A * C", "A * C", 96)))
    assert (product.size(96), product.factor(96), product.lines("{name}")) == ("A * C", "", "A\nC")


def test_names_of_a_text_that_mean_something_else_in_another() -> None:
    text = SCALE.replace("ROWS", "taskDim").replace("COLS", "x")
    program = read(SCALE, platforms.get("c"), "scale.c")
    known = size_names(program.__class__(**{**program.__dict__, "constants": constants_of(text)}),
                       platforms.get("bang"))
    assert not {"taskDim", "x"} & {n.name for n in known.named}
