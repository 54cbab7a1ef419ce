"""One program under other names, its operands in another order, is the same whatever is in it; one with a mistake is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.nodes import Binary, Call, Expr, Program
from xpiler.ir.walk import map_exprs
from xpiler.text.read import read
from xpiler.verify.alike import alike
from xpiler.verify.mutants import mutants
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved, Unknown

CUDA = platforms.get("cuda")


def program(value: str) -> Program:
    text = f"__global__ void k(const float* x, float* y, int n) {{ int i = threadIdx.x; if (i < n) y[i] = {value}; }}"
    return read(text, CUDA, "k.cu", geometry={"block.x": "1", "thread.x": "32"})


@pytest.mark.parametrize(("one", "other", "same"), [
    ("fmaxf(x[i], x[0])", "fmaxf(x[0], x[i])", True),
    ("x[i] * 2.0f + x[0]", "x[0] + 2.0f * x[i]", True),
    ("fmaf(x[i], x[0], x[1])", "fmaf(x[0], x[i], x[1])", True),
    ("fmaf(x[i], x[0], x[1])", "fmaf(x[i], x[1], x[0])", False),
    ("x[i] > x[0] ? 1.0f : 2.0f", "x[0] < x[i] ? 1.0f : 2.0f", True),
    ("x[i] > x[0] ? 1.0f : 2.0f", "x[i] < x[0] ? 1.0f : 2.0f", False),
    ("x[i] >= x[0] ? 1.0f : 2.0f", "x[0] < x[i] ? 1.0f : 2.0f", False),
    ("x[i] - x[0]", "x[0] - x[i]", False),
    ("x[i] / x[0]", "x[0] / x[i]", False),
    ("powf(x[i], x[0])", "powf(x[0], x[i])", False),
    ("i < 3 && x[i] > 0.0f ? 1.0f : 0.0f", "x[i] > 0.0f && i < 3 ? 1.0f : 0.0f", False),
    ("(x[i] + x[0]) + x[1]", "x[i] + (x[0] + x[1])", False),
])
def test_operands_that_commute_may_stand_in_any_order(one: str, other: str, same: bool) -> None:
    assert alike(program(one), program(other)) is same
    assert alike(program(one), program(one)) and alike(program(other), program(other))


def test_bodies_that_nobody_understood_are_like_nothing() -> None:
    whole = program("x[i]")
    opaque = replace(whole, unread=("k",))
    assert opaque == whole and not alike(opaque, whole) and not alike(opaque, opaque)


EXAMPLES = Path(__file__).parents[2] / "examples"

# Walks lists, leaves a loop early and counts with atomics: nothing of that is affine.
WALK = """#include <@H@>
__global__ void walk(const int* next, const float* x, float* y, int* steps, int n) {
  @NAME@
  if (i >= n) return;
  float total = 0.0f;
  int at = i;
  while (at >= 0) {
    total += x[at];
    if (total > 10.0f) break;
    at = next[at];
  }
  atomicAdd(&steps[0], 1);
  y[i] = total;
}
extern "C" void f(const int* next, const float* x, float* y, int* steps, int n) {
  int *a, *d; float *b, *c;
  @P@Malloc(&a, n * 4); @P@Malloc(&b, n * 4); @P@Malloc(&c, n * 4); @P@Malloc(&d, 4);
  @P@Memcpy(a, next, n * 4, @P@MemcpyHostToDevice); @P@Memcpy(b, x, n * 4, @P@MemcpyHostToDevice);
  @P@Memcpy(d, steps, 4, @P@MemcpyHostToDevice);
  walk<<<(n + 63) / 64, 64>>>(a, b, c, d, n);
  @P@Memcpy(y, c, n * 4, @P@MemcpyDeviceToHost); @P@Memcpy(steps, d, 4, @P@MemcpyDeviceToHost);
}
"""
# Sums within segments of 32 lanes; the warps of the two platforms have 32 and 64.
SEGMENTS = """#include <@H@>
__global__ void sums(const float* x, float* y) {
  float v = x[blockIdx.x * 64 + threadIdx.x];
  for (int o = 16; o > 0; o /= 2) v += @SHUFFLE@;
  if (x[0] > 0.0f) y[blockIdx.x * 64 + threadIdx.x] = v;
}
extern "C" void f(const float* x, float* y) {
  float *a, *b;
  @P@Malloc(&a, 1024); @P@Malloc(&b, 1024);
  @P@Memcpy(a, x, 1024, @P@MemcpyHostToDevice); @P@Memcpy(b, y, 1024, @P@MemcpyHostToDevice);
  sums<<<4, 64>>>(a, b);
  @P@Memcpy(y, b, 1024, @P@MemcpyDeviceToHost);
}
"""
HEADERS = {"cuda": "cuda_runtime.h", "hip": "hip/hip_runtime.h"}
NAMED = "const int tx = threadIdx.x; const int here = tx; int i = blockIdx.x * 64 + here;"
PLAIN = "int i = blockIdx.x * 64 + threadIdx.x;"


def gpu(text: str, platform: str, **parts: str) -> Program:
    for key, value in {"H": HEADERS[platform], "P": platform, **parts}.items():
        text = text.replace(f"@{key}@", value)
    return read(text, platforms.get(platform), f"t.{platform}")


def test_what_no_expression_says_is_the_same_statement_by_statement() -> None:
    verdict = equal_for_all(gpu(WALK, "cuda", NAME=PLAIN), gpu(WALK, "hip", NAME=NAMED)).verdict
    assert isinstance(verdict, Proved) and "the same statements in the same order" in verdict.scope
    assert "all sizes with n >= 1" in verdict.scope


@pytest.mark.parametrize("was, becomes", [
    ("total > 10.0f", "total >= 10.0f"), ("at = next[at]", "at = next[i]"), ("steps[0], 1", "steps[0], 2"),
    ("int at = i", "int at = 0"), ("if (i >= n) return;", ""), ("b, c, d, n", "b, b, d, n"),
    ("n * 4, @P@MemcpyDeviceToHost", "n * 2, @P@MemcpyDeviceToHost"), ("float total = 0.0f", "double total = 0.0"),
    ("@P@Memcpy(d, steps, 4, @P@MemcpyHostToDevice);", "@P@Memset(d, 0, 4);"),
])
def test_one_statement_that_differs_is_enough(was: str, becomes: str) -> None:
    assert WALK.count(was) >= 1
    other = gpu(WALK.replace(was, becomes), "hip", NAME=PLAIN)
    assert not alike(gpu(WALK, "cuda", NAME=PLAIN), other)
    assert isinstance(equal_for_all(gpu(WALK, "cuda", NAME=PLAIN), other).verdict, Unknown)


def test_a_name_that_is_set_again_is_no_other_name() -> None:
    again = NAMED.replace("const int tx", "int tx") + " tx = 0; i += tx;"
    assert not alike(gpu(WALK, "cuda", NAME=PLAIN), gpu(WALK, "hip", NAME=again))
    late = "int tx = threadIdx.x; const int here = tx; tx = 0; int i = blockIdx.x * 64 + @HERE@;"
    assert not alike(gpu(WALK, "cuda", NAME=late, HERE="here"), gpu(WALK, "hip", NAME=late, HERE="tx"))


@pytest.mark.parametrize("cuda, hip, equal", [
    ("__shfl_xor_sync(0xffffffff, v, o, 32)", "__shfl_xor(v, o, 32)", True),
    ("__shfl_down_sync(0xffffffff, v, o)", "__shfl_down(v, o, 32)", True),
    ("__shfl_down_sync(0xffffffff, v, o)", "__shfl_down(v, o)", False),  # 64 lanes
    ("__shfl_down_sync(0xffffffff, v, o, 32)", "__shfl_up(v, o, 32)", False),
    ("__any_sync(0xffffffff, v > 0)", "__any(v > 0)", False),
    ("__shfl_xor_sync(0xffff, v, o, 32)", "__shfl_xor(v, o, 32)", False),
])
def test_lanes_of_a_segment_ask_each_other_whatever_a_warp_is(cuda: str, hip: str, equal: bool) -> None:
    assert alike(gpu(SEGMENTS, "cuda", SHUFFLE=cuda), gpu(SEGMENTS, "hip", SHUFFLE=hip)) is equal


def ordered(p: Program) -> Program:
    """The program with operands that commute in the order of their spelling; names are as in the text."""
    def one(e: Expr) -> Expr:
        match e:
            case Binary(">" | ">=" as op, a, b, dtype):
                return Binary(op.replace(">", "<"), b, a, dtype)
            case Binary("+" | "*" | "&" | "|" | "^" | "==" | "!=" as op, a, b, dtype) if repr(b) < repr(a):
                return Binary(op, b, a, dtype)
            case Call("min" | "max" | "fma" as name, (a, b, *rest), dtype) if repr(b) < repr(a):
                return Call(name, (b, a, *rest), dtype)
        return e

    assert p.launcher is not None
    kernels = tuple(replace(k, body=map_exprs(k.body, one)) for k in p.kernels)
    return replace(p, kernels=kernels, launcher=replace(p.launcher, body=map_exprs(p.launcher.body, one)))


@pytest.mark.parametrize("name", ["softmax.cu", "softmax.hip", "softmax.mlu", "softmax.cpp", "add.cu"])
def test_no_mutant_is_the_same_that_does_not_read_so(name: str) -> None:
    platform = platforms.of_file(EXAMPLES / name)
    text = (EXAMPLES / name).read_text()
    right = read(text, platform, name)
    assert alike(right, right)
    for mutant in mutants(text, platform, right, limit=24, seed=1):
        try:
            wrong = read(mutant.text, platform, name)
        except Fault:  # a mutant need not be a program
            continue
        if wrong.launcher is not None and alike(right, wrong):
            assert ordered(right) == ordered(wrong), mutant.what
