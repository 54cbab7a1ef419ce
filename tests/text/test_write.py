"""Whole programs as text: golden texts by hand, and what cannot be written is refused with its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from xpiler import platforms
from xpiler.fault import Span
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, DeviceBuffer, Expr,
    For, If, Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning, Param, Program, Return, Select,
    Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType as T
from xpiler.text.write import NotExpressible, write
from xpiler.text.writing.fold import fold


def c(value: int) -> Const:
    return Const(value, T.I32)


def v(name: str, dtype: T = T.I32) -> Var:
    return Var(name, dtype)


def op(o: str, a: Expr, b: Expr, dtype: T = T.I32) -> Binary:
    return Binary(o, a, b, dtype)


def at(buffer: str, index: Expr) -> Load:
    return Load(buffer, index, T.F32)


def to(buffer: str, index: Expr | None = None) -> Addr:
    return Addr(buffer, index or c(0), T.F32)


def loop(var: Var, stop: Expr, *body: Stmt, kind: str = "serial") -> For:
    return For(var, c(0), stop, c(1), body, kind)


def array(name: str, extent: Expr | None = None, const: bool = False, space: str = "global") -> Buffer:
    return Buffer(name, T.F32, extent, space, const=const)


N = v("n")
NO_HEADER = Path("nowhere")  # a platform that has any intrinsic
ZERO = Const(0.0, T.F32)
PARAMS: tuple[Param, ...] = (array("a", N, const=True), array("o", N), N)
ARGS = (to("a"), to("o"), N)


def alone(platform: str, *body: Stmt, params: tuple[Param, ...] = PARAMS) -> str:
    """The text of one kernel `f` without a launcher, its head and its last line left out."""
    text = write(Program(platform, (Kernel("f", params, body),), None), platforms.get(platform))
    return dedent(text[text.index("{\n") + 2 : text.rindex("}")])


def launched(platform: str, *body: Stmt, mirrored: bool = True) -> Program:
    held = (DeviceBuffer("d_a", T.F32, N, "a", copy_in=True), DeviceBuffer("d_o", T.F32, N, "o", copy_out=True))
    args = (to("d_a"), to("d_o"), N) if mirrored else ARGS
    launcher = Launcher("relu", PARAMS, held if mirrored else (), (Launch("relu", args),))
    return Program(platform, (Kernel("relu", PARAMS, body),), launcher, "kernels/relu.x")


RELU = Store("o", v("i"), Call("max", (at("a", v("i")), ZERO), T.F32))


def test_cuda_kernel_and_launcher() -> None:
    index = op("+", op("*", v("blockIdx.x"), c(256)), v("threadIdx.x"))
    body = loop(
        v("blockIdx.x"), op("/", op("+", N, c(255)), c(256)),
        loop(
            v("threadIdx.x"), c(256),
            Let(v("i"), index, Span("relu.x", 4, 3, "one element a thread")),
            If(op("<", v("i"), N, T.BOOL), (RELU,)),
            kind="thread.x",
        ),
        kind="block.x",
    )
    assert write(launched("cuda", body), platforms.get("cuda")) == dedent("""\
        // CUDA C, translated from relu.x.

        #include <cuda_runtime.h>

        __global__ void relu_kernel(const float* a, float* o, int n) {
            // one element a thread
            int i = blockIdx.x * 256 + threadIdx.x;
            if (i < n) {
                o[i] = fmaxf(a[i], 0.0f);
            }
        }

        extern "C" void relu(const float* a, float* o, int n) {
            float *d_a, *d_o;
            cudaMalloc(&d_a, n * sizeof(float));
            cudaMalloc(&d_o, n * sizeof(float));
            cudaMemcpy(d_a, a, n * sizeof(float), cudaMemcpyHostToDevice);
            relu_kernel<<<(n + 255) / 256, 256>>>(d_a, d_o, n);
            cudaMemcpy(o, d_o, n * sizeof(float), cudaMemcpyDeviceToHost);
            cudaFree(d_a);
            cudaFree(d_o);
        }
        """)


def test_bang_kernel_and_launcher() -> None:
    move = "void (void *, const void *, unsigned int, mluMemcpyDirection_t)"
    body = loop(
        v("taskId"), op("/", N, c(64)),
        Alloc(array("row", c(64), space="nram")),
        Intrinsic("__memcpy", (to("row"), to("a", op("*", v("taskId"), c(64))), c(256), c(0)), None, move),
        Intrinsic("__bang_active_relu", (to("row"), to("row"), c(64))),
        Intrinsic("__memcpy", (to("o", op("*", v("taskId"), c(64))), to("row"), c(256), c(1)), None, move),
        kind="task",
    )
    text = write(launched("bang", body), platforms.get("bang"))
    assert "#include <bang.h>\n#include <cnrt.h>\n" in text
    assert dedent("""\
        __mlu_global__ void relu_kernel(const float* a, float* o, int n) {
            const int task = taskId;
            __nram__ float row[64];
            __memcpy(row, a + task * 64, 64 * sizeof(float), GDRAM2NRAM);
            __bang_active_relu(row, row, 64);
            __memcpy(o + task * 64, row, 64 * sizeof(float), NRAM2GDRAM);
        }
        """) in text
    assert "cnrtDim3_t dim = {(unsigned int)(n / 64), 1, 1};" in text
    assert "relu_kernel<<<dim, cnrtFuncTypeBlock, queue>>>(d_a, d_o, n);" in text
    assert text.index("cnrtQueueSync(queue);") < text.index("cnrtMemcpyDevToHost") < text.index("cnrtQueueDestroy")


def test_tasks_take_turns_by_their_number() -> None:
    turn = op("%", op("/", v("row"), c(16)), c(2))
    row = For(v("row"), v("task"), N, c(16), (
        Let(v("slot"), turn), Store("o", op("+", v("slot"), op("+", v("row"), c(16))), ZERO)))
    text = write(launched("bang", loop(v("task"), c(16), row, kind="task")), platforms.get("bang"))
    assert "    for (int row = task; row < n; row += taskDim) {\n" in text
    assert "int slot = row / taskDim % 2;" in text
    assert "o[slot + row + taskDim] = 0.0f;" in text
    other = replace(row, step=c(8))
    assert "row += 8" in write(launched("bang", loop(v("task"), c(16), other, kind="task")), platforms.get("bang"))


def test_the_host_waits_once() -> None:
    body = loop(v("blockIdx.x"), N, RELU, kind="block.x")
    program = launched("cuda", replace(body, var=v("i")))
    assert "Synchronize" not in write(program, platforms.get("cuda"))
    assert program.launcher is not None
    inputs = tuple(replace(b, copy_out=False) for b in program.launcher.buffers)
    silent = replace(program, launcher=replace(program.launcher, buffers=inputs))
    assert "cudaDeviceSynchronize();" in write(silent, platforms.get("cuda"))


def test_masks_have_their_type_and_show_their_bits() -> None:
    mask, register = v("m", T.U16), Buffer("r", T.F32, c(16), "local", "__m512")
    load, told = "__m512 (unsigned short, const float *)", "unsigned short (__m512, __m512)"
    text = alone(
        "vnni", Alloc(register), Intrinsic("_mm512_maskz_loadu_ps", (Const(511, T.U16), to("a")), to("r"), load),
        Let(mask, None), Intrinsic("_mm512_cmplt_ps_mask", (to("r"), to("r")), mask, told),
        Intrinsic("_mm512_mask_storeu_ps", (to("o"), mask, to("r")), None, "void (float *, unsigned short, __m512)"))
    assert "_mm512_maskz_loadu_ps(0x1ff, a)" in text
    assert "__mmask16 m = _mm512_cmplt_ps_mask(r, r);" in text


def test_tasks_that_share_sram_launch_as_a_union() -> None:
    body = loop(v("t"), c(8), Alloc(array("s", c(64), space="sram")), Barrier("cluster"), kind="task")
    text = write(launched("bang", body), platforms.get("bang"))
    assert "cnrtFuncTypeUnion2" in text
    with pytest.raises(NotExpressible, match="a launch of 6 tasks that meet"):
        write(launched("bang", replace(body, stop=c(6))), platforms.get("bang"))


def test_a_serial_program_that_passes_its_parameters_on_is_one_function() -> None:
    program = launched("c", loop(v("i"), N, RELU, kind="parallel"), mirrored=False)
    assert write(program, platforms.get("c")) == dedent("""\
        // C, translated from relu.x.

        #include <math.h>

        #ifdef __cplusplus
        extern "C"
        #endif
        void relu(const float* a, float* o, int n) {
            #pragma omp parallel for
            for (int i = 0; i < n; ++i) {
                o[i] = fmaxf(a[i], 0.0f);
            }
        }
        """)


def test_serial_kernels_share_scratch_from_the_heap() -> None:
    kernel = Kernel("relu", PARAMS, (loop(v("i"), N, RELU),))
    scratch = DeviceBuffer("t", T.F32, N, fill=0)
    calls = (Launch("relu", (to("a"), to("t"), N)), Launch("relu", (to("t"), to("o"), N)))
    program = Program("c", (kernel,), Launcher("twice", PARAMS, (scratch,), calls))
    text = write(program, platforms.get("c"))
    assert "static void relu(const float* a, float* o, int n) {" in text
    assert dedent("""\
            float* t = (float*)malloc(n * sizeof(float));
            memset(t, 0, n * sizeof(float));
            relu(a, t, n);
            relu(t, o, n);
            free(t);
        }
        """).split() == text[text.index("float* t"):].split()


def test_a_vector_is_declared_by_the_call_that_fills_it() -> None:
    key = "__m512 (const void *)"
    body = For(v("i"), c(0), N, c(16), (
        Alloc(Buffer("x", T.F32, c(16), "local", "__m512")),
        Intrinsic("_mm512_loadu_ps", (to("a", v("i")),), to("x"), key),
        Intrinsic("_mm512_storeu_ps", (to("o", v("i")), to("x")), None, "void (void *, __m512)"),
    ))
    assert alone("vnni", body) == dedent("""\
        for (int i = 0; i < n; i += 16) {
            __m512 x = _mm512_loadu_ps(a + i);
            _mm512_storeu_ps(o + i, x);
        }
        """)
    whole = write(Program("vnni", (Kernel("f", PARAMS, (body,)),), None), platforms.get("vnni"))
    assert "#include <immintrin.h>" in whole
    read = Store("o", v("i"), at("x", c(3)))
    with pytest.raises(NotExpressible, match="a __m512 has no elements"):
        alone("vnni", replace(body, body=(*body.body, read)))


def test_element_wise_copies_of_vectors_are_assignments() -> None:
    def held(name: str) -> Alloc:
        return Alloc(Buffer(name, T.F32, c(16), "local", "__m512"))

    def add(result: str) -> Intrinsic:
        return Intrinsic("_mm512_add_ps", (to("s"), to("s")), to(result), "__m512 (__m512, __m512)")

    copies = tuple(Store("s", c(k), at("v", c(k))) for k in range(16))
    zero = (held("s"), Intrinsic("_mm512_setzero_ps", (), to("s"), "__m512 ()"))
    assert alone("vnni", *zero, held("v"), add("v"), *copies) == (
        "__m512 s = _mm512_setzero_ps();\ns = _mm512_add_ps(s, s);\n")
    again = loop(v("i"), c(16), Store("s", v("i"), at("v", v("i"))))
    assert alone("vnni", *zero, held("v"), add("v"), *copies, again) == dedent("""\
        __m512 s = _mm512_setzero_ps();
        __m512 v = _mm512_add_ps(s, s);
        s = v;
        s = v;
        """)
    with pytest.raises(NotExpressible, match="a __m512 has no elements"):
        alone("vnni", *zero, held("v"), add("v"), *copies[:15])


def test_an_array_that_an_aligned_load_may_take_is_aligned() -> None:
    held = Alloc(array("t", c(16), space="local"))
    use = Intrinsic("_mm512_store_ps", (to("t"), to("x")), None, "void (void *, __m512)")
    assert alone("vnni", held, Alloc(Buffer("x", T.F32, c(16), "local", "__m512")), use) == dedent("""\
        alignas(64) float t[16];
        __m512 x;
        _mm512_store_ps(t, x);
        """)
    assert alone("vnni", held) == "float t[16];\n"


def test_fragments_keep_their_owners_spelling_and_element_count() -> None:
    fragment = "nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float>"
    frag = Buffer("acc", T.F32, c(512), "local", fragment)
    fill = Intrinsic("nvcuda::wmma::fill_fragment", (to("acc", c(256)), ZERO), None, f"void ({fragment} &, float)")
    scale = loop(v("i"), c(256), Store("acc", v("i"), op("*", at("acc", v("i")), at("a", c(0)), T.F32)))
    one = replace(frag, extent=c(256))
    meaning = Meaning("fill", "", (replace(one, name="f"),), None, ())
    kernel = Kernel("f", PARAMS, (Alloc(frag), fill))
    text = write(Program("cuda", (kernel,), None, meanings=(meaning,)), platforms.get("cuda"))
    assert "wmma::fragment<wmma::accumulator, 16, 16, 16, float> acc[2];" in text
    assert "wmma::fill_fragment(acc[1], 0.0f);" in text
    assert "#include <mma.h>\nusing namespace nvcuda;" in text
    kernel = replace(kernel, body=(Alloc(one), replace(fill, args=(to("acc"), ZERO)), scale))
    text = write(Program("cuda", (kernel,), None, meanings=(meaning,)), platforms.get("cuda"))
    assert dedent("""\
        for (int i = 0; i < acc.num_elements; ++i) {
            acc.x[i] *= a[0];
        }
        """).split() == text[text.index("for "):].split()[:-1]


@pytest.mark.parametrize(("platform", "real", "header"), [
    ("cuda", T.F16, "cuda_fp16.h"), ("hip", T.F16, "hip/hip_fp16.h"), ("cuda", T.BF16, "cuda_bf16.h"),
    ("hip", T.BF16, "hip/hip_bf16.h"),
])
def test_the_header_that_declares_a_function_is_included(platform: str, real: T, header: str) -> None:
    """Bits from a half that nothing else of the text speaks of by a name of that header."""
    bits = Call(f"bits.{real}.u16", (Load("x", c(0), real),), T.U16)
    other = Call(f"bits.u16.{real}", (Load("y", c(1), T.U16),), real)
    params = (Buffer("x", real, None), Buffer("y", T.U16, None))
    kernel = Kernel("f", params, (Store("y", c(0), bits), Store("x", c(1), other)))
    text = write(Program(platform, (kernel,), None), platforms.get(platform))
    assert "_as_ushort(x[0])" in text and f"#include <{header}>" in text
    plain = replace(kernel, params=params[1:], body=(Store("y", c(0), Load("y", c(1), T.U16)),))
    assert header not in write(Program(platform, (plain,), None), platforms.get(platform))


def test_an_aggregate_no_call_takes_is_an_array() -> None:
    held = Buffer("q", T.F32, c(4), "local", "float4")
    assert alone("c", Alloc(held), Store("q", v("n"), ZERO)) == "float q[4];\nq[n] = 0.0f;\n"


def test_compound_assignments() -> None:
    x, k = v("x", T.F32), v("k", T.I8)
    narrow = Cast(op("+", Cast(k, T.I32), c(1)), T.I8)
    stmts = (
        Let(x, at("a", c(0))), Let(k, None),
        Assign(x, op("+", x, op("*", at("a", c(1)), x, T.F32), T.F32)),
        Assign(x, op("*", at("a", N), x, T.F32)),
        Assign(x, op("-", at("a", N), x, T.F32)),
        Store("o", N, op("/", at("o", N), x, T.F32)),
        Assign(k, narrow),
    )
    assert alone("c", *stmts) == dedent("""\
        float x = a[0];
        int8_t k;
        x += a[1] * x;
        x *= a[n];
        x = a[n] - x;
        o[n] /= x;
        k += 1;
        """)


def test_control_flow() -> None:
    i = v("i")
    stmts = (
        Let(i, c(0)),
        While(op("<", i, N, T.BOOL), (
            If(op("==", i, c(3), T.BOOL), (Break(),), (If(op("==", i, c(2), T.BOOL), (Return(),), (RELU,)),)),
            Assign(i, op("+", i, c(1))),
        )),
    )
    assert alone("c", *stmts) == dedent("""\
        int i = 0;
        while (i < n) {
            if (i == 3) {
                break;
            } else if (i == 2) {
                return;
            } else {
                o[i] = fmaxf(a[i], 0.0f);
            }
            i += 1;
        }
        """)


def test_a_bound_that_the_body_changes_is_evaluated_before_the_loop() -> None:
    end = v("end")
    body = (Let(end, N), loop(v("i"), end, Assign(end, op("-", end, c(1)))))
    assert alone("c", *body) == dedent("""\
        int end = n;
        const int i_end = end;
        for (int i = 0; i < i_end; ++i) {
            end -= 1;
        }
        """)


def exchange(kind: str, width: int, warp: int) -> Shuffle:
    mask = Const((1 << warp) - 1, T.U64 if warp == 64 else T.U32)
    return Shuffle(v("w", T.F32), kind, at("a", N), c(16), width, warp, mask)


def test_exchanges_between_lanes() -> None:
    declared = Let(v("w", T.F32), None)
    assert alone("cuda", declared, exchange("xor", 32, 32)) == "float w = __shfl_xor_sync(0xffffffffu, a[n], 16);\n"
    assert alone("cuda", declared, exchange("down", 16, 32)) == (
        "float w = __shfl_down_sync(0xffffffffu, a[n], 16, 16);\n")
    assert alone("hip", declared, exchange("xor", 64, 64)) == "float w = __shfl_xor(a[n], 16);\n"
    assert alone("hip", declared, exchange("xor", 32, 32)) == "float w = __shfl_xor(a[n], 16, 32);\n"


@pytest.mark.parametrize(("most", "levels", "halves"), [(16, 5, True), (16, 4, False), (12, 4, False)])
def test_a_loop_over_the_halves_of_a_power_of_two_counts_these(most: int, levels: int, halves: bool) -> None:
    reach, level = v("reach", T.I32), v("level", T.I32)
    body = (Let(reach, op(">>", c(most), level)), Store("a", reach, ZERO))
    text = alone("cuda", For(level, c(0), c(levels), c(1), body))
    assert (text == "for (int reach = 16; reach > 0; reach >>= 1) {\n    a[reach] = 0.0f;\n}\n") == halves
    assert "level" in alone("cuda", For(level, c(0), c(levels), c(1), (*body, Store("a", level, ZERO))))


def test_an_exchange_stands_in_its_only_use() -> None:
    w, x = v("w", T.F32), v("x", T.F32)
    fetch = (Let(x, ZERO), Let(w, None), exchange("xor", 32, 32))
    use = Assign(x, op("+", x, w, T.F32))
    assert alone("cuda", *fetch, use) == "float x = 0.0f;\nx += __shfl_xor_sync(0xffffffffu, a[n], 16);\n"
    kept = "float w = __shfl_xor_sync(0xffffffffu, a[n], 16);\n"
    assert kept in alone("cuda", *fetch, use, use)
    assert kept in alone("cuda", *fetch, Assign(x, Select(op("<", N, c(3), T.BOOL), w, x, T.F32)))
    assert kept in alone("cuda", *fetch, If(op("<", N, c(3), T.BOOL), (use,)))


def test_a_local_that_names_an_axis_is_the_axis() -> None:
    tid, lane = v("threadIdx_x"), v("lane")
    body = (Let(lane, tid), Store("o", op("+", lane, op("%", tid, c(32))), ZERO))
    assert alone("cuda", loop(tid, c(64), *body, kind="thread.x")) == dedent("""\
        int lane = threadIdx.x;
        o[lane + lane % 32] = 0.0f;
        """)
    moved = (*body, Assign(lane, op("+", lane, c(1))))
    assert alone("cuda", loop(tid, c(64), *moved, kind="thread.x")) == dedent("""\
        const int tx = threadIdx.x;
        int lane = tx;
        o[lane + tx % 32] = 0.0f;
        lane += 1;
        """)


def test_atomics() -> None:
    update = Atomic("add", "o", N, at("a", N))
    assert alone("cuda", update) == "atomicAdd(&o[n], a[n]);\n"
    assert alone("bang", update) == "__bang_atomic_reduce_add(&o[n], a[n], 1);\n"
    assert alone("hip", replace(update, op="sub")) == "atomicAdd(&o[n], -a[n]);\n"
    assert alone("c", update) == "o[n] += a[n];\n"
    assert alone("c", loop(v("i"), N, update, kind="parallel")) == dedent("""\
        #pragma omp parallel for
        for (int i = 0; i < n; ++i) {
            #pragma omp atomic
            o[n] += a[n];
        }
        """)


def test_shared_memory_of_a_size_known_at_run_time_is_given_by_the_launch() -> None:
    body = loop(v("t"), N, Alloc(array("s", N, space="shared")), Store("s", v("t"), ZERO), kind="thread.x")
    text = write(launched("cuda", body), platforms.get("cuda"))
    assert "extern __shared__ float s[];" in text
    assert "relu_kernel<<<1, n, n * sizeof(float)>>>(d_a, d_o, n);" in text


def test_a_host_pointer_is_not_handed_to_a_device() -> None:
    program = launched("cuda", loop(v("i"), N, RELU))
    assert program.launcher is not None
    launcher = replace(program.launcher, body=(Launch("relu", ARGS),))
    with pytest.raises(NotExpressible, match="`a` is not in device memory"):
        write(replace(program, launcher=launcher), platforms.get("cuda"))


def test_a_kernel_without_a_launcher_says_how_it_is_launched() -> None:
    body = loop(v("b"), op("/", N, c(8)), loop(v("t"), c(8), RELU, kind="thread.y"), kind="block.x")
    kernel = Kernel("f", PARAMS, (Let(v("i"), c(0)), body))
    text = write(Program("hip", (kernel,), None), platforms.get("hip"))
    assert "// Launch: block (n / 8) x 1 x 1, thread 1 x 8 x 1.\n__global__ void f(" in text


@pytest.mark.parametrize(
    ("platform", "stmt", "why"),
    [
        ("cuda", exchange("xor", 64, 64), "a warp of CUDA C has 32 lanes"),
        ("hip", exchange("ballot", 32, 32), "has 64 lanes, not 32"),
        ("c", exchange("xor", 32, 32), "C has none"),
        ("c", Barrier("block"), "C has none"),
        ("cuda", Barrier("device"), "CUDA C has none"),
        ("cuda", Atomic("max", "o", N, ZERO), "an atomic max of f32: CUDA C has none"),
        ("bang", Atomic("add", "o", N, ZERO, v("old", T.F32)), "does not give the old value back"),
        ("bang", Intrinsic("_mm512_setzero_ps", ()), "it is not an intrinsic of BANG C"),
        ("bang", Alloc(array("s", c(64), space="shared")), "BANG C has no such space"),
        ("bang", Alloc(array("s", N, space="nram")), "its size is not known when"),
        ("bang", Alloc(array("s", c(100_000), space="nram")), "400000 bytes of nram memory"),
        ("hip", Alloc(array("s", c(16385), space="shared")), "65540 bytes of shared memory"),
        ("c", loop(v("t"), c(4), kind="thread.x"), "C has no such parallel axis"),
        ("c", loop(v("i"), N, Return(), kind="parallel"), "iterations run at once"),
        ("cuda", loop(v("t"), c(2048), kind="thread.x"), "2048 is more than the 1024"),
        ("cuda", loop(v("i"), N, loop(v("t"), c(4), kind="thread.x")), "does not enclose the kernel's body"),
        ("cuda", Let(v("w"), Call("popcount", (N,), T.I32)), "CUDA C has no such function"),
        ("bang", Let(v("w", T.F64), None), "BANG C has no such type"),
    ],
)
def test_what_cannot_be_written_is_refused(platform: str, stmt: Stmt, why: str) -> None:
    place = Span("k.x", 7, 3)
    with pytest.raises(NotExpressible) as refused:
        alone(platform, Let(v("old", T.F32), None), replace(stmt, span=place))
    assert why in str(refused.value)


def test_a_refusal_names_its_place() -> None:
    with pytest.raises(NotExpressible) as refused:
        alone("c", Barrier("block", span=Span("k.x", 7, 3)))
    assert str(refused.value) == "k.x:7:3: cannot write a barrier of a block: C has none"


def test_names_become_legal_and_hide_nothing() -> None:
    stmts = (Let(v("a.b"), c(1)), Let(v("float"), c(2)), Let(v("fmaxf"), c(3)), Let(v("a_b"), c(4)))
    assert alone("c", *stmts) == "int a_b = 1;\nint float_1 = 2;\nint fmaxf_1 = 3;\nint a_b_1 = 4;\n"


def test_names_come_back_in_blocks_that_are_apart() -> None:
    stmts = (
        loop(v("i"), N, loop(v("i_1"), N, Store("o", op("+", v("i"), v("i_1")), ZERO))),
        loop(v("i_2"), N, Store("o", v("i_2"), ZERO)),
        Let(v("x_1"), c(1), Span("relu.c", 3, 5)),
        Let(v("y_1"), c(1)),
    )
    assert alone("c", *stmts) == dedent("""\
        for (int i = 0; i < n; ++i) {
            for (int i_1 = 0; i_1 < n; ++i_1) {
                o[i + i_1] = 0.0f;
            }
        }
        for (int i = 0; i < n; ++i) {
            o[i] = 0.0f;
        }
        int x_1 = 1;
        int y = 1;
        """)


def test_what_follows_of_a_very_long_line_is_indented_once() -> None:
    line = "        y = " + " + ".join(f"(x[{n} * width] < limit ? x[{n} * width + other] : 0.0f)" for n in range(12)) + ";"
    first, *rest = fold(line).split("\n")
    assert len(rest) > 6 and max(map(len, (first, *rest))) <= 100
    assert {len(r) - len(r.lstrip()) for r in rest} == {12}
    assert " ".join([first, *map(str.strip, rest)]) == line


def test_long_lines_fold_at_the_shallowest_place() -> None:
    total: Expr = at("a", c(1000))
    for k in range(1001, 1015):
        total = op("+", total, Select(op("<", N, c(k), T.BOOL), at("a", c(k)), ZERO, T.F32), T.F32)
    lines = alone("c", Store("o", c(0), total)).rstrip().split("\n")
    assert len(lines) > 2
    assert all(len(line) <= 100 for line in lines)
    assert all(line.startswith("    +") for line in lines[1:])


def test_writing_is_deterministic() -> None:
    program = launched("hip", loop(v("t"), c(64), RELU, kind="thread.x"))
    program = replace(program, kernels=(replace(program.kernels[0], body=(Let(v("i"), c(0)), RELU)),))
    assert write(program, platforms.get("hip")) == write(program, platforms.get("hip"))


# ---------------------------------------------------------------- for readers


def test_a_pointer_nothing_is_stored_through_is_const() -> None:
    reads = "void (float *, const float *, int)"
    params = (array("x"), array("y"), array("z"))
    calls = (Intrinsic("f", (to("y"), to("x"), c(1)), None, reads), Store("z", c(0), ZERO))
    text = write(Program("c", (Kernel("k", params, calls),), None), replace(platforms.get("c"), folder=NO_HEADER))
    assert "void k(const float* x, float* y, float* z) {" in text


def test_a_call_whose_types_are_not_known_may_store() -> None:
    call = Intrinsic("f", (to("x"), to("y")))
    params = (array("x"), array("y"))
    text = write(Program("c", (Kernel("k", params, (call,)),), None), replace(platforms.get("c"), folder=NO_HEADER))
    assert "void k(float* x, float* y) {" in text


def test_a_launcher_gives_const_to_what_is_not_copied_back() -> None:
    program = launched("cuda", loop(v("blockIdx.x"), N, Store("o", v("blockIdx.x"), ZERO), kind="block.x"))
    assert program.launcher is not None
    plain = tuple(replace(p, const=False) if isinstance(p, Buffer) else p for p in PARAMS)
    bare = replace(program, launcher=replace(program.launcher, params=plain))
    assert 'extern "C" void relu(const float* a, float* o, int n) {' in write(bare, platforms.get("cuda"))


def test_a_declaration_moves_down_to_the_call_that_fills_it() -> None:
    reg = Buffer("r", T.F32, c(16), "local", "__m512")
    text = alone(
        "vnni", Alloc(reg), Store("o", c(0), ZERO),
        Intrinsic("_mm512_setzero_ps", (), to("r")), Intrinsic("_mm512_storeu_ps", (to("o"), to("r"))),
    )
    assert text == "o[0] = 0.0f;\n__m512 r = _mm512_setzero_ps();\n_mm512_storeu_ps(o, r);\n"


def test_only_the_outermost_parallel_loop_is_shared_out() -> None:
    store = Store("o", op("+", v("i"), v("j")), ZERO)
    text = alone("c", loop(v("i"), N, loop(v("j"), N, store, kind="parallel"), kind="parallel"))
    assert text.count("#pragma omp parallel for") == 1


def test_a_text_carries_the_functions_it_calls_and_no_others() -> None:
    acc = Buffer("t", T.F32, c(256), "local", "tile_acc")
    fill = Intrinsic("tile_fill", (to("t"), ZERO), None, "void (tile_acc &, float)")
    store = Intrinsic("tile_store", (to("o"), to("t"), c(16)), None, "void (float *, const tile_acc &, int)")
    body = loop(v("l"), c(64), Alloc(acc), fill, store, kind="thread.x")
    text = write(Program("hip", (Kernel("f", PARAMS, (body,)),), None), platforms.get("hip"))
    for word in ("struct tile_acc", "void tile_fill(", "void tile_store(", "int tile_lane()", "tile_float4;"):
        assert text.count(word) == 1 or word == "tile_float4;", word
    for word in ("tile_half4", "tile_a", "tile_mma", "tile_load", "#pragma once"):
        assert word not in text.replace("tile_acc", ""), word
    plain = write(Program("hip", (Kernel("f", PARAMS, (Store("o", c(0), ZERO),)),), None), platforms.get("hip"))
    assert "tile_" not in plain


def test_a_long_line_breaks_at_its_loosest_operator() -> None:
    names = [f"a_rather_long_name_{i}" for i in range(6)]
    total: Expr = v(names[0])
    for name in names[1:]:
        total = op("+", total, op("*", v(name), c(3)))
    params = (*PARAMS, *(v(n) for n in names))
    lines = alone("c", Let(v("sum"), total), params=params).splitlines()
    assert len(lines) > 1 and all(line.lstrip().startswith("+ ") for line in lines[1:])
