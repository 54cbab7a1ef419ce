"""Every mistake a user can make ends with a number, a place, a reason, exit status 2, and nothing half-done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import Call, apart, within, write

GOOD = """\
__global__ void twice(float *a, float *c, int n) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i < n) c[i] = a[i] * 2.0f;
}
extern "C" void entry(float *a, float *c, int n) {
  float *d_a, *d_c;
  cudaMalloc(&d_a, n * sizeof(float));
  cudaMalloc(&d_c, n * sizeof(float));
  cudaMemcpy(d_a, a, n * sizeof(float), cudaMemcpyHostToDevice);
  twice<<<(n + 255) / 256, 256>>>(d_a, d_c, n);
  cudaMemcpy(c, d_c, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_a);
  cudaFree(d_c);
}
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return within(tmp_path, monkeypatch, capfd)


@pytest.fixture
def process(tmp_path: Path) -> Call:
    return apart(tmp_path)


def test_an_empty_file(call: Call, tmp_path: Path) -> None:
    said = call("run", write(tmp_path, ""))
    assert said.status == 2 and "[XP1001]" in said.err and "k.cu" in said.err


def test_a_file_with_no_kernel(call: Call, tmp_path: Path) -> None:
    said = call("translate", write(tmp_path, "int three() { return 3; }\n"), "--to", "hip")
    assert said.status == 2 and "[XP1002]" in said.err and "k.cu" in said.err


def test_a_syntax_error(process: Call, tmp_path: Path) -> None:
    said = process("translate", write(tmp_path, GOOD.replace("a[i] * 2.0f;", "a[i] * ;")), "--to", "hip")
    assert said.status == 2 and "[XP1003]" in said.err and "k.cu:3:" in said.err
    assert "if (i < n) c[i] = a[i] * ;" in said.err and "^" in said.err


def test_an_unknown_intrinsic(call: Call, tmp_path: Path) -> None:
    said = call("translate", write(tmp_path, GOOD.replace("a[i] * 2.0f", "__mystery(a[i])")), "--to", "hip")
    assert said.status == 2 and "[XP1004]" in said.err and "k.cu:3:" in said.err and "__mystery" in said.err


def test_an_unknown_platform(call: Call, tmp_path: Path) -> None:
    said = call("translate", write(tmp_path, GOOD), "--to", "metal")
    assert said.status == 2 and "[XP3001]" in said.err and "metal" in said.err and "cuda" in said.err


def test_an_unknown_suffix(call: Call, tmp_path: Path) -> None:
    said = call("run", write(tmp_path, GOOD, "k.txt"))
    assert said.status == 2 and "[XP3001]" in said.err and ".txt" in said.err and "--from" in said.err


def test_no_compiler_on_the_path(process: Call, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    said = process("run", write(tmp_path, GOOD), PATH=str(tmp_path / "bin"), XPILER_CACHE=str(tmp_path / "cold"))
    assert said.status == 2 and "[XP4001]" in said.err and "g++" in said.err and "try" in said.err


def test_a_file_that_is_not_there(call: Call) -> None:
    said = call("run", "absent.cu")
    assert said.status == 2 and "[XP1020]" in said.err and "absent.cu" in said.err and "No such file" in said.err


def test_a_file_that_is_not_text(process: Call, tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_bytes(b"\xff\xfe\x00\x80")
    said = process("run", "k.cu")
    assert said.status == 2 and "[XP1020]" in said.err and "UTF-8" in said.err


@pytest.mark.parametrize("out", ["no/such/folder/k.hip", "folder"])
def test_an_output_that_cannot_be_written(call: Call, tmp_path: Path, out: str) -> None:
    (tmp_path / "folder").mkdir()
    said = call("translate", write(tmp_path, GOOD), "--to", "hip", "-o", out)
    assert said.status == 2 and "[XP3010]" in said.err and out in said.err
    assert not (tmp_path / "no").exists()


def test_a_value_that_is_no_number(call: Call, tmp_path: Path) -> None:
    said = call("run", write(tmp_path, GOOD), "--let", "n=many")
    assert said.status == 2 and "[XP3004]" in said.err and "n=many" in said.err


def test_a_value_for_nothing(call: Call, tmp_path: Path) -> None:
    said = call("check", write(tmp_path, GOOD), "--let", "size=10")
    assert said.status == 2 and "[XP3004]" in said.err and "`size`" in said.err and "a, c, n" in said.err


def test_an_unknown_option(call: Call, tmp_path: Path) -> None:
    said = call("run", write(tmp_path, GOOD), "--frobnicate")
    assert said.status == 2 and "--frobnicate" in said.err


def test_a_kernel_that_never_ends(call: Call, tmp_path: Path) -> None:
    endless = GOOD.replace("if (i < n)", "volatile int on = 1; while (on) {} if (i < n)")
    said = call("run", write(tmp_path, endless), "--timeout", "0.5", "--let", "n=100")
    assert said.status == 2 and "[XP2020]" in said.err and "k.cu" in said.err and "0.5 s" in said.err


def test_a_kernel_that_writes_out_of_bounds(call: Call, tmp_path: Path) -> None:
    said = call("run", write(tmp_path, GOOD.replace("if (i < n) ", "")), "--let", "n=100")
    assert said.status == 2 and "k.cu:3" in said.err and "[XP21" in said.err
    assert said.out == ""


def test_nothing_is_written_when_the_source_is_defective(call: Call, tmp_path: Path) -> None:
    bad = write(tmp_path, GOOD.replace("if (i < n) ", ""))
    before = sorted(p.name for p in tmp_path.iterdir())
    said = call("translate", bad, "--to", "hip", "-o", "k.hip", "--let", "n=100")
    assert said.status == 1 and "k.cu:3" in said.err
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_sizes_nobody_can_guess_are_asked_for_by_name(call: Call, tmp_path: Path) -> None:
    picky = GOOD.replace("c[i] = a[i] * 2.0f", "c[n == 31337 ? i : 2 * n] = a[i]")
    said = call("translate", write(tmp_path, picky), "--to", "hip")
    assert said.status == 2 and "[XP2010]" in said.err and "--let n=" in said.err


SEVERAL = """\
__global__ void first(float *x) {
  x[0] = wrong;
}
__global__ void second(float *x) {
  x[1] = 2.0f
}
"""


def test_all_mistakes_of_a_file_are_told_at_once(call: Call, tmp_path: Path) -> None:
    said = call("run", write(tmp_path, SEVERAL), "--grid", "1", "--block", "1")
    assert said.status == 2 and said.out == ""
    assert [line.split(": ")[0] for line in said.err.splitlines() if line.startswith("k.cu")] == ["k.cu:2:10", "k.cu:5:14"]
    assert said.err.count("^") == said.err.count("because") == said.err.count("  try ") == 2


def test_they_are_a_list_in_json(call: Call, tmp_path: Path) -> None:
    told = json.loads(call("run", write(tmp_path, SEVERAL), "--json").out)
    assert [(e["code"], e["line"], e["column"]) for e in told["errors"]] == [("XP1004", 2, 10), ("XP1003", 5, 14)]
    assert told["error"] == told["errors"][0] and "insert `;`" in told["errors"][1]["try_"]


def test_a_finding_shows_its_line_and_is_an_object_in_json(call: Call, tmp_path: Path) -> None:
    bad = write(tmp_path, GOOD.replace("if (i < n) ", ""))
    lines = call("run", bad, "--let", "n=100").err.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("k.cu:3:10: "))
    assert lines[at + 1].index("a[i]") == lines[at + 2].index("^")
    assert lines[at + 3].startswith("  because  ") and lines[at + 4].startswith("  try      ")
    (found,) = json.loads(call("run", bad, "--let", "n=100", "--json").out)["findings"]
    parts = {k: found[k] for k in ("code", "line", "column", "buffer", "index", "source_line")}
    assert parts == {
        "code": "XP2101", "line": 3, "column": 10, "buffer": "a", "index": 112, "source_line": "  c[i] = a[i] * 2.0f;",
    }


def test_explain_prints_a_page(call: Call) -> None:
    said = call("explain", "xp2101")
    assert said.status == 0 and said.out.startswith("# XP2101: ") and "## An example" in said.out
    assert json.loads(call("explain", "XP2101", "--json").out)["page"] == said.out
