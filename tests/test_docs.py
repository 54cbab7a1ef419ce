"""The pages agree with the program: links lead somewhere, example files exist, every option that is named is one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import typer.main

from tests.conftest import ROOT
from xpiler.cli import app

PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "passes").glob("*.md")),
    *sorted((ROOT / "src" / "xpiler" / "errors").glob("*.md")),
]
# A call of the program: after the start of a line, a prompt or a backquote, up to a comment or a pipe.
CALL = re.compile(r"(^|[`$] ?)xpiler ([a-z][^`|#\n]*)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_and_files_exist(page: Path) -> None:
    text = page.read_text()
    links = [m for m in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in m]
    missing = [m for m in links if not (page.parent / m).exists()]
    missing += [m for m in re.findall(r"examples/[\w.]+\.\w+", text) if not (ROOT / m).exists()]
    assert missing == []


@cache
def options() -> dict[str, set[str]]:
    """The options of every command, those of groups as `group command`."""
    found: dict[str, set[str]] = {}

    def add(name: str, command: object) -> None:
        inner = getattr(command, "commands", None)
        if inner:
            for word, each in inner.items():
                add(f"{name} {word}".strip(), each)
        else:
            found[name] = {o for p in command.params for o in p.opts} | {"-h", "--help"}  # type: ignore[attr-defined]

    add("", typer.main.get_command(app))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_and_options_exist(page: Path) -> None:
    known = options()
    for mark, call in CALL.findall(page.read_text()):
        words = call.split()
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
        assert not mark or name is not None or any(k.startswith(words[0] + " ") for k in known), call
        if name is not None and name != "pass apply":  # the parameters of passes are options too
            assert set(OPTION.findall(call)) <= known[name], call


def test_the_statuses_of_the_help_are_those_of_the_page() -> None:
    help_ = " ".join((app.info.help or "").split()).partition("Exit status:")[2]
    page = " ".join((ROOT / "docs" / "errors.md").read_text().split()).partition("exit status is")[2]
    for status in ("0", "1", "2", "130"):
        assert re.search(rf"\b{status} ", help_), status
        assert re.search(rf"\b{status} (?:when|for)", page), status
