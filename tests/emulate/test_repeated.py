"""Arrays that repeat a part: what they hold is what copying it would give, here and in a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.emulate.conftest import STUB
from xpiler.emulate import Entry, Limits, Run, build, run
from xpiler.emulate.repeated import MOST_COPIES, PAGE, repeated
from xpiler.ir.nodes import Buffer, Var
from xpiler.ir.types import DType

SCALE = 'extern "C" void scale(const float* x, float* y, long n) {{ {} }}'
RIGHT = "for (long i = 0; i < n; ++i) y[i] += 2 * x[i];"


def scaled(body: str, x: np.ndarray, y: np.ndarray, cache: Path, memory: int = 4096) -> Run:
    params = (Buffer("x", DType.F32, None, const=True), Buffer("y", DType.F32, None), Var("n", DType.I64))
    entry = Entry("scale", params)
    built = build(SCALE.format(body), STUB, entry, file="user.cpp", cache=cache)
    return run(built, entry, {"x": x, "y": y, "n": x.size}, Limits(20.0, memory_mb=memory, file_mb=2048))


@pytest.mark.parametrize(("dtype", "n"), [(np.float32, 7 * PAGE + 5), (np.int8, PAGE - 1), (np.float64, 3 * PAGE)])
def test_it_is_what_copying_gives(dtype: type, n: int) -> None:
    part = np.arange(PAGE).astype(dtype)
    again = repeated(part, n)
    assert np.array_equal(again, np.resize(part, n)) and again.part is not None
    assert again[1:].part is None and (again + 1).part is None


def test_however_many_copies_there_are() -> None:
    part = np.arange(PAGE, dtype=np.int32)
    again = repeated(part, PAGE * (2 * MOST_COPIES + 1))
    assert np.array_equal(again[-PAGE - 3 :], [PAGE - 3, PAGE - 2, PAGE - 1, *part])


def test_nobody_may_write_to_it_and_parts_fill_pages() -> None:
    again = repeated(np.zeros(PAGE, np.float32), 2 * PAGE)
    with pytest.raises(ValueError):
        again[0] = 1
    with pytest.raises(ValueError):
        repeated(np.zeros(PAGE // 8, np.float32), 2 * PAGE)


@pytest.mark.parametrize("n", [8 * PAGE, 8 * PAGE + 3])  # mapped, and written out
def test_a_run_sees_it_and_keeps_its_own_writes_apart(n: int, cache: Path) -> None:
    x, y = repeated(np.arange(3 * PAGE, dtype=np.float32), n), repeated(np.ones(PAGE, np.float32), n)
    done = scaled(RIGHT, x, y, cache)
    assert done.status == "ok", done
    assert np.array_equal(done.outputs["y"], 1 + 2 * np.resize(np.arange(3 * PAGE, dtype=np.float32), n))
    assert (y == 1).all()


def test_a_changed_input_is_found_in_any_copy(cache: Path) -> None:
    x, y = repeated(np.arange(PAGE, dtype=np.float32), 8 * PAGE), np.ones(8 * PAGE, np.float32)
    done = scaled("const_cast<float*>(x)[5 * 4096 + 2] = -1;", x, y, cache)
    assert [(f.code, f.index, f.buffer) for f in done.findings] == [("XP2150", 5 * PAGE + 2, "x")]


@pytest.mark.slow
def test_an_output_larger_than_what_is_read_into_memory_stays_in_its_file(cache: Path) -> None:
    n = (256 << 20) // 4 + PAGE
    x, y = repeated(np.arange(3 * PAGE, dtype=np.float32), n), repeated(np.zeros(PAGE, np.float32), n)
    done = scaled(RIGHT, x, y, cache)
    assert done.status == "ok", done
    assert np.array_equal(done.outputs["y"], 2 * np.asarray(x))
    done.outputs["y"][0] = 3  # the caller's own
