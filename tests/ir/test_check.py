"""The checker finds each kind of ill-formed program, and nothing in a good one."""

from __future__ import annotations

import pytest

from xpiler.fault import Fault, Span
from xpiler.ir.check import check
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, DeviceBuffer,
    Expr, For, If, Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning, Program, Return, Select,
    Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType

I32, F32, BOOL = DType.I32, DType.F32, DType.BOOL
ZERO, ONE, TEN = Const(0, I32), Const(1, I32), Const(10, I32)
i, j, n, t = (Var(name, I32) for name in "ijnt")
s = Var("s", F32)
X, Y = Buffer("x", F32, n, const=True), Buffer("y", F32, n)
HERE = Span("k.c", 7, 3)


def op(o: str, a: Expr, b: Expr, dtype: DType | None = None) -> Binary:
    return Binary(o, a, b, a.dtype if dtype is None else dtype)


def loop(v: Var, *body: Stmt, stop: Expr = n, step: Expr = ONE, kind: str = "serial") -> For:
    return For(v, ZERO, stop, step, body, kind)


def program(*body: Stmt, launcher: Launcher | None = None) -> Program:
    return Program("c", (Kernel("k", (X, Y, n), body),), launcher)


def launcher(*body: Stmt, buffers: tuple[DeviceBuffer, ...] = ()) -> Launcher:
    return Launcher("run", (Buffer("hx", F32, None), Buffer("hy", F32, None), n), buffers, body)


XI, YI = Load("x", i, F32), Load("y", i, F32)
GOOD = loop(
    i,
    Alloc(Buffer("tile", F32, op("*", n, TEN), "shared")),
    Let(s, Const(0.0, F32)),
    loop(j, Assign(s, op("+", s, op("*", XI, Load("x", j, F32)))), Break()),
    If(op("&&", op("<", i, n, BOOL), Unary("!", op(">", s, s, BOOL), BOOL), BOOL), (Return(),)),
    While(op("<", s, Const(1.0, F32), BOOL), (Assign(s, Call("exp", (s,), F32)),)),
    Atomic("cas", "y", i, s, s, compare=s),
    Shuffle(s, "xor", s, TEN, 16, 32, Const(0xFFFFFFFF, DType.U32)),
    Intrinsic("f", (Addr("x", i, F32), n), Addr("tile", ZERO, F32)),
    Store("y", i, Select(op("<", i, n, BOOL), s, Cast(i, F32), F32)),
    Barrier("block"),
)


def test_a_good_program_passes() -> None:
    check(program(GOOD))
    check(program(loop(i, loop(t, GOOD.body[1], kind="thread.x"), kind="block.x")))
    device = (
        DeviceBuffer("dx", F32, op("*", Var("m", I32), n), "hx", copy_in=True),
        DeviceBuffer("dy", F32, n, "hy", copy_out=True),
    )
    body = (
        Let(Var("m", I32), op("+", n, ONE)),
        Launch("k", (Addr("dx", ZERO, F32), Addr("dy", ZERO, F32), Var("m", I32))),
    )
    check(program(GOOD, launcher=launcher(*body, buffers=device)))


def lost(name: str) -> Var:
    return Var(name, I32)


BAD: list[tuple[str, str, Stmt]] = [
    ("XP3101", "`q`", Store("y", lost("q"), Const(0.0, F32))),
    ("XP3101", "`q`", Store("q", ZERO, Const(0.0, F32))),
    ("XP3101", "`s`", If(Const(1, BOOL), (Let(s, None), Assign(s, Const(0.0, F32))), (Assign(s, s),))),
    ("XP3101", "`x`", Let(s, Var("x", F32))),
    ("XP3102", "`n` is declared twice", Let(n, ZERO)),
    ("XP3102", "`j`", loop(i, loop(j), loop(j))),
    ("XP3103", "it is i32", Store("y", Var("n", DType.I64), Const(0.0, F32))),
    ("XP3103", "it holds f32", Let(t, Load("x", ZERO, I32))),
    ("XP3104", "of i32 and f32", Let(t, op("+", n, Const(0.0, F32)))),
    ("XP3104", "is i32", Let(t, op("<", n, n, I32))),
    ("XP3104", "of f32 and f32", Let(s, op("%", Const(1.0, F32), Const(1.0, F32)))),
    ("XP3104", "of u8 and u8",
     Let(Var("b", DType.U8), op("+", Const(1, DType.U8), Const(1, DType.U8)))),
    ("XP3104", "an index of type f32", Store("y", Const(1.0, F32), Const(0.0, F32))),
    ("XP3104", "`?:`", Let(t, Select(Const(1, BOOL), n, Const(0.0, F32), I32))),
    ("XP3105", "a i32 value goes into `y`", Store("y", ZERO, n)),
    ("XP3105", "a f32 value goes into `t`", Let(t, Const(0.0, F32))),
    ("XP3106", "step 0", loop(i, step=ZERO)),
    ("XP3106", "the stop of loop `i` is f32", loop(i, stop=Const(4.0, F32))),
    ("XP3107", "loop variable `i`", loop(i, Assign(i, ZERO))),
    ("XP3107", "reads `n`", loop(i, Assign(n, ZERO))),
    ("XP3107", "reads `y`",
     loop(i, Store("y", ZERO, Const(0.0, F32)), stop=Cast(Load("y", ZERO, F32), I32))),
    ("XP3108", "(thread.x) inside a statement", If(Const(1, BOOL), (loop(i, kind="thread.x"),))),
    ("XP3108", "out of order", loop(i, loop(j, kind="block.x"), kind="thread.x")),
    ("XP3108", "beside it", loop(i, Let(s, None), loop(j, kind="thread.x"), kind="block.x")),
    ("XP3108", "beside it", loop(i, loop(j, kind="thread.x"), loop(t, kind="thread.x"), kind="block.x")),
    ("XP3108", "steps of 1", loop(i, step=TEN, kind="task")),
    ("XP3109", "address of `x`", Let(s, Addr("x", ZERO, F32))),
    ("XP3110", "`break`", Break()),
    ("XP3111", "`x`", Store("x", ZERO, Const(0.0, F32))),
    ("XP3111", "`x`", Atomic("add", "x", ZERO, Const(0.0, F32))),
    ("XP3111", "`x`", Intrinsic("f", (), Addr("x", ZERO, F32))),
    ("XP3112", "`fast`", loop(i, kind="fast")),
    ("XP3112", "`room`", Barrier("room")),
    ("XP3112", "cas", Atomic("cas", "y", ZERO, Const(0.0, F32))),
    ("XP3112", "`**`", Let(t, op("**", n, n))),
    ("XP3112", "width 24", loop(i, Let(s, None), Shuffle(s, "up", s, ONE, 24, 32, ONE))),
    ("XP3113", "outside a launcher", Launch("k", ())),
    ("XP3114", "`b`", Alloc(Buffer("b", F32, None))),
    ("XP3114", "`b`", Alloc(Buffer("b", F32, ZERO))),
    ("XP3114", "more initial values", Alloc(Buffer("b", F32, ONE), (Const(0.0, F32),) * 2)),
    ("XP3115", "300 is no u8", Let(Var("b", DType.U8), Const(300, DType.U8))),
    ("XP3115", "0.5 is no i32", Let(t, Const(0.5, I32))),
]


@pytest.mark.parametrize(("code", "says", "stmt"), BAD, ids=lambda p: p if isinstance(p, str) else "")
def test_a_bad_statement_is_found(code: str, says: str, stmt: Stmt) -> None:
    with pytest.raises(Fault) as caught:
        check(program(stmt))
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "kernel `k`" in str(caught.value)


def test_the_fault_is_at_the_statement() -> None:
    inner = Store("y", ZERO, n, span=HERE)
    outer = For(i, ZERO, n, ONE, (inner,), span=Span("k.c", 6, 1))
    with pytest.raises(Fault) as caught:
        check(program(outer))
    assert caught.value.where == HERE


BAD_LAUNCHES: list[tuple[str, Launch]] = [
    ("not a kernel", Launch("q", ())),
    ("1 arguments", Launch("k", (n,))),
    ("`x` does not fit", Launch("k", (n, Addr("hy", ZERO, F32), n))),
    ("`n` does not fit", Launch("k", (Addr("hx", ZERO, F32), Addr("hy", ZERO, F32), s))),
]


@pytest.mark.parametrize(("says", "launch"), BAD_LAUNCHES)
def test_a_bad_launch_is_found(says: str, launch: Launch) -> None:
    body = (Let(s, Const(0.0, F32)), launch)
    with pytest.raises(Fault, match="XP3113") as caught:
        check(program(GOOD, launcher=launcher(*body)))
    assert says in str(caught.value)


def test_a_device_buffer_mirrors_a_parameter() -> None:
    buffers = (DeviceBuffer("d", F32, n, "nothing"),)
    with pytest.raises(Fault, match="XP3101"):
        check(program(GOOD, launcher=launcher(buffers=buffers)))


def test_meanings_are_checked_too() -> None:
    good = Meaning("f", "", (Y, n), None, (loop(i, Store("y", i, Const(0.0, F32))),))
    bad = Meaning("f", "", (Y, n), None, (Store("y", i, Const(0.0, F32)),))
    check(Program("c", (), None, meanings=(good,)))
    with pytest.raises(Fault, match="the meaning of `f`"):
        check(Program("c", (), None, meanings=(bad,)))


def test_two_kernels_of_one_name() -> None:
    k = Kernel("k", (), ())
    with pytest.raises(Fault, match="XP3102"):
        check(Program("c", (k, k), None))
