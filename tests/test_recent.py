"""What follows from a source alone is made once for all its targets, and again as soon as anything about it differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xpiler import engine, platforms
from xpiler.recent import Latest, Recent
from xpiler.verify.ladder import Level

TEXT = "void twice(const float x[64], float y[64])\n{\n    for (int i = 0; i < 64; i++)\n        y[i] = 2 * x[i];\n}\n"


def test_the_latest_is_remembered_and_no_other() -> None:
    latest: Latest[int] = Latest()
    assert latest("a", lambda: 1) == (1, False)
    assert latest("a", lambda: 2) == (1, True)
    assert latest("b", lambda: 3) == (3, False)
    with pytest.raises(ZeroDivisionError):
        latest("c", lambda: 1 // 0)
    assert latest("b", lambda: 4) == (4, False)


def test_a_source_is_run_once_for_all_its_targets(cache: Path) -> None:
    asked = engine.Options(seeds=1, budget=10.0, level=Level.TESTS, cache=cache, recent=Recent())
    c = platforms.get("c")

    def translated(text: str, target: str, options: engine.Options = asked) -> tuple[object, float]:
        result = engine.translate(text, c, platforms.get(target), file="twice.c", options=options)
        assert result.confirmed
        assert asked.recent.runs.known is not None
        source = next(e for e in result.evidence if e.rung == "source runs clean")
        return asked.recent.runs.known[1], source.seconds

    (first, took), (second, again) = translated(TEXT, "cuda"), translated(TEXT, "hip")
    assert first is second and took > 0.0 and again == 0.0
    assert translated(TEXT.replace("2 *", "3 *"), "hip")[0] is not first
    other, took = translated(TEXT, "hip", replace(asked, seeds=2))
    assert other is not first and took > 0.0
