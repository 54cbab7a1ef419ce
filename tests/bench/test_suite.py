"""Our own suite: its table, its templates, and what a case is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import ROOT

from xpiler import platforms, to_pivot
from xpiler.bench.case import filled_in
from xpiler.bench.matrix import SUITE
from xpiler.bench.specs import SPECS
from xpiler.bench.suite import missing, operators, suite, templates
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer
from xpiler.text.read import read
from xpiler.verify.evaluate import evaluate
from xpiler.verify.spec.against import sized

BENCHMARKS = ROOT / "benchmarks"


def test_twenty_one_operators_of_eight_shapes() -> None:
    known = operators(BENCHMARKS)
    assert len(known) == 21
    assert all(len({*o.shapes, *o.narrow}) == 8 for o in known.values())


@pytest.mark.parametrize("dialect", SUITE)
def test_every_shape_has_one_source(dialect: str) -> None:
    platform = platforms.get(dialect)
    assert missing(BENCHMARKS, platform) == []
    cases = list(suite(BENCHMARKS, platform, "*", 0))
    assert len(cases) == 168
    for case in cases:
        assert case.text  # every constant of the shape is found, once


@pytest.mark.parametrize("dialect", SUITE)
def test_every_source_reads(dialect: str) -> None:
    platform = platforms.get(dialect)
    for t in templates(BENCHMARKS, platform, operators(BENCHMARKS)):
        assert read(t.text, platform, t.path.name).kernels, t.path.name


@pytest.mark.parametrize("name", [
    "deformable_1_8_512_100_4_4", "deformable_1_8_512_200_4_4", "conv2dnchw_32_64_8_8_128_64_2_2_2_0"])
def test_sizes_that_no_text_states_are_those_of_the_specification(name: str) -> None:
    """Of maps whose places are data, and of planes that are scattered to."""
    vnni = platforms.get("vnni")
    (case,) = suite(BENCHMARKS, vnni, name, 0)
    program = read(case.text, vnni, case.path.name)
    pivot = to_pivot.sequential(program, vnni)[0]
    found = to_pivot.with_extents(pivot, to_pivot.accesses(program)).launcher
    stated = sized(program, SPECS[case.spec], "", {**case.let, **case.letters}, {}).launcher
    assert found is not None and stated is not None
    ours, theirs = ([evaluate(p.extent, {}) for p in x.params if isinstance(p, Buffer) and p.extent]
                    for x in (found, stated))
    assert ours == theirs


def test_what_a_shape_means() -> None:
    known = operators(BENCHMARKS)
    assert known["softmax"].values("5_12_23_128") == {"ROWS": 5 * 12 * 23, "COLS": 128}
    assert known["maxpool"].values("4_35_35_192_5_5_2_2") == {"N": 4, "H": 35, "W": 35, "C": 192, "K": 5, "S": 2}
    assert known["conv2dnchw"].sizes("16_128_8_8_64_128_2_2_3_0") == {
        "n": 16, "c": 128, "h": 8, "w": 8, "o": 64, "kh": 2, "kw": 2, "s": 3}
    assert known["deformable"].sizes("4_8_512_100_4_4")["d"] == 64
    with pytest.raises(Fault, match="has 2 numbers"):
        known["gemm"].numbers("3_4")


def test_constants_are_filled_in() -> None:
    text = "constexpr int M = 32;\n#define N 16\nstatic const int K = 8;  // K\nint x = M * N; // M = 3\n"
    assert filled_in(text, {"M": 5, "N": 7, "K": 9}) == (
        "constexpr int M = 5;\n#define N 7\nstatic const int K = 9;  // K\nint x = M * N; // M = 3\n")
    for bad in ("constexpr int M2 = 32;\n", text + "constexpr int M = 3;\n"):
        with pytest.raises(Fault, match="defines the constant `M`"):
            filled_in(bad, {"M": 5})


def test_a_template_says_which_shapes_it_serves(tmp_path: Path) -> None:
    (tmp_path / "operators.toml").write_text((BENCHMARKS / "operators.toml").read_text())
    (tmp_path / "cuda").mkdir()
    file = tmp_path / "cuda" / "gemv_rows.cu"
    file.write_text("// shapes: 3_16 32_64\nconstexpr int M = 3;\nconstexpr int N = 16;\n")
    cuda = platforms.get("cuda")
    found = list(suite(tmp_path, cuda, "*", 0))
    assert [c.name for c in found] == ["gemv_32_64", "gemv_3_16"]
    assert "M = 32;" in found[0].text and dict(found[0].letters) == {"m": 32, "n": 64}
    assert "gemv_3_512 has no source" in missing(tmp_path, cuda)
    (tmp_path / "cuda" / "gemv_again.cu").write_text(file.read_text())
    assert "gemv_3_16 is served twice" in missing(tmp_path, cuda)
    file.write_text("// shapes: 3_17\n")
    with pytest.raises(Fault, match="has the shape 3_17"):
        list(suite(tmp_path, cuda, "*", 0))
