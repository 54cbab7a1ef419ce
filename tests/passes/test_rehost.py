"""Where a launcher's arrays live: one buffer for what is changed in place, and nothing copied in that is overwritten."""

from __future__ import annotations

from textwrap import dedent

from xpiler import platforms
from xpiler.ir.nodes import Const, Launch
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.machine.rehost import copies, on_device_memory, returned
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.to_pivot import launcher_ranges, sequential
from xpiler.to_target import roads

CUDA, HIP = platforms.get("cuda"), platforms.get("hip")

IN_PLACE = """
    #include <cuda_runtime.h>
    __global__ void twice(float* data) { data[threadIdx.x] *= 2.0f; }
    extern "C" void run(const float* in, float* out) {
        float* d;
        cudaMalloc(&d, 64 * sizeof(float));
        cudaMemcpy(d, in, 64 * sizeof(float), cudaMemcpyHostToDevice);
        twice<<<1, 64>>>(d);
        cudaMemcpy(out, d, %d * sizeof(float), cudaMemcpyDeviceToHost);
        cudaFree(d);
    }
    """


def in_hip(text: str) -> str:
    """With the structure of the kernels kept."""
    program = read(dedent(text), CUDA, "twice.cu")
    pivot, steps = sequential(program, CUDA)
    return write(next(roads(program, pivot, steps, CUDA, HIP, [])).program, HIP)


def test_one_buffer_comes_back_into_another_array() -> None:
    program = read(dedent(IN_PLACE % 64), CUDA, "twice.cu")
    pivot, _ = sequential(program, CUDA)
    assert len(copies(pivot)) == 1
    plain = returned(pivot, copies(pivot)).launcher
    assert plain is not None
    (b,) = plain.buffers
    assert (b.host, b.out, b.copy_in) == ("in", "out", True)
    assert [s.kernel for s in statements(plain.body) if isinstance(s, Launch)] == ["twice"]


def test_in_place_on_another_machine() -> None:
    text = in_hip(IN_PLACE % 64)
    assert text.count("hipMalloc") == text.count("<<<") == text.count("hipMemcpyHostToDevice") == 1
    assert "hipMemcpy(out, d, 64 * sizeof(float), hipMemcpyDeviceToHost);" in text


def test_a_part_that_comes_back_is_copied_by_a_kernel() -> None:
    assert in_hip(IN_PLACE % 32).count("<<<") == 2


def test_what_is_overwritten_whole_is_not_copied_in() -> None:
    program = read(dedent("""
        #include <cuda_runtime.h>
        __global__ void twice(const float* in, float* out) { out[threadIdx.x] = in[threadIdx.x] * 2.0f; }
        extern "C" void run(const float* in, float* out) {
            float *d, *e;
            cudaMalloc(&d, 64 * sizeof(float));
            cudaMalloc(&e, 64 * sizeof(float));
            cudaMemcpy(d, in, 64 * sizeof(float), cudaMemcpyHostToDevice);
            cudaMemcpy(e, out, 64 * sizeof(float), cudaMemcpyHostToDevice);
            twice<<<1, 64>>>(d, e);
            cudaMemcpy(out, e, 64 * sizeof(float), cudaMemcpyDeviceToHost);
        }
        """), CUDA, "twice.cu")
    pivot, _ = sequential(program, CUDA)
    found = launcher_ranges(pivot)
    whole = on_device_memory(pivot, {n: r.extent for n, r in found.items()}, lambda n: found[n].covered).launcher
    part = on_device_memory(pivot, {"e": Const(32, DType.I32)}, lambda n: found[n].covered).launcher
    assert whole is not None and {b.name: b.copy_in for b in whole.buffers} == {"d": True, "e": False}
    assert part is not None and {b.name: b.copy_in for b in part.buffers} == {"d": True, "e": True}
