"""Checking suites made here: what each kind of file comes out as, and that nothing that is done is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.bench import checked, layouts
from xpiler.bench.checked import (
    CORRECT, DEFECTIVE, INVALID, TOO_LARGE, UNDECIDED, UNREAD, Checked, check, judged, kinds, rows,
)
from xpiler.bench.inclusion import inlined
from xpiler.bench.case import Case
from xpiler.bench.layouts import hipcpu, polybench, qimeng
from xpiler.bench.progress import CHECKED, earlier, go_through
from xpiler.fault import Fault
from xpiler.verify.runs.observe import Effort

C, HIP = platforms.get("c"), platforms.get("hip")
RELU = 'extern "C" void relu(float *input, float *output) {{ for (int i = 0; i < {}; ++i) output[i] = {}; }}'
SELF = """#include "../external/catch2/catch.hpp"
#include "own.h"
__global__ void twice(int* a) {{ a[threadIdx.x] *= 2; }}
TEST_CASE("twice", "[device]") {{
  const auto n = GENERATE(3, 5);
  int a[8] = {{1, 2, 3, 4, 5}}, *d;
  SECTION("in place") {{
    REQUIRE(hipMalloc((void**)&d, sizeof(a)) == OK);
    REQUIRE(hipMemcpy(d, a, sizeof(a), hipMemcpyHostToDevice) == OK);
    hipLaunchKernelGGL(twice, dim3(1), dim3(n), 0, 0, d);
    REQUIRE(hipMemcpy(a, d, sizeof(a), hipMemcpyDeviceToHost) == OK);
    REQUIRE(a[n - 1] == {} * n);
  }}
  SECTION("not at all") {{ REQUIRE(a[1] == 2); }}
}}
TEMPLATE_TEST_CASE("types", "[host]", int, (std::pair<float, int>)) {{ REQUIRE(sizeof(TestType) >= 4); }}
"""


def effort() -> Effort:
    return Effort(seeds=1, double=False, limits=checked.limits(20.0))


@pytest.mark.slow
def test_a_suite_is_sorted_into_right_wrong_and_invalid(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "cpp_code_test"
    folder.mkdir()
    (folder / "relu_4_8.cpp").write_text(RELU.format(32, "input[i] > 0 ? input[i] : 0"))
    (folder / "relu_4_9.cpp").write_text(RELU.format(36, "input[i]"))
    (folder / "relu_5_8.cpp").write_text(RELU.format(41, "input[i] > 0 ? input[i] : 0"))
    (folder / "relu_6_8.cpp").write_text(RELU.format(48, "inptu[i]"))
    (folder / "relu_7_8.cpp").write_text("")
    found = {c.name: check(c, C, effort(), cache) for c in qimeng(tmp_path, C, "*", 0)}
    assert found["relu_4_8"].outcome == CORRECT and found["relu_4_8"].read_ms > 0 and found["relu_4_8"].run_s > 0
    assert found["relu_4_9"].outcome == DEFECTIVE and found["relu_4_9"].kind.startswith("wrong result")
    assert found["relu_5_8"].outcome == DEFECTIVE and found["relu_5_8"].kind in ("XP2101", "XP2104")
    assert found["relu_6_8"].outcome == INVALID  # a compiler refuses it too
    assert found["relu_7_8"].outcome == UNREAD  # it is empty
    table = rows(found.values())
    assert table[-1][:6] == ("all", "5", "1", "2", "1", "1")
    assert sum(int(k[2]) for k in kinds(found.values())) == 4


ROWS = """extern "C" void gemv(const float *A, const float *x, float *y{param}) {{
  {constant}
  for (int i = 0; i < m; ++i) {{
    float sum = 0.0f;
    for (int j = 0; j < 64; ++j) sum += A[i * 64 + j] * x[j];
    y[i] = sum;
  }}
}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("param", "constant", "at"), [(", int m", "", "at m=4"), ("", "const int m = 4096;", "")])
def test_smaller_sizes_are_tried_where_the_file_takes_them_from_its_caller(
    param: str, constant: str, at: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cpp_code_test"
    folder.mkdir()
    (folder / "gemv_4096_64.cpp").write_text(ROWS.format(param=param, constant=constant))
    monkeypatch.setitem(layouts.QIMENG_LESS, "gemv", {"m": 4})
    # its own sizes are too large: nothing is known of a file that cannot be made smaller
    monkeypatch.setattr(checked, "most_bytes", lambda platform, limits: 100_000)
    (found,) = (check(c, C, effort(), cache) for c in qimeng(tmp_path, C, "*", 0))
    assert (found.outcome, found.note) == ((CORRECT, at) if at else (TOO_LARGE, ""))


BYTES = """#include <immintrin.h>
extern "C" void gemv(const int8_t *A, const int8_t *x, int *y) {{
  {kind} a[64];
  int8_t b[64];
  int32_t parts[16];
  for (int i = 0; i < 1024; ++i) {{
    int sum = 0;
    for (int j = 0; j < 64; ++j) {{ a[j] = A[i * 64 + j]; b[j] = x[j]; }}
    __m512i acc = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(a), _mm512_loadu_si512(b));
    _mm512_storeu_si512(parts, acc);
    for (int j = 0; j < 16; ++j) sum += parts[j];
    y[i] = sum;
  }}
}}
"""


@pytest.mark.parametrize(("kind", "outcome"), [("int8_t", DEFECTIVE), ("uint8_t", TOO_LARGE)])
def test_what_cannot_be_run_is_judged_by_its_text(
    kind: str, outcome: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dlboost_code_test"
    folder.mkdir()
    (folder / "gemv_1024_64.cpp").write_text(BYTES.format(kind=kind))
    monkeypatch.setattr(checked, "most_bytes", lambda platform, limits: 1000)
    (found,) = (check(c, platforms.get("vnni"), effort(), cache) for c in qimeng(tmp_path, platforms.get("vnni"), "*", 0))
    assert found.outcome == outcome and (outcome == TOO_LARGE or found.kind == "XP2144" and "MiB" in found.note)


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "outcome"), [("2", CORRECT), ("3", DEFECTIVE)])
def test_a_file_that_checks_itself_is_run_as_it_is(factor: str, outcome: str, tmp_path: Path, cache: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "hip_device_twice.cpp").write_text(SELF.format(factor))
    (tests / "own.h").write_text("#define OK hipSuccess\n")
    (case,) = hipcpu(tmp_path, HIP, "*", 0)
    result = check(case, HIP, effort(), cache)
    assert result.outcome == outcome, result.why
    if outcome == DEFECTIVE:
        assert result.kind == "its own check fails" and "1 of 3 test cases failed" in result.why


def test_polybench_takes_the_smallest_data_and_its_own_headers(tmp_path: Path) -> None:
    folder = tmp_path / "CUDA" / "stencils" / "jacobi"
    folder.mkdir(parents=True)
    (tmp_path / "CUDA" / "utilities").mkdir()
    (tmp_path / "CUDA" / "utilities" / "polybench.h").write_text("int from_utilities;\n")
    (folder / "jacobi.cuh").write_text("int from_folder;\n")
    (folder / "jacobi.cu").write_text('#include "jacobi.cuh"\n#include <polybench.h>\n#include <stdio.h>\n')
    (case,) = polybench(tmp_path, platforms.get("cuda"), "*", 0)
    assert case.operator == "jacobi" and case.text.startswith("#define MINI_DATASET\n")
    assert "from_utilities" in case.text and "from_folder" in case.text and "#include <stdio.h>" in case.text


def test_includes_leave_the_suite_alone(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.h").write_text("secret")
    (inside / "loop.h").write_text('#include "loop.h"\nend')
    assert "secret\n" not in inlined('#include "../secret.h"\n', (inside,), {}) + "\n"
    assert inlined('#include "loop.h"', (inside,), {}).count("end") < 20


def case(name: str) -> Case:
    return Case(Path(f"{name}.cpp"), "relu")


def test_one_bad_file_does_not_stop_the_others_and_what_is_done_is_not_repeated(tmp_path: Path) -> None:
    out, seen = tmp_path / "out.json", list[str]()

    def act(c: Case) -> Checked:
        seen.append(c.name)
        if c.name == "b":
            raise ZeroDivisionError("oh")
        return Checked(c.name, c.operator, CORRECT)

    results = go_through([case("a"), case("b")], act, 1, out, print, CHECKED, together=True)
    assert [r.outcome for r in results] == [CORRECT, "broken"] and "oh" in results[1].why
    again = go_through([case("a"), case("b"), case("c")], act, 1, out, print, CHECKED, together=True)
    assert [r.name for r in again] == ["a", "b", "c"] and seen == ["a", "b", "c"]
    assert [i["name"] for i in json.loads(out.read_text())] == ["a", "b", "c"]


def test_what_was_left_open_is_tried_again_when_asked(tmp_path: Path) -> None:
    out, seen = tmp_path / "out.json", list[str]()
    first = {"a": CORRECT, "b": TOO_LARGE, "c": DEFECTIVE, "d": UNDECIDED}
    go_through([case(n) for n in first], lambda c: Checked(c.name, c.operator, first[c.name]), 1, out, print, CHECKED, together=True)

    def act(c: Case) -> Checked:
        seen.append(c.name)
        return Checked(c.name, c.operator, CORRECT)

    results = go_through([case(n) for n in first], act, 1, out, print, CHECKED, again=True, together=True)
    assert seen == ["b", "d"]
    assert [r.outcome for r in results] == [CORRECT, CORRECT, DEFECTIVE, CORRECT]


def test_an_interrupt_keeps_what_is_done(tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    def act(c: Case) -> Checked:
        return Checked(c.name, c.operator, CORRECT)

    def interrupted(line: str) -> None:
        if line.startswith("2 of"):
            raise SystemExit(130)

    with pytest.raises(SystemExit):
        go_through([case(n) for n in "abcd"], act, 1, out, interrupted, CHECKED, together=True)
    assert {"a", "b"} <= set(earlier(out, CHECKED)) and not list(tmp_path.glob("*.part"))


def test_a_file_that_holds_no_results_is_a_fault(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("{")
    with pytest.raises(Fault) as caught:
        earlier(out, CHECKED)
    assert caught.value.code == "XP3020"


def test_no_evidence_of_a_defect_is_not_a_defect() -> None:
    assert judged(Checked("a", "b", ""), ()).outcome == CORRECT
