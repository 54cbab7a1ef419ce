"""The pages agree with the program: every code has a row, every example command names real things."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from xpiler.codes import CODES

SOURCES = [p for p in (ROOT / "src").rglob("*") if p.suffix in (".py", ".cpp", ".h")]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(r"^\| (XP\d{4}) \| (.+) \|$", re.MULTILINE)


def documented() -> dict[str, str]:
    rows = ROW.findall((ROOT / "docs" / "errors.md").read_text())
    assert len(dict(rows)) == len(rows), "a code has two rows"
    return dict(rows)


def test_every_code_in_the_source_has_a_row() -> None:
    used = {c for p in SOURCES for c in re.findall(r'"(XP\d{4})"', p.read_text())}
    assert len(used) > 20
    assert used == set(documented())


def test_explain_says_what_the_page_says() -> None:
    page = documented()
    assert set(CODES) <= set(page)
    for code, meaning in CODES.items():
        assert page[code].startswith(meaning), code


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_and_files_exist(page: object) -> None:
    path = ROOT / str(page)
    text = path.read_text()
    links = [m for m in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in m]
    missing = [m for m in links if not (path.parent / m).exists()]
    missing += [m for m in re.findall(r"examples/[\w.]+\.\w+", text) if not (ROOT / m).exists()]
    assert missing == []
