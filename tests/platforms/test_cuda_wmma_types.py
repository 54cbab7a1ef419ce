"""Which shapes and types of matrix tiles exist, and the products of those with rules of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.platforms.simt_run import run_body
from xpiler.fault import Fault
from xpiler.platforms import get
from xpiler.text.clang import parse

CUDA = get("cuda")
_SHAPES = ((16, 16, 16), (32, 8, 16), (8, 32, 16))
_SUMS = {"half": ("half", "float"), "__nv_bfloat16": ("float",), "signed char": ("int",), "unsigned char": ("int",),
         "precision::tf32": ("float",), "double": ("double",)}
_ALL = ((*_SHAPES, (16, 16, 8), (8, 8, 4), (16, 8, 16), (8, 8, 8)), (*_SUMS, "float", "int"), ("half", "float", "int", "double"))


def _legal(shape: tuple[int, int, int], operand: str, total: str) -> bool:
    """Programming Guide, "Element Types and Matrix Sizes"."""
    shapes: tuple[tuple[int, int, int], ...] = {"precision::tf32": ((16, 16, 8),), "double": ((8, 8, 4),)}.get(operand, _SHAPES)
    return shape in shapes and total in _SUMS.get(operand, ())


_LEGAL = """
using namespace nvcuda::wmma;
template <class T> T& one();
template <int M, int N, int K, class T, class S, class = void> struct legal { static constexpr bool value = false; };
template <int M, int N, int K, class T, class S>
struct legal<M, N, K, T, S, decltype(
    void(sizeof(fragment<matrix_a, M, N, K, T, row_major>)), void(sizeof(fragment<matrix_b, M, N, K, T, col_major>)),
    void(sizeof(fragment<accumulator, M, N, K, S>)),
    mma_sync(one<fragment<accumulator, M, N, K, S>>(), one<fragment<matrix_a, M, N, K, T, row_major>>(),
             one<fragment<matrix_b, M, N, K, T, col_major>>(), one<fragment<accumulator, M, N, K, S>>()))> {
  static constexpr bool value = true;
};
"""


def test_exactly_the_legal_products_exist() -> None:
    lines, accepted = [], 0
    for shape, operand, total in itertools.product(*_ALL):
        want = _legal(shape, operand, total)
        accepted += want
        lines.append(f"static_assert(legal<{', '.join(map(str, shape))}, {operand}, {total}>::value == {str(want).lower()}, \"\");")
    parse(_LEGAL + "\n".join(lines), "k.cu", CUDA.header, CUDA.clang_args)
    assert accepted == 3 * 5 + 2
    with pytest.raises(Fault):
        parse(_LEGAL + lines[0].replace("true", "false"), "k.cu", CUDA.header, CUDA.clang_args)


def _tile(rows: int, columns: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).uniform(-4, 4, (rows, columns))


def test_tf32_operands_lose_their_last_bits() -> None:
    a, b = (_tile(*shape, seed).astype(np.float32) for seed, shape in enumerate(((16, 8), (8, 16))))
    done = run_body("cuda", """
using namespace nvcuda::wmma;
fragment<matrix_a, 16, 16, 8, precision::tf32, row_major> fa; fragment<matrix_b, 16, 16, 8, precision::tf32, row_major> fb;
fragment<accumulator, 16, 16, 8, float> fc;
load_matrix_sync(fa, a, 8); load_matrix_sync(fb, b, 16); fill_fragment(fc, 0);
for (int n = 0; n < fa.num_elements; ++n) fa.x[n] = __float_to_tf32(fa.x[n]);
for (int n = 0; n < fb.num_elements; ++n) fb.x[n] = __float_to_tf32(fb.x[n]);
mma_sync(fc, fa, fb, fc);
store_matrix_sync(o, fc, 16, mem_row_major);
if (t < 4) o[256 + t] = __float_to_tf32(t == 0 ? 1 + 0x1p-11f : t == 1 ? -1 - 0x1.8p-11f : t == 2 ? INFINITY : NAN);""",
        32, a=a.ravel(), b=b.ravel(), o=np.zeros(260, np.float32))
    assert done.status == "ok", done.findings
    cut = lambda v: ((v.view(np.uint32) + 0x1000) & 0xFFFFE000).view(np.float32).astype(np.float64)  # noqa: E731
    np.testing.assert_allclose(done.outputs["o"][:256].reshape(16, 16), cut(a) @ cut(b), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(done.outputs["o"][256:], np.array([1 + 2**-10, -1 - 2**-10, np.inf, np.nan], np.float32))


def test_doubles() -> None:
    a, b, c = _tile(8, 4, 1), _tile(4, 8, 2), _tile(8, 8, 3)
    done = run_body("cuda", """
using namespace nvcuda::wmma;
fragment<matrix_a, 8, 8, 4, double, col_major> fa; fragment<matrix_b, 8, 8, 4, double, row_major> fb;
fragment<accumulator, 8, 8, 4, double> fc;
load_matrix_sync(fa, a, 8); load_matrix_sync(fb, b, 8); load_matrix_sync(fc, c, 8, mem_col_major);
mma_sync(fc, fa, fb, fc); store_matrix_sync(o, fc, 8, mem_row_major);""",
        32, a=a.T.copy().ravel(), b=b.ravel(), c=c.T.copy().ravel(), o=np.zeros(64))
    assert done.status == "ok", done.findings
    np.testing.assert_allclose(done.outputs["o"].reshape(8, 8), a @ b + c, rtol=1e-14, atol=1e-13)


@pytest.mark.parametrize("satf", [False, True])
def test_finite_results(satf: bool) -> None:
    done = run_body("cuda", f"""
using namespace nvcuda::wmma;
fragment<matrix_a, 16, 16, 16, signed char, row_major> ia; fragment<matrix_b, 16, 16, 16, signed char, row_major> ib;
fragment<accumulator, 16, 16, 16, int> ic, id;
fill_fragment(ia, 127); fill_fragment(ib, t < 0 ? 0 : 127); fill_fragment(ic, 2147480000);
mma_sync(id, ia, ib, ic, {str(satf).lower()}); o[t] = id.x[0];
fill_fragment(ib, -128); fill_fragment(ic, -2147480000); mma_sync(id, ia, ib, ic, {str(satf).lower()}); o[32 + t] = id.x[0];
fragment<matrix_a, 16, 16, 16, half, row_major> a; fragment<matrix_b, 16, 16, 16, half, row_major> b;
fragment<accumulator, 16, 16, 16, float> c;
fill_fragment(a, (half)INFINITY); fill_fragment(b, (half)1.0f); fill_fragment(c, 0);
mma_sync(c, a, b, c, {str(satf).lower()}); o[64 + t] = isinf(c.x[0]) ? 1 : c.x[0] == FLT_MAX ? 2 : 3;
fill_fragment(b, (half)0.0f); mma_sync(c, a, b, c, {str(satf).lower()}); o[96 + t] = isnan(c.x[0]) ? 1 : c.x[0] == 0 ? 2 : 3;""",
        32, o=np.zeros(128, np.int32))
    assert done.status == "ok", done.findings
    exact = (2147480000 + 16 * 127 * 127, -2147480000 - 16 * 127 * 128)
    want = [2**31 - 1, -(2**31), 2, 2] if satf else [exact[0] - 2**32, exact[1] + 2**32, 1, 1]
    assert done.outputs["o"].reshape(4, 32)[:, 5].tolist() == want
