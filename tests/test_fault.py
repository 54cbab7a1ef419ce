"""A message has four parts; several are one Fault that can stand wherever its first one can."""

from __future__ import annotations

from xpiler.advice import ADVICE
from xpiler.codes import CODES
from xpiler.fault import Fault, Span, together, told


def test_the_four_parts_in_order() -> None:
    fault = Fault("XP1005", "`goto` is not supported", Span("k.cu", 3, 5), "it jumps", "a loop", "    goto end;")
    assert str(fault).splitlines() == [
        "k.cu:3:5: `goto` is not supported [XP1005]",
        "          goto end;",
        "          ^",
        "  because  it jumps",
        "  try      a loop",
    ]


def test_the_caret_stands_below_its_column_behind_tabs_too() -> None:
    _, line, caret = told("XP1005", "no", Span("k.c", 1, 5), source_line="\t\tx = 1;").splitlines()
    assert line.index("=") == caret.index("^") and caret[:8] == line[:8]


def test_without_a_column_there_is_no_caret() -> None:
    assert told("XP2101", "read", Span("k.c", 2), source_line="  x[0];").splitlines() == ["k.c:2: read [XP2101]", "        x[0];"]


def test_what_is_not_said_is_what_is_usual_for_the_code() -> None:
    assert (Fault("XP4001", "none").why, Fault("XP4001", "none").try_) == ADVICE["XP4001"]
    assert Fault("XP4001", "none", why="it is gone").why == "it is gone"


def test_every_code_has_advice() -> None:
    assert sorted(set(CODES) - set(ADVICE)) == []
    assert all(why and try_ for why, try_ in ADVICE.values())


def test_several_are_sorted_told_once_and_stand_for_the_first() -> None:
    late, early = Fault("XP1005", "late", Span("k.c", 9, 1)), Fault("XP1008", "early", Span("k.c", 2, 1))
    both = together([late, early, together([Fault("XP1005", "late", Span("k.c", 9, 1))])])
    assert (both.code, both.what, both.where) == ("XP1008", "early", Span("k.c", 2, 1))
    assert [f.what for f in both.every] == ["early", "late"]
    assert together([late]) is late


def test_of_a_wide_line_the_part_around_the_column_is_shown() -> None:
    line = "x" * 5000 + "@" + "y" * 5000
    _, shown, caret = told("XP1003", "no", Span("k.c", 1, 5001), source_line=line).splitlines()
    assert len(shown) < 200 and shown.index("@") == caret.index("^")
    _, shown, caret = told("XP1003", "no", Span("k.c", 1, 3), source_line="ab@" + line).splitlines()
    assert shown.startswith("      ab@") and caret.index("^") == 8
