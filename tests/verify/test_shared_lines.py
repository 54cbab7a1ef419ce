"""One array for all iterations of a loop that a directive makes parallel: `check` of one file says that they race."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from xpiler.cli import app

OUTSIDE = """extern "C" void k(const float* x, float* y) {
  float line[16];
#pragma omp parallel for
  for (int r = 0; r < 64; ++r) {
    DECLARED
    for (int i = 0; i < 16; ++i) line[i] = x[r * 16 + i];
    for (int i = 0; i < 16; ++i) y[r * 16 + i] = line[15 - i];
  }
}
"""


@pytest.mark.parametrize(("declared", "good"), [("", False), ("static float line[16];", False), ("float line[16];", True)])
def test_an_array_that_iterations_share(declared: str, good: bool, tmp_path: Path) -> None:
    file = tmp_path / "k.cpp"
    file.write_text(OUTSIDE.replace("DECLARED", declared))
    done = CliRunner().invoke(app, ["check", str(file), "--seeds", "1"])
    assert (done.exit_code == 0) is good, done.output
    if not good:
        assert "`line" in done.output and "nothing orders the two" in " ".join(done.output.split())
