"""What moves, turns, packs and picks elements in BANG C, and its scalar functions, against NumPy."""

from __future__ import annotations

import numpy as np
from test_bang import outcome, random, run_kernel


def test_turned_and_mirrored_matrices() -> None:
    a = random(5, 7)
    calls = ("__bang_rotate90", "__bang_rotate180", "__bang_rotate270", "__bang_mirror")
    body = "__nram__ float x[35], y[35];\n__memcpy(x, a, 140, GDRAM2NRAM);\n"
    for at, name in enumerate(calls):
        body += f"{name}(y, x, 5, 7);\n__memcpy(o + {35 * at}, y, 140, NRAM2GDRAM);\n"
    got = outcome(body, o=np.zeros((4, 35), np.float32), a=a)["o"].reshape(4, 35)
    turned = (np.rot90(a, -1), np.rot90(a, 2), np.rot90(a), a[:, ::-1])
    for name, result, expected in zip(calls, got, turned, strict=True):
        np.testing.assert_array_equal(result, expected.ravel(), name)


def test_fills_reach_every_segment_of_every_space() -> None:
    body = """__nram__ float x[64]; __mlu_shared__ float s[64]; __ldram__ float l[64];
    __nramset(x, 64, 1.0f);
    __nramset(x, 2, 2.0f, 32, 3);
    __nramset(x + 40, 1, 3.0f, 8, 1, 32, 2);
    __memcpy(o, x, 256, NRAM2GDRAM);
    __nramset_async(x, 64, 4.0f);
    __nramset_async(x + 1, 2, 5.0f, 32, 1);
    __memset_nram_async(x + 60, 4, 6.0f);
    __sync_move();
    __memcpy(o + 64, x, 256, NRAM2GDRAM);
    __gdramset(o + 128, 16, 7.0f);
    __sramset(s, 16, 8.0f);
    __ldramset(l, 16, 9.0f);
    for (int i = 0; i < 16; ++i) o[144 + i] = __load_sram(s + i) + __load_ldram(l + i);
    __store_nram(x, 1.5f); __store_sram(s, 2.5f); __store_ldram(l, 3.5f); __store_gdram(o + 160, 4.5f);
    o[161] = __load_nram(x) + s[0] + l[0] + __load_gdram(o + 160);"""
    got = outcome(body, o=np.zeros(162, np.float32))["o"]
    x = np.ones(64)
    x[:32].reshape(4, 8)[:, :2] = 2
    for start in (40, 48, 56):
        x[start : start + 3 : 2] = 3
    np.testing.assert_array_equal(got[:64], x)
    y = np.full(64, 4.0)
    y[1:3] = y[9:11] = 5
    y[60:] = 6
    np.testing.assert_array_equal(got[64:128], y)
    np.testing.assert_array_equal(got[128:], [7] * 16 + [17] * 16 + [4.5, 12])


def test_gather_and_scatter_take_offsets_and_masks_of_bits() -> None:
    a = random(64)
    body = """__nram__ float x[64], y[64];
    __nram__ unsigned at[8]; __nram__ unsigned char mask[8];
    for (int i = 0; i < 8; ++i) at[i] = (i * 3 + 1) * 8;
    mask[0] = 0xA6;
    __bang_write_value(y, 64, -1.0f);
    __gather(y, a, at, 8, GDRAM2NRAM, 16, 8);
    __gather_async(y + 32, a, at, mask, 8, GDRAM2NRAM, 16, 8);
    __sync_move();
    __memcpy(o, y, 256, NRAM2GDRAM);
    __memcpy(x, a, 256, GDRAM2NRAM);
    __bang_write_value(y, 64, -1.0f);
    __scatter(y, x, at, 8, NRAM2NRAM, 16, 8);
    __memcpy(o + 64, y, 256, NRAM2GDRAM);
    __sync();
    __bang_write_value(y, 64, -1.0f);
    __sync();
    __scatter_async(y, x, at, mask, 8, NRAM2NRAM, 16, 8);
    __sync();
    __memcpy(o + 128, y, 256, NRAM2GDRAM);
    oi[0] = __is_nram(x) * 8 + __is_dram(a) * 4 + __is_wram(x) * 2 + __is_sram(x);"""
    got = outcome(body, o=np.zeros((3, 64), np.float32), oi=np.zeros(1, np.int32), a=a)
    bits = 0xA6 >> np.arange(8) & 1 == 1
    gathered, spread, masked = np.full((3, 64), -1.0, np.float32)
    for i in range(8):
        pair = slice(2 * (3 * i + 1), 2 * (3 * i + 1) + 2)
        gathered[4 * i : 4 * i + 2] = a[pair]
        spread[pair] = a[4 * i : 4 * i + 2]
        if bits[i]:
            gathered[32 + 4 * i : 34 + 4 * i] = a[pair]
            masked[pair] = a[4 * i : 4 * i + 2]
    np.testing.assert_array_equal(got["o"].reshape(3, 64), [gathered, spread, masked])
    assert got["oi"][0] == 12


def test_masks_of_bits_have_the_first_element_lowest() -> None:
    a, b = random(64), random(64, seed=5)
    a[::5] = b[::5]
    a[7] = np.nan
    names = (
        "__bang_eq_bitindex", "__bang_ne_bitindex", "__bang_lt_bitindex", "__bang_le_bitindex", "__bang_gt_bitindex",
        "__bang_ge_bitindex",
    )
    body = "__nram__ float x[64], y[64], m[64];\n"
    body += "__memcpy(x, a, 256, GDRAM2NRAM);\n__memcpy(y, b, 256, GDRAM2NRAM);\n"
    for at, name in enumerate(names):
        body += f"{name}(m, x, y, 64);\n__memcpy((char*)oi + {8 * at}, (char*)m, 8, NRAM2GDRAM);\n"
    body += """oi[12] = __bang_filter_bitindex(o0, x, m, 64);
    __memcpy(o, o0, 256, NRAM2GDRAM);
    __bang_maskmove((char*)y, (char*)x, (char*)m, 64);
    __memcpy(o + 64, y, 256, NRAM2GDRAM);"""
    body = body.replace("__nram__ float x[64]", "__nram__ float o0[64], x[64]")
    got = outcome(body, o=np.zeros(128, np.float32), oi=np.zeros(13, np.int32), a=a, b=b)
    masks = [a == b, a != b, a < b, a <= b, a > b, a >= b]
    for at, mask in enumerate(masks):
        bits = np.unpackbits(got["oi"][2 * at : 2 * at + 2].view(np.uint8), bitorder="little")
        np.testing.assert_array_equal(bits, mask, names[at])
    kept = a[masks[-1]]
    assert got["oi"][12] == len(kept)
    np.testing.assert_array_equal(got["o"][: len(kept)], kept)
    moved = np.where(masks[-1], a.view(np.uint8).reshape(4, 64)[0], b.view(np.uint8).reshape(4, 64)[0])
    np.testing.assert_array_equal(got["o"][64:80].view(np.uint8), moved)


def test_maxima_with_their_positions_come_behind_the_values() -> None:
    a = random(4, 6, 3)
    body = """__nram__ float x[72], y[72]; __nram__ unsigned at[72];
    __memcpy(x, a, 288, GDRAM2NRAM);
    __bang_maxpool_value_index(y, x, 3, 4, 6, 2, 3, 3, 2, 48);
    __memcpy(o, y, 48, NRAM2GDRAM);
    __memcpy((float*)oi, y + 12, 48, NRAM2GDRAM);
    __bang_maxpool_index(at, x, 3, 4, 6, 2, 3, 3, 2);
    for (int i = 0; i < 12; ++i) oi[12 + i] = at[i];"""
    got = outcome(body, o=np.zeros(12, np.float32), oi=np.zeros(24, np.int32), a=a)
    windows = a.reshape(2, 2, 2, 3, 3).transpose(0, 2, 4, 1, 3).reshape(12, 6)
    np.testing.assert_array_equal(got["o"], windows.max(1))
    np.testing.assert_array_equal(got["oi"].reshape(2, 12), [windows.argmax(1)] * 2)


def test_scalar_functions() -> None:
    calls = {
        "__float2int32(x)": 2, "__float2int32_rd(x)": 3, "__float2int32_up(x)": 3, "__half2int32((half)x)": 2,
        "__half2int32_up((half)x)": 3, "__half2float(__float2half_rn(x))": 2.5, "__cn_scalar_sin_f32(x)": np.sin(2.5),
        "__cn_scalar_cos_f32(x)": np.cos(2.5), "__cn_scalar_sin_f16((half)x)": np.float16(np.sin(2.5)),
        "__cn_scalar_cos_f16((half)x)": np.float16(np.cos(2.5)),
    }
    lines = [f"o[{i}] = (float){call};" for i, call in enumerate(calls)]
    got = outcome("\n".join(["float x = a[0];", '__bang_printf("%f\\n", x);', *lines]),
                  o=np.zeros(len(calls), np.float32), a=np.array([2.5], np.float32))["o"]
    np.testing.assert_allclose(got, list(calls.values()), 1e-6)


def test_atomics_exchange_and_take_the_smaller() -> None:
    body = """__nram__ float old[1];
    __bang_atomic_reduce_min(o, (float)(10 - (int)taskId));
    __bang_atomic_cas(old, o + 1, (float)taskId, (float)(taskId + 1));
    o[2 + taskId] = old[0];"""
    done = run_kernel(body, extents={"task": 4}, o=np.array([99, 0, 0, 0, 0, 0], np.float32))
    assert done.status == "ok", done.findings
    np.testing.assert_array_equal(done.outputs["o"], [7, 4, 0, 1, 2, 3])
