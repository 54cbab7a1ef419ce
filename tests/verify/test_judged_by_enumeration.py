"""Random small kernels: what the judges of all inputs say agrees with running every thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import random_cases
from tests.verify.enumerated import Endless, enumerate_all
from xpiler import platforms
from xpiler.fault import Span
from xpiler.ir.check import check
from xpiler.ir.nodes import (
    Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, Continue, Expr, For, If, Kernel, Let,
    Load, Program, Return, Select, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read
from xpiler.verify.argue.bounds import bounds
from xpiler.verify.argue.races import races
from xpiler.verify.verdict import Proved, Refuted

CUDA = platforms.get("cuda")
INT, U, B, F = DType.I32, DType.U32, DType.BOOL, DType.F32


def num(n: int) -> Const:
    return Const(n, INT)


class Maker:
    """Draws one kernel: a grid, a block, an input table, an output, a shared array, a thread's own array."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.fresh = 0
        self.line = 0
        self.mutable: list[Var] = []
        self.loops = 0

    def name(self, stem: str) -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}"

    def span(self) -> Span:
        self.line += 1
        return Span("k.cu", self.line, 1)

    def choice(self, *xs: Any) -> Any:
        return self.draw(st.sampled_from(xs))

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def index(self, scope: list[Var], depth: int = 2) -> Expr:
        """An integer expression."""
        if depth == 0 or self.number(0, 3) == 0:
            return num(self.number(0, 5)) if self.number(0, 3) == 0 or not scope else self.choice(*scope)
        a = self.index(scope, depth - 1)
        match self.choice("+", "+", "+", "-", "*", "*", "/", "%", "<<", ">>", "&", "|", "^", "min", "max", "?", "u",
                          "load", "*v"):
            case "+" | "-" as op:
                return Binary(op, a, self.index(scope, depth - 1), INT)
            case "*":
                return Binary("*", a, num(self.choice(1, 2, 3, 4, 8)), INT)
            case "*v":
                return Binary("*", a, self.index(scope, 0), INT)
            case "/" | "%" as op:
                return Binary(op, a, num(self.choice(2, 3, 4, 8)), INT)
            case "<<" | ">>" as op:
                return Binary(op, a, num(self.choice(0, 1, 2)), INT)
            case "&" | "|" | "^" as op:
                return Binary(op, a, num(self.choice(1, 3, 7, 4, 6, -4 if op == "&" else 5)), INT)
            case "min" | "max" as f:
                return Call(f, (a, self.index(scope, depth - 1)), INT)
            case "?":
                return Select(self.cond(scope, depth - 1), a, self.index(scope, depth - 1), INT)
            case "load":
                return Load("table", Binary("&", a, num(3), INT), INT)
        wide = Binary(self.choice("+", "-"), Cast(a, U), Cast(self.index(scope, depth - 1), U), U)
        return Cast(Binary("%", wide, Const(self.choice(4, 6), U), U), INT)

    def cond(self, scope: list[Var], depth: int = 1) -> Expr:
        op = self.choice("<", "<", "<=", ">", ">=", "==", "!=", "&&", "||")
        if op in ("&&", "||"):
            if depth == 0:
                op = "<"
            else:
                return Binary(op, self.cond(scope, depth - 1), self.cond(scope, depth - 1), B)
        return Binary(op, self.index(scope, depth), self.index(scope, min(depth, 1)), B)

    def body(self, scope: list[Var], depth: int, most: int = 4) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        inner = list(scope)
        for _ in range(self.number(1, most)):
            out += self.stmt(inner, depth)
        return tuple(out)

    def stmt(self, scope: list[Var], depth: int) -> list[Stmt]:
        kinds = ["store", "store", "store", "load", "let", "assign", "barrier", "atomic"]
        kinds += ["if", "if", "for", "for", "while", "stride", "return"] if depth else []
        kinds += ["break", "continue"] if self.loops and depth else []
        match self.choice(*kinds):
            case "store":
                value = self.choice(Const(1.5, F), Cast(self.index(scope, 1), F), Load("x", self.index(scope, 1), F))
                return [Store(self.choice("y", "s", "s"), self.index(scope), value, self.span())]
            case "load":
                v = Var(self.name("f"), F)
                return [Let(v, Load(self.choice("x", "s", "s", "y"), self.index(scope), F), self.span())]
            case "let":
                v = Var(self.name("v"), INT)
                made = Let(v, self.index(scope), self.span())
                scope.append(v)
                self.mutable.append(v)
                return [made]
            case "assign":
                targets = [v for v in self.mutable if v in scope]
                if not targets:
                    return []
                v = self.choice(*targets)
                step = Binary("+", v, num(self.choice(1, 2, 4)), INT)
                return [Assign(v, self.choice(step, step, self.index(scope)), self.span())]
            case "barrier":
                return [Barrier("block", self.span())]
            case "atomic":
                return [Atomic("add", "s", self.index(scope), Const(1.0, F), span=self.span())]
            case "if":
                orelse = self.body(scope, depth - 1, 2) if self.number(0, 1) else ()
                return [If(self.cond(scope), self.body(scope, depth - 1, 3), orelse, self.span())]
            case "for" | "stride" as kind:
                return self.loop(scope, depth, kind == "stride")
            case "while":
                return self.turning(scope, depth)
            case "return":
                return [If(self.cond(scope), (Return(self.span()),), (), self.span())]
            case "break":
                return [If(self.cond(scope), (Break(self.span()),), (), self.span())]
            case "continue":
                return [If(self.cond(scope), (Continue(self.span()),), (), self.span())]
        raise AssertionError

    def loop(self, scope: list[Var], depth: int, stride: bool) -> list[Stmt]:
        v = Var(self.name("i"), INT)
        start = self.choice(*scope) if stride and scope else num(self.number(0, 2))
        stop = num(self.number(0, 9)) if self.number(0, 2) else self.index(scope, 1)
        step = num(self.choice(1, 1, 2, 4))
        changed = set(self.mutable)
        if stop in changed or any(m in _vars(stop) for m in changed):
            stop = num(5)
        self.loops += 1
        body = self.body([*scope, v], depth - 1, 3)
        self.loops -= 1
        return [For(v, start, stop, step, body, "serial", self.span())]

    def turning(self, scope: list[Var], depth: int) -> list[Stmt]:
        """A while loop that ends: halving, or counting."""
        v = Var(self.name("w"), INT)
        self.loops += 1
        kept = list(self.mutable)
        body = self.body([*scope, v], depth - 1, 2)
        self.mutable = kept
        self.loops -= 1
        if self.number(0, 1):
            start: Expr = num(self.choice(1, 2, 4, 8))
            cond, last = Binary(">", v, num(0), B), Assign(v, Binary(">>", v, num(1), INT), self.span())
        else:
            start = self.choice(num(0), *scope)
            cond = Binary("<", v, num(self.number(0, 6)), B)
            last = Assign(v, Binary("+", v, num(self.choice(1, 2, 4)), INT), self.span())
        return [Let(v, start, self.span()), While(cond, (*body, last), self.span())]

    def program(self) -> Program:
        bx, tx = Var("bx", INT), Var("tx", INT)
        scope = [bx, tx, tx]
        body = self.body(scope, 2, 6)
        threads = For(tx, num(0), num(self.choice(1, 2, 4, 5)), num(1), body, "thread.x")
        shared = Alloc(Buffer("s", F, num(self.choice(4, 6, 16)), "shared"))
        blocks = For(bx, num(0), num(self.choice(1, 2, 3)), num(1), (shared, threads), "block.x")
        params = (
            Buffer("x", F, num(self.choice(8, 12, 40)), const=True), Buffer("y", F, num(self.choice(8, 12, 40))),
            Buffer("table", INT, num(4), const=True),
        )
        return Program("cuda", (Kernel("k", params, (blocks,)),), None, "k.cu")


def _vars(e: Expr) -> set[Var]:
    return set(scalars_read(e))


@st.composite
def kernels(draw: Callable[[Any], Any]) -> Program:
    return Maker(draw).program()


def run(program: Program) -> Any:
    xs = [0.25 + 3 * k for k in range(40)]
    return [enumerate_all(program, {}, {"table": t, "x": xs}) for t in ([0, 1, 2, 3], [3, 0, 7, -2])]


def agree(program: Program) -> None:
    check(program)
    try:
        runs = run(program)
    except Endless:
        return
    said = bounds(program, CUDA, seconds=3).verdict
    outside = [t for r in runs for t in r.outside()]
    if isinstance(said, Proved):
        assert not outside, (said, outside[0])
    if isinstance(said, Refuted):
        w = said.witness
        assert any((t.buffer, t.index) == (w.buffer, w.index) for t in outside), w
    if outside:
        return  # races are about programs whose accesses are inside
    said = races(program, CUDA, seconds=3).verdict
    wrong = any(r.divergent() for r in runs) or any(r.racing() for r in runs)
    if isinstance(said, Proved):
        assert not wrong, (said, [r.divergent() for r in runs], [r.racing()[:1] for r in runs])
    if isinstance(said, Refuted):
        assert wrong or any(r.divergent(strict=True) for r in runs), said.witness


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(kernels())
def test_random_kernels_are_judged_as_enumeration_judges_them(program: Program) -> None:
    agree(program)


@pytest.mark.slow
@settings(max_examples=random_cases(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(kernels())
def test_many_random_kernels_are_judged_as_enumeration_judges_them(program: Program) -> None:
    agree(program)
