"""Finished files are found again, and the longest unused make room."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from xpiler.emulate import store as stores
from xpiler.emulate.store import Store


def put(store: Store, name: str, size: int, age: float) -> Path:
    target = store.root / "run" / name[:2] / name
    with store.scratch() as work:
        (work / "program").write_bytes(b"x" * size)
        store.publish(work, target, ("program",))
    os.utime(target, (time.time() - age,) * 2)
    return target


def test_the_longest_unused_make_room(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, older, new = (put(store, n, 1000, age) for n, age in (("aa", 8000), ("bb", 9000), ("cc", 10)))
    store.tidy(kept=2500)
    assert [p.exists() for p in (old, older, new)] == [True, False, True]
    store.tidy(kept=0)
    assert [p.exists() for p in (old, new)] == [False, True]  # what was just used may be running
    assert not list((tmp_path / "tmp").iterdir())


def test_what_is_found_again_counts_as_used(tmp_path: Path) -> None:
    store = Store(tmp_path)
    target = put(store, "aa", 1000, 8000)
    assert store.has(target)
    store.tidy(kept=0)
    assert target.exists()
    assert not store.has(tmp_path / "run" / "bb" / "bb")


def test_sizes_are_added_up_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "KEPT", 0)
    store = Store(tmp_path)
    old = put(store, "aa", 1000, 8000)
    put(store, "bb", 1000, 0)
    assert old.exists()  # it is not time yet
    os.utime(tmp_path / ".tidied", (0, 0))
    put(store, "cc", 1000, 0)
    assert not old.exists()
