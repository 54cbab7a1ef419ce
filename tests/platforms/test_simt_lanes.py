"""Shuffles, votes and what lanes find out about each other, of every type, in warps of 32 and of 64 lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.platforms.simt_run import run_body
from xpiler.platforms import get

Array = np.ndarray[Any, Any]
TYPES = {"int": "t * 3 - 50", "unsigned": "t * 5u", "long long": "t * 10000000000ll", "unsigned long long": "~0ull - t",
         "float": "t * 0.5f", "double": "t * 0.1", "half": "(half)(t * 0.25f)"}
VALUES = {"int": lambda t: t * 3 - 50, "unsigned": lambda t: t * 5, "long long": lambda t: t * 10.0**10,
          "unsigned long long": lambda t: 2.0**64 - 1 - t, "float": lambda t: t * 0.5, "double": lambda t: t * 0.1,
          "half": lambda t: t * 0.25}


def _source(kind: str, t: int, by: int, width: int) -> int:
    """Where a lane reads from (Programming Guide, "Warp Shuffle Functions")."""
    at, first = t % width, t - t % width
    match kind:
        case "":
            return first + by % width
        case "_up":
            return t if at < by else t - by
        case "_down":
            return t if at + by >= width else t + by
    return t if (t ^ by) >= first + width else t ^ by


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_shuffles_of_every_type_and_width(platform: str) -> None:
    warp = get(platform).warp
    mask = "0xffffffffu" if warp == 32 else "0xffffffffffffffffull"
    threads = 2 * warp
    cases = [(ctype, kind, by, width, sync)
             for ctype in TYPES for kind in ("", "_up", "_down", "_xor") for by, width in ((3, warp), (5, 8), (1, 2))
             for sync in ((True,) if warp == 32 else (True, False))]
    calls = "".join(
        f"o[{n * threads} + t] = (double)__shfl{kind}{f'_sync({mask}, ' if sync else '('}({ctype})({TYPES[ctype]}), {by}"
        f"{'' if width == warp else f', {width}'});\n" for n, (ctype, kind, by, width, sync) in enumerate(cases))
    done = run_body(platform, calls, threads,
                    o=np.zeros(len(cases) * threads))
    assert done.status == "ok", done.findings
    for case, got in zip(cases, done.outputs["o"].reshape(-1, threads), strict=True):
        ctype, kind, by, width, _ = case
        want = [VALUES[ctype](_source(kind, t, by, width)) for t in range(threads)]
        np.testing.assert_allclose(got, want, rtol=1e-12, err_msg=str(case))


def _lanes(warp: int, f: Callable[[Array, int], object]) -> list[object]:
    """f(values of the warp, lane) for two warps whose values are t % 5 - 1."""
    t = np.arange(2 * warp)
    return [f((t % 5 - 1)[n - n % warp : n - n % warp + warp], n % warp) for n in range(2 * warp)]


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_votes_matches_and_reductions(platform: str) -> None:
    warp = get(platform).warp
    full = "0xffffffffu" if warp == 32 else "0xffffffffffffffffull"
    bits = lambda flags: sum(1 << n for n, f in enumerate(flags) if f)  # noqa: E731
    half = 0x5555555555555555 & (1 << warp) - 1
    even = f"0x{half:x}u" if warp == 32 else f"0x{half:x}ull"
    cases: dict[str, Callable[[Array, int], object]] = {
        f"__any_sync({full}, v > 2)": lambda v, n: int((v > 2).any()),
        f"__any_sync({full}, v > 9)": lambda v, n: 0,
        f"__all_sync({full}, v > -2)": lambda v, n: 1,
        f"__all_sync({full}, v)": lambda v, n: 0,
        f"__ballot_sync({full}, v > 0)": lambda v, n: bits(v > 0),
        "__activemask()": lambda v, n: (1 << warp) - 1,
        f"__match_any_sync({full}, v)": lambda v, n: bits(v == v[n]),
        f"__match_any_sync({full}, v * 0.5f)": lambda v, n: bits(v == v[n]),
        f"__match_any_sync({full}, v * 0.5)": lambda v, n: bits(v == v[n]),
        f"__match_all_sync({full}, v, &all) + all": lambda v, n: 0,
        f"__match_all_sync({full}, 7.5f, &all) - all": lambda v, n: (1 << warp) - 2,
        f"(t % 2 ? 0 : __match_any_sync({even}, v))": lambda v, n: 0 if n % 2 else bits(v == v[n]) & half,
        f"(t % 2 ? 0 : (long long)__reduce_add_sync({even}, v))": lambda v, n: 0 if n % 2 else v[::2].sum(),
        f"__reduce_add_sync({full}, v)": lambda v, n: v.sum(),
        f"__reduce_add_sync({full}, 4000000000u)": lambda v, n: 4000000000 * warp % 2**32,
        f"__reduce_min_sync({full}, v)": lambda v, n: v.min(),
        f"__reduce_max_sync({full}, v)": lambda v, n: v.max(),
        f"__reduce_min_sync({full}, (unsigned)v)": lambda v, n: 0,
        f"__reduce_max_sync({full}, (unsigned)v)": lambda v, n: 2**32 - 1,
        f"__reduce_and_sync({full}, (unsigned)v | 8u)": lambda v, n: int(np.bitwise_and.reduce(v.astype(np.uint32) | 8)),
        f"__reduce_or_sync({full}, (unsigned)(v + 1))": lambda v, n: int(np.bitwise_or.reduce(v + 1)),
        f"__reduce_xor_sync({full}, (unsigned)(v + 1))": lambda v, n: int(np.bitwise_xor.reduce(v + 1)),
        "__syncthreads_count(v > 0)": lambda v, n: int((np.arange(2 * warp) % 5 > 1).sum()),
        "__syncthreads_and(v > -2)": lambda v, n: 1,
        "__syncthreads_or(v > 3)": lambda v, n: 0,
    }
    if warp == 64:
        cases |= {"__any(v > 2)": lambda v, n: 1, "__all(v)": lambda v, n: 0, "__ballot(v > 0)": lambda v, n: bits(v > 0)}
    calls = "".join(f"o[{n * 2 * warp} + t] = (long long){code};\n" for n, code in enumerate(cases))
    done = run_body(platform, f"const int v = t % 5 - 1; int all = 0;\n{calls}", 2 * warp,
                    o=np.zeros(len(cases) * 2 * warp, np.int64))
    assert done.status == "ok", done.findings
    for (code, f), got in zip(cases.items(), done.outputs["o"].reshape(-1, 2 * warp), strict=True):
        assert [int(g) % 2**64 for g in got] == [int(w) % 2**64 for w in _lanes(warp, f)], code  # type: ignore[call-overload]


@pytest.mark.parametrize(("platform", "code", "message"), [
    ("cuda", "__shfl_sync(0xffffffffu, t, 0, 12)", "power of two"),
    ("cuda", "__shfl_xor_sync(0xffffffffu, t, 1, 64)", "power of two"),
    ("hip", "__shfl_down(t, 1, 48)", "power of two"),
    ("cuda", "__shfl_sync(0x0000ffffu, t, 0)", "not in its mask"),
    ("cuda", "__ballot_sync(1u, t)", "not in its mask"),
    ("hip", "__ballot_sync(1ull, t)", "not in its mask"),
])
def test_misuse_is_a_finding_at_its_line(platform: str, code: str, message: str) -> None:
    done = run_body(platform, f"o[t] =\n (int){code};", 64, o=np.zeros(64, np.int32))
    assert done.status == "finding"
    assert message in done.findings[0].message
    assert done.findings[0].line in (4, 5)


def test_a_64_lane_mask_has_64_bits() -> None:
    done = run_body("hip", "o[t] = t; if (t >= 32) o[t] = __shfl_sync(0xffffffff00000000ull, t, 40);", 64,
                    o=np.zeros(64, np.int32))
    assert done.outputs["o"].tolist() == [*range(32), *[40] * 32]


HIP_LANES: dict[str, Callable[[int], int]] = {
    "__lane_id()": lambda n: n,
    "__builtin_amdgcn_ds_bpermute(4 * ((t + 3) % 64), v)": lambda n: (n + 3) % 64 * 7,
    "__builtin_amdgcn_ds_bpermute(4 * (t + 61) + 1, v)": lambda n: (n + 61) % 64 * 7,
    "__hip_ds_bpermute(4 * (t ^ 1), v)": lambda n: (n ^ 1) * 7,
    "__hip_ds_bpermutef(4 * (t ^ 1), (float)v)": lambda n: (n ^ 1) * 7,
    "__builtin_amdgcn_readlane(v, 37)": lambda n: 37 * 7,
    "__builtin_amdgcn_readfirstlane(v)": lambda n: 0,
    "__builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u))": lambda n: n,
    "__builtin_amdgcn_mbcnt_hi(5u, __builtin_amdgcn_mbcnt_lo(0xf0u, 100))":
        lambda n: 100 + sum(1 for b in (4, 5, 6, 7, 32, 34) if b < n),
    "__builtin_amdgcn_mov_dpp(v, 0x1b, 15, 15, true)": lambda n: (n // 4 * 4 + 3 - n % 4) * 7,
    "__builtin_amdgcn_update_dpp(-1, v, 0x111, 15, 15, false)": lambda n: (n - 1) * 7 if n % 16 else -1,
    "__builtin_amdgcn_update_dpp(-1, v, 0x104, 15, 15, true)": lambda n: (n + 4) * 7 if n % 16 < 12 else 0,
    "__builtin_amdgcn_update_dpp(-1, v, 0x123, 15, 15, false)": lambda n: (n // 16 * 16 + (n - 3) % 16) * 7,
    "__builtin_amdgcn_update_dpp(-1, v, 0x130, 15, 15, false)": lambda n: (n + 1) * 7 if n < 63 else -1,
    "__builtin_amdgcn_update_dpp(-1, v, 0x134, 15, 15, false)": lambda n: (n + 1) % 64 * 7,
    "__builtin_amdgcn_update_dpp(-1, v, 0x138, 15, 15, false)": lambda n: (n - 1) * 7 if n else -1,
    "__builtin_amdgcn_update_dpp(-1, v, 0x13c, 15, 15, false)": lambda n: (n - 1) % 64 * 7,
    "__builtin_amdgcn_update_dpp(-1, v, 0x140, 15, 15, false)": lambda n: (n // 16 * 16 + 15 - n % 16) * 7,
    "__builtin_amdgcn_update_dpp(-1, v, 0x141, 15, 15, false)": lambda n: (n // 8 * 8 + 7 - n % 8) * 7,
    "__builtin_amdgcn_update_dpp(-1, v, 0x142, 10, 15, false)": lambda n: (n // 16 * 16 - 1) * 7 if n // 16 in (1, 3) else -1,
    "__builtin_amdgcn_update_dpp(-1, v, 0x143, 12, 15, false)": lambda n: 31 * 7 if n >= 32 else -1,
    "__builtin_amdgcn_update_dpp(-1, v, 0xe4, 15, 5, false)": lambda n: n * 7 if n // 4 % 2 == 0 else -1,
    "__builtin_amdgcn_ds_swizzle(v, 0x041f)": lambda n: (n ^ 1) * 7,
    "__builtin_amdgcn_ds_swizzle(v, 0x401f)": lambda n: (n ^ 16) * 7,
    "__builtin_amdgcn_ds_swizzle(v, 0x00e0)": lambda n: (n // 32 * 32 + 7) * 7,
    "__builtin_amdgcn_ds_swizzle(v, 0x8055)": lambda n: (n // 4 * 4 + 1) * 7,
}


def test_operations_between_lanes_of_hip() -> None:
    calls = "".join(f"o[{n * 64} + t] = (int){code};\n" for n, code in enumerate(HIP_LANES))
    done = run_body("hip", f"const int v = t * 7;\n{calls}", 64, o=np.zeros(len(HIP_LANES) * 64, np.int32))
    assert done.status == "ok", done.findings
    for (code, f), got in zip(HIP_LANES.items(), done.outputs["o"].reshape(-1, 64), strict=True):
        assert got.tolist() == [f(n) for n in range(64)], code
