"""What is said about long work where nobody sees a spinner."""

from __future__ import annotations

from xpiler.commands.terminal import seldom


def test_a_log_gets_a_line_now_and_then() -> None:
    time, said = [0.0], list[str]()
    stage = seldom(said.append, 20.0, lambda: time[0])
    for time[0], now in [(1.0, "quick"), (19.0, "still quick"), (21.0, "slow"), (39.0, "again"), (41.0, "slower")]:
        stage(now)
    assert said == ["slow", "slower"]
