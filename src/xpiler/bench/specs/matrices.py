"""Products of matrices and vectors."""

from __future__ import annotations

import numpy as np

from xpiler.bench.specs.operator import operator
from xpiler.verify.spec.spec import F64

_LETTERS = {
    "m": "rows row_a rows_a nrow height", "k": "inner common cols_a p", "n": "cols columns cols_b ncol width",
}
_A, _B, _C = "lhs left x mata matrixa", "rhs right w weight weights y matb matrixb", "result out output res z matc d"


@operator("a[m,k], b[k,n], c?[m,n] -> c[m,n]", also={"a": _A, "b": _B, "c": _C, **_LETTERS})
def gemm(a: F64, b: F64, c: F64 | None = None, alpha: float = 1.0, beta: float = 0.0) -> F64:
    """C = alpha A B + beta C"""
    product = alpha * (a @ b)
    return product if c is None or not beta else product + beta * c


@operator("a[b,m,k], w[b,k,n] -> c[b,m,n]",
          also={"a": _A, "w": "b " + _B, "c": _C, "b": "batch batch_size", **_LETTERS})
def bmm(a: F64, w: F64) -> F64:
    """C[i] = A[i] B[i]"""
    return np.asarray(np.matmul(a, w), np.float64)


@operator("a[m,n], x[n], y?[m] -> y[m]",
          also={"a": "mat matrix w input", "x": "v vec vector b", "y": "c result out output res",
                "m": "rows", "n": "cols columns"})
def gemv(a: F64, x: F64, y: F64 | None = None, alpha: float = 1.0, beta: float = 0.0) -> F64:
    """y = alpha A x + beta y"""
    product = alpha * (a @ x)
    return product if y is None or not beta else product + beta * y


@operator("x[m,n] -> y[n,m]", also={"m": "rows height", "n": "cols columns width"})
def transpose(x: F64) -> F64:
    """y = x transposed"""
    return x.T


@operator("x[n], y[n] -> z[1]", also={"x": "a", "y": "b", "z": "c result out output"})
def dot(x: F64, y: F64) -> F64:
    """z = sum x y"""
    return np.array([x @ y])


@operator("x[n], y[n] -> y[n]")
def axpy(x: F64, y: F64, alpha: float) -> F64:
    """y = alpha x + y"""
    return alpha * x + y
