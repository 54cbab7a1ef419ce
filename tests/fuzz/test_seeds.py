"""What the fuzzer found stays fixed: each text ends in a program or in a Fault, in time, and tells nothing of other files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import ROOT

from xpiler import platforms
from xpiler.to_pivot import sequential
from xpiler.fault import Fault
from xpiler.text.read import read

SEEDS = sorted((Path(__file__).parent / "seeds").iterdir())
HEAD, TAIL = "void k(float* a, int n) { ", " }"


@pytest.mark.parametrize("seed", SEEDS, ids=lambda p: p.stem)
def test_a_seed_is_read_or_refused(seed: Path) -> None:
    platform = platforms.of_file(seed)
    assert platform is not None
    began = time.process_time()
    try:
        sequential(read(seed.read_text(), platform, seed.name), platform)
    except Fault as fault:
        assert fault.code.startswith(("XP1", "XP3"))
    assert time.process_time() - began < 60


DEEP = {
    "brackets": ("a[0] = " + "(" * 400 + "1" + ")" * 400 + ";", "XP1003"),
    "branches": ("if (n) " * 700 + "a[0] = 1;", "XP1021"),
    "loops": ("for (;;) " * 700 + "a[0] = 1;", "XP1021"),
    "chains": ("if (n) a[0] = 1; else " * 700 + ";", "XP1021"),
    "signs": ("a[0] = " + "- " * 1500 + "1;", "XP1021"),
    "terms": ("a[0] = n" + " + n" * 1500 + ";", "XP1021"),
    "choices": ("a[0] = " + "n ? 1 : " * 1500 + "1;", "XP1021"),
    "commas": ("a[0] = (n" + ", n" * 1500 + ");", "XP1021"),
}


@pytest.mark.parametrize("kind", DEEP)
def test_a_deep_text_is_refused(kind: str) -> None:
    text, code = DEEP[kind]
    with pytest.raises(Fault) as caught:
        read(HEAD + text + TAIL, platforms.get("c"), "deep.c")
    assert caught.value.code == code and caught.value.where.file == "deep.c"


def test_a_text_that_crashes_the_parser_is_refused(tmp_path: Path) -> None:
    """libclang overflows its stack: nothing that Python could catch."""
    (tmp_path / "crash.c").write_text(HEAD + "a[0] = " + "- " * 200_000 + "1;" + TAIL)
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(tmp_path / "tmp"), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "xpiler", "run", "crash.c", "--json"], cwd=tmp_path, env=environment, timeout=120,
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 2 and "[XP1021]" in done.stderr and "Traceback" not in done.stderr
    assert '"XP1021"' in done.stdout and list((tmp_path / "tmp").iterdir()) == []
