"""Kernels as IR: what each construct of the text becomes, by hand."""

from __future__ import annotations

from textwrap import dedent

import pytest

from xpiler import platforms
from xpiler.ir.nodes import (
    Alloc, Atomic, Barrier, Binary, Break, Buffer, Const, For, If, Intrinsic, Kernel, Let, Program, Return,
    Shuffle, Store, Var, While,
)
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.text.read import read

BLOCKS = {"block.x": "4", "thread.x": "64"}


def device(body: str, params: str = "float* x, int* a, int n", before: str = "") -> Program:
    """A CUDA kernel `k` of one body on 4 blocks of 64 threads."""
    text = f"{before}\n__global__ void k({params}) {{\n{dedent(body)}\n}}\n"
    return read(text, platforms.get("cuda"), "k.cu", geometry=BLOCKS)


def serial(body: str, params: str = "float* x, int* a, int n", before: str = "") -> Program:
    return read(f"{before}\nvoid k({params}) {{\n{dedent(body)}\n}}\n", platforms.get("c"), "k.c")


def lines(program: Program) -> list[str]:
    """The statements of the kernel as `show` writes them, without indentation and axis loops."""
    kernel = program.kernels[0]
    body: tuple[object, ...] = kernel.body
    while len(body) == 1 and isinstance(body[0], For) and "." in body[0].kind:
        body = body[0].body
    return [t.strip() for s in body for t in show(s).splitlines()]  # type: ignore[arg-type]


def every(program: Program, kind: type) -> list[object]:
    return [s for s in statements(program.kernels[0].body) if isinstance(s, kind)]


# ---------------------------------------------------------------- axes and indices


def test_axes_enclose_the_body_and_indices_are_signed() -> None:
    program = device("int i = blockIdx.x * blockDim.x + threadIdx.x; x[i] = 0;")
    outer = program.kernels[0].body[0]
    assert isinstance(outer, For) and (outer.kind, outer.stop) == ("block.x", Const(4, DType.I32))
    inner = outer.body[0]
    assert isinstance(inner, For) and (inner.kind, inner.stop) == ("thread.x", Const(64, DType.I32))
    assert lines(program) == ["i32 i = blockIdx_x * 64 + threadIdx_x;", "x[i] = 0.0f;"]


def test_axes_of_extent_one_are_left_out() -> None:
    program = device("x[threadIdx.y + blockIdx.z + gridDim.y] = blockDim.z;")
    assert lines(program) == ["x[1] = 1.0f;"]


def test_unsigned_arithmetic_on_data_keeps_its_type() -> None:
    program = serial("unsigned h = (unsigned)a[0]; a[1] = (h * 1664525u + 7u) >> 8;")
    assert lines(program)[1] == "a[1] = (i32)(h * 1664525u + 7u >> 8);"


def test_unsigned_difference_of_indices_may_be_negative() -> None:
    program = device("if (threadIdx.x - 1 < 5) x[0] = 1; int d = threadIdx.x - 3; a[0] = d;")
    test = every(program, If)[0]
    assert isinstance(test, If) and isinstance(test.cond, Binary) and test.cond.a.dtype is DType.U32
    assert "i32 d = threadIdx_x - 3;" in lines(program)


def test_sizes_of_the_launch_may_be_parameters() -> None:
    text = "__global__ void k(float* x, int n) { x[threadIdx.x] = 0; }"
    program = read(text, platforms.get("cuda"), geometry={"block.x": "1", "thread.x": "n"})
    thread = program.kernels[0].body[0].body[0]  # type: ignore[union-attr]
    assert thread.stop == Var("n", DType.I32)


def test_shared_arrays_stand_outside_the_threads() -> None:
    program = device("__shared__ float s[2][3]; s[1][threadIdx.x] = 0; __syncthreads();")
    block = program.kernels[0].body[0]
    assert isinstance(block, For)
    alloc = block.body[0]
    assert isinstance(alloc, Alloc) and alloc.buffer == Buffer("s", DType.F32, Const(6, DType.I32), "shared")
    assert lines(program)[0].startswith("shared f32 s[6]")
    assert [s.scope for s in every(program, Barrier)] == ["block"]  # type: ignore[attr-defined]


# ---------------------------------------------------------------- loops


@pytest.mark.parametrize(
    ("head", "loop"),
    [
        ("for (int i = 0; i < n; i++)", "for (i32 i = 0; i < n; ++i) {"),
        ("for (int i = 2; i <= n; i += 3)", "for (i32 i = 2; i < n + 1; i += 3) {"),
        ("for (int i = 0; n > i; i = i + 2)", "for (i32 i = 0; i < n; i += 2) {"),
        ("for (int i = 0; i != 4; ++i)", "for (i32 i = 0; i < 4; ++i) {"),
    ],
)
def test_counted_loops(head: str, loop: str) -> None:
    assert lines(serial(f"{head} a[i] = 0;"))[:2] == [loop, "a[i] = 0;"]


def test_a_descending_loop_counts_upwards() -> None:
    assert lines(serial("for (int i = n - 1; i >= 0; i--) a[i] = i;")) == [
        "for (i32 i_back = 0; i_back < n - 1 + 1; ++i_back) {",
        "a[n - 1 - i_back] = n - 1 - i_back;",
        "}",
    ]


def test_a_short_loop_with_another_step_is_written_out() -> None:
    assert lines(serial("for (int s = 4; s > 0; s >>= 1) a[s] = s;")) == [
        "a[4] = 4;", "a[2] = 2;", "a[1] = 1;",
    ]


def test_other_loops_are_while_with_the_step_before_continue() -> None:
    program = serial("for (int s = n; s > 1; s /= 2) { if (a[s]) continue; a[s] = 1; }")
    loop = every(program, While)[0]
    assert isinstance(loop, While)
    branch = loop.body[0]
    assert isinstance(branch, If) and show(branch.then[0]).strip() == "s = s / 2;"
    assert show(loop.body[-1]).strip() == "s = s / 2;"


def test_a_bound_the_body_changes_is_not_a_for() -> None:
    program = serial("int m = n; for (int i = 0; i < m; i++) m = m - a[i];")
    assert every(program, For) == [] and len(every(program, While)) == 1


def test_a_variable_that_outlives_its_loop_gets_its_last_value() -> None:
    program = serial("int i; for (i = 0; i < n; i += 2) a[i] = 0; a[0] = i;")
    assert lines(program)[-2:] == ["i = 0 < n ? (n + 1) / 2 * 2 : 0;", "a[0] = i;"]


def test_a_variable_that_outlives_a_loop_left_early_is_really_counted() -> None:
    program = serial("int i; for (i = 0; i < n; i++) if (a[i]) break; a[0] = i;")
    assert every(program, For) == [] and len(every(program, While)) == 1


def test_do_while_with_zero_is_no_loop() -> None:
    assert lines(serial("do { a[0] = 1; } while (0);")) == ["a[0] = 1;"]


# ---------------------------------------------------------------- expressions with side effects


def test_increments_happen_in_order() -> None:
    assert lines(serial("int i = 0; a[i++] = n; a[++i] = 2;")) == [
        "i32 i = 0;", "i32 t = i;", "i = t + 1;", "a[t] = n;", "i = i + 1;", "a[i] = 2;",
    ]


def test_chained_assignment_and_comma() -> None:
    assert lines(serial("int p, q; p = q = 3, n = p; a[0] = n;"))[-4:] == [
        "q = 3;", "p = q;", "n_1 = p;", "a[0] = n_1;",
    ]


def test_a_guarded_side_effect_stays_guarded() -> None:
    program = serial("int i = n; if (n > 0 && --i > 2) a[0] = i;")
    guard = every(program, If)[0]
    assert isinstance(guard, If) and any("i = i - 1;" in show(s) for s in guard.then)


def test_a_choice_is_lazy_where_it_has_side_effects() -> None:
    program = serial("int i = 0; a[0] = n ? i++ : 7;")
    choice = every(program, If)[0]
    assert isinstance(choice, If) and len(choice.then) == 3 and len(choice.orelse) == 1


def test_narrow_types_are_promoted_and_cut_back() -> None:
    program = serial("c[0] = c[1] + c[2];", "signed char* c")
    assert lines(program) == ["c[0] = (i8)((i32)c[1] + (i32)c[2]);"]


# ---------------------------------------------------------------- pointers and aggregates


def test_a_moving_pointer_is_an_offset() -> None:
    assert lines(serial("float* p = x + n; *p++ = 1; p += 2; p[1] = 2;")) == [
        "i32 p = n;", "i32 t = p;", "p = p + 1;", "x[t] = 1.0f;", "p = p + 2;", "x[p + 1] = 2.0f;",
    ]


def test_a_still_pointer_leaves_no_trace() -> None:
    assert lines(serial("const float* p = &x[n * 4]; x[0] = p[1] + *(p + 2);")) == [
        "x[0] = x[n * 4 + 1] + x[n * 4 + 2];",
    ]


def test_a_pointer_keeps_the_offset_it_was_made_with() -> None:
    assert lines(serial("int i = n; float* p = x + i; i = 0; p[0] = 1;"))[1:] == [
        "i32 p = i;", "i = 0;", "x[p] = 1.0f;",
    ]


def test_vectors_are_read_and_written_by_element() -> None:
    program = device("float4 v = ((float4*)x)[n]; v.y *= 2; *(float4*)&x[8] = v;")
    assert every(program, Alloc)[0].buffer.ctype == "float4"  # type: ignore[attr-defined]
    stores = [s for s in every(program, Store) if s.buffer == "x"]  # type: ignore[attr-defined]
    assert [s.index for s in stores] == [Const(k, DType.I32) for k in range(8, 12)]  # type: ignore[attr-defined]
    assert "v[1] = x[n * 4 + 1];" in lines(program)


def test_a_swap_of_elements_reads_before_it_writes() -> None:
    program = device("float2 v = make_float2(x[0], x[1]); v = make_float2(v.y, v.x); x[2] = v.x;")
    text = lines(program)
    last_write = max(k for k, t in enumerate(text) if t.startswith("v["))
    first_write = min(k for k, t in enumerate(text) if t.startswith("v[") and k > 2)
    reads = [k for k, t in enumerate(text) if t.endswith("v[0];") and not t.startswith("x[2]")]
    assert reads and max(reads) < first_write <= last_write


def test_bytes_read_as_a_word_are_joined() -> None:
    program = serial("a[0] = *(const int*)(c + n);", "int* a, const unsigned char* c, int n")
    (line,) = lines(program)
    assert all(f"c[n + {k}]" in line for k in (1, 2, 3)) and "<< 24" in line


def test_two_dimensional_arrays_are_flat() -> None:
    assert lines(serial("float t[3][5]; t[n][2] = 1; x[0] = t[1][n];"))[1:] == [
        "t[n * 5 + 2] = 1.0f;", "x[0] = t[5 + n];",
    ]


# ---------------------------------------------------------------- calls


def test_a_function_with_several_returns_is_structured() -> None:
    before = "static float clamp(float v) { if (v < 0) return 0; if (v > 1) return 1; return v; }"
    program = serial("x[0] = clamp(x[n]);", before=before)
    assert every(program, Return) == []
    assert lines(program)[-1] == "x[0] = result;"
    outer = next(s for s in program.kernels[0].body if isinstance(s, If))
    assert isinstance(outer.orelse[0], If)


def test_a_return_inside_a_loop_leaves_it_through_a_flag() -> None:
    before = "static int find(const int* p, int n) { for (int i = 0; i < n; i++) if (p[i] == 3) return i; return -1; }"
    program = serial("a[0] = find(a, n);", before=before)
    loop = every(program, For)[0]
    assert any(isinstance(s, Break) for s in statements(loop.body))  # type: ignore[attr-defined]
    after = program.kernels[0].body[-2]
    assert isinstance(after, If) and show(after.then[0]).strip() == "result = -1;"


def test_references_are_the_variables_they_name() -> None:
    before = "static void twice(float& v) { v = v + v; }"
    assert lines(serial("twice(x[n]);", before=before)) == ["x[n] = x[n] + x[n];"]


def test_templates_are_read_as_instantiated() -> None:
    before = "template <class T, int N> __device__ T sum(const T* p) { T s = 0; for (int i = 0; i < N; i++) s += p[i]; return s; }"
    program = device("x[0] = sum<float, 4>(x);", before=before)
    assert "for (i32 i = 0; i < 4; ++i) {" in lines(program)


def test_recorded_comments_belong_to_the_statement_below() -> None:
    program = serial("// clear it\na[0] = 0;\n")
    (store,) = every(program, Store)
    assert store.span.comment == "clear it" and store.span.line == 4  # type: ignore[attr-defined]


def test_shuffles_votes_and_atomics() -> None:
    program = device(
        """
        float v = __shfl_down_sync(0xffffffff, x[0], 4, 16);
        unsigned m = __ballot_sync(0xffffffff, v > 0);
        int old = atomicCAS(&a[1], 2, 3);
        atomicAdd(x, v);
        """
    )
    shuffle, vote = every(program, Shuffle)
    assert isinstance(shuffle, Shuffle) and isinstance(vote, Shuffle)
    assert (shuffle.kind, shuffle.width, shuffle.warp) == ("down", 16, 32)
    assert (vote.kind, vote.mask) == ("ballot", Const(0xFFFFFFFF, DType.U32))
    cas, add = every(program, Atomic)
    assert isinstance(cas, Atomic) and isinstance(add, Atomic)
    assert (cas.op, cas.compare, cas.value) == ("cas", Const(2, DType.I32), Const(3, DType.I32))
    assert (add.op, add.buffer, add.result) == ("add", "x", None)


def test_switch_is_a_chain_of_choices() -> None:
    program = serial("switch (n) { case 0: a[0] = 1; break; case 1: case 2: a[0] = 2; break; default: a[0] = 3; }")
    first = program.kernels[0].body[0]
    assert isinstance(first, If) and isinstance(first.orelse[0], If)
    second = first.orelse[0]
    assert isinstance(second.cond, Binary) and second.cond.op == "||" and len(second.orelse) == 1


# ---------------------------------------------------------------- the other platforms


def test_vector_intrinsics_store_through_their_result() -> None:
    text = """
        #include <immintrin.h>
        extern "C" void k(int* c, int n) {
          __m512i s = _mm512_setzero_si512();
          s = _mm512_dpbusd_epi32(s, s, s);
          c[0] = _mm512_reduce_add_epi32(s);
        }
    """
    program = read(text, platforms.get("vnni"), "k.cpp")
    calls = [s for s in every(program, Intrinsic) if "dpbusd" in s.name]  # type: ignore[attr-defined]
    assert len(calls) == 1 and calls[0].result.buffer == "s"  # type: ignore[attr-defined]
    alloc = every(program, Alloc)[0]
    assert alloc.buffer.ctype == "__m512i"  # type: ignore[attr-defined]
    assert "_mm512_dpbusd_epi32" in {m.name for m in program.meanings}


TASKS = """
__mlu_global__ void k(float* x, int n) {
  __nram__ float t[64];
  %s
  __memcpy(t, x + taskId * 64, 64 * sizeof(float), GDRAM2NRAM);
  t[coreId] = clusterId;
}
"""


def test_tasks_and_scratchpads() -> None:
    program = read(TASKS % "", platforms.get("bang"), "k.mlu", geometry={"task": "16"})
    (task,) = program.kernels[0].body
    assert isinstance(task, For) and task.kind == "task"
    alloc = task.body[0]
    assert isinstance(alloc, Alloc) and alloc.buffer.space == "nram"
    assert show(task.body[-1]).strip() == "t[taskId % 4] = (f32)(taskId / 4);"
    (copy,) = every(program, Intrinsic)
    assert isinstance(copy, Intrinsic) and copy.args[2] == Const(256, DType.I32)


def test_cores_that_meet_are_a_loop_of_their_own() -> None:
    program = read(TASKS % "__sync_cluster();", platforms.get("bang"), "k.mlu", geometry={"task": "16"})
    cluster = program.kernels[0].body[0]
    assert isinstance(cluster, For) and isinstance(cluster.body[0], For)
    assert (cluster.kind, cluster.body[0].kind) == ("cluster", "core")
    assert show(cluster.body[0].body[-1]).strip() == "t[coreId] = (f32)clusterId;"


# ---------------------------------------------------------------- names and parameters


def test_names_are_unique_within_a_kernel() -> None:
    program = serial("for (int i = 0; i < n; i++) a[i] = 0; for (int i = 0; i < n; i++) { int n = i; a[n] = 1; }")
    found = [s.var.name for s in every(program, For)]  # type: ignore[attr-defined]
    assert found == ["i", "i_1"]
    (let,) = every(program, Let)
    assert let.var.name == "n_1"  # type: ignore[attr-defined]


def test_parameters_nobody_writes_are_const() -> None:
    kernel: Kernel = serial("x[0] = a[n];").kernels[0]
    assert [p.const for p in kernel.params if isinstance(p, Buffer)] == [False, True]


def test_array_parameters_have_extents() -> None:
    kernel = serial("x[0] = y[1][2];", "float x[128], float y[4][8]").kernels[0]
    assert [p.extent for p in kernel.params if isinstance(p, Buffer)] == [
        Const(128, DType.I32), Const(32, DType.I32),
    ]


def test_one_launcher_for_a_function_of_one_thread() -> None:
    program = read(
        "static void h(float* p) { p[0] = 1; }\nvoid go(float* x) { h(x + 3); }", platforms.get("c"), "k.c"
    )
    assert [k.name for k in program.kernels] == ["go"]
    assert program.launcher is not None and program.launcher.name == "go"
    assert lines(program) == ["x[3] = 1.0f;"]


def test_members_start_with_the_values_of_their_class() -> None:
    before = "struct A { float s = 3; float m; __device__ A() : m(2) {} };\nstruct B { int p = 5; int q; };"
    program = device("A v; B w; x[0] = v.s + v.m + w.p;", before=before)
    assert {"v[0] = 3.0f;", "v[1] = 2.0f;", "w[0] = 5;"} <= set(lines(program))


def test_a_shared_array_in_a_loop_is_allocated_once() -> None:
    found = lines(device(
        "int m = n; for (int i = 1; i < m; ++i) { __shared__ float s[32]; s[threadIdx.x] = i; m -= 1; x[i] = s[0]; }"
    ))
    assert "while (i_1 < m) {" in found
    assert sum(line.startswith("shared") for line in found) == 1


def test_a_shared_array_of_a_function_called_twice_is_one_array() -> None:
    before = "__device__ float g(float v) { __shared__ float s[32]; s[threadIdx.x] = v; return s[0]; }"
    found = lines(device("x[0] = g(1.f); x[1] = g(2.f);", before=before))
    assert sum(line.startswith("shared") for line in found) == 1


def test_a_pointer_first_set_in_a_block_is_declared_outside_it() -> None:
    found = lines(device("float* p; if (n > 3) p = x; else p = x + n; *p = 1.f;"))
    at = found.index("i32 p;")
    assert found[at + 1].startswith("if") and {"p = 0;", "p = n;", "x[p] = 1.0f;"} <= set(found)


def test_members_have_the_values_of_their_class_and_arrays_no_bound_for_one() -> None:
    text = (
        "struct S { float x[8]; int k = 2; float y[2] = {1.0f, 2.0f}; float z; int w = -4; };\n"
        "__global__ void k(float* o) { S s; s.x[0] = o[0]; o[1] = s.x[0] + s.k + s.y[1] + s.w; }\n"
    )
    program = read(text, platforms.get("cuda"), "k.cu", geometry={"block.x": "1", "thread.x": "1"})
    stored = [(s.buffer, s.value.value) for s in statements(program.kernels[0]) if isinstance(s, Store)
              and isinstance(s.value, Const)]
    assert stored == [("s_y", 1.0), ("s_y", 2.0)]
