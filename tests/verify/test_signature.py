"""What is read, what is written, what steers an index; and how many terms a result sums up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler.fault import Fault
from xpiler.ir.nodes import (
    Addr, Assign, Binary, Buffer, Cast, Const, DeviceBuffer, Expr, For, If, Intrinsic, Kernel, Launch, Launcher, Let,
    Load, Meaning, Program, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.verify.runs.depth import EPS, precision, terms
from xpiler.verify.signature import given_sizes, signature

F, I32, H = DType.F32, DType.I32, DType.F16
N, J, K = Var("n", I32), Var("j", I32), Var("k", I32)
ZERO, ONE = Const(0, I32), Const(1, I32)


def loop(var: Var, stop: Expr, *body: Stmt, kind: str = "serial") -> For:
    return For(var, ZERO, stop, ONE, body, kind)


def plus(a: Expr, b: Expr) -> Binary:
    return Binary("+", a, b, a.dtype)


def kernel(*body: Stmt, params: tuple[Buffer | Var, ...] = ()) -> Program:
    arrays = tuple(Buffer(name, F, N) for name in "abc")
    return Program("c", (Kernel("f", (*arrays, Buffer("i", I32, N), N, *params), body),), None, "f.c")


def test_a_gather_reads_its_indices_and_they_steer() -> None:
    body = loop(J, N, Let(K, Load("i", J, I32)), Store("c", J, plus(Load("a", K, F), Load("b", J, F))))
    arrays = {a.name: a for a in signature(kernel(body)).arrays}
    assert {n for n, a in arrays.items() if a.read} == {"a", "b", "i"}
    assert {n for n, a in arrays.items() if a.written} == {"c"}
    assert {n for n, a in arrays.items() if a.steers} == {"i"}


def test_plain_integer_data_does_not_steer() -> None:
    body = loop(J, N, Store("c", J, Cast(Load("i", J, I32), F)))
    assert not any(a.steers for a in signature(kernel(body)).arrays)


def test_a_loop_bound_from_memory_steers() -> None:
    body = loop(J, Load("i", ZERO, I32), Store("c", J, Const(1.0, F)))
    assert [a.name for a in signature(kernel(body)).arrays if a.steers] == ["i"]


def test_a_number_of_elements_given_to_an_instruction_steers_and_a_mask_does_not() -> None:
    """Numbers from memory may be any where they only choose between lanes, and are tried so."""
    count, mask, bit = Var("count", I32), Var("mask", I32), Var("bit", I32)
    lane = Let(bit, Binary("&", Binary(">>", mask, K, I32), ONE, I32))
    chosen = If(Binary("!=", bit, ZERO, DType.BOOL), (Store("d", K, Const(0.0, F)),))
    meaning = Meaning("clear", "", (Buffer("d", F, None), count, mask), None, (loop(K, count, lane, chosen),))
    for first, second, steering in ((Load("i", ZERO, I32), N, ["i"]), (N, Load("i", ZERO, I32), [])):
        program = kernel(Intrinsic("clear", (Addr("c", ZERO, F), first, second)))
        known = signature(replace(program, meanings=(meaning,)))
        assert [a.name for a in known.arrays if a.steers] == steering


def test_an_intrinsic_reads_and_writes_what_its_meaning_does() -> None:
    meaning = Meaning(
        "vadd", "", (Buffer("d", F, None), Buffer("x", F, None), Var("size", I32)), None,
        (loop(K, Var("size", I32), Store("d", K, Load("x", K, F))),),
    )
    call = Intrinsic("vadd", (Addr("c", ZERO, F), Addr("a", ZERO, F), N))
    program = kernel(call)
    with_meaning = Program(program.platform, program.kernels, None, "f", (meaning,))
    arrays = {a.name: (a.read, a.written) for a in signature(with_meaning).arrays}
    assert arrays["c"] == (False, True) and arrays["a"] == (True, False)
    blind = {a.name: (a.read, a.written) for a in signature(program).arrays}
    assert blind["c"] == blind["a"] == (True, True)


def test_a_launcher_sees_through_to_its_kernels() -> None:
    inner = kernel(loop(J, N, Store("c", J, Load("a", J, F)))).kernels[0]
    buffers = tuple(
        DeviceBuffer(f"d_{p.name}", p.dtype, N, p.name, copy_in=p.name != "c", copy_out=p.name == "c")
        for p in inner.params if isinstance(p, Buffer)
    )
    args = (*(Addr(b.name, ZERO, b.dtype) for b in buffers), N)
    hosts = tuple(Buffer(b.host, b.dtype, None) for b in buffers)
    launcher = Launcher("go", (*hosts, N), buffers, (Launch("f", args),))
    sig = signature(Program("cuda", (inner,), launcher))
    assert sig.name == "go" and not sig.is_kernel
    assert {a.name for a in sig.arrays if a.read} == {"a"}
    assert {a.name for a in sig.arrays if a.written} == {"c"}


def test_what_the_host_sends_has_values() -> None:
    """An input that nothing was seen to read may have been overlooked: without values, nan would equal nan."""
    inner = kernel(loop(J, N, Store("c", J, Load("a", J, F)))).kernels[0]
    buffers = tuple(DeviceBuffer(f"d_{n}", F, N, n, copy_in=n != "c", copy_out=n == "c") for n in "abc")
    args = (*(Addr(f"d_{n}", ZERO, F) for n in "abc"), Addr("d_i", ZERO, I32), N)
    made = DeviceBuffer("d_i", I32, N)
    hosts = tuple(Buffer(n, F, None, const=n != "c") for n in "abc")
    launcher = Launcher("go", (*hosts, N), (*buffers, made), (Launch("f", args),))
    arrays = signature(Program("cuda", (inner,), launcher)).arrays
    assert {a.name for a in arrays if a.read} == {"a", "b"}


def test_a_kernels_axes_are_its_geometry() -> None:
    body = loop(Var("bx", I32), Binary("/", N, Const(64, I32), I32), loop(Var("tx", I32), Const(64, I32), kind="thread.x"),
                kind="block.x")
    assert signature(kernel(body)).geometry({"n": 256}) == {"block.x": 4, "thread.x": 64}


def test_two_kernels_and_no_launcher_is_a_fault() -> None:
    program = kernel()
    two = Program("c", (program.kernels[0], Kernel("g", (), ())), None, "two.c")
    with pytest.raises(Fault, match=r"two\.c: 2 kernels") as caught:
        signature(two)
    assert caught.value.code == "XP2013" and "f, g" in caught.value.why
    assert signature(two, "g").name == "g"


def test_sizes_from_the_user() -> None:
    program = Program("c", (Kernel("f", (Buffer("p", F, None),), ()),), None)
    assert signature(given_sizes(program, {"p": 12})).sizes({}) == {"p": 12}
    with pytest.raises(Fault, match="no array `q`"):
        given_sizes(program, {"q": 12})


def test_depth_is_the_length_of_the_sum() -> None:
    total = Var("total", F)
    product = Binary("*", Load("a", K, F), Load("b", K, F), F)
    body = loop(J, Const(8, I32), Let(total, Const(0.0, F)), loop(K, N, Assign(total, plus(total, product))),
                Store("c", J, total), kind="thread.x")
    assert terms(kernel(body), {"n": 100}) == 100
    assert terms(kernel(loop(J, N, Store("c", J, plus(Load("a", J, F), Load("b", J, F))))), {"n": 100}) == 1
    assert terms(kernel(loop(J, N, Store("c", ZERO, plus(Load("c", ZERO, F), Load("a", J, F))))), {"n": 7}) == 7


def test_precision_is_that_of_the_narrowest_arithmetic() -> None:
    assert precision(kernel(Store("c", ZERO, plus(Load("a", ZERO, F), Load("b", ZERO, F))))) == EPS[F]
    narrow = Cast(Binary("*", Cast(Load("a", ZERO, F), H), Cast(Load("b", ZERO, F), H), H), F)
    assert precision(kernel(Store("c", ZERO, narrow))) == EPS[H]
    moved = Load("a", ZERO, DType.F64)
    assert precision(kernel(Store("c", ZERO, moved))) == precision(kernel(Store("c", ZERO, Cast(moved, H)))) == 0
    assert precision(kernel(Store("c", ZERO, Cast(Cast(moved, F), DType.F64)))) == EPS[F]
