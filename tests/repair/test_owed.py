"""An output that nothing is written to has to be written, whatever else is wrong."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.repair.hole import Hole, Kind, Made
from xpiler.repair.nodes import Node
from xpiler.repair.opened import Text, following
from xpiler.repair.owed import credited, owed, paid, paying, writes
from xpiler.repair.score import Score
from xpiler.repair.sketch import Sketch
from xpiler.text.read import read
from xpiler.text.sites import Sites

LOST = """void twice(const float *x, float *y) {
    for (int i = 0; i < 8; ++i) {
        float both = x[i] + x[i];
    }
}
"""


def sites(text: str) -> Sites:
    c = platforms.get("c")
    return Sites(text, c, read(text, c, "t"), "t")


@pytest.mark.parametrize("statement", [
    "y[i] = both;", "*y = both;", "__memcpy(y + i * 32, row, 32, NRAM2GDRAM);", "_mm512_storeu_ps(y + i * 16, v);",
    "memcpy(((void *)(y)), ((const void *)(x)), 4);", "for (int k = 0; k < (8); k += 1) { y[i + k] = x[k]; }"])
def test_what_a_statement_writes(statement: str) -> None:
    assert writes(statement) == "y"


def test_an_output_without_a_write_is_owed() -> None:
    assert owed(sites(LOST)) == {"y"}
    written = LOST.replace("both = x[i] + x[i];", "both = x[i]; y[i] = both;")
    assert owed(sites(written)) == frozenset()
    assert owed(sites(written.replace("    for", "    float sum;\n    for").replace("both;", "sum += both;"))) == {"sum"}


def test_what_is_written_through_a_pointer_into_an_output_is_written_to_it() -> None:
    at = sites(LOST.replace("        float both", "        float *row = y + i;\n        float *one = row + 1;\n        float both"))
    assert owed(at) == {"y"}
    assert owed(sites(at.text.replace("x[i];", "x[i]; *one = both;"))) == frozenset()


def test_what_no_run_came_by_writes_nothing() -> None:
    at = sites(LOST.replace("    }\n", "        if (both > 9)\n            y[i] = both;\n    }\n"))
    assert owed(at) == frozenset()
    at.never = frozenset({5})
    assert owed(at) == {"y"}


def test_a_statement_that_is_put_in_pays() -> None:
    at = sites(LOST)
    made = Made(at)
    end = at.data.index(b"    }")
    made.add((end, end), "y[i] = both;", "", 5, Kind.STATEMENT)
    made.add((end, end), "both = x[i];", "", 5, Kind.STATEMENT)
    holes: tuple[Hole, ...] = made.holes()
    assert [paid(Sketch(at.data, holes), {0: c}) for c in (1, 2)] == [{"y"}, {"both"}]


def test_what_pays_is_followed_when_nothing_else_is_nearer() -> None:
    """Also where a rule is broken by what else is wrong: the nearest and the smallest change."""
    nodes = [Node({0: n}, Score(0.0, met="rule" if n == 2 else "", near=n / 10), float(n)) for n in range(1, 8)]
    assert [n.picks[0] for n in paying(nodes)] == [7, 6, 1, 2]
    owing, broken, nearer = Text("a", Score(0.6)), Text("b", Score(0.0, met="rule")), Text("c", Score(0.7))
    pays = credited(broken, [owing.score])
    assert following([owing, broken], 0) is owing
    assert following([owing, pays], 0) is pays and following([owing, pays, nearer], 0) is nearer
