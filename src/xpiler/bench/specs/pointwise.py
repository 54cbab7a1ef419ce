"""One output for each input, or pair of inputs."""

from __future__ import annotations

import math

import numpy as np

from xpiler.bench.specs.operator import operator
from xpiler.verify.spec.spec import F64

_TWO = {"a": "x input1 in1 lhs left src1 src0", "b": "y input2 in2 rhs right src2 src1", "c": "z output out result dst"}


@operator("a[n], b[n] -> c[n]", also=_TWO)
def add(a: F64, b: F64) -> F64:
    """c = a + b"""
    return a + b


@operator("a[n], b[n] -> c[n]", also=_TWO)
def sub(a: F64, b: F64) -> F64:
    """c = a - b"""
    return a - b


@operator("a[n], b[n] -> c[n]", also=_TWO)
def mul(a: F64, b: F64) -> F64:
    """c = a b"""
    return a * b


@operator("a[n], b[n] -> c[n]", also=_TWO)
def div(a: F64, b: F64) -> F64:
    """c = a / b"""
    return a / b


@operator("x[n] -> y[n]")
def relu(x: F64) -> F64:
    """y = max(x, 0)"""
    return np.maximum(x, 0.0)


@operator("x[n] -> y[n]")
def sigmoid(x: F64) -> F64:
    """y = 1 / (1 + e^-x)"""
    return 1.0 / (1.0 + np.exp(-x))


@operator("x[n] -> y[n]")
def silu(x: F64) -> F64:
    """y = x / (1 + e^-x)"""
    return x / (1.0 + np.exp(-x))


@operator("x[n] -> y[n]")
def sign(x: F64) -> F64:
    """y = -1, 0 or 1"""
    return np.sign(x)


@operator("x[n] -> y[n]")
def tanh(x: F64) -> F64:
    """y = tanh x"""
    return np.tanh(x)


@operator("x[n] -> y[n]")
def exp(x: F64) -> F64:
    """y = e^x"""
    return np.exp(x)


@operator("x[n] -> y[n]", way="exact")
def gelu(x: F64) -> F64:
    """y = x Phi(x), exact or with the usual approximation by tanh"""
    erf = np.vectorize(math.erf, otypes=[np.float64])
    return np.asarray(0.5 * x * (1.0 + erf(x / math.sqrt(2.0))), np.float64)


@operator("x[n] -> y[n]", way="tanh")
def gelu_tanh(x: F64) -> F64:
    """y = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))"""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
