"""Localisation: texts that tell their values mean what they meant, and the way back ends where the mistake is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from xpiler import cli, located, platforms
from xpiler.emulate.entry import Limits, Seen
from xpiler.locating import Located
from xpiler.mending import Judges
from xpiler.repairing import judges_of
from xpiler.repair.aliases import aliases
from xpiler.repair.divergence import CLOSE, Right, Walk, hashes, partings, within
from xpiler.repair.instrument import Role, instrumented
from xpiler.repair.localise import suspects
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.ladder import Level
from xpiler.verify.runs.inputs import Point
from xpiler.verify.runs.observe import Effort
from xpiler.verify.runs.trial import Trial, machine
from xpiler.verify.signature import signature

SCALE = """void scale(const float *x, float *y) {
    for (int i = 0; i < 64; ++i)
        y[i] = x[i] * 2.0f;
}
"""
DOT_C = """void dot_rows(const float *a, const float *b, float *y) {
    for (int i = 0; i < 64; ++i) {
        float sum = 0.0f;
        for (int k = 0; k < 256; ++k)
            sum += a[i * 256 + k] * b[i * 256 + k];
        y[i] = sum;
    }
}
"""
DOT_CU = """__global__ void dot_kernel(const float *a, const float *b, float *y) {
    __shared__ float part[128];
    int t = threadIdx.x;
    float sum = 0.0f;
    for (int k = t; k < 256; k += 128)
        sum += a[blockIdx.x * 256 + k] * b[blockIdx.x * 256 + k];
    part[t] = sum;
    __syncthreads();
    for (int reach = 64; reach > 0; reach /= 2) {
        if (t < reach)
            part[t] += part[t + reach];
        __syncthreads();
    }
    if (t == 0)
        y[blockIdx.x] = part[0];
}

extern "C" void dot_rows(const float *a, const float *b, float *y) {
    float *d_a, *d_b, *d_y;
    cudaMalloc(&d_a, 64 * 256 * sizeof(float));
    cudaMalloc(&d_b, 64 * 256 * sizeof(float));
    cudaMalloc(&d_y, 64 * sizeof(float));
    cudaMemcpy(d_a, a, 64 * 256 * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_b, b, 64 * 256 * sizeof(float), cudaMemcpyHostToDevice);
    dot_kernel<<<64, 128>>>(d_a, d_b, d_y);
    cudaMemcpy(y, d_y, 64 * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_a);
    cudaFree(d_b);
    cudaFree(d_y);
}
"""
EXAMPLES = ROOT / "examples"


def sites(text: str, name: str) -> Sites:
    platform = platforms.get(name)
    return Sites(text, platform, read(text, platform, "t"), "t")


def ran(text: str, name: str, sizes: dict[str, int], scalars: dict[str, int], told: bool) -> tuple[Trial, str]:
    at = sites(text, name)
    sig = signature(read(text, at.platform, "t"))
    out = instrumented(at).text if told else text
    rng = np.random.default_rng(1)
    given = {a.name: rng.standard_normal(sizes[a.name]).astype(np.float32) for a in sig.arrays}
    made = machine(out, at.platform, sig, file="t")
    return made.run(Point(scalars, sizes), {**given, **scalars}, Limits(seconds=20)), out


@pytest.mark.parametrize("suffix", ["cu", "mlu", "cpp", "hip"])
def test_a_text_that_tells_its_values_means_what_it_meant(suffix: str) -> None:
    text = (EXAMPLES / f"softmax.{suffix}").read_text()
    name = platforms.of_file(Path(f"x.{suffix}")).name
    sizes = {"x": 3 * 256, "y": 3 * 256}
    plain, _ = ran(text, name, sizes, {"rows": 3}, told=False)
    telling, out = ran(text, name, sizes, {"rows": 3}, told=True)
    assert plain.clean and telling.clean and telling.seen and not plain.seen
    assert np.array_equal(plain.outputs["y"], telling.outputs["y"])
    assert out.partition("#line 1 ")[2].count("\n") == text.count("\n") + 1, "lines stay where they were"


def test_what_is_told_is_what_was_computed() -> None:
    at = sites(SCALE, "c")
    watched = instrumented(at).watched
    trial, _ = ran(SCALE, "c", {"x": 64, "y": 64}, {}, told=True)
    x = np.random.default_rng(1).standard_normal(64).astype(np.float32)
    by = {w.spelled: trial.seen[k] for k, w in enumerate(watched)}
    assert np.array_equal(by["x[i]"].values, x.astype(np.float64))
    assert np.array_equal(by["x[i] * 2.0f"].values, 2.0 * x.astype(np.float64)) and by["x[i]"].met == 64


def test_what_a_call_changes_is_told() -> None:
    text = (EXAMPLES / "add.mlu").read_text()
    at = sites(text, "bang")
    calls = [k for k, w in enumerate(instrumented(at).watched) if w.role is Role.CALL and "__bang_add" in w.spelled]
    trial, _ = ran(text, "bang", {"a": 100, "b": 100, "c": 100}, {"n": 100}, told=True)
    assert trial.clean
    assert np.array_equal(trial.seen[calls[0]].values, trial.outputs["c"].astype(np.float64))


def test_of_many_values_two_programs_keep_the_same_ones() -> None:
    """More than are kept: each keeps those whose hash is a multiple of its stride, as Python has the hash."""
    text = "void f(const float *x, float *y) { for (int i = 0; i < 400000; ++i) y[i] = x[i] * 3.0f; }"
    trial, _ = ran(text, "c", {"x": 400000, "y": 400000}, {}, told=True)
    x = np.random.default_rng(1).standard_normal(400000).astype(np.float32).astype(np.float64)
    read_ = next(t for k, t in trial.seen.items() if instrumented(sites(text, "c")).watched[k].spelled == "x[i]")
    assert read_.stride > 1 and read_.met == 400000
    wanted = x[hashes(x) % np.uint64(read_.stride) == 0]
    assert set(read_.values) == set(wanted)
    right = Right([read_], [], CLOSE)
    assert right.wrong(Seen(400000, 1, x)) == 0.0, "what was not kept is no difference"
    assert right.wrong(Seen(400000, 1, x + 1e-3)) > 0.9


def test_near_is_relative_and_nan_is_known_where_the_right_program_has_it() -> None:
    known = np.array([-2.0, 0.0, 1e-6, 3.0])
    assert list(within(known, np.array([3.0 + 1e-10, 3.1, 2e-6, 0.0, -2.0]), 1e-9)) == [True, False, False, True, True]
    nan = np.array([np.nan])
    assert not Right([], [known], CLOSE).has(nan)[0] and Right([], [known, nan], CLOSE).has(nan)[0]


# ---------------------------------------------------------------- where mistakes are


@pytest.fixture(scope="module")
def dots() -> Judges:
    return judges_of(DOT_C, platforms.get("c"), platforms.get("cuda"), effort=Effort(1, 20.0, level=0), level=Level.TESTS)


def softmax(suffix: str) -> Judges:
    source = (EXAMPLES / "softmax.cu").read_text()
    return judges_of(source, platforms.get("cuda"), platforms.of_file(Path(f"x.{suffix}")), let={"rows": 5},
                     effort=Effort(1, 20.0, level=0), level=Level.TESTS)


def broken(text: str, old: str, new: str) -> tuple[str, int]:
    assert text.count(old) == 1
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(("old", "new"), [
    ("a[blockIdx.x * 256 + k] *", "a[blockIdx.x * 128 + k] *"),  # an element of another row
    ("256 + k] * b[", "256 + k] + b["),
    ("part[t] += part[t + reach]", "part[t] -= part[t + reach]"),
])
def test_the_line_that_makes_something_wrong_comes_first(dots: Judges, old: str, new: str) -> None:
    text, line = broken(DOT_CU, old, new)
    found = dots.locate(text)
    assert line in found.lines[:2] and found.partings[0].place.line == found.lines[0]
    assert found.last_writer == (15,), "where the wrong element was written says nothing of it"


def test_an_accumulation_that_ends_early_is_found_at_its_step(dots: Judges) -> None:
    text, line = broken(DOT_CU, "k < 256; k += 128", "k < 255; k += 128")
    found = dots.locate(text)
    order = suspects(sites(text, "cuda"), found.lines)
    assert line in order[:4], (order, found.lines)


def test_what_decides_whether_an_element_is_written_is_looked_at_where_nobody_wrote_it(dots: Judges) -> None:
    text, line = broken(DOT_CU, "<<<64, 128>>>", "<<<63, 128>>>")
    found = dots.locate(text)
    assert found.array == "y" and found.index == 63 and line in found.storing
    assert any("nobody wrote it" in p for p in located.said(found, Path("dot.c"), Path("dot.cu"), text))


def test_a_broken_rule_says_its_line_itself(dots: Judges) -> None:
    text, line = broken(DOT_CU, "if (t == 0)", "if (t >= 0)")
    text, line = broken(DOT_CU, "y[blockIdx.x] = part[0]", "y[blockIdx.x + 1] = part[0]")
    found = dots.locate(text)
    assert found.finding is not None and found.lines == (line,)


def test_in_a_right_text_nothing_is_found(dots: Judges) -> None:
    """Its partial sums are nobody else's, and still nothing is suspect."""
    assert dots.locate(DOT_CU) == Located()


@pytest.mark.parametrize(("suffix", "old", "new"), [
    ("mlu", "__bang_active_exphp(row, row, COLS)", "__bang_active_tanh(row, row, COLS)"),
    ("mlu", "1.0f / reduced[0]", "2.0f / reduced[0]"),
    ("cpp", "expf(in[c] - top)", "expf(2.0f * in[c] - top)"),
    ("cpp", "_mm512_mul_ps(_mm512_loadu_ps", "_mm512_add_ps(_mm512_loadu_ps"),
    ("hip", "expf(", "exp2f("),
])
def test_steps_before_the_last_one_are_found(suffix: str, old: str, new: str) -> None:
    text, line = broken((EXAMPLES / f"softmax.{suffix}").read_text(), old, new)
    found = softmax(suffix).locate(text)
    assert found.lines[0] == line, [(p.place.line, p.place.spelled, p.share) for p in found.partings]


def test_the_value_that_should_have_been_is_told_with_its_place() -> None:
    text, _ = broken((EXAMPLES / "softmax.mlu").read_text(), "__bang_sub_scalar(row, row, top, COLS)",
                     "__bang_sub_scalar(row, row, top, COLS - 4)")
    found = softmax("mlu").locate(text)
    told = "\n".join(located.said(found, Path("softmax.cu"), Path("softmax.mlu"), text))
    assert "occur nowhere in softmax.cu" in told and "^" in told
    part = next(p for p in found.partings if p.expected is not None)
    assert part.like is not None and part.like.spelled in told


# ---------------------------------------------------------------- the way back


def test_another_way_to_the_same_is_not_suspect_where_it_ends_right() -> None:
    """`scale` has values that the right program has not, but what is made of it is right; `top` is wrong."""
    text = ("void f(const float *x, float *y, float *z) { for (int i = 0; i < 4; ++i) { float scale = x[i] / 3.0f;\n"
            "y[i] = scale * 6.0f;\nfloat top = x[i] + 5.0f;\nz[i] = top * 1.0f; } }")
    at = sites(text, "c")
    watched = instrumented(at).watched
    x = np.array([1.0, 2.0, 4.0, 8.0])
    told = {"x[i] / 3.0f": x / 3, "scale": x / 3, "scale * 6.0f": 2 * x, "x[i]": x, "x[i] + 5.0f": x + 5, "top": x + 5,
            "top * 1.0f": x + 5}
    seen = {k: Seen(4, 1, told[w.spelled]) for k, w in enumerate(watched)}
    walk = Walk(watched, seen, Right([], [x, 2 * x, x + 1], CLOSE), aliases(at))
    keys = [p.key for p in at.functions[0].params]
    (found,) = partings(walk, keys, {})
    assert found.place.spelled == "x[i] + 5.0f" and found.place.line == 3


def test_memory_that_goes_by_several_names_is_one() -> None:
    at = sites(DOT_CU, "cuda")
    same = aliases(at)
    kernel, entry = at.functions
    for k, e in zip(kernel.params, entry.params, strict=True):
        assert same.get(k.key, k.key) == same.get(e.key, e.key)
    assert len({same.get(p.key, p.key) for p in kernel.params}) == 3


# ---------------------------------------------------------------- the command


def test_the_command_says_where_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, line = broken(DOT_CU, "256 + k] * b[", "256 + k] + b[")
    monkeypatch.chdir(tmp_path)
    Path("dot.c").write_text(DOT_C)
    Path("dot.cu").write_text(text)
    with pytest.raises(SystemExit) as e:
        cli.main(["locate", "dot.c", "dot.cu"])
    told = capsys.readouterr().out
    assert e.value.code == 1 and f"dot.cu:{line}:16: " in told and "occur nowhere in dot.c" in told
    assert "`y[0]` is " in told and "and must be " in told
    with pytest.raises(SystemExit) as e:
        cli.main(["locate", "dot.c", "dot.cu", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert data["partings"][0]["line"] == line == data["suspects"][0] and data["element"]["array"] == "y"
    Path("dot.cu").write_text(DOT_CU)
    with pytest.raises(SystemExit) as e:
        cli.main(["locate", "dot.c", "dot.cu"])
    assert e.value.code == 0 and "no run shows a difference" in capsys.readouterr().out
    assert sorted(os.listdir()) == ["dot.c", "dot.cu"]
