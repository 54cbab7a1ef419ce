"""Attention, dense and deformable."""

from __future__ import annotations

import math

import numpy as np

from xpiler.bench.specs.operator import operator
from xpiler.verify.spec.spec import F64

_QKV = {"q": "query queries", "k": "key keys", "v": "value values", "y": "o out output result"}


@operator("q[b,s,h,d], k[b,s,h,d], v[b,s,h,d] -> y[b,s,h,d]", apart="b", also={
    **_QKV, "b": "batch batch_size", "s": "seq seq_len seq_length n", "h": "heads num_heads", "d": "dim head_dim"})
def mha(q: F64, k: F64, v: F64) -> F64:
    """softmax(Q K^T / sqrt(d)) V for each batch and head; tensors b,s,h,d"""
    heads = (np.moveaxis(t, 2, 1) for t in (q, k, v))
    return np.moveaxis(_attended(*heads), 1, 2)


@operator("q[r,s,d], k[r,s,d], v[r,s,d] -> y[r,s,d]", apart="r", also={
    **_QKV, "s": "seq seq_len n", "d": "dim head_dim"})
def attention(q: F64, k: F64, v: F64) -> F64:
    """softmax(Q K^T / sqrt(d)) V over the last two axes"""
    return _attended(q, k, v)


def _attended(q: F64, k: F64, v: F64) -> F64:
    scores = np.matmul(q, np.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(np.matmul(weights / weights.sum(-1, keepdims=True), v), np.float64)


@operator("value[n,t,m,d], shapes[l,2], start?[l], loc[n,q,m,l,p,2], weight[n,q,m,l,p] -> y[n,q,m,d]", apart="n", also={
    "value": "v", "shapes": "value_spatial_shapes spatial_shapes", "start": "level_start_index value_level_start_index",
    "loc": "sampling_locations locations", "weight": "attention_weights weights", "y": "out output"})
def deformable(value: F64, shapes: F64, loc: F64, weight: F64) -> F64:
    """Multi-scale deformable attention: bilinear samples, zero outside, align_corners = false"""
    n, q, m, levels, points = weight.shape
    out = np.zeros((n, q, m, value.shape[3]))
    batch, head = np.arange(n)[:, None, None], np.arange(m)[None, None, :]
    first = 0
    for level in range(levels):
        h, w = (int(s) for s in shapes[level])
        for p in range(points):
            x, y = loc[:, :, :, level, p, 0] * w - 0.5, loc[:, :, :, level, p, 1] * h - 0.5
            x0, y0 = np.floor(x), np.floor(y)
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
                xs, ys = x0 + j, y0 + i
                share = (1 - np.abs(x - xs)) * (1 - np.abs(y - ys))
                inside = (xs >= 0) & (xs < w) & (ys >= 0) & (ys < h)
                at = first + np.where(inside, ys * w + xs, 0).astype(np.int64)
                share = np.where(inside, share * weight[:, :, :, level, p], 0.0)
                out += share[..., None] * value[batch, at, head]
        first += h * w
    return out
