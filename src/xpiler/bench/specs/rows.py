"""Operators on the rows of a matrix, whatever the leading dimensions were."""

from __future__ import annotations

import numpy as np

from xpiler.bench.specs.operator import operator
from xpiler.verify.spec.spec import F64

_SIDES = {"r": "rows m batch size1 size_1 nrows height", "c": "cols columns n d dim hidden size2 size_2 ncols width"}


@operator("x[r,c] -> y[r,c]", also=_SIDES)
def softmax(x: F64) -> F64:
    """Each row's e^x over its sum"""
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True), np.float64)


@operator("x[r,c], gamma[c], beta[c] -> y[r,c]",
          also={**_SIDES, "gamma": "weight w scale g", "beta": "bias b shift", "eps": "epsilon"}, way="eps inside")
def layernorm(x: F64, gamma: F64, beta: F64, eps: float = 1e-5) -> F64:
    """Each row less its mean, over its deviation, times gamma, plus beta"""
    d = x - x.mean(-1, keepdims=True)
    return np.asarray(d / np.sqrt((d * d).mean(-1, keepdims=True) + eps) * gamma + beta, np.float64)


@operator("x[r,c], gamma[c], beta[c] -> y[r,c]", way="eps outside the root")
def layernorm_outside(x: F64, gamma: F64, beta: F64, eps: float = 1e-5) -> F64:
    """The same with eps added to the deviation, not the variance"""
    d = x - x.mean(-1, keepdims=True)
    return np.asarray(d / (np.sqrt((d * d).mean(-1, keepdims=True)) + eps) * gamma + beta, np.float64)


@operator("x[r,c], w?[c] -> y[r,c]", also={**_SIDES, "w": "weight gamma g scale", "eps": "epsilon"})
def rmsnorm(x: F64, w: F64 | None = None, eps: float = 1e-5) -> F64:
    """Each row over the root of its mean square, times w where there is one"""
    y = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    return np.asarray(y if w is None else y * w, np.float64)


@operator("x[r,c] -> y[r]", also=_SIDES)
def rowsum(x: F64) -> F64:
    """The sum of each row"""
    return np.asarray(x.sum(-1), np.float64)


@operator("x[n] -> y[1]")
def total(x: F64) -> F64:
    """The sum of all elements"""
    return np.array([x.sum()])
