"""Cooperative groups: ranks, sizes, exchanges, reductions and scans of blocks, tiles and the lanes that are together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.platforms.simt_run import run_body
from xpiler.platforms import get

_HEAD = "#include <cooperative_groups.h>\n#include <cooperative_groups/reduce.h>\nnamespace cg = cooperative_groups;\n"


def _sums(n: int, first: int) -> int:
    return sum(range(first, n + 1))


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_tiles(platform: str) -> None:
    warp = get(platform).warp
    threads = 2 * warp
    cases: dict[str, Callable[[int], int]] = {
        "block.size()": lambda t: threads, "block.num_threads()": lambda t: threads, "block.thread_rank()": lambda t: t,
        "block.group_index().x": lambda t: 0, "block.thread_index().x": lambda t: t, "block.group_dim().x": lambda t: threads,
        "block.dim_threads().x": lambda t: threads,
        "tile.size()": lambda t: 8, "tile.num_threads()": lambda t: 8, "tile.thread_rank()": lambda t: t % 8,
        "tile.meta_group_rank()": lambda t: t // 8, "tile.meta_group_size()": lambda t: threads // 8,
        "tile.shfl(t, 3)": lambda t: t // 8 * 8 + 3,
        "tile.shfl_up(t, 2)": lambda t: t - 2 if t % 8 >= 2 else t,
        "tile.shfl_down(t, 2)": lambda t: t + 2 if t % 8 < 6 else t,
        "tile.shfl_xor(t, 5)": lambda t: t ^ 5,
        "tile.any(t == 9)": lambda t: int(t // 8 == 1), "tile.all(t < 12)": lambda t: int(t // 8 == 0),
        "tile.ballot(t % 3 == 0)": lambda t: sum(1 << n for n in range(8) if (t // 8 * 8 + n) % 3 == 0),
        "tile.match_any(t % 2)": lambda t: 0xAA if t % 2 else 0x55,
        "whole.size()": lambda t: warp, "whole.shfl_down(t, 1)": lambda t: t + 1 if t % warp < warp - 1 else t,
        "whole.ballot(1)": lambda t: (1 << warp) - 1,
        "cg::reduce(tile, t, cg::plus<int>())": lambda t: _sums(t // 8 * 8 + 7, t // 8 * 8),
        "cg::reduce(tile, t, cg::less<int>())": lambda t: t // 8 * 8,
        "cg::reduce(whole, t, cg::greater<int>())": lambda t: t // warp * warp + warp - 1,
        "cg::reduce(tile, 1 << t % 8, cg::bit_or<int>())": lambda t: 255,
        "cg::reduce(tile, t | 16, cg::bit_and<int>())": lambda t: (t // 8 * 8) & ~7 | 16,
        "cg::reduce(tile, t % 8, cg::bit_xor<int>())": lambda t: 0,
        "cg::inclusive_scan(tile, t)": lambda t: _sums(t, t // 8 * 8),
        "cg::exclusive_scan(tile, t)": lambda t: _sums(t - 1, t // 8 * 8),
        "cg::inclusive_scan(tile, t, cg::greater<int>())": lambda t: t,
        "cg::exclusive_scan(tile, 2, cg::plus<int>())": lambda t: t % 8 * 2,
        "cg::this_grid().size()": lambda t: threads, "cg::this_grid().num_blocks()": lambda t: 1,
        "cg::this_grid().thread_rank()": lambda t: t, "cg::this_grid().block_rank()": lambda t: 0,
        "cg::this_grid().num_threads()": lambda t: threads, "cg::this_grid().is_valid()": lambda t: 1,
        "cg::this_grid().group_dim().x": lambda t: 1, "cg::this_grid().dim_blocks().y": lambda t: 1,
        "cg::this_grid().block_index().x": lambda t: 0,
    }
    calls = "".join(f"o[{n * threads} + t] = (long long)({code});\n" for n, code in enumerate(cases))
    done = run_body(platform, f"""
cg::thread_block block = cg::this_thread_block();
auto tile = cg::tiled_partition<8>(block);
cg::thread_block_tile<warpSize, cg::thread_block> whole = cg::tiled_partition<warpSize>(block);
{calls}block.sync(); tile.sync(); cg::sync(whole);""".replace("warpSize", str(warp)), threads, head=_HEAD,
        o=np.zeros(len(cases) * threads, np.int64))
    assert done.status == "ok", (done.findings, done.stderr)
    for (code, f), got in zip(cases.items(), done.outputs["o"].reshape(-1, threads), strict=True):
        assert [int(g) % 2**64 for g in got] == [f(t) for t in range(threads)], code


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_lanes_that_are_together(platform: str) -> None:
    cases: dict[str, Callable[[int, list[int]], int]] = {
        "g.size()": lambda r, m: len(m), "g.num_threads()": lambda r, m: len(m), "g.thread_rank()": lambda r, m: r,
        "g.shfl(t, 2)": lambda r, m: m[2], "g.shfl_up(t, 1)": lambda r, m: m[max(r - 1, 0)],
        "g.shfl_down(t, 1)": lambda r, m: m[min(r + 1, len(m) - 1)], "g.any(t == 3)": lambda r, m: 1,
        "g.all(t % 3 == 0)": lambda r, m: 1, "g.ballot(t > 10)": lambda r, m: sum(1 << k for k, t in enumerate(m) if t > 10),
        "cg::reduce(g, t, cg::plus<int>())": lambda r, m: sum(m),
        "cg::inclusive_scan(g, t)": lambda r, m: sum(m[: r + 1]),
    }
    calls = "".join(f"o[{n * 32} + t] = (int)({code});\n" for n, code in enumerate(cases))
    done = run_body(platform, f"if (t % 3 == 0) {{ cg::coalesced_group g = cg::coalesced_threads();\n{calls}g.sync(); }}",
                    32, head=_HEAD, o=np.full(len(cases) * 32, -1, np.int32))
    assert done.status == "ok", (done.findings, done.stderr)
    members = list(range(0, 32, 3))
    for (code, f), got in zip(cases.items(), done.outputs["o"].reshape(-1, 32), strict=True):
        want = [f(members.index(t), members) if t % 3 == 0 else -1 for t in range(32)]
        assert got.tolist() == want, code


def test_tiles_of_a_warp_may_go_separate_ways() -> None:
    done = run_body("cuda", """
auto tile = cg::tiled_partition<16>(cg::this_thread_block());
int v = t;
if (tile.meta_group_rank() == 1) v = cg::reduce(tile, v, cg::plus<int>());
o[t] = v;""", 32, head=_HEAD, o=np.zeros(32, np.int32))
    assert done.status == "ok", done.findings
    assert done.outputs["o"].tolist() == [*range(16), *[sum(range(16, 32))] * 16]


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_the_grid_meets(platform: str) -> None:
    done = run_body(platform, """
cg::grid_group grid = cg::this_grid();
const int n = grid.thread_rank(), last = grid.size() - 1;
o[n] = n; grid.sync(); const int other = o[last - n]; grid.sync(); o[n] = other;""",
        64, grid=3, head=_HEAD, o=np.zeros(192, np.int32))
    assert done.status == "ok", done.findings
    assert done.outputs["o"].tolist() == list(range(191, -1, -1))
