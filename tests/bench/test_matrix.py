"""The matrix: which translations are asked for, and how what became of them is counted."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT

from xpiler.bench import matrix
from xpiler.bench.idioms import Idioms
from xpiler.bench.matrix import Translated
from xpiler.fault import Fault
from xpiler.verify.verdict import COMPILES, EQUAL, READS, Evidence, Proved, Refuted, Unknown, Witness

BENCHMARKS = ROOT / "benchmarks"


def test_directions() -> None:
    assert len(matrix.directions(())) == 12
    assert matrix.directions(["cuda:*"]) == (("cuda", "hip"), ("cuda", "bang"), ("cuda", "vnni"))
    assert matrix.directions(["cuda:bang", "*:bang"]) == (("cuda", "bang"), ("hip", "bang"), ("vnni", "bang"))
    assert matrix.directions(["cuda:c"]) == (("cuda", "c"),)
    for bad in ("cuda", "cuda:rocm"):
        with pytest.raises(Fault):
            matrix.directions([bad])


def test_what_is_chosen() -> None:
    every = matrix.chosen(BENCHMARKS, matrix.directions(()))
    assert len(every) == 2016 and len({i.name for i in every}) == 2016
    sample = matrix.chosen(BENCHMARKS, matrix.directions(()), each=1)
    assert len(sample) == 252
    weeks = [matrix.chosen(BENCHMARKS, matrix.directions(()), each=1, seed=s, targets=1) for s in range(24)]
    assert {len(w) for w in weeks} == {84}
    assert {i.name for w in weeks for i in w} == {i.name for i in every}
    other = matrix.chosen(BENCHMARKS, matrix.directions(["hip:vnni"]), "gemm,relu", each=2, seed=3)
    assert [i.case.operator for i in other] == ["gemm", "gemm", "relu", "relu"]
    assert {i.name for i in other} != {i.name for i in matrix.chosen(
        BENCHMARKS, matrix.directions(["hip:vnni"]), "gemm,relu", each=2)}
    with pytest.raises(Fault, match="no operator `gem`"):
        matrix.chosen(BENCHMARKS, matrix.directions(()), "gem")


def result(outcome: str, compiles: object, seconds: float = 1.0, share: float = 1.0) -> Translated:
    fast = Idioms(100.0, 100.0 * share, 0.0, ("nram",), 10.0, 16.0)
    slow = Idioms(100.0, 0.0, 0.0, (), 50.0, 1.0)
    evidence = (Evidence(READS, Proved("")), Evidence(EQUAL, Proved("")), Evidence(COMPILES, compiles))  # type: ignore[arg-type]
    return Translated(f"cuda -> bang {outcome}{seconds}", "add_64", "add", "cuda", "bang", outcome, "why", seconds, "road",
                      evidence, fast, slow)


def test_what_is_counted() -> None:
    results = [
        result("confirmed", Unknown("no compiler"), 1.0), result("refuted", Refuted(Witness("no")), 3.0, 0.2),
        result("source defective", Proved(""), 99.0), result("confirmed", Proved(""), 2.0),
    ]
    (row,) = matrix.rows(results)
    assert row[:9] == ("cuda", "bang", "3", "66.7", "66.7", "2.0", "3.0", "1", "1")
    assert row[9] == "91.7"  # the published figure of this direction
    (share,) = matrix.shares(results)
    assert share[2:4] == ("80.0", "75.0")
    assert matrix.operators(results)[1] == [("add", "2/3")]
    assert [line.split(":")[0] for line in matrix.misses(results)] == [
        "cuda -> bang refuted3.0", "cuda -> bang source defective99.0"]
    again = [Translated.from_json(r.to_json()) for r in results]
    assert again == results
