"""Kernels as people write them: what was read, written as plain C and compiled by gcc, does what NumPy says.

The files in `kernels/` use the language widely: structs by value, unions, functors, lambdas, views of memory as other
types, pointers into several buffers, switches that fall through, votes.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.ir.nodes import Store
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.machine.host import with_host
from xpiler.passes.machine.rehost import on_host_memory
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.to_pivot import sequential, with_extents
from xpiler.verify.ladder import Level

KERNELS = Path(__file__).parent / "kernels"
SUFFIXES = {".cu": "cuda", ".hip": "hip", ".mlu": "bang", ".c": "c", ".cpp": "vnni"}
Args = list[object]
Spec = Callable[[np.random.Generator], tuple[Args, dict[int, np.ndarray]]]
SPECS: dict[str, Spec] = {}
F, I, U = np.float32, np.int32, np.uint32  # noqa: E741


def spec(name: str) -> Callable[[Spec], Spec]:
    """Arguments of a kernel's launcher, and what arrays hold afterwards by position."""

    def keep(made: Spec) -> Spec:
        SPECS[name] = made
        return made

    return keep


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(0.2, 1.5, shape).astype(F)


@spec("argmax.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(-9, 9, (5, 300)).astype(F)  # ties: the first wins
    return [x, np.zeros(5, I), np.zeros(5, F), 5, 300], {1: x.argmax(1).astype(I), 2: x.max(1)}


@spec("assigned_once.cpp")
def _(rng):  # type: ignore[no-untyped-def]
    x = np.arange(8, dtype=F)
    return [x, np.zeros(4, F), np.zeros(3, I)], {1: [11, 13, 15, 17], 2: [4, 5, 7]}


@spec("task_grid.mlu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 2, 3, 64)
    return [x, np.zeros(384, F)], {1: x * np.arange(1, 3)[:, None, None] + np.arange(3)[None, :, None]}


@spec("pairs.hip")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.normal(0, 1, (64, 2)).astype(np.float16)
    want = (x + x) * np.float16(2) + np.float16(1)
    return [x, np.zeros(64, F), 64], {1: want[:, 0].astype(F) - x[:, 1].astype(F)}


@spec("welford.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 4, 77)
    want = np.stack([x.astype(float).mean(1), x.astype(float).var(1)], 1).ravel()
    return [x, np.zeros(8, F), 77], {1: want}


@spec("reduce_template.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 3, 130)
    return [x, np.zeros(3, F), np.zeros(3, F), 3, 130], {1: x.astype(float).sum(1), 2: x.max(1)}


@spec("lut_switch.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x, k = floats(rng, 400), rng.integers(0, 64, 400).astype(I)
    d = x.astype(float)
    acts = {0: np.maximum(d, 0), 1: 0.5 * d * (1 + np.tanh(0.797884 * (d + 0.044715 * d**3))),
            2: 1 / (1 + np.exp(-d)), 10: np.where(d > 0, d, 0.01 * d)}
    y = np.array([acts.get(c & 15, d)[i] for i, c in enumerate(k)])
    table = {0: 111, 1: 110, 2: 100, 4: 0, 6: -5}
    z = np.array([(7 if v > 20 else 16) if v & 7 == 3 else table.get(v & 7, -6) for v in k], I)
    return [x, k, np.zeros(400, F), np.zeros(400, I), 400], {2: y, 3: z}


@spec("state_machine.cu")
def _(rng):  # type: ignore[no-untyped-def]
    text = rng.choice(np.frombuffer(b"ab Z09, .", np.int8), (64, 40))
    words, numbers = np.zeros(64, I), np.zeros(64, I)
    for r, row in enumerate(text):
        state = "start"
        for c in map(chr, row):
            if c.isalpha():
                words[r] += state in ("start", "number")
                state = "word"
            elif c.isdigit() and state == "start":
                numbers[r] += 1
                state = "number"
            elif not c.isdigit():
                state = "start"
    return [text, np.zeros(64, I), np.zeros(64, I), 40], {1: words, 2: numbers}


@spec("params_struct.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 500)
    return [x, np.zeros(500, F), F(0.75), 500], {1: np.maximum(F(0.75) * x + 1, 0)}


@spec("stencil3d.cu")
def _(rng):  # type: ignore[no-untyped-def]
    u = floats(rng, 6, 7, 10)
    d, want = u.astype(float), np.zeros(u.shape)
    c = d[1:-1, 1:-1, 1:-1]
    want[1:-1, 1:-1, 1:-1] = (
        d[1:-1, 1:-1, :-2] + d[1:-1, 1:-1, 2:] + d[1:-1, :-2, 1:-1] + d[1:-1, 2:, 1:-1] + d[:-2, 1:-1, 1:-1]
        + d[2:, 1:-1, 1:-1] - 6 * c) * 4
    return [u, np.zeros(u.shape, F), 10, 7, 6, F(0.5)], {1: want}


@spec("quant_struct.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 40, 32)
    d = (np.abs(x).max(1, keepdims=True) / F(127)).astype(F)
    return [x, np.zeros(x.shape, F), 40], {1: np.rint(x / d) * d}


@spec("bits_union.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 333) * F(3)
    bits = x.view(U)
    a = np.abs(x) + F(1)
    i = (0x5F3759DF - (a.view(U) >> 1)).astype(U).view(F)
    z = x - np.trunc(x) + (x < 0)
    b = ((1 << 23) * (x.astype(float) + 121.2740575 + 27.7280233 / (4.84252568 - z) - 1.49012907 * z)).astype(U).view(F)
    c = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    out: Args = [np.zeros(333, t) for t in (F, F, np.uint16, F)]
    return [x, *out, 333], {1: i * (F(1.5) - F(0.5) * a * i * i), 2: b, 3: c, 4: np.abs(x) - x}


@spec("lambda.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 300)
    return [x, np.zeros(300, F), 300], {1: np.clip(x * x + 1, 0, 5) + x + 1.5}


@spec("functor_capture.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x, y = floats(rng, 300), floats(rng, 300)
    return [x, y.copy(), 300], {1: 2.5 * x + y}


@spec("pingpong_global.cu")
def _(rng):  # type: ignore[no-untyped-def]
    a, b = floats(rng, 64), floats(rng, 64)
    rows = [a, b]
    for s in range(5):
        rows[1 - s % 2] = F(0.5) * (rows[s % 2] + np.roll(rows[s % 2], -1))
    return [a.copy(), b.copy(), 64], {0: rows[0], 1: rows[1]}


@spec("choose_ptr.cu")
def _(rng):  # type: ignore[no-untyped-def]
    a, b = floats(rng, 300), floats(rng, 300)
    return [a, b, np.zeros(300, F), 300], {2: 2 * np.where(np.arange(300) // 64 % 2 == 1, a, b)}


@spec("row_table.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 3, 99)
    return [x, np.zeros(99, F), 99], {1: x[0] + 2 * x[1] + 3 * x[2]}


@spec("char_view.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(0, 1 << 32, 200, U)
    return [x, np.zeros(200, U), 200], {1: x.byteswap() ^ x.view(np.uint8).reshape(-1, 4).sum(1).astype(U)}


@spec("matrix_class.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 30, 8)
    return [x, np.zeros((8, 30), F), 30], {1: x.T + 1}


@spec("tensor_view.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 21, 34)
    return [x, np.zeros((34, 21), F), 21, 34], {1: x.T}


@spec("vote_count.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(-900, 905, 192).astype(I)
    warps, blocks = (x > 0).reshape(-1, 32), (x > 0).reshape(-1, 64)
    before = (warps.cumsum(1) - warps).ravel()
    any_ = np.repeat((x > 900).reshape(-1, 32).any(1), 32)
    return [x, np.zeros(192, I), 192], {1: before + 100 * any_ + 1000 * np.repeat(blocks.sum(1), 64)}


@spec("shared_bytes.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x, idx = floats(rng, 128), rng.integers(0, 999, 128).astype(I)
    at = idx & 31
    return [x, idx, np.zeros(128, F), 128], {2: x[np.arange(128) // 32 * 32 + at] + at}


@spec("ray_sphere.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 200, 2)
    want = np.zeros(200)
    for k, (u, v) in enumerate(x.astype(float) * 0.1):
        d, total = np.array([u, v, 1]), np.zeros(3)
        for c, r in ((np.array([0, 0, 5]), 1), (np.array([1, 1, 6]), 2)):
            b, disc = -c @ d, (c @ d) ** 2 - d @ d * (c @ c - r * r)
            total += (d * ((-b - np.sqrt(disc)) / (d @ d)) - c) / r if disc >= 0 else 0
        want[k] = total @ [1, 2, 3]
    return [x, np.zeros(200, F), 200], {1: want}


@spec("loops.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(0, 9999, 150).astype(I)

    def one(v: int) -> int:
        s = 0
        while v:
            if v & 1:
                s, v = s + v, v >> 1
                continue
            v -= 1
            if s > 200:
                break
        s += sum(u for u in range(10) if u != 3) + 1
        while s % 7 and s < 500:
            s += 1
        for q in range(7, -1, -1):
            s ^= q
        s += sum(a * b for a in range(3) for b in range(a + 1)) + sum(range(20, -1, -3)) + 0 + 1 + 2 + 3
        i = 0
        while i < 10 and s > i * 5:
            i += 2
        return s + i + 1 + 3 + 9 + 27 + 81

    return [x, np.zeros(150, I), 150], {1: np.array([one(int(v) & 63) for v in x], I)}


@spec("int4_views.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(-99, 99, (2, 64, 4)).astype(I)
    flat = x.reshape(2, 256)
    return [x, np.zeros(128, I), 7], {1: (np.roll(x.sum(2), -1, 1) + flat[:, :64] + x[:, :, 1]).ravel()}


@spec("int4_halves.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(0, 1 << 16, 720).astype(np.uint16)
    x[x & 0x7C00 == 0x7C00] = 0x3C00  # bits of any number, none that is unequal to itself
    return [x.view(np.float16), np.zeros(720, np.float16), 720], {1: x.view(np.float16)}


@spec("functor_argument.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 300)
    return [x, np.zeros(300, F), 300], {1: np.where(x > 0, x, x / 4) + x * x}


@spec("static_dims.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 37, 50)
    return [x, np.zeros((50, 37), F), 37, 50], {1: x.T}


@spec("managed_memcpy.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x, y = floats(rng, 2, 300)
    return [x.copy(), y.copy(), F(1.5), 300], {0: x, 1: F(1.5) * x + y}


@spec("void_pointers.mlu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 2500)
    return [x, np.zeros(2500, F), 2500], {1: 2 * x}


@spec("cas_float_max.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x, y = floats(rng, 200), np.array([-7.25], F)
    return [x, y.copy(), 200], {1: np.array([x.max()])}


@spec("topk.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 6, 90)
    order = np.argsort(-x, 1, kind="stable")[:, :5]
    out = [np.zeros((6, 5), F), np.zeros((6, 5), I)]
    return [x, *out, 6, 90], {1: np.take_along_axis(x, order, 1), 2: order.astype(I)}


@spec("overloads.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 100)
    b, a = np.abs(x), np.sqrt(x * x + 4)  # swapped
    return [x, np.zeros(100, F), 100], {1: (a + b + 1) + (a + b + 1) - np.maximum(a, np.maximum(b, 0.5))}


@spec("if_constexpr.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 100)
    return [x, np.zeros(100, F), 100], {1: np.maximum(x, 0) + x * (1 + 1 + 2 + 3) + 1e-3 + 24}


@spec("half_bits.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 64).astype(np.float16)
    want = -x
    want[::2] = 0
    return [x, np.ones(64, np.float16), 64], {1: want}


@spec("rng_struct.cu")
def _(rng):  # type: ignore[no-untyped-def]
    s = np.arange(1, 201, dtype=U) * U(747796405) + U(2891336453)

    def draw() -> np.ndarray:
        nonlocal s
        s = s ^ (s << U(13))
        s = s ^ (s >> U(17))
        s = s ^ (s << U(5))
        return (s >> U(8)).astype(F) * F(1 / 16777216)

    inside = np.zeros(200, I)
    for _ in range(32):
        a, b = draw(), draw()
        inside += a * a + b * b < 1
    return [np.zeros(200, F), 200], {0: inside / 8}


@spec("searches.cu")
def _(rng):  # type: ignore[no-untyped-def]
    a = np.sort(rng.integers(0, 300, 32)).astype(F)
    x = rng.integers(0, 300, 90).astype(F)
    found = [next((i for i in range(32) if a[i] == v), -1) for v in x]
    return [x, a, np.zeros(90, I), np.zeros(90, I), 90], {2: np.searchsorted(a, x).astype(I), 3: np.array(found, I)}


@spec("wave_scan.hip")
def _(rng):  # type: ignore[no-untyped-def]
    keys, x = np.sort(rng.integers(0, 9, 128)).astype(I), floats(rng, 128)
    sums = np.zeros(128)
    for i in range(128):
        sums[i] = x[i] + (sums[i - 1] if i % 64 and keys[i] == keys[i - 1] else 0)
    votes = np.repeat((sums.reshape(2, 64) > 0).sum(1), 64)
    return [keys, x, np.zeros(128, F), 128], {2: sums + votes}


@spec("double_buffer.mlu")
def _(rng):  # type: ignore[no-untyped-def]
    a, b = floats(rng, 6 * 1024), floats(rng, 6 * 1024)
    return [a, b, np.zeros(6 * 1024, F), F(0.25), 6 * 1024], {2: a + (b - a) * 0.25}


@spec("structs.c")
def _(rng):  # type: ignore[no-untyped-def]
    src = floats(rng, 5, 12)
    wide = np.pad(src, ((0, 0), (1, 1)), "edge")
    acc = (F(0) + wide[:, :-2] + wide[:, 1:-1]) + wide[:, 2:]
    dst = F(2) * (acc * acc - F(1)) + (acc + acc)
    tags = np.full(60, 2166136261, U)
    for k in range(4):
        tags = (tags ^ dst.ravel().view(np.uint8)[k::4].astype(U)) * U(16777619)
    return [src, np.zeros((5, 12), F), np.zeros(60, U), 12, 5], {1: dst, 2: tags}


@spec("gnu_vectors.cpp")
def _(rng):  # type: ignore[no-untyped-def]
    x, y = floats(rng, 64), floats(rng, 64)
    want = y + F(1.5) * x
    want[::4] += 1
    want[1::4] -= x[1::4] > want[1::4]
    want[::4] -= 0.5
    return [x, y.copy(), F(1.5), 64], {1: want}


@spec("words_of_bytes.cpp")
def _(rng):  # type: ignore[no-untyped-def]
    pixels = rng.integers(0, 256, (3, 53, 4)).astype(np.uint8)
    h = rng.normal(0, 1, 13).astype(np.float16)
    luma = (pixels.astype(I) @ np.array([38, 75, 15, 0], I)) >> 1
    return [pixels, np.zeros((3, 53), I), h, np.zeros(13, F), 3, 53], {1: luma, 3: h.astype(F)}


@spec("own_vector.cpp")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 3, 61)
    return [x, np.zeros(3, F), 3, 61], {1: x.sum(1)}


@spec("counting_down.cpp")
def _(rng):  # type: ignore[no-untyped-def]
    x = np.abs(floats(rng, 3, 1061))
    return [x, np.zeros((3, 1061), F), np.zeros(3, F), 3, 1061], {1: np.sqrt(x), 2: x.sum(1)}


@spec("static_scratch.cpp")
def _(rng):  # type: ignore[no-untyped-def]
    x = floats(rng, 64)
    return [x, np.zeros_like(x)], {1: 2 * x[::-1]}


@spec("increments.cu")
def _(rng):  # type: ignore[no-untyped-def]
    x = rng.integers(0, 99, 80).astype(I)

    def rest(a: int, b: int) -> int:
        return int(np.fmod(a, b))

    def one(v: int) -> int:
        a, b, p, buf = v & 15, 3, 0, [1, 2, 3, 4]
        buf[0] += a
        buf[1] *= b
        b, p, a = 2, 2, a + 1
        c, b = a + b, b + 1
        buf[2], buf[3] = buf[3] - 1, buf[3] + 1
        b += 2
        a = b * a
        if a > 5:
            c, b = b, b + 1
        else:
            b -= 1
            c = b
        a = ((a << 1) | 1) ^ c
        b, c = rest(b, 5), (c >> 1) & 0xFF
        s = buf[0] * buf[3] + buf[1] * buf[2]
        q = rest(-a, 7) + ~b + (not c)
        r = p == 2 and a > 3
        a += 1
        if not r:
            r, c = c < 0, c - 1
        return s + a * 1000 + b * 100 + c * 10 + int(r) + a + c + q

    return [x, np.zeros(80, I), 80], {1: np.array([one(int(v)) for v in x], I)}


def names() -> Iterator[str]:
    yield from sorted(f.name for f in KERNELS.iterdir() if f.suffix in SUFFIXES)


def translated_to(name: str) -> str:
    """The platform that a kernel is translated to: plain C, except from C itself and from CUDA."""
    return {".cu": "hip", ".c": "vnni"}.get(Path(name).suffix, "c")


def called(text: str, name: str, args: Args, folder: Path) -> None:
    """Compile plain C and call a function of it on arrays, in place, and scalars."""
    source, library = folder / "k.c", folder / "k.so"
    source.write_text(text)
    subprocess.run(
        ["gcc", "-O1", "-ffp-contract=off", "-fwrapv", "-shared", "-fPIC", "-w", str(source), "-o", str(library), "-lm"],
        check=True,
    )
    getattr(ctypes.CDLL(str(library)), name)(*map(passed, args))


def computes(text: str, function: str, name: str, folder: Path, rng: np.random.Generator) -> None:
    """Compile plain C that a kernel became; it leaves in the arrays what NumPy says."""
    args, expected = SPECS[name](rng)
    called(text, function, args, folder)
    for position, want in expected.items():
        found = args[position]
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(
            found.ravel().astype(float), np.asarray(want).ravel().astype(float), rtol=2e-4, atol=2e-4)


def passed(a: object) -> object:
    """An argument as ctypes passes it."""
    match a:
        case np.ndarray():
            return a.ctypes.data_as(ctypes.c_void_p)
        case np.floating():
            return ctypes.c_float(float(a))
        case int():
            return ctypes.c_int(a)
    raise TypeError(f"not an argument: {a!r}")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", [n for n in names() if translated_to(n) != "c"])
def test_as_plain_c(name: str, tmp_path: Path, rng: np.random.Generator) -> None:
    path = KERNELS / name
    source = platforms.get(SUFFIXES[path.suffix])
    pivot, _ = sequential(with_host(read(path.read_text(), source, name)), source)
    program = on_host_memory(with_extents(pivot))
    assert program.launcher is not None
    computes(write(replace(program, platform="c"), platforms.get("c")), program.launcher.name, name, tmp_path, rng)


def test_a_copy_by_wider_words_is_a_copy_of_elements() -> None:
    """No half becomes part of an integer on the way: nothing is shifted, and no bits change their type."""
    text = (KERNELS / "int4_halves.cu").read_text()
    kernel = read(text, platforms.get("cuda"), "int4_halves.cu").kernels[0]
    stores = [s for s in statements(kernel.body) if isinstance(s, Store)]
    assert len(stores) == 2 * 8 and {s.value.dtype for s in stores} == {DType.F16}
    assert not any(w in show(kernel) for w in (">>", "<<", "bits"))
    added = text.replace("(tile)[t];", "(tile)[t], reinterpret_cast<int4*>(y)[at / 8].x += 1;")
    assert "<<" in show(read(added, platforms.get("cuda"), "added.cu").kernels[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", list(names()))
def test_run_and_confirmed(name: str, cache: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    path, target = KERNELS / name, translated_to(name)
    done = translate(
        path.read_text(), platforms.get(SUFFIXES[path.suffix]), platforms.get(target), file=name,
        options=Options(seeds=1, cache=cache, level=Level.TESTS),
    )
    assert done.confirmed, [str(a) for a in done.attempts]
    if target == "c":
        assert done.program.launcher is not None
        computes(done.text, done.program.launcher.name, name, tmp_path, rng)
