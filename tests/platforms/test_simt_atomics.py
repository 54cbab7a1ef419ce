"""Atomics of every operation and type: what comes back, what is left, and that no update is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests.platforms.simt_run import run_body

_ADDS = ("int", "unsigned", "unsigned long long", "float", "double", "half", "bf16")
_BITS = ("int", "unsigned", "long long", "unsigned long long")
_WORDS = {"int": 32, "unsigned": 32, "long long": 64, "unsigned long long": 64, "unsigned short": 16}
_HIP = {"Sub": ("unsigned long long", "float", "double"), "Exch": ("double",), "Min": ("float", "double"),
        "Max": ("float", "double")}


@dataclass(frozen=True)
class Case:
    """One call on `before`: the old value comes back and `after` is left."""

    call: str
    ctype: str
    before: int
    after: int


def _wrapped(value: int, ctype: str) -> int:
    bits = _WORDS.get(ctype)
    if bits is None:
        return value
    value &= 2**bits - 1
    return value - 2**bits if ctype in ("int", "long long") and value >> (bits - 1) else value


def _cases(platform: str) -> list[Case]:
    more = _HIP if platform == "hip" else {}
    table: dict[str, tuple[tuple[str, ...], Callable[[int, int], int], tuple[tuple[int, int], ...]]] = {
        "Add": (_ADDS, lambda a, b: a + b, ((7, 5), (0, -3), (2**31 - 1, 1))),
        "Sub": (("int", "unsigned", *more.get("Sub", ())), lambda a, b: a - b, ((7, 5), (0, 1))),
        "Exch": (("int", "unsigned", "unsigned long long", "float", *more.get("Exch", ())), lambda a, b: b, ((7, -5), (0, 1))),
        "Min": ((*_BITS, *more.get("Min", ())), min, ((7, 5), (5, 7), (-1, 3), (-(2**31), 2**31 - 1))),
        "Max": ((*_BITS, *more.get("Max", ())), max, ((7, 5), (5, 7), (-1, 3), (-(2**31), 2**31 - 1))),
        "And": (_BITS, lambda a, b: a & b, ((12, 10), (-1, 255))),
        "Or": (_BITS, lambda a, b: a | b, ((12, 10), (-256, 255))),
        "Xor": (_BITS, lambda a, b: a ^ b, ((12, 10), (-1, 255))),
        "Inc": (("unsigned",), lambda a, b: 0 if a >= b else a + 1, ((3, 5), (5, 5), (9, 5), (0, 0))),
        "Dec": (("unsigned",), lambda a, b: b if a == 0 or a > b else a - 1, ((3, 5), (0, 5), (9, 5), (5, 5), (0, 0))),
    }
    found = []
    for name, (types, f, values) in table.items():
        for ctype in types:
            for before, value in values:
                if ctype in ("half", "bf16") and abs(before) > 100:
                    continue
                if ctype == "float" and abs(before) > 2**24:
                    continue
                a, b = _wrapped(before, ctype), _wrapped(value, ctype)
                literal = f"({ctype}){b}{'ull' if 'unsigned long' in ctype else 'll' if 'long' in ctype else ''}"
                for scope in ("", "_block", "_system"):
                    found.append(Case(f"atomic{name}{scope}(&x, {literal})", ctype, a, _wrapped(f(a, b), ctype)))
    for ctype in ("int", "unsigned", "unsigned long long", "unsigned short"):
        for compare in (7, 8):
            for scope in ("", "_block", "_system"):
                call = f"atomicCAS{scope}(&x, ({ctype}){compare}, ({ctype})9)"
                found.append(Case(call, ctype, 7, 9 if compare == 7 else 7))
    if platform == "hip":
        found += [Case("atomicCAS(&x, 7.0f, 9.0f)", "float", 7, 9), Case("atomicCAS(&x, 7.5, 9.0)", "double", 7, 7)]
        found += [Case(f"{kind}AtomicAdd(&x, 2)", "float", 7, 9) for kind in ("safe", "unsafe")]
        found += [Case("unsafeAtomicMin(&x, 2.0)", "double", 7, 2), Case("unsafeAtomicMax(&x, 9.0f)", "float", 7, 9)]
        found += [Case("(atomicAddNoRet(&x, 2.0f), 7.0f)", "float", 7, 9)]
        scoped = {"fetch_add": 9, "fetch_min": 2, "fetch_max": 7, "fetch_and": 2, "fetch_or": 7, "fetch_xor": 5, "exchange": 2}
        found += [Case(f"__hip_atomic_{n}(&x, 2, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT)", "int", 7, v)
                  for n, v in scoped.items()]
    return found


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_every_atomic_of_every_type(platform: str) -> None:
    cases = _cases(platform)
    head = f"typedef {'__nv_bfloat16' if platform == 'cuda' else '__hip_bfloat16'} bf16;\n" + "".join(
        f"__device__ void call{n}({c.ctype}& x, double* o) {{ o[0] = (double){c.call}; o[1] = (double)x; }}\n"
        for n, c in enumerate(cases)).replace("(double)(atomicAddNoRet", "(atomicAddNoRet")
    types = {c.ctype: f"v{k}" for k, c in enumerate(cases)}
    shared = "".join(f"__shared__ {t} {v};\n" for t, v in types.items())
    calls = "".join(f"{types[c.ctype]} = ({c.ctype}){c.before}{'ull' if c.before >= 2**63 else 'll' if c.before > 2**31 else ''};"
                    f" call{n}({types[c.ctype]}, o + {2 * n});\n" for n, c in enumerate(cases))
    done = run_body(platform, shared + calls, 1, head=head,
                    o=np.zeros(2 * len(cases)))
    assert done.status == "ok", (done.findings, done.stderr)
    for case, (old, left) in zip(cases, done.outputs["o"].reshape(-1, 2), strict=True):
        assert (old, left) == (float(case.before), float(case.after)), case


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_pairs_add_part_by_part(platform: str) -> None:
    bf162 = "__nv_bfloat162" if platform == "cuda" else "__hip_bfloat162"
    body = "".join(f"""{{ __shared__ {ctype} s; if (t == 0) s = {zero}; __syncthreads();
atomicAdd{scope}(&s, {one}); __syncthreads(); o[{2 * n}] = (double)(float)s.x; o[{2 * n + 1}] = (double)(float)s.y; }}
""" for n, (ctype, zero, one, scope) in enumerate([
        ("half2", "make_half2(1, 2)", "make_half2(1, 2)", ""), ("half2", "make_half2(1, 2)", "make_half2(1, 2)", "_block"),
        (bf162, "make_bfloat162(1, 2)", "make_bfloat162(1, 2)", ""), ("float2", "make_float2(1, 2)", "make_float2(1, 2)", ""),
        ("float2", "make_float2(1, 2)", "make_float2(1, 2)", "_system"),
        ("float4", "make_float4(1, 2, 3, 4)", "make_float4(1, 2, 3, 4)", "")]))
    done = run_body(platform, body, 64, o=np.zeros(12))
    assert done.status == "ok", (done.findings, done.stderr)
    assert done.outputs["o"].tolist() == [65, 130] * 6


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_no_update_is_lost_between_blocks(platform: str) -> None:
    done = run_body(platform, """
atomicAdd(&o[0], 1); atomicMax(&o[1], t); atomicMin(&o[2], -t); atomicInc((unsigned*)&o[3], 99u);
atomicOr(&o[4], 1 << t % 31); int old = o[5], seen; do { seen = old; old = atomicCAS(&o[5], seen, seen + 2); } while (old != seen);
atomicDec((unsigned*)&o[6], 99u);""",
        64, grid=5, o=np.zeros(7, np.int32))
    assert done.status == "ok", (done.findings, done.stderr)
    assert done.outputs["o"].tolist() == [320, 63, -63, 20, 2**31 - 1, 640, 80]
