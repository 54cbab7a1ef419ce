"""Arrays that a thread has no room for live in global memory, a part for each thread."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.verify.ladder import Level

TEXT = """
void counts(const unsigned char* x, int* y) {
  for (int r = 0; r < 6; ++r) {
    int seen[SIZE];
    for (int i = 0; i < SIZE; ++i) seen[i] = 0;
    for (int i = 0; i < 100; ++i) seen[x[r * 100 + i] * 150] += i;
    int best = 0;
    for (int i = 0; i < SIZE; ++i) best = seen[i] > best ? seen[i] : best;
    y[r] = best + r;
  }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("elements", "moves"), [(38400, True), (8000, False)])
def test_a_large_array_of_a_thread_moves(elements: int, moves: bool) -> None:
    text = TEXT.replace("SIZE", str(elements)).replace("* 150", "* 150" if elements > 38000 else "* 30")
    done = translate(text, platforms.get("c"), platforms.get("hip"), file="k.c", options=Options(seeds=1, level=Level.TESTS))
    assert done.confirmed
    assert ("d_seen" in done.text) is moves
    assert (f"int seen[{elements}]" in done.text) is not moves
