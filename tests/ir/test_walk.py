"""Walking and rebuilding, checked against programs small enough to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xpiler.ir import walk
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Buffer, Call, Cast, Const, Expr, For, If,
    Intrinsic, Kernel, Let, Load, Select, Store, Unary, Var, While,
)
from xpiler.ir.types import DType

I32, F32 = DType.I32, DType.F32
i, j, n = (Var(name, I32) for name in "ijn")
s = Var("s", F32)
ZERO, ONE = Const(0, I32), Const(1, I32)


def add(a: Expr, b: Expr) -> Expr:
    return Binary("+", a, b, a.dtype)


def loop(v: Var, stop: Expr, *body: walk.Stmt) -> For:
    return For(v, ZERO, stop, ONE, body)


# for i < n: { s = 0; for j < n: s = s + x[i + j]; if (i < n) y[i] = s }
INNER = loop(j, n, Assign(s, add(s, Load("x", add(i, j), F32))))
GUARD = If(Binary("<", i, n, DType.BOOL), (Store("y", i, s),))
NEST = loop(i, n, Let(s, Const(0.0, F32)), INNER, GUARD)


def test_walk_visits_everything_in_the_order_of_the_text() -> None:
    kinds = [type(x).__name__ for x in walk.walk(NEST) if not isinstance(x, Var | Const)]
    assert kinds == [
        "For", "Let", "For", "Assign", "Binary", "Load", "Binary", "If", "Binary", "Store",
    ]


def test_free_vars_are_those_declared_outside() -> None:
    assert walk.free_vars(NEST) == {n}
    assert walk.free_vars(INNER) == {i, n, s}
    assert walk.free_vars(add(i, j)) == {i, j}
    assert walk.free_vars((Let(s, None), Assign(s, Const(1.0, F32)))) == frozenset()


def test_reads_and_writes() -> None:
    assert walk.buffers_used(NEST) == {"x", "y"}
    assert walk.buffers_written(NEST) == {"y"}
    assert [x.buffer for x in walk.loads(NEST)] == ["x"]
    assert list(walk.loads(NEST, "y")) == []
    assert list(walk.stores(NEST, "y")) == [Store("y", i, s)]
    assert walk.scalars_written(NEST) == {i, j, s}
    call = Intrinsic("f", (Addr("z", ZERO, F32), n))
    assert walk.buffers_written(call) == {"z"}
    assert list(walk.addresses(call, "z")) == [Addr("z", ZERO, F32)]
    atomic = Atomic("add", "z", i, s, result=Var("old", F32))
    assert walk.buffers_written(atomic) == {"z"}
    assert walk.defines(atomic) == Var("old", F32)


def test_substitute_leaves_definitions_alone() -> None:
    (new,) = walk.substitute((INNER,), {i: Const(7, I32), j: ONE})
    assert isinstance(new, For)
    assert new.var == j
    assert new.body == (Assign(s, add(s, Load("x", add(Const(7, I32), ONE), F32))),)


def test_substituted_values_are_not_substituted_again() -> None:
    assert walk.substitute_expr(add(i, j), {i: j, j: i}) == add(j, i)


def test_rename_reaches_definitions_and_buffers() -> None:
    (new,) = walk.rename((NEST,), {"i": "row", "s": "acc", "x": "in"})
    assert walk.buffers_used(new) == {"in", "y"}
    assert walk.scalars_written(new) == {Var("row", I32), j, Var("acc", F32)}
    assert walk.rename((new,), {"row": "i", "acc": "s", "in": "x"}) == (NEST,)


def test_rename_reaches_allocations_and_results() -> None:
    body = (
        Alloc(Buffer("b", F32, n, "shared")),
        Let(Var("old", F32), None),
        Atomic("add", "b", i, s, Var("old", F32)),
        Intrinsic("f", (Addr("b", i, F32),), Addr("b", ZERO, F32)),
    )
    new = walk.rename(body, {"b": "c", "old": "was"})
    assert "b" not in walk.names(Kernel("k", (), new))
    assert "old" not in walk.names(Kernel("k", (), new))
    assert {"c", "was"} <= walk.names(Kernel("k", (), new))


def test_map_stmts_may_drop_and_multiply() -> None:
    def edit(x: walk.Stmt) -> walk.Stmt | walk.Body:
        match x:
            case Let():
                return ()
            case Store():
                return (x, Barrier("block"))
        return x

    (new,) = walk.map_stmts((NEST,), edit)
    assert isinstance(new, For)
    assert [type(x).__name__ for x in new.body] == ["For", "If"]
    guard = new.body[1]
    assert isinstance(guard, If)
    assert guard.then == (Store("y", i, s), Barrier("block"))


def test_nothing_changed_means_nothing_copied() -> None:
    body = (NEST, While(Const(1, DType.BOOL), (GUARD,)))
    assert walk.map_exprs(body, lambda e: e) is body
    assert walk.map_stmts(body, lambda x: x) is body
    assert walk.substitute(body, {Var("other", I32): ONE}) is body


def test_fresh_names() -> None:
    fresh = walk.Fresh({"i", "i_1"})
    assert [fresh("i"), fresh("i"), fresh("k"), fresh("k")] == ["i_2", "i_3", "k", "k_1"]


def test_what_is_no_node_is_an_error() -> None:
    with pytest.raises(TypeError):
        list(walk.walk("x"))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        walk.map_expr(GUARD, lambda e: e)  # type: ignore[arg-type]


leaf = st.one_of(
    st.integers(-9, 9).map(lambda v: Const(v, I32)), st.sampled_from([i, j, n]),
)


def grow(e: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.tuples(st.sampled_from("+-*"), e, e).map(lambda t: Binary(t[0], t[1], t[2], I32)),
        e.map(lambda a: Unary("-", a, I32)),
        e.map(lambda a: Cast(a, I32)),
        e.map(lambda a: Load("x", a, I32)),
        st.tuples(e, e).map(lambda t: Call("max", t, I32)),
        st.tuples(e, e, e).map(lambda t: Select(*t, I32)),
    )


@given(st.recursive(leaf, grow, max_leaves=12))
def test_rebuilding_equals_the_original(e: Expr) -> None:
    """Tear an expression down to fresh leaves and build it again: same tree, another object."""

    def anew(x: Expr) -> Expr:
        match x:
            case Const(v, d):
                return Const(v, d)
            case Var(name, d):
                return Var(name, d)
        return x

    new = walk.map_expr(e, anew)
    assert new == e
    assert new is not e


@given(st.recursive(leaf, grow, max_leaves=12))
def test_substituting_a_variable_removes_it(e: Expr) -> None:
    new = walk.substitute_expr(e, {i: n})
    assert i not in walk.scalars_read(new)
    assert walk.scalars_read(new) == {n if v == i else v for v in walk.scalars_read(e)}
    assert len(list(walk.subexpressions(new))) == len(list(walk.subexpressions(e)))
