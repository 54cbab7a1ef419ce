"""`check` of one file: beside a run that was watched, what can be argued of all inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import within, write
from tests.verify.kernels import CUDA, each, side
from xpiler.given import with_extents
from xpiler.platforms import get
from xpiler.text.read import read
from xpiler.verify.alone import argued_alone
from xpiler.verify.argue.bounds import BOUNDS
from xpiler.verify.argue.races import RACES
from xpiler.verify.ladder import Side
from xpiler.verify.signature import unsized
from xpiler.verify.verdict import Proved, Refuted, Unknown, Verdict

C = get("c")
SOUND = each("y[i] = x[i];")
UNLUCKY = each("y[n == 5003 ? i + 1 : i] = x[i];")  # at a size that no run is at
MISSED = each("if (x[i] > 1e30f) y[2 * i + 1] = x[i]; else y[i] = x[i];")  # with inputs that no run has
SHARED = each("y[i / 2] = x[i];")


def said(one: Side, **let: int) -> tuple[Verdict, Verdict]:
    within_, apart = argued_alone(one, let, [{"n": 100}])
    assert (within_.rung, apart.rung) == (BOUNDS, RACES)
    return within_.verdict, apart.verdict


def alone(text: str) -> Side:
    s = side(text)
    return Side(text, CUDA, s.program, s.file)


def test_what_runs_do_not_meet_is_not_proved() -> None:
    assert all(isinstance(v, Proved) for v in said(alone(SOUND)))
    bounds, _ = said(alone(UNLUCKY))
    assert isinstance(bounds, Unknown)
    assert isinstance(said(alone(UNLUCKY), n=5003)[0], Refuted)
    assert isinstance(said(alone(UNLUCKY), n=5002)[0], Proved)
    bounds, _ = said(alone(MISSED))
    assert isinstance(bounds, Unknown)
    assert isinstance(said(alone(SHARED))[1], Unknown | Refuted)


def test_sizes_that_were_worked_out_are_in_the_scope() -> None:
    text = "void f(const float* x, float* y) { for (int i = 0; i < 8; ++i) y[i] = x[i] > 0.0f ? x[i / 2] : 0.0f; }"
    program = read(text.replace("y[i] =", "if (x[i] < 3.0f) y[i] ="), C, "k.c")
    one = Side(text, C, with_extents(program, C), "k.c", "", unsized(program))
    assert one.taken == {"x", "y"}
    bounds, _ = said(one)
    assert isinstance(bounds, Proved) and "given that `y` has as many elements as were worked out" in bounds.scope


def test_time_that_is_spent_is_said() -> None:
    bounds, _ = argued_alone(alone(SOUND), {}, [], seconds=0.0)
    assert isinstance(bounds.verdict, Unknown) and "time" in bounds.verdict.reason


def test_the_command_says_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    call = within(tmp_path, monkeypatch, capfd)
    done = call("check", write(tmp_path, SOUND), "--seeds", "1")
    assert done.status == 0
    told = {line.split("  ")[0]: line for line in done.out.splitlines()}
    assert "all inputs, all sizes with n >= 1" in told[BOUNDS] and "all inputs" in told[RACES], done.out
