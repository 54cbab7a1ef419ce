"""Launchers: device memory, copies, and the sizes of launches in the kernels' own words."""

from __future__ import annotations

from textwrap import dedent

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.check import check
from xpiler.ir.nodes import Addr, Buffer, Const, DeviceBuffer, For, If, Launch, Launcher, Program, Var
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.text.write import write

KERNEL = "__global__ void k(float* y, const float* x, int n) { y[blockIdx.x * blockDim.x + threadIdx.x] = x[0]; }\n"
N = Var("n", DType.I32)


def host(body: str, params: str = "float* y, const float* x, int n", kernel: str = KERNEL) -> Program:
    text = f'{kernel}extern "C" void run({params}) {{\n{dedent(body)}\n}}\n'
    return read(text, platforms.get("cuda"), "k.cu")


def launcher(program: Program) -> Launcher:
    assert program.launcher is not None
    return program.launcher


def extents(program: Program, k: int = 0) -> dict[str, str]:
    loops = [s for s in statements(program.kernels[k].body) if isinstance(s, For) and "." in s.kind]
    return {s.kind: show(s.stop) for s in loops}


WHOLE = """
    float *dy, *dx;
    size_t bytes = n * sizeof(float);
    CHECK(cudaMalloc((void**)&dx, bytes));
    CHECK(cudaMalloc(&dy, sizeof(float) * n));
    CHECK(cudaMemcpy(dx, x, bytes, cudaMemcpyHostToDevice));
    cudaMemset(dy, 0, n * 4);
    k<<<(n + 63) / 64, 64>>>(dy, dx, n);
    CHECK(cudaGetLastError());
    cudaDeviceSynchronize();
    cudaMemcpy(y, dy, bytes, cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dy);
"""
CHECKED = (
    "#define CHECK(x) do { cudaError_t e = (x); if (e != cudaSuccess) "
    '{ printf("%s", cudaGetErrorString(e)); exit(1); } } while (0)\n'
)


def test_memory_copies_and_a_launch() -> None:
    program = host(WHOLE, kernel=CHECKED + KERNEL)
    made = launcher(program)
    assert made.buffers == (
        DeviceBuffer("dx", DType.F32, N, "x", copy_in=True),
        DeviceBuffer("dy", DType.F32, N, "y", copy_out=True, fill=0),
    )
    zero = Const(0, DType.I32)
    assert made.body == (Launch("k", (Addr("dy", zero, DType.F32), Addr("dx", zero, DType.F32), N)),)
    assert [p.const for p in made.params[:2]] == [False, True]  # type: ignore[union-attr]
    assert extents(program) == {"block.x": "(n + 63) / 64", "thread.x": "64"}


def test_a_check_may_end_the_program_in_any_of_the_usual_ways() -> None:
    exits = launcher(host(WHOLE, kernel=CHECKED + KERNEL))
    checked = CHECKED.replace("printf(", "std::fprintf(stderr, ")
    assert launcher(host(WHOLE, kernel=checked + KERNEL)) == exits
    for way in ("abort()", "std::abort()", "std::exit(EXIT_FAILURE)"):
        checked = CHECKED.replace("exit(1)", way)
        assert launcher(host(WHOLE, kernel="#include <cstdlib>\n" + checked + KERNEL)) == exits


def test_what_an_assertion_calls_is_called() -> None:
    exits = launcher(host(WHOLE, kernel=CHECKED + KERNEL))
    asserts = "#include <cassert>\n#define CHECK(x) assert((x) == cudaSuccess)\n"
    kernel = KERNEL.replace("{ y", '{ assert(n > 0 && x[0] == x[0] && "no NaN"); y')
    program = host("assert(n > 0);" + dedent(WHOLE), kernel=asserts + kernel)
    assert launcher(program) == exits
    assert program.kernels == host(WHOLE, kernel=CHECKED + KERNEL).kernels


def test_sizes_are_said_in_the_kernels_parameters() -> None:
    program = host(
        "int rows = n * 2; dim3 block(16, 4); dim3 grid; grid.x = rows / 16; k<<<grid, block>>>(y, x, rows);"
    )
    assert extents(program) == {"block.x": "n / 16", "thread.y": "4", "thread.x": "16"}


def test_a_size_the_kernel_is_not_told_becomes_a_parameter() -> None:
    program = host("k<<<m, 64>>>(y, x, 5);", "float* y, const float* x, int m")
    assert extents(program)["block.x"] == "m"
    assert [p.name for p in program.kernels[0].params] == ["y", "x", "n", "m"]
    (launch,) = launcher(program).body
    assert isinstance(launch, Launch) and launch.args[-1] == Var("m", DType.I32)


def test_names_of_launcher_and_kernel_do_not_mix() -> None:
    program = host("k<<<n, m>>>(y, x, m);", "float* y, const float* x, int n, int m")
    assert extents(program) == {"block.x": "n_1", "thread.x": "n"}


def test_dynamic_shared_memory_is_sized_by_the_launch() -> None:
    kernel = "__global__ void k(float* y) { extern __shared__ float s[]; s[threadIdx.x] = 0; y[0] = s[1]; }\n"
    program = host("k<<<1, 64, 64 * sizeof(float)>>>(y);", kernel=kernel)
    assert "shared f32 s[64];" in show(program)


def test_templates_give_one_kernel_an_instance() -> None:
    kernel = "template <int B> __global__ void k(float* y) { y[threadIdx.x] = B; }\n"
    program = host("k<32><<<1, 32>>>(y); k<64><<<1, 64>>>(y); k<32><<<1, 32>>>(y);", kernel=kernel)
    assert [k.name for k in program.kernels] == ["k", "k_1"]
    assert [s.kernel for s in launcher(program).body] == ["k", "k_1", "k"]  # type: ignore[union-attr]
    assert extents(program, 1)["thread.x"] == "64"


def test_launches_in_loops_and_branches_stay_there() -> None:
    program = host(
        "if (n <= 0) return; for (int i = 0; i < n; i++) k<<<1, 32>>>(y, x, i);"
    )
    (guard,) = launcher(program).body
    assert isinstance(guard, If)
    (loop,) = guard.then
    assert isinstance(loop, For) and loop.kind == "serial"
    (launch,) = loop.body
    assert isinstance(launch, Launch) and launch.args[-1] == loop.var


def test_host_helpers_are_read_in_place() -> None:
    kernel = KERNEL + "static int up(int a, int b) { return (a + b - 1) / b; }\n" + (
        "void go(float* a, const float* b, int c) { k<<<up(c, 8), 8>>>(a, b, c); }\n"
    )
    program = host("go(y, x, n);", kernel=kernel)
    assert launcher(program).name == "run"
    assert extents(program)["block.x"] == "(n + 8 - 1) / 8"


def test_values_given_for_scalars_fix_the_sizes() -> None:
    text = f'{KERNEL}extern "C" void run(float* y, const float* x, int n) {{ k<<<n / 64, 64>>>(y, x, n); }}'
    program = read(text, platforms.get("cuda"), let={"n": 640})
    assert extents(program)["block.x"] == "10"


def test_tasks_are_counted_from_the_launch() -> None:
    text = """
        __mlu_global__ void k(float* x) { x[taskId] = taskDim; }
        extern "C" void run(float* x, cnrtQueue_t queue) {
          cnrtDim3_t dim = {8, 1, 1};
          dim.y = 2;
          cnrtFunctionType_t kind = cnrtFuncTypeUnion1;
          k<<<dim, kind, queue>>>(x);
        }
    """
    program = read(text, platforms.get("bang"), "k.mlu")
    assert "taskId < 16" in show(program) and "x[taskId] = 16.0f;" in show(program)
    assert [p.name for p in launcher(program).params] == ["x"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("y[0] = 1; k<<<1, 1>>>(y, x, n);", "vocabulary"),
        ("float* d; cudaMalloc(&d, n * 4); cudaMemcpy(d, y, 4, cudaMemcpyDeviceToHost); d[0] = 1; x = y;"
         "k<<<1, 1>>>(0, x, n);", "behind a null pointer"),
        ("while (y[0] > 0) k<<<1, 1>>>(y, x, n);", "decides by what kernels"),
        ("bool done = false; while (n > 0 && !done) { k<<<1, 1>>>(y, x, n); float left = 0;"
         "cudaMemcpy(&left, y, 4, cudaMemcpyDeviceToHost); done = left < 1; }", "goes on by `done`"),
    ],
)
def test_what_a_launcher_may_not_do(body: str, what: str) -> None:
    with pytest.raises(Fault, match=what) as caught:
        host(body)
    assert caught.value.code == "XP1009" and caught.value.source_line


def test_a_text_for_one_size_says_so() -> None:
    """A caller with another n would get wrong numbers from what --let n=640 made."""
    text = f'{CHECKED}{KERNEL}extern "C" void run(float* y, const float* x, int n) {{{WHOLE}}}\n'
    cuda = platforms.get("cuda")
    for let, said in (({"n": 640}, ", for n=640 alone"), ({}, "")):
        program = read(text, cuda, "k.cu", let=let)
        assert write(program, cuda).splitlines()[0] == f"// CUDA C, translated from k.cu{said}."


def test_a_memset_of_the_callers_array_is_a_fill_of_it() -> None:
    """Where there is nothing to launch: it stays an array of the host, which the fill is copied out to."""
    checked = f"if (n == 0) {{ memset(y, 0, 64 * sizeof(float)); return; }}\n{CHECKED}{WHOLE}"
    made = launcher(program := host(checked, kernel=f"#include <cstring>\n{KERNEL}"))
    assert [p.const for p in made.params if isinstance(p, Buffer)] == [False, True]
    assert [p.space for p in made.params if isinstance(p, Buffer)] == ["global", "global"]
    assert any(d.host == "y" and d.copy_out for d in made.buffers)
    branch = next(s for s in made.body if isinstance(s, If))
    (fill,) = branch.then
    assert isinstance(fill, Launch) and program.kernel(fill.kernel).name.startswith("fill")


@pytest.mark.parametrize(("asked", "blocks"), [
    ("cudaDeviceGetAttribute(&b, cudaDevAttrMultiProcessorCount, 0);", 108),
    ("cudaDeviceGetAttribute(&b, cudaDevAttrWarpSize, 0);", 32),
    ("cudaOccupancyMaxActiveBlocksPerMultiprocessor(&b, k, 256, 0);", 8),
])
def test_what_the_device_is_asked_for_has_an_answer(asked: str, blocks: int) -> None:
    program = host(f"int b;\n{asked}\nk<<<b, 64>>>(y, x, n);")
    assert extents(program)["block.x"] == str(blocks)


def test_a_kernel_is_read_for_members_of_structures_that_are_null() -> None:
    kernel = (
        "struct Given { const float* x; const float* bias; float* y; };\n"
        "__global__ void k(Given g) { int i = threadIdx.x; float v = g.x[i]; if (g.bias) v += g.bias[i]; g.y[i] = v; }\n")
    program = host("Given g{x, nullptr, y};\nk<<<1, 64>>>(g);\ng.bias = x;\nk<<<1, 64>>>(g);", kernel=kernel)
    arrays = [[p.name for p in k.params if isinstance(p, Buffer)] for k in program.kernels]
    assert arrays == [["g_x", "g_y"], ["g_x", "g_bias", "g_y"]]
    check(program)
