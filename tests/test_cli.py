"""The command line as a person and as a script use it; the ways in and out in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import ENVIRONMENT, Call, apart, within, write
from tests.conftest import ROOT
from tests.test_bad_input import GOOD

@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return within(tmp_path, monkeypatch, capfd)


@pytest.fixture
def process(tmp_path: Path) -> Call:
    return apart(tmp_path)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--help"], ["translate", "check", "run", "platforms", "explain", "--to bang"]),
        (["translate", "--help"], ["--let", "--grid", "--keep", "-o softmax.mlu"]),
        (["run", "--help"], ["--tasks", "--seed"]),
        (["bench", "corpus", "--help"], ["--layout", "--limit"]),
    ],
)
def test_help_teaches(call: Call, args: list[str], words: list[str]) -> None:
    said = call(*args)
    assert said.status == 0
    assert [w for w in words if w not in said.out] == []


def test_run_reports_what_numpy_computes(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("a[i] * 2.0f", "(float)(i % 7) - 2.5f"))
    said = call("run", "k.cu", "--let", "n=1001", "--json")
    assert said.status == 0, said.err
    result = json.loads(said.out)
    (output,) = result["outputs"]
    expected = np.arange(1001) % 7 - 2.5
    assert result["status"] == "ok" and result["scalars"] == {"n": 1001} and result["findings"] == []
    assert (output["name"], output["elements"], output["nans"], output["untouched"]) == ("c", 1001, 0, 0)
    assert output["mean"] == pytest.approx(expected.mean(), rel=1e-6)
    assert (output["least"], output["most"]) == (-2.5, 3.5)


def test_run_prints_a_table(process: Call, tmp_path: Path) -> None:
    said = process("run", write(tmp_path, GOOD))
    assert said.status == 0 and "checksum" in said.out and "c f32" in said.out
    assert "n=" in said.err


def test_equal_seeds_repeat_and_others_do_not(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    once, again, other = (call("run", "k.cu", "--seed", seed).out for seed in ("1", "1", "2"))
    assert once == again != other


def test_check_accepts_a_sane_file(call: Call, tmp_path: Path) -> None:
    said = call("check", write(tmp_path, GOOD))
    assert said.status == 0 and "sane when watched" in said.out and "n=" in said.out


def test_check_tells_two_files_apart(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD.replace("a[i] * 2.0f", "a[i] + a[i]"), "same.cu")
    write(tmp_path, GOOD.replace("i < n", "i < n - 1"), "other.cu")
    assert call("check", "k.cu", "same.cu").status == 0
    said = call("check", "k.cu", "other.cu", "--json")
    assert said.status == 1
    rungs = {e["rung"]: e for e in json.loads(said.out)["evidence"]}
    assert rungs["equal on tests"]["verdict"] == "refuted"
    assert rungs["equal on tests"]["witness"]["buffer"] == "c"


@pytest.mark.slow
def test_translate_writes_a_confirmed_file_that_computes_the_same(process: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    said = process("translate", "k.cu", "--to", "c", "-o", "k.c")
    assert said.status == 0, said.err
    assert "equal on tests" in said.err and said.out == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["k.c", "k.cu"]
    assert process("check", "k.cu", "k.c").status == 0


@pytest.mark.slow
def test_translate_prints_the_text_alone(call: Call, tmp_path: Path) -> None:
    said = call("translate", write(tmp_path, GOOD), "--to", "hip")
    assert said.status == 0, said.err
    assert "hipMalloc" in said.out and "equal on tests" not in said.out


@pytest.mark.slow
def test_translate_as_json(call: Call, tmp_path: Path) -> None:
    said = call("translate", write(tmp_path, GOOD), "--to", "c", "--json", "--let", "n=300")
    result = json.loads(said.out)
    assert result["confirmed"] is True and result["to"] == "c" and "entry" in result["text"]
    assert all("300" in e["scope"] for e in result["evidence"] if e["rung"] == "equal on tests")


def test_platforms_are_listed(call: Call) -> None:
    said = call("platforms")
    assert said.status == 0 and all(w in said.out for w in ("cuda", "bang", ".mlu", "nram"))


def test_a_code_is_explained(call: Call) -> None:
    assert "sizes" in call("explain", "XP2010").out
    said = call("explain", "XP9999")
    assert said.status == 2 and "XP9999" in said.err


def test_passes_are_listed(call: Call) -> None:
    said = call("pass", "list")
    assert said.status == 0 and "detensorize [--name STR]" in said.out
    assert "s[t] = x[t]" in said.out and "->" in said.out, "with their pictures"
    pages = json.loads(call("pass", "list", "--json").out)
    assert {"recover", "contract", "tensorize", "bind"} <= {p["name"] for p in pages}
    assert all(p["steps"] and p["text"] for p in pages)


@pytest.mark.slow
def test_a_translation_says_how_it_was_made_and_what_was_changed(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("a[i] * 2.0f", "(float)((double)a[i] * 0.1)"))
    said = call("translate", "k.cu", "--to", "bang", "-o", "k.mlu", "--let", "n=300", "--trace")
    assert "tensorize(" in said.err and "tried matrix unit: not a sum of products" in " ".join(said.err.split())
    assert said.status == 0, said.err
    assert "road: " in said.err and "recover" in said.err
    assert "note: " in said.err and "no double" in said.err
    plain = call("translate", "k.cu", "--to", "c", "--let", "n=300")
    assert plain.status == 0 and "note: " not in plain.err


@pytest.mark.slow
def test_an_option_that_host_code_overrules_is_said(call: Call) -> None:
    said = call("run", str(ROOT / "examples" / "add.mlu"), "--tasks", "16", "--let", "n=100")
    assert said.status == 0 and "--tasks not used" in said.err and "`add`" in said.err
    assert "--tasks" not in call("run", str(ROOT / "examples" / "add.mlu"), "--let", "n=100").err


@pytest.mark.slow
def test_kernels_alone_are_run_and_translated_with_the_geometry_given(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD[: GOOD.index("extern")].replace("256", "blockDim.x"))
    geometry = ("--grid", "32", "--block", "256", "--let", "n=8000")
    assert "[XP1006]" in call("run", "k.cu", "--let", "n=8000").err
    assert call("run", "k.cu", *geometry).status == 0
    said = call("translate", "k.cu", "--to", "bang", *geometry, "-o", "k.mlu")
    assert said.status == 0, said.err
    assert "n=8000" in said.err and "__bang_" in (tmp_path / "k.mlu").read_text()
    assert call("check", "k.mlu", "--let", "n=8000").status == 0


def test_a_fault_is_json_too(process: Call) -> None:
    said = process("run", "absent.cu", "--json")
    assert said.status == 2 and json.loads(said.out)["error"]["code"] == "XP1020"


def children(process: int) -> list[int]:
    try:
        return [int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:  # it has ended
        return []


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    slow = GOOD.replace("if (i < n)", "volatile int on = 1; while (on) {} if (i < n)")
    write(tmp_path, slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "xpiler", "translate", "k.cu", "--to", "hip", "-o", "k.hip"], cwd=tmp_path,
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )
    give_up = time.monotonic() + 60.0
    # Until it builds or runs something, rather than only starts itself under its watching process.
    while not any(map(children, children(process.pid))) and time.monotonic() < give_up:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the compilers it started are told too
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["k.cu"]


@pytest.mark.slow
def test_a_suite_is_counted(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "suite" / "cuda_code_test"
    folder.mkdir(parents=True)
    sized = GOOD.replace("int n", "int size").replace("n * sizeof", "size * sizeof").replace("(n + 255)", "(size + 255)")
    sized = sized.replace("i < n", "i < size").replace("d_c, n)", "d_c, size)")
    (folder / "twice_6_50.cu").write_text(sized)
    (folder / "broken_6_50.cu").write_text(sized.replace("if (i < size) ", ""))
    (folder / "empty_1.cu").write_text("")
    said = call("bench", "corpus", "suite", "--from", "cuda", "--to", "c", "--json")
    assert said.status == 0, said.err
    outcomes = {r["operator"]: r["outcome"] for r in json.loads(said.out)}
    assert outcomes == {"twice": "confirmed", "broken": "source defective", "empty": "XP1001"}


@pytest.mark.slow
def test_a_pass_is_applied_by_hand(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    said = call("pass", "apply", "split", "k.cu", "--loop", "i", "--factor", "8")
    assert said.status == 0 and "i_i < 8" in said.out
    assert "it takes --loop STR --factor INT" in call("pass", "apply", "split", "k.cu", "--loop", "i").err
    assert "no pass `blend`" in call("pass", "apply", "blend", "k.cu").err
    refused = call("pass", "apply", "split", "k.cu", "--loop", "q", "--factor", "8")
    assert refused.status == 2 and "has no loop `q`; its loops are" in refused.err


@pytest.mark.slow
def test_a_result_is_kept_and_reported(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    done = call("translate", "k.cu", "--to", "c", "-o", "k.c", "--let", "n=100", "--evidence", "tests", "--report", "r.json")
    assert done.status == 0
    shown = call("report", "r.json")
    assert shown.status == 0 and "confirmed" in shown.out
    for part in ("equal on tests", "every element agrees", "Not tried: "):
        assert part in shown.out
    assert call("report", "r.json", "--html", "r.html").status == 0
    page = (tmp_path / "r.html").read_text()
    assert "equal on tests" in page and page.lstrip().lower().startswith("<!doctype html>")
    (tmp_path / "other.json").write_text("[1, 2")
    refused = call("report", "other.json")
    assert refused.status == 2 and "XP3021" in refused.err


def test_levels_of_evidence_are_named(call: Call, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    refused = call("check", "k.cu", "k.cu", "--evidence", "all")
    assert refused.status == 2 and "tests, usual, full" in refused.err
