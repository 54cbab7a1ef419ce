"""Convolutions and pools without padding: a window that slides over an image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xpiler.bench.specs.operator import operator
from xpiler.verify.spec.spec import F64

_IMAGE = {
    "x": "input in a image img src", "y": "output out result dst c", "f": "filter kernel weight weights w b",
    "n": "batch batch_size", "h": "height input_height input_h ih", "w": "width input_width input_w iw",
    "c": "channels input_channels in_channels ci ic", "o": "output_channels out_channels oc co",
    "kh": "kernel_height kernel_h kernel_size k", "kw": "kernel_width kernel_w", "s": "stride strides",
    "k": "kernel_size kernel_height ksize",
}
_SQUARE = {"w": "h", "kw": "kh"}
_CONV = {**_SQUARE, "s": "1"}


@operator("x[i], f[k] -> y[i-k+1]", also={"x": "input in a src", "f": "filter kernel weight weights w b k",
                                          "y": "output out c result", "i": "input_size n"})
def conv1d(x: F64, f: F64) -> F64:
    """y[i] = sum_k x[i+k] f[k]"""
    return np.correlate(x, f, "valid")


@operator("x[n,h,w,c], f[o,kh,kw,c] -> y[n,(h-kh)//s+1,(w-kw)//s+1,o]", also=_IMAGE, usual=_CONV)
def conv2d(x: F64, f: F64, s: int) -> F64:
    """Images n,h,w,c with filters o,kh,kw,c"""
    parts = _parts(x, f.shape[1], f.shape[2], s, 1)
    return _sum(np.tensordot(part, f[:, i, j, :], ([3], [1])) for i, j, part in parts)


@operator("x[n,c,h,w], f[o,c,kh,kw] -> y[n,o,(h-kh)//s+1,(w-kw)//s+1]", also=_IMAGE, usual=_CONV)
def conv2dnchw(x: F64, f: F64, s: int) -> F64:
    """Images n,c,h,w with filters o,c,kh,kw"""
    parts = _parts(x, f.shape[2], f.shape[3], s, 2)
    return _sum(np.moveaxis(np.tensordot(part, f[:, :, i, j], ([1], [1])), 3, 1) for i, j, part in parts)


@operator("x[h,w,c], f[kh,kw,c] -> y[(h-kh)//s+1,(w-kw)//s+1,c]", also=_IMAGE, usual=_CONV)
def depthwiseconv(x: F64, f: F64, s: int) -> F64:
    """One image h,w,c with a filter kh,kw for each channel"""
    return _sum(part[0] * f[i, j] for i, j, part in _parts(x[None], f.shape[0], f.shape[1], s, 1))


@operator("x[n,h,w,c] -> y[n,(h-k)//s+1,(w-k)//s+1,c]", also=_IMAGE, usual={"w": "h"})
def maxpool(x: F64, k: int, s: int) -> F64:
    """The largest of each window"""
    return np.asarray(_folded(x, k, s, np.maximum))


@operator("x[n,h,w,c] -> y[n,(h-k)//s+1,(w-k)//s+1,c]", also=_IMAGE, usual={"w": "h"})
def minpool(x: F64, k: int, s: int) -> F64:
    """The least of each window"""
    return np.asarray(_folded(x, k, s, np.minimum))


@operator("x[n,h,w,c] -> y[n,(h-k)//s+1,(w-k)//s+1,c]", also=_IMAGE, usual={"w": "h"})
def sumpool(x: F64, k: int, s: int) -> F64:
    """The sum of each window"""
    return np.asarray(_folded(x, k, s, np.add))


@operator("x[n,h,w,c] -> y[n,(h-k)//s+1,(w-k)//s+1,c]", also=_IMAGE, usual={"w": "h"})
def avgpool(x: F64, k: int, s: int) -> F64:
    """The mean of each window"""
    return np.asarray(_folded(x, k, s, np.add) / (k * k))


def _parts(x: F64, kh: int, kw: int, s: int, row: int) -> Iterator[tuple[int, int, F64]]:
    """For every place in the window, what lies under it; `row` is the axis of the rows."""
    p, q = (x.shape[row] - kh) // s + 1, (x.shape[row + 1] - kw) // s + 1
    for i in range(kh):
        for j in range(kw):
            where = [slice(None)] * 4
            where[row : row + 2] = [slice(i, i + (p - 1) * s + 1, s), slice(j, j + (q - 1) * s + 1, s)]
            yield i, j, x[tuple(where)]


def _sum(parts: Iterator[F64]) -> F64:
    y = np.array(next(parts))
    for part in parts:
        y += part
    return y


def _folded(x: F64, k: int, s: int, two: np.ufunc) -> F64:
    parts = (part for _, _, part in _parts(x, k, k, s, 1))
    y = np.array(next(parts))
    for part in parts:
        two(y, part, out=y)
    return y
