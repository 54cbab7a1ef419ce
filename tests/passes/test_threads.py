"""Which loops threads share: enough iterations of enough work."""

from __future__ import annotations

import pytest

from tests.passes.programs import kernel, load, loop, store, var
from xpiler import platforms
from xpiler.ir.nodes import For, Program, Stmt
from xpiler.ir.walk import statements
from xpiler.passes.machine.threads import shared_out
from xpiler.text.write import write


def nest(*extents: object, inside: tuple[Stmt, ...] = ()) -> tuple[Stmt, ...]:
    """Parallel loops i0, i1, ... inside each other."""
    at = sum((var(f"i{n}") for n in range(1, len(extents))), var("i0"))
    body: tuple[Stmt, ...] = (*inside, store("y", at, load("x", at) * 2.0))
    for n, extent in reversed(list(enumerate(extents))):
        body = (loop(f"i{n}", extent, *body, kind="parallel"),)
    return body


@pytest.mark.parametrize(("extents", "shared"), [
    ((4, 90, 90), ["i0", "i1"]),  # four iterations are too few
    ((300, 90), ["i0"]),
    ((2, 2, 9000), ["i0", "i1", "i2"]),
    ((60,), []),  # soon done
    ((4, 90), []),
    (("n",), ["i0"]), (("n", 4), ["i0"]), ((4, "n"), ["i0", "i1"]),
])
def test_so_many_loops_are_shared_out(extents: tuple[object, ...], shared: list[str]) -> None:
    k = shared_out(kernel("k", "x y n:i", *nest(*(var(e) if isinstance(e, str) else e for e in extents))))
    assert [s.var.name for s in statements(k) if isinstance(s, For) and s.kind == "parallel"] == shared


def test_loops_that_are_not_all_there_is_in_another_are_not_shared_out_with_it() -> None:
    first = store("y", var("i0"), 1.0)
    k = shared_out(kernel("k", "x y", loop("i0", 4, first, *nest(5, 9000)[0].body, kind="parallel")))  # type: ignore[attr-defined]
    assert [s.var.name for s in statements(k) if isinstance(s, For) and s.kind == "parallel"] == ["i0"]


@pytest.mark.parametrize(("extents", "line"), [
    ((4, 90, 90), "#pragma omp parallel for collapse(2)"), ((300, 90), "#pragma omp parallel for\n"),
    ((4, var("i0") + 9000), "#pragma omp parallel for\n"),
])
def test_what_is_written_above_them(extents: tuple[object, ...], line: str) -> None:
    k = shared_out(kernel("k", "x y", *nest(*extents)))
    text = write(Program("vnni", (k,), None), platforms.get("vnni"))
    assert text.count("#pragma") == 1 and line in text
