"""The specifications against loops written out element by element."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from xpiler.bench.specs import SPECS, named
from xpiler.fault import Fault

Rng = np.random.Generator


def call(name: str, way: str = "", **arguments: object) -> np.ndarray:
    (answer,) = SPECS[name].ways[way](arguments)
    return answer


def test_every_specification_has_a_form_and_words() -> None:
    for s in SPECS.values():
        assert s.title and s.form is not None and s.ways
        names = {a.name for a in (*s.form.inputs, *s.form.outputs)}
        arguments = names - {o.name for o in s.form.outputs} | set(s.scalars)
        assert not arguments & set(s.form.letters), f"{s.name}: an array and a letter have one name"


def test_an_unknown_one_is_a_fault() -> None:
    with pytest.raises(Fault, match="no specification") as caught:
        named("gem")
    assert caught.value.code == "XP2301" and "gemm" in caught.value.why


def test_gemm_scales_and_adds(rng: Rng) -> None:
    a, b, c = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    want = [[2 * sum(a[i, k] * b[k, j] for k in range(4)) - c[i, j] for j in range(2)] for i in range(3)]
    assert np.allclose(call("gemm", a=a, b=b, c=c, alpha=2.0, beta=-1.0), want)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_convolutions(stride: int, rng: Rng) -> None:
    n, h, c, o, k = 2, 7, 3, 4, 2
    p = (h - k) // stride + 1
    x, f = rng.normal(size=(n, h, h, c)), rng.normal(size=(o, k, k, c))
    y = np.zeros((n, p, p, o))
    for b, i, j, q in itertools.product(range(n), range(p), range(p), range(o)):
        for u, v, z in itertools.product(range(k), range(k), range(c)):
            y[b, i, j, q] += x[b, i * stride + u, j * stride + v, z] * f[q, u, v, z]
    assert np.allclose(call("conv2d", x=x, f=f, s=stride), y)
    planes, filters = np.moveaxis(x, 3, 1), np.moveaxis(f, 3, 1)
    assert np.allclose(call("conv2dnchw", x=planes, f=filters, s=stride), np.moveaxis(y, 3, 1))
    depth = np.zeros((p, p, c))
    for i, j, z, u, v in itertools.product(range(p), range(p), range(c), range(k), range(k)):
        depth[i, j, z] += x[0, i * stride + u, j * stride + v, z] * f[0, u, v, z]
    assert np.allclose(call("depthwiseconv", x=x[0], f=f[0], s=stride), depth)


@pytest.mark.parametrize(
    ("name", "fold"), [("maxpool", max), ("minpool", min), ("sumpool", sum), ("avgpool", lambda w: sum(w) / len(w))]
)
def test_pools(name: str, fold: Callable[[list[float]], float], rng: Rng) -> None:
    x, k, s = rng.normal(size=(2, 8, 8, 3)), 3, 2
    y = call(name, x=x, k=k, s=s)
    assert y.shape == (2, 3, 3, 3)
    for b, i, j, c in itertools.product(range(2), range(3), range(3), range(3)):
        window = [x[b, i * s + u, j * s + v, c] for u in range(k) for v in range(k)]
        assert math.isclose(y[b, i, j, c], fold(window), rel_tol=1e-12)


def test_attention_is_over_places_and_not_over_heads(rng: Rng) -> None:
    q, k, v = (rng.normal(size=(2, 5, 3, 4)) for _ in range(3))
    y = call("mha", q=q, k=k, v=v)
    for b, h, i in itertools.product(range(2), range(3), range(5)):
        e = [math.exp(sum(q[b, i, h] * k[b, j, h]) / 2.0) for j in range(5)]
        assert np.allclose(y[b, i, h], sum(e[j] * v[b, j, h] for j in range(5)) / sum(e))
    assert call("attention", q=q[:, 0], k=k[:, 0], v=v[:, 0]).shape == (2, 3, 4)


def test_rows(rng: Rng) -> None:
    x, g, b = rng.normal(1.0, 2.0, (3, 8)), rng.normal(size=8), rng.normal(size=8)
    for r in range(3):
        e = np.exp(x[r])
        mean, var = x[r].mean(), x[r].var()
        assert np.allclose(call("softmax", x=x)[r], e / e.sum())
        assert np.allclose(call("rmsnorm", x=x, eps=0.5)[r], x[r] / math.sqrt((x[r] ** 2).mean() + 0.5))
        inside = call("layernorm", "eps inside", x=x, gamma=g, beta=b, eps=0.5)[r]
        outside = call("layernorm", "eps outside the root", x=x, gamma=g, beta=b, eps=0.5)[r]
        assert np.allclose(inside, (x[r] - mean) / math.sqrt(var + 0.5) * g + b)
        assert np.allclose(outside, (x[r] - mean) / (math.sqrt(var) + 0.5) * g + b)


def test_deformable_attention_samples_bilinearly_with_zeros_outside(rng: Rng) -> None:
    n, q, m, points, d = 1, 2, 2, 3, 4
    shapes = np.array([[4, 5], [2, 3]])
    value = rng.normal(size=(n, 26, m, d))
    loc = rng.uniform(-0.3, 1.3, (n, q, m, 2, points, 2))
    weight = rng.normal(size=(n, q, m, 2, points))
    want = np.zeros((n, q, m, d))
    for i, h, level, p in itertools.product(range(q), range(m), range(2), range(points)):
        rows, columns = shapes[level]
        x, y = loc[0, i, h, level, p] * (columns, rows) - 0.5
        for r, c in itertools.product(range(rows), range(columns)):
            share = max(0.0, 1 - abs(x - c)) * max(0.0, 1 - abs(y - r))
            want[0, i, h] += weight[0, i, h, level, p] * share * value[0, (0, 20)[level] + r * columns + c, h]
    got = call("deformable", value=value, shapes=shapes.astype(float), loc=loc, weight=weight)
    assert np.allclose(got, want)


@pytest.mark.parametrize("name", [n for n, s in SPECS.items() if s.apart])
def test_slices_that_are_apart_are_computed_apart(name: str) -> None:
    spec, rng = SPECS[name], np.random.default_rng(3)
    assert spec.form is not None
    shapes = (*spec.form.inputs, *spec.form.outputs)
    assert all(s.shape.index(spec.apart) == 0 and s.shape.count(spec.apart) == 1 for s in shapes
               if spec.apart in s.letters)
    dims = dict.fromkeys(spec.form.letters, 3)
    dims |= {spec.apart: 5} | ({"t": 3 * 6} if name == "deformable" else {})
    arrays = {s.name: rng.random(s.sides(dims)) for s in spec.form.inputs}
    if "shapes" in arrays:
        arrays["shapes"] = np.array([[2, 3]] * 3)
    for function in spec.ways.values():
        whole = function({**arrays, **dims})
        for first, last in ((0, 2), (2, 5)):
            cut = {s.name: arrays[s.name][first:last] if spec.apart in s.letters else arrays[s.name]
                   for s in spec.form.inputs}
            part = function({**cut, **dims, spec.apart: last - first})
            assert all(np.allclose(x[first:last], y, rtol=1e-13, atol=0) for x, y in zip(whole, part, strict=True))
