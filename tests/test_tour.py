"""Every command of the tour and the README does what the page says: it ends well and prints what is pasted there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"Save this as `([\w.]+)`:\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A command of a page and the lines the page shows below it."""

    page: str
    command: str
    output: tuple[str, ...]


def shown(page: str) -> list[Shown]:
    """The `$ xpiler` commands of a page, in order."""
    out = []
    for block in BLOCK.findall((ROOT / page).read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            if command.startswith("xpiler "):
                out.append(Shown(page, command, tuple(lines)))
    return out


PAGES = ("README.md", "docs/tour.md", "docs/repair.md")
ALL = [s for page in PAGES for s in shown(page)]
TIME = re.compile(r"\d+\.\d\d s$")


def plain(line: str) -> str:
    """A line without what differs between runs and terminals."""
    return " ".join(TIME.sub("", line.strip()).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples, and the files the pages tell their reader to save."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "examples", folder / "examples")
    for name, text in [s for page in PAGES for s in SAVED.findall((ROOT / page).read_text())]:
        (folder / name).write_text(text)
    return folder


def test_the_pages_have_commands() -> None:
    assert len(ALL) >= 11
    assert {c.command.split()[1] for c in ALL} >= {"run", "check", "translate"}
    assert sum(bool(c.output) for c in ALL) >= 3


@pytest.mark.slow  # twenty commands, some of them translations
@pytest.mark.parametrize("given", ALL, ids=lambda s: f"{s.page}: {s.command}")
def test_a_command_does_what_the_page_shows(given: Shown, folder: Path) -> None:
    words = [sys.executable, "-m", "xpiler", *shlex.split(given.command)[1:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{given.page}: {given.command}\n{done.stdout}\n{done.stderr}"
    printed = [plain(line) for line in (done.stdout + done.stderr).splitlines()]
    # Which compilers are installed, what this machine is, and how fast, are its own affair.
    own = ("compiles", "equal on the device", "equal in exact arithmetic")  # as many sizes as there is time for
    expected = [plain(line) for line in given.output if not line.startswith(own)]
    assert [line for line in expected if line not in printed] == [], "\n".join(printed)
    if " -o " in given.command:
        written = folder / shlex.split(given.command)[-1]
        assert written.stat().st_size > 0
