"""Elements of a source's arrays, in the names of another text."""

from __future__ import annotations

import pytest

from tests.repair.test_grafts import sites
from xpiler.repair.elements import Elements

TEXT = """const int W = 6;
#define C 3
void f(const float *x, float *y) {
    const float *row = x + 2 * W;
    const float *pixel = &x[C];
    for (int i = 0; i < 4; ++i)
        for (int c = 0; c < C; ++c) {
            const int at = (i + 1) * W - (c - 1);
            int moving = i;
            moving += c;
            y[i * C + c] = x[at] + row[(i + c) * C] + pixel[c] + x[moving] + x[i / (C * 2)];
        }
}
"""
KNOWN = {"x": False, "y": False, "i": True, "c": True}


@pytest.mark.parametrize(("spelled", "element"), [
    ("y[i * C + c]", ("y", "i * 3 + c")),
    ("x[at]", ("x", "(i + 1) * 6 - (c - 1)")),
    ("row[(i + c) * C]", ("x", "12 + (i + c) * 3")),
    ("pixel[c]", ("x", "3 + c")),
    ("x[moving]", None),  # it is not what it began as
    ("x[i / (C * 2)]", ("x", "i / 6")),
])
def test_an_element_is_one_of_the_array_it_was_moved_in(spelled: str, element: tuple[str, str] | None) -> None:
    at = sites(TEXT)
    node = next(s.node for s in at.device if s.node.kind == "ARRAY_SUBSCRIPT_EXPR" and at.source(s.node) == spelled)
    assert Elements(at, KNOWN).element(node) == element
