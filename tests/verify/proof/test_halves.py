"""What an iteration before the one that reads it brought: the halves of a buffer, taken in turns."""

from __future__ import annotations

import pytest

from tests.verify.proof.test_random import c
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.verdict import Proved

PLAIN = c("for (int i = 0; i < 640; ++i) y[i] = x[i] * 2.0f;")


def halves(ahead: str = "i + 1 < 80", to: str = "(i + 1) % 2", worked: str = "i % 2") -> str:
    """Doubled in tiles of eight, the next of which is brought while one is worked on."""
    return f"""float t[16];
        for (int e = 0; e < 8; ++e) t[e] = x[e];
        for (int i = 0; i < 80; ++i) {{
          if ({ahead}) for (int e = 0; e < 8; ++e) t[({to}) * 8 + e] = x[(i + 1) * 8 + e];
          for (int e = 0; e < 8; ++e) y[i * 8 + e] = t[({worked}) * 8 + e] * 2.0f;
        }}"""


def test_each_tile_is_the_one_brought_before() -> None:
    found = equal_for_all(c(halves()), PLAIN, seconds=60).verdict
    assert isinstance(found, Proved), found


@pytest.mark.parametrize("wrong", [
    halves(to="i % 2"), halves(worked="(i + 1) % 2"), halves(ahead="i + 1 < 80 && i != 40")])
def test_a_tile_that_is_missed_or_spoilt_is_not_proved(wrong: str) -> None:
    assert not isinstance(equal_for_all(c(wrong), PLAIN, seconds=60).verdict, Proved)
