"""Calls of the integer functions that CUDA and HIP share, each with what Python's integers say. See `simt_table`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tests.platforms.simt_oracle import Array
from tests.platforms.simt_table import Row, _of

_MASK = 2**32 - 1
_TYPES = {**dict.fromkeys("ijk", 32), **dict.fromkeys("uvw", 32), **dict.fromkeys("lmn", 64), **dict.fromkeys("pqr", 64)}


def _word(code: str, names: str, f: Callable[..., int], bits: int = 32) -> Row:
    """A row whose result is known modulo 2**bits; the kernel's is compared as unsigned."""
    of = names.replace(" ", "")

    def want(*arrays: Array) -> Array:
        return np.array([f(*(int(v) for v in row)) & 2**bits - 1 for row in zip(*arrays, strict=True)], np.uint64)

    return Row(f"(unsigned{' long long' if bits == 64 else ''}){code}", _of(" ".join(of), want))


def _high(a: int, b: int, bits: int) -> int:
    return a * b >> bits


def _funnel(lo: int, hi: int, by: int, left: bool, clamp: bool) -> int:
    by = min(by, 32) if clamp else by & 31
    both = hi << 32 | lo
    return both << by >> 32 if left else both >> by


def _perm(x: int, y: int, s: int) -> int:
    data = (y << 32 | x).to_bytes(8, "little")
    return int.from_bytes(bytes(data[s >> 4 * k & 7] for k in range(4)), "little")


def _fns(mask: int, base: int, offset: int) -> int:
    if offset == 0:
        return base if mask >> base & 1 else -1
    order = range(base, 32) if offset > 0 else range(base, -1, -1)
    found = [n for n in order if mask >> n & 1]
    return found[abs(offset) - 1] if len(found) >= abs(offset) else -1


def _parts(a: int, width: int, signed: bool) -> list[int]:
    values = [a >> s & 2**width - 1 for s in range(0, 32, width)]
    return [v - (v >> (width - 1) << width) if signed else v for v in values]


def _dot(a: int, b: int, c: int, wide: int, first: int, signed: bool) -> int:
    left = _parts(a & _MASK, wide, signed)
    return c + sum(x * y for x, y in zip(left, _parts(b & _MASK, 8, signed)[first:], strict=False))


def bits() -> Iterator[Row]:
    yield _word("__popc(u)", "u", int.bit_count)
    yield _word("__popcll(p)", "p", int.bit_count)
    yield _word("__clz(i)", "u", lambda a: 32 - a.bit_length())
    yield _word("__clzll(l)", "p", lambda a: 64 - a.bit_length())
    yield _word("__ffs(i)", "u", lambda a: (a & -a).bit_length())
    yield _word("__ffsll(p)", "p", lambda a: (a & -a).bit_length())
    yield _word("__brev(u)", "u", lambda a: int(f"{a:032b}"[::-1], 2))
    yield _word("__brevll(p)", "p", lambda a: int(f"{a:064b}"[::-1], 2), 64)
    yield _word("__fns(u, v & 31, i % 5)", "u v i", lambda a, b, c: _fns(a, b & 31, c - int(c / 5) * 5))
    yield _word("__byte_perm(u, v, w)", "u v w", _perm)
    for name, left, clamp in (("l", True, False), ("lc", True, True), ("r", False, False), ("rc", False, True)):
        yield _word(f"__funnelshift_{name}(u, v, w & 63)", "u v w",
                    lambda a, b, c, left=left, clamp=clamp: _funnel(a, b, c & 63, left, clamp))
    low = lambda a: (a & 0xFFFFFF) - (a >> 23 & 1) * 2**24  # noqa: E731
    yield _word("__mul24(i, j)", "i j", lambda a, b: low(a) * low(b))
    yield _word("__umul24(u, v)", "u v", lambda a, b: (a & 0xFFFFFF) * (b & 0xFFFFFF))
    yield _word("__mulhi(i, j)", "i j", lambda a, b: _high(a, b, 32))
    yield _word("__umulhi(u, v)", "u v", lambda a, b: _high(a, b, 32))
    yield _word("__mul64hi(l, m)", "l m", lambda a, b: _high(a, b, 64), 64)
    yield _word("__umul64hi(p, q)", "p q", lambda a, b: _high(a, b, 64), 64)
    yield _word("__hadd(i, j)", "i j", lambda a, b: (a + b) >> 1)
    yield _word("__rhadd(i, j)", "i j", lambda a, b: (a + b + 1) >> 1)
    yield _word("__uhadd(u, v)", "u v", lambda a, b: (a + b) >> 1)
    yield _word("__urhadd(u, v)", "u v", lambda a, b: (a + b + 1) >> 1)
    yield _word("__sad(i, j, u)", "i j u", lambda a, b, c: abs(a - b) + c)
    yield _word("__usad(u, v, w)", "u v w", lambda a, b, c: abs(a - b) + c)
    for name, wide, first in (("__dp4a", 8, 0), ("__dp2a_lo", 16, 0), ("__dp2a_hi", 16, 2)):
        yield _word(f"{name}(i, j, k)", "i j k", lambda a, b, c, w=wide, f=first: _dot(a, b, c, w, f, True))
        yield _word(f"{name}(u, v, w)", "u v w", lambda a, b, c, w=wide, f=first: _dot(a, b, c, w, f, False))


def casts() -> Iterator[Row]:
    yield Row("__float_as_int(x)", _of("x", lambda a: a.view(np.int32)))
    yield Row("__float_as_uint(x)", _of("x", lambda a: a.view(np.uint32)))
    yield Row("__int_as_float(i)", _of("i", lambda a: a.view(np.float32)), 0)
    yield Row("__uint_as_float(u)", _of("u", lambda a: a.view(np.float32)), 0)
    yield Row("__double_as_longlong(dx)", _of("dx", lambda a: a.view(np.int64)))
    yield Row("__longlong_as_double(l)", _of("l", lambda a: a.view(np.float64)), 0)
    yield Row("__double2hiint(dx)", _of("dx", lambda a: a.view(np.int64) >> 32))
    yield Row("__double2loint(dx)", _of("dx", lambda a: a.view(np.int64).astype(np.int32)))
    yield Row("__hiloint2double(i, j)", _of("i j", lambda a, b: (
        a.astype(np.int64) << 32 | b.view(np.uint32).astype(np.int64)).view(np.float64)), 0)
    for name, view in (("short", np.int16), ("ushort", np.uint16)):
        yield Row(f"__half_as_{name}(hx)", _of("hx", lambda a, t=view: a.view(t)))
        yield Row(f"__{name}_as_half((short)i)", _of("i", lambda a: a.astype(np.int16).view(np.float16)), 0)
        yield Row(f"__bfloat16_as_{name}(bx)", _of("bx", lambda a, t=view: (a.view(np.uint32) >> 16).astype(t)))
        yield Row(f"__{name}_as_bfloat16((short)i)", _of(
            "i", lambda a: (a.view(np.uint32) << 16).view(np.float32)), 0)


def _clip(v: int, width: int, signed: bool) -> int:
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    return min(max(v, low), high)


def _lanes(width: int, signed: bool, f: Callable[..., int]) -> Callable[..., int]:
    def joined(*words: int) -> int:
        parts = zip(*(_parts(w & _MASK, width, signed) for w in words), strict=True)
        return sum((f(*p) & 2**width - 1) << width * n for n, p in enumerate(parts))

    return joined


def packed() -> Iterator[Row]:
    """Two or four numbers in a word."""
    for n, width in ((2, 16), (4, 8)):
        clip = lambda v, signed=True, w=width: _clip(v, w, signed)  # noqa: E731
        ones: dict[str, tuple[bool, Callable[[int], int]]] = {
            "vabs": (True, abs), "vabsss": (True, lambda a, c=clip: c(abs(a))), "vneg": (True, lambda a: -a),
            "vnegss": (True, lambda a, c=clip: c(-a)),
        }
        twos: dict[str, tuple[bool, Callable[[int, int], int]]] = {
            "vadd": (False, lambda a, b: a + b), "vaddss": (True, lambda a, b, c=clip: c(a + b)),
            "vaddus": (False, lambda a, b, c=clip: c(a + b, False)), "vsub": (False, lambda a, b: a - b),
            "vsubss": (True, lambda a, b, c=clip: c(a - b)), "vsubus": (False, lambda a, b, c=clip: c(a - b, False)),
            "vavgs": (True, lambda a, b: (a + b + (a + b >= 0)) >> 1), "vavgu": (False, lambda a, b: (a + b + 1) >> 1),
            "vhaddu": (False, lambda a, b: (a + b) >> 1), "vmaxs": (True, max), "vmaxu": (False, max),
            "vmins": (True, min), "vminu": (False, min), "vabsdiffs": (True, lambda a, b: abs(a - b)),
            "vabsdiffu": (False, lambda a, b: abs(a - b)),
        }
        for name, test in (("eq", int.__eq__), ("ne", int.__ne__), ("gt", int.__gt__), ("ge", int.__ge__),
                           ("lt", int.__lt__), ("le", int.__le__)):
            for tail in ("",) if name in ("eq", "ne") else ("s", "u"):
                twos[f"vcmp{name}{tail}"] = tail == "s", lambda a, b, t=test: -1 if t(a, b) else 0
                twos[f"vset{name}{tail}"] = tail == "s", lambda a, b, t=test: 1 if t(a, b) else 0
        for name, (signed, one) in ones.items():
            yield _word(f"__{name}{n}(u)", "u", _lanes(width, signed, one))
        for name, (signed, two) in twos.items():
            yield _word(f"__{name}{n}(u, v)", "u v", _lanes(width, signed, two))
        for tail, signed in (("s", True), ("u", False)):
            yield _word(f"__vsad{tail}{n}(u, v)", "u v", lambda a, b, s=signed, w=width: sum(
                abs(x - y) for x, y in zip(_parts(a, w, s), _parts(b, w, s), strict=True)))


def _wrap(a: int, width: int, signed: bool) -> int:
    return _parts(a & 2**width - 1, width, signed)[0]


def fused() -> Iterator[Row]:
    """Sums and choices in one instruction, with and without a floor at zero."""
    for tail, width, signed, names in (("s32", 32, True, "ijk"), ("u32", 32, False, "uvw"), ("s16x2", 16, True, "uvw"),
                                       ("u16x2", 16, False, "uvw")):
        call, operands = ", ".join(names), " ".join(names)
        two = ", ".join(names[:2])
        for pick, f in (("max", max), ("min", min)):
            add = lambda a, b, c, f=f, w=width, s=signed: f(_wrap(a + b, w, s), c)  # noqa: E731
            yield _word(f"__vi{pick}3_{tail}({call})", operands, _lanes(width, signed, f))
            yield _word(f"__viadd{pick}_{tail}({call})", operands, _lanes(width, signed, add))
            if signed:
                yield _word(f"__vi{pick}_{tail}_relu({two})", operands[:3], _lanes(width, True, lambda a, b, f=f: max(f(a, b), 0)))
                yield _word(f"__vi{pick}3_{tail}_relu({call})", operands,
                            _lanes(width, True, lambda a, b, c, f=f: max(f(a, b, c), 0)))
                yield _word(f"__viadd{pick}_{tail}_relu({call})", operands,
                            _lanes(width, True, lambda a, b, c, g=add: max(g(a, b, c), 0)))
            said = "&one" if width == 32 else "&one, &two"
            yield _word(f"__vib{pick}_{tail}({two}, {said})", operands[:3], _lanes(width, signed, f))
            which = _lanes(width, signed, lambda a, b, f=f: int(f(a, b) == a))
            yield _word(f"(__vib{pick}_{tail}({two}, {said}), " + ("one)" if width == 32 else "one * 65536 + two)"),
                        operands[:3], which)
