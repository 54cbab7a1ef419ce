"""What is kept between runs: found again whole, never trusted when damaged, and nothing in it runs."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.stored import restored, rows
from xpiler.ir.nodes import Binary, Const, Var
from xpiler.ir.types import DType
from xpiler.kept import Shelf
from xpiler.text.library import library, made_from, shelf

VALUE = (Binary("+", Var("x", DType.F32), Const(1.5, DType.F32), DType.F32), None, {"a": [1, 2]})


@dataclass(frozen=True)
class Outside:
    """A value of no package the shelf admits."""


def once(where: Shelf, value: object) -> list[bool]:
    """Ask twice for a result; which of the questions computed it."""
    asked: list[bool] = []
    for _ in range(2):
        before = len(asked)

        def compute() -> object:
            asked.append(True)
            return value

        assert where.kept("thing", compute) == value
        if len(asked) == before:
            asked.append(False)
    return asked


def file_of(where: Shelf) -> Path:
    (found,) = where.folder.glob(f"*{where.digest}*")
    return found


def test_a_result_is_computed_once(tmp_path: Path) -> None:
    assert once(Shelf(tmp_path / "new", "s", "d"), VALUE) == [True, False]
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_another_digest_is_another_result(tmp_path: Path) -> None:
    where = Shelf(tmp_path, "s", "d")
    where.kept("thing", lambda: 1)
    assert replace(where, digest="e").kept("thing", lambda: 2) == 2
    assert where.kept("thing", lambda: 3) == 1


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[:-1], lambda data: data[:40] + b"x" + data[41:], lambda data: b"x" * 100,
])
def test_a_damaged_file_is_written_again(tmp_path: Path, damage) -> None:
    where = Shelf(tmp_path, "s", "d")
    where.kept("thing", lambda: VALUE)
    file = file_of(where)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert once(where, VALUE) == [True, False]
    assert file.read_bytes() == whole


class Runs:
    def __reduce__(self):
        return os.mkdir, (os.environ["XP_PROOF"],)


@pytest.mark.parametrize("content", [Runs(), Outside()])
def test_a_file_runs_no_code(tmp_path: Path, monkeypatch, content) -> None:
    monkeypatch.setenv("XP_PROOF", str(tmp_path / "proof"))
    where = Shelf(tmp_path / "shelf", "s", "d")
    where.kept("thing", lambda: VALUE)
    data = pickle.dumps((content,))
    file_of(where).write_bytes(hashlib.sha256(data).digest() + data)
    assert where.kept("thing", lambda: 7) == 7
    assert not (tmp_path / "proof").exists()


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert once(Shelf(tmp_path / "file" / "in", "s", "d"), VALUE) == [True, True]


def test_old_results_are_forgotten(tmp_path: Path) -> None:
    for n in range(10):
        where = Shelf(tmp_path, "s", f"d{n}")
        where.kept("thing", lambda: n)  # noqa: B023 - called at once
        os.utime(file_of(where), ns=(n, n))
    names = sorted(f.name for f in tmp_path.iterdir())
    assert names[-1].startswith("s-d9") and len(names) <= 5


def test_a_library_is_the_same_from_disk(tmp_path: Path) -> None:
    cuda = platforms.get("cuda")
    first = library(cuda, tmp_path)
    code = (
        "import sys; from pathlib import Path; from xpiler import platforms; from xpiler.text import library as m\n"
        "def refuse(_): raise SystemExit('read again')\n"
        "m._read = refuse\n"
        "sys.stdout.write(repr(m.library(platforms.get('cuda'), Path(sys.argv[1]))))\n"
    )
    again = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert again.stdout == repr(first) == repr(library(cuda))


def test_a_changed_header_is_read_again(tmp_path: Path) -> None:
    c = platforms.get("c")
    folder = tmp_path / "c"
    folder.mkdir()
    for f in c.folder.glob("*.h"):
        (folder / f.name).write_bytes(f.read_bytes())
    here = shelf(replace(c, folder=folder), tmp_path / "one")
    (folder / "device.h").write_text((folder / "device.h").read_text() + "\n")
    there = shelf(replace(c, folder=folder), tmp_path / "two")
    assert here is not None and there is not None and here.digest != there.digest


def test_a_library_follows_from_all_files_of_what_reads_it() -> None:
    house = Path(sym.__file__).parent.parent.parent
    read = {f for room in ("text", "ir", "facts") for f in (house / room).rglob("*.py")}
    assert Path(sym.__file__) in read and read <= set(made_from(platforms.get("cuda")))


def test_values_come_back_as_the_same_objects() -> None:
    n = sym.var("n")
    i, j = sym.var("i", n), sym.var("j", sym.integer(4))
    load = sym.load("a", sym.add(sym.scale(i, 4), j, sym.integer(3)), DType.F32)
    total = sym.fold("+", [j], load, sym.number(0.0, DType.F32), DType.F32)
    chosen = sym.select(sym.compare("<", i, sym.integer(7)), total, sym.number(1.0, DType.F32))
    nodes, at = rows([chosen, i])
    back = restored(nodes)
    assert back[at[chosen]] is chosen and back[at[i]] is i


def test_variables_nobody_else_has_are_new() -> None:
    lane = sym.fresh("i", sym.integer(8))
    value = sym.load("a", lane, DType.F32)
    nodes, at = rows([value, lane])
    back = restored(nodes)
    assert back[at[lane]] is not lane and sym.extent_of(back[at[lane]]) is sym.integer(8)
    assert back[at[value]].args == (back[at[lane]],)


@pytest.mark.parametrize("platform", ["cuda", "hip"])
def test_units_that_no_text_needs_are_offered(platform: str) -> None:
    assert library(platforms.get(platform))
