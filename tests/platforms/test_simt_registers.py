"""The owner's vector types, HIP's operators on small vectors, counters, and fills and launches of the host."""

from __future__ import annotations

import numpy as np
import pytest

from tests.platforms.simt_run import run_body
from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.platforms import get
from xpiler.text.read import read
from xpiler.verify.runs.inputs import Point
from xpiler.verify.signature import signature
from xpiler.verify.runs.trial import machine

_TYPES = """
typedef float f4 __attribute__((ext_vector_type(4)));
using h2 = _Float16 __attribute__((ext_vector_type(2)));
typedef int i4 __attribute__((ext_vector_type(4)));
"""


def test_lanes_have_letters_and_subscripts() -> None:
    body = """
f4 v = *(const f4*)x, w = {1.0f, 2.0f};
v = v * w + v.x;
v.y += 0.5f; v[2] = v.z * 2.0f;
h2 h = {(_Float16)v.w, (_Float16)0.5f};
i4 m = v > 4.0f;
m = (m & 6) << 1;
o[0] = v.x; o[1] = v.y; o[2] = v.z; o[3] = v.w; o[4] = (float)(h.x + h.y); o[5] = m.x; o[6] = m.y;
o[7] = sizeof(v) + alignof(h2);
"""
    done = run_body("hip", body, 1, head=_TYPES, x=np.array([3, 4, 5, 6], np.float32), o=np.zeros(8, np.float32))
    assert done.status == "ok", done.findings
    assert done.outputs["o"].tolist() == [6, 11.5, 6, 3, 3.5, 12, 12, 20]


def test_small_vectors_of_hip_have_operators_and_the_owners_come_first() -> None:
    head = "__device__ float2 operator*(float2 a, float2 b) { return make_float2(a.x * b.y, 100.0f); }\n"
    body = """
float4 v = *(const float4*)x, a = v * 2.0f + v;
a -= 1; a = 0.5 / a; a /= make_float4(1, 2, 4, 8);
float2 c = make_float2(v.x, v.y) * make_float2(v.z, v.w);
int3 i = -make_int3(7, 8, 9) / 2;
o[0] = a.x; o[1] = a.w; o[2] = c.x; o[3] = c.y; o[4] = i.x + i.z; o[5] = (v == v) + 2 * (v != a);
"""
    done = run_body("hip", body, 1, head=head, x=np.array([3, 4, 5, 6], np.float32), o=np.zeros(6, np.float32))
    assert done.status == "ok", done.findings
    want = np.array([0.0625, np.float32(0.5) / 17 / 8, 18, 100, -7, 3], np.float32)
    np.testing.assert_array_equal(done.outputs["o"], want)


@pytest.mark.parametrize("platform", ["cuda", "hip"])
@pytest.mark.parametrize("name", ["clock64", "__clock64", "__clock", "wall_clock64"])
def test_counters_grow(platform: str, name: str) -> None:
    done = run_body(platform, f"auto a = {name}(), b = {name}(); o[t] = b > a;", 32, o=np.zeros(32, np.int32))
    assert done.outputs["o"].tolist() == [1] * 32


def test_half_has_the_c_name_of_fma_on_hip() -> None:
    x = np.array([1.5, 0.1], np.float16)
    done = run_body("hip", "o[t] = fma(x[t], x[t], __float2half(1.0f));", 2, x=x, o=np.zeros(2, np.float16))
    assert done.outputs["o"].tolist() == np.float16(x.astype(np.float64) ** 2 + 1).tolist()


_KERNEL = "__global__ void k(float* y, int n) { int i = blockIdx.x * 64 + threadIdx.x; if (i < n) y[i] += i; }\n"
_HOST = """
extern "C" void run(float* y, int n) {{
  float* d;
  {api}Malloc(&d, n * 4);
  {fill}
  {launch}
  {api}Memcpy(y, d, n * 4, {api}MemcpyDeviceToHost);
}}
"""


def _ran(platform: str, fill: str, launch: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    text = _KERNEL + _HOST.format(api=platform, fill=fill, launch=launch)
    sig = signature(read(text, get(platform), "text"))
    point, given = Point({"n": 100}, sig.sizes({"n": 100})), {"y": np.zeros(100, np.float32), "n": 100}
    trial = machine(text, get(platform), sig, file="text").run(point, given, Limits())
    assert trial.clean, trial.complaint
    return np.asarray(dict(trial.outputs)["y"])


@pytest.mark.parametrize("platform", ["cuda", "hip"])
@pytest.mark.parametrize("kind", ["LaunchKernel", "LaunchCooperativeKernel"])
def test_launches_by_address(platform: str, kind: str) -> None:
    # cudaLaunchKernel, hipLaunchKernel, cudaLaunchCooperativeKernel, hipLaunchCooperativeKernel
    launch = f"void* args[] = {{&d, (void*)&n}}; {platform}{kind}((void*)k, dim3(2), dim3(64), args, 0, 0);"
    assert _ran(platform, f"{platform}Memset(d, 0, n * 4);", launch).tolist() == list(range(100))


@pytest.mark.parametrize("fill", [
    "hipMemsetD8(d, 1, n * 4)", "hipMemsetD8Async(d, 1, n * 4, 0)", "hipMemsetD16(d, 0x101, 2 * n)",
    "hipMemsetD16Async(d, 257, 2 * n, 0)", "hipMemsetD32(d, 0x1010101, n)", "hipMemsetD32Async(d, 16843009, n)",
])
def test_fills_of_elements(fill: str) -> None:
    one = np.array([0x1010101], np.int32).view(np.float32)
    found = _ran("hip", f"{fill};", "k<<<2, 64>>>(d, n);")
    assert found.tolist() == (np.arange(100, dtype=np.float32) + one).tolist()


def test_a_fill_of_unequal_bytes_is_not_read_as_one_of_bytes() -> None:
    text = _KERNEL + _HOST.format(api="hip", fill="hipMemsetD32(d, 0x3f800000, n);", launch="k<<<2, 64>>>(d, n);")
    with pytest.raises(Fault, match="not followed"):
        read(text, get("hip"), "text")
