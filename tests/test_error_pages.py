"""Every message has a page, and every page's example gives the message that the page shows: code, place and text."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from xpiler import cli
from xpiler.codes import CODES, PAGES
from xpiler.fault import Fault

SOURCES = [p for p in (ROOT / "src").rglob("*") if p.suffix in (".py", ".cpp", ".h")]
LISTS = re.compile(r'^ +"(XP\d{4})": "', re.MULTILINE)  # an entry of a table of codes, or of advice
INDEX = re.compile(r"^\| \[(XP\d{4})\]\((.+)\) \| (.+) \|$", re.MULTILINE)
FENCE = re.compile(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages whose example takes seconds: it is built and run.
RUNS = re.compile(r"^\$ .*\bxpiler (?:run|check|translate)\b|\bbuild\(", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """What a page shows: files, then a command or a piece of Python, and what it says."""

    files: dict[str, str]
    command: str
    python: str
    says: str


def example(text: str) -> Example:
    files: dict[str, str] = {}
    command = python = says = ""
    for kind, name, body in FENCE.findall(text):
        if name:
            files[name] = body
        elif kind == "console":
            command, _, says = body.removeprefix("$ ").partition("\n")
        elif kind == "python":
            python = body
        elif kind == "text":
            says = body
    return Example(files, command, python, says)


def raised() -> dict[str, list[Path]]:
    """Every code and the files that raise it; the tables of codes do not count."""
    found: dict[str, list[Path]] = {}
    for p in SOURCES:
        text = p.read_text()
        for code in set(re.findall(r'"(XP\d{4})"', LISTS.sub("", text))):
            found.setdefault(code, []).append(p)
    return found


def pages() -> list[str]:
    return sorted(p.name.removesuffix(".md") for p in PAGES.iterdir() if p.name.endswith(".md"))


def marked() -> list[object]:
    """Every page's code, those whose example is built and run marked as slow."""
    quick = {c for c in pages() if c.startswith("XP1") or not RUNS.search(_text(c))}
    return [pytest.param(c, marks=() if c in quick else pytest.mark.slow) for c in pages()]


def _text(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def test_every_code_that_is_raised_has_a_page_and_an_entry() -> None:
    used = raised()
    assert len(used) > 60
    assert sorted(used) == sorted(pages())
    assert sorted(used) == sorted(CODES)


def test_the_titles_of_pages_entries_and_index_agree() -> None:
    index = {code: (link, title) for code, link, title in INDEX.findall((ROOT / "docs" / "errors.md").read_text())}
    assert sorted(index) == sorted(CODES)
    for code, meaning in CODES.items():
        first = _text(code).partition("\n")[0]
        assert first == f"# {code}: {meaning}"
        assert index[code] == (f"errors/{code}.md", meaning)
        assert (ROOT / "docs" / "errors" / f"{code}.md").read_text().startswith(first)


@pytest.mark.parametrize("code", pages())
def test_a_page_says_what_it_means_and_how_to_mend_it(code: str) -> None:
    text = _text(code)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["An example", "What to do"]
    shown = example(text)
    assert bool(shown.command) != bool(shown.python)
    assert f"[{code}]" in shown.says or shown.python
    assert "because  " in shown.says, "a message says why"


@pytest.mark.parametrize("code", marked())
def test_the_example_says_what_the_page_shows(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = example(_text(code))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name, text in shown.files.items():
        (tmp_path / name).write_text(text)
    said = _spoken(shown, capsys)
    assert shown.says and code in said
    assert any(_plain(_indented(shown.says, by)) in _plain(said) for by in ("", "     ")), said


def _spoken(shown: Example, capsys: pytest.CaptureFixture[str]) -> str:
    if shown.python:
        try:
            exec(compile(shown.python, "example.py", "exec"), {})
        except Fault as fault:
            return f"{fault}\n"
        return capsys.readouterr().out
    words = shlex.split(shown.command)
    if "=" in words[0]:
        name, value = words[0].split("=")
        return _elsewhere(words[2:], {name: value})
    with pytest.raises(SystemExit) as left:
        cli.main(words[1:])
    assert left.value.code in (1, 2)
    said = capsys.readouterr()
    return said.out + said.err


def _elsewhere(arguments: list[str], environment: dict[str, str]) -> str:
    """What a process with another environment says."""
    done = subprocess.run(
        [sys.executable, "-m", "xpiler", *arguments], env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )
    return done.stdout + done.stderr


def _plain(text: str) -> str:
    """Addresses differ between machines."""
    return re.sub(r"0x[0-9a-f]{9,}", "0x...", text)


def _indented(text: str, by: str) -> str:
    return "".join(by + line for line in text.splitlines(keepends=True))
