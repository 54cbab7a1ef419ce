"""Every command of the tour and the README does what the page says: it ends well."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"Save this as `([\w.]+)`:\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The `$ xpiler` lines of a page, in order."""
    text = (ROOT / page).read_text()
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ xpiler ")]


ALL = [(page, c) for page in ("README.md", "docs/tour.md") for c in commands(page)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples, and the files the tour tells its reader to save."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "examples", folder / "examples")
    for name, text in SAVED.findall((ROOT / "docs" / "tour.md").read_text()):
        (folder / name).write_text(text)
    return folder


def test_the_pages_have_commands() -> None:
    assert len(ALL) >= 11
    assert {c.split()[1] for _, c in ALL} >= {"run", "check", "translate"}


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), ALL, ids=lambda p: p)
def test_a_command_ends_well(page: str, command: str, folder: Path) -> None:
    words = [sys.executable, "-m", "xpiler", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{page}: {command}\n{done.stdout}\n{done.stderr}"
    if " -o " in command:
        written = folder / shlex.split(command)[-1]
        assert written.stat().st_size > 0
