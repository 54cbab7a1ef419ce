"""A source is run once for all its targets, and again as soon as anything about it differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.given import with_extents
from xpiler.text.read import read
from xpiler.verify.runs import recent
from xpiler.verify.runs.observe import Effort, observe

TEXT = "void twice(const float *x, float *y, int n)\n{\n    for (int i = 0; i < n; i++)\n        y[i] = 2 * x[i];\n}\n"


def test_the_last_source_is_remembered_and_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[str] = []

    def counted(text: str, *rest: object, **named: object) -> object:
        ran.append(text)
        return observe(text, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(recent, "observe", counted)
    c, effort, once = platforms.get("c"), Effort(1, 10.0, level=0), recent.Recent()

    def seen(text: str, n: int, effort: Effort = effort) -> recent.Reference:
        program = with_extents(read(text, c, "twice.c"), c)
        return once.observe(text, c, program, {"n": n}, effort, tmp_path, lambda _: None)

    first = seen(TEXT, 8)
    again = seen(TEXT, 8)
    assert len(ran) == 1 and again.cases is first.cases and again.evidence.seconds == 0.0
    seen(TEXT, 9)
    seen(TEXT, 9, replace(effort, seeds=2))
    seen(TEXT.replace("2 *", "3 *"), 9)
    assert len(ran) == 4
    seen(TEXT, 8)
    assert len(ran) == 5
