"""Paths against brute force: every statement carries a number, and is looked for after an edit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xpiler.ir.nodes import Const, For, If, Kernel, Let, Program, Stmt, Var, While
from xpiler.ir.paths import (
    Edit, Path, edit, enclosing, find, follow, get, inserted, loop, places, removed, replaced,
)
from xpiler.ir.types import DType

I32 = DType.I32
TRUE = Const(1, DType.BOOL)


def mark(k: int) -> Let:
    """A statement that can be told from every other."""
    return Let(Var(f"v{k}", I32), Const(k, I32))


def build(shape: list[object], counter: list[int]) -> tuple[Stmt, ...]:
    """A body from a nested list: None is a leaf, a list a loop, a pair an If, a 1-tuple a While."""
    out: list[Stmt] = []
    for item in shape:
        counter[0] += 1
        k = counter[0]
        match item:
            case None:
                out.append(mark(k))
            case list():
                var, zero, one = Var(f"i{k}", I32), Const(0, I32), Const(1, I32)
                out.append(For(var, zero, Const(k, I32), one, build(item, counter)))
            case (a,):
                out.append(While(Const(k, I32), build(a, counter)))
            case (a, b):
                out.append(If(Const(k, I32), build(a, counter), build(b, counter)))
    return tuple(out)


shapes = st.recursive(
    st.lists(st.none(), max_size=3),
    lambda s: st.lists(st.one_of(st.none(), s, st.tuples(s, s), st.tuples(s)), max_size=3),
    max_leaves=12,
)


def program(*shape: list[object]) -> Program:
    counter = [0]
    kernels = (Kernel(f"k{i}", (), build(s, counter)) for i, s in enumerate(shape))
    return Program("c", tuple(kernels), None)


def number(s: Stmt) -> int:
    match s:
        case Let(_, Const(value)) | If(Const(value)) | While(Const(value)) | For(stop=Const(value)):
            return int(value)
    raise AssertionError(s)


SMALL = program([None, [None, ([None], [None, None])], None])


def test_get_descends_through_arms() -> None:
    assert number(get(SMALL, Path(0, ((0, 1),)))) == 2
    assert number(get(SMALL, Path.parse("0:1.1.0"))) == 5
    assert number(get(SMALL, Path.parse("0:1.1.e1"))) == 7


@pytest.mark.parametrize("text", ["0:9", "0:0.0", "0:1.1.e2", "0:e0", "0:", "0:1.0.e0"])
def test_get_refuses_what_is_not_there(text: str) -> None:
    with pytest.raises(LookupError):
        get(SMALL, Path.parse(text))
    with pytest.raises(LookupError):
        replaced(SMALL, Path.parse(text), (mark(99),))


def test_replace_insert_remove() -> None:
    at = Path.parse("0:1.1.e0")
    assert number(get(replaced(SMALL, at, (mark(90), mark(91))), at.sibling(1))) == 91
    assert number(get(inserted(SMALL, at, (mark(90),)), at.sibling(1))) == 6
    assert number(get(removed(SMALL, at), at)) == 7
    end = Path.parse("0:3")
    assert number(get(inserted(SMALL, end, (mark(90),)), end)) == 90
    with pytest.raises(LookupError):
        removed(SMALL, end)


def test_enclosing_and_loop() -> None:
    assert [number(s) for s in enclosing(SMALL, Path.parse("0:1.1.e1"))] == [2, 4]
    assert loop(SMALL, "i2") == Path.parse("0:1")
    assert loop(SMALL, "i9") is None
    assert find(SMALL, lambda s: isinstance(s, If)) == (Path.parse("0:1.1"),)


def test_within() -> None:
    outer = Path.parse("0:1")
    assert outer.child(1).child(0, 1).within(outer)
    assert not outer.sibling(1).within(outer)
    assert not outer.within(outer.child(0))


@given(shapes, shapes)
def test_text_round_trip_and_places_agree_with_get(a: list[object], b: list[object]) -> None:
    p = program(a, b)
    seen = list(places(p))
    assert [number(s) for _, s in seen] == list(range(1, len(seen) + 1))
    for path, s in seen:
        assert get(p, path) is s
        assert Path.parse(str(path)) == path


@given(shapes, shapes, st.data())
def test_paths_follow_an_edit(a: list[object], b: list[object], data: st.DataObject) -> None:
    p = program(a, b)
    before = list(places(p))
    if not before:
        return
    at, _ = data.draw(st.sampled_from(before))
    siblings = sum(path.parent == at.parent and path.steps[-1][0] == at.steps[-1][0] and path >= at
                   for path, _ in before)
    gone = data.draw(st.integers(0, siblings))
    new = tuple(mark(1000 + k) for k in range(data.draw(st.integers(0, 3))))
    q, done = edit(p, at, new, gone)
    after = {number(s): path for path, s in places(q)}
    assert done == Edit(at, gone, len(new))
    for path, s in before:
        assert follow(path, done) == after.get(number(s))
