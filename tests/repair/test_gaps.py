"""What may be missing: statements between statements, functions and factors around values."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Limits
from xpiler.emulate.many import run_many
from xpiler.emulate.run import run
from xpiler.fault import Fault
from xpiler.ir.nodes import Program
from xpiler.repair.hole import Hole, Kind, Radix
from xpiler.repair.constants import constants, lost
from xpiler.repair.holes import around, asked_for, gaps, holes
from xpiler.repair.flow import Flow, root
from xpiler.repair.localise import distances
from xpiler.repair.nodes import fitting
from xpiler.repair.sketch import Sketch
from xpiler.repair.solve import beside, pairs
from xpiler.text.read import read
from xpiler.text.sites import Sites
from xpiler.verify.signature import signature

SUMS = """#include <math.h>
void f(const float *x, float *y) {
    for (int i = 0; i < 8; ++i) {
        float sum = 0.0f;
        float scale = 0.5f;
        float top = x[i];
        for (int k = 0; k < 8; ++k) {
            float v = x[i * 8 + k];
        }
        top = fmaxf(top, 1.0f);
        y[i] = sqrtf(sum);
    }
}
"""
BANG = """#include <bang.h>
__mlu_entry__ void k(const float *x, float *y) {
    __nram__ float a[64];
    __nram__ float b[64];
    __memcpy(a, x + taskId * 64, 64 * sizeof(float), GDRAM2NRAM);
    __memcpy(y + taskId * 64, b, 64 * sizeof(float), NRAM2GDRAM);
}
"""


def program(text: str, name: str) -> Program:
    return read(text, platforms.get(name), "t", geometry={"task": "1"} if name == "bang" else None)


def sites(text: str, name: str) -> Sites:
    return Sites(text, platforms.get(name), program(text, name), "t")


def offered(found: tuple[Hole, ...]) -> dict[str, float]:
    """What could be put in or around, with the least change it is."""
    out: dict[str, float] = {}
    for h in found:
        for c in h.choices:
            out[c.spelled] = min(c.cost, out.get(c.spelled, c.cost))
    return out


def test_accumulations_functions_and_factors_are_offered() -> None:
    assert {"sum += v;", "sum = v;", "top = fmaxf(top, sum);"} <= set(offered(gaps(sites(SUMS, "c"))))
    words = offered(around(sites(SUMS, "c")))
    assert "(sqrtf(sum) * scale)" in words
    assert "fmaxf(x[i], sum)" in words or "(x[i] * sum)" in words


def test_a_pointer_is_moved_as_another_one_is() -> None:
    """By a variable of the same name, too, and before it is handed over alone."""
    text = BANG.replace("    __memcpy(a, x + taskId * 64, 64 * sizeof(float), GDRAM2NRAM);\n", """    if (taskId > 2) {
        const int at = taskId * 64;
        __memcpy(a, x + at, 64 * sizeof(float), GDRAM2NRAM);
    } else {
        const int at = 0;
        __memcpy(a, x, 32 * sizeof(float), GDRAM2NRAM);
    }
""")
    spelled = [f"__memcpy({p}, b, 32 * sizeof(float), NRAM2GDRAM);" for p in ("y + at", "y")]
    found = [offered((h,)) for h in gaps(sites(text, "bang"))]
    both = [[words[s] for s in spelled] for words in found if set(spelled) <= set(words)]
    assert both and all(moved < alone for moved, alone in both)


def test_calls_are_offered_with_what_is_at_hand() -> None:
    words = offered(gaps(sites(BANG, "bang")))
    assert "__bang_active_exp(b, a, 64 * sizeof(float));" in words
    assert any(w.startswith("__memcpy(b, ") for w in words)
    lost = BANG.replace("__memcpy(a, x + taskId * 64, 64 * sizeof(float), GDRAM2NRAM)", "")
    assert "__memcpy(a, x + taskId * 64, 64 * sizeof(float), GDRAM2NRAM);" in offered(gaps(sites(lost, "bang")))


def test_what_holds_nothing_and_what_nobody_reads_comes_first() -> None:
    at = sites(BANG, "bang")
    flow = Flow(at)
    assert "b" in flow.unwritten and "a" not in flow.unwritten
    assert "a" in flow.unread and "b" not in flow.unread
    words = offered(gaps(at))
    assert words["__bang_active_exp(b, a, 64 * sizeof(float));"] < words["__bang_active_exp(a, b, 64 * sizeof(float));"]
    assert root("(void *)(x + 4)") == "x"


def test_a_register_that_nobody_reads_asks_for_a_store() -> None:
    """Where the text has no other store to take as an example."""
    at = sites("""#include <immintrin.h>
void f(const float *x, float *y) {
    for (int i = 0; i < 64; i += 16) {
        __m512 v = _mm512_loadu_ps(x + i);
        __m512 twice = _mm512_add_ps(v, v);
    }
}
""", "vnni")
    few = offered(asked_for(at))
    assert few["_mm512_storeu_ps(y + i, twice);"] < few["_mm512_storeu_ps(y + i, v);"]
    assert few["_mm512_storeu_ps(y + i, twice);"] < few["_mm512_store_ps(y + i, twice);"]  # loads are unaligned, too


FIRST = """#include <bang.h>
__mlu_entry__ void k(const float *x, float *y) {
    __nram__ float a[64];
    __nram__ float b[32];
    __memcpy(a, x, 64 * sizeof(float), GDRAM2NRAM);
    for (int i = 0; i < 2; ++i) {
        __bang_add_scalar(b, a, 1.0f, 16);
    }
}
"""


def test_nothing_is_made_of_what_has_no_value_yet() -> None:
    """In a loop it has one, from the pass before; and of what nothing is written to, that may be what is missing."""
    at = sites(FIRST, "bang")
    flow = Flow(at)
    assert flow.unmade(FIRST.index("__memcpy")) == {"a", "b"}
    assert flow.unmade(FIRST.index("__bang")) == frozenset()
    assert "b" not in Flow(sites(BANG, "bang")).unmade(BANG.index("__memcpy(a"))
    before = FIRST.index("__memcpy")
    early = [c.spelled for h in asked_for(at) if h.start < before for c in h.choices]
    assert not any(re.match(r"\w+\([^,]*y[^,]*, [^,]*\b[ab]\b", w) for w in early)


def test_what_is_copied_may_be_as_long_as_an_array() -> None:
    few = offered(asked_for(sites(FIRST, "bang")))
    assert "__memcpy(y, b, 32 * sizeof(float), NRAM2GDRAM);" in {w.replace("((void *)(y))", "y").replace(
        "((const void *)(b))", "b") for w in few}


KEPT = """void f(const float *x, float *y, int n) {
    float first = x[0];
    float most = first;
    for (int i = 0; i < 64; ++i)
        if (x[i] > most) { most = x[i]; }
    float other = first;
    ;
}
"""


def test_what_is_read_no_more_is_wanted_where_an_output_has_no_value() -> None:
    """A maximum is read while it is found, and not behind its loop. Nothing is added to an output without a value."""
    at = sites(KEPT, "c")
    flow = Flow(at)
    assert "most" in flow.spent(at.text.index("float other")) and "most" not in flow.spent(at.text.index("if ("))
    few = offered(asked_for(at))
    assert few["y[n] = most;"] < few["y[n] = first;"] and "y[n] += most;" not in few


def test_a_sum_that_stays_what_it_began_as_asks_for_something() -> None:
    """It is read, and every other variable has its values."""
    at = sites("""void f(const float *x, float *y) {
    float part = 0.0f;
    float kept[8];
    float sum = 0.0f;
    for (int i = 0; i < 8; ++i) {
        part += x[i];
        kept[i] = part;
    }
    y[0] = sum;
}
""", "c")
    assert Flow(at).stuck == {"sum"}
    few = offered(asked_for(at))
    assert {"sum += part;", "sum += kept[0];"} <= set(few) and "part += sum;" not in few


def test_of_many_registers_what_asks_for_a_value_comes_first() -> None:
    many = "".join(f"    float v{n} = x[{n}];\n" for n in range(12))
    at = sites("void f(const float *x, float *y, int n) {\n" + many + "}\n", "c")
    assert any(w.startswith("y[0] = ") for w in offered(asked_for(at)))


def test_a_number_may_be_one_of_the_variables() -> None:
    """A pitch of this shape where the text has a variable for it."""
    text = """void f(const float *x, float *y, int rows, int width) {
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < width; ++c)
            y[r * 512 + c] = x[r * width + c];
}
"""
    assert any(c.what == "512 is width" for h in holes(sites(text, "c")) for c in h.choices)


def test_as_much_is_left_open_as_there_is_room_for() -> None:
    at = sites(BANG, "bang")
    every = gaps(at)
    near = distances(at, (7,))
    few = fitting(every, near, 2000)
    assert 0 < len(few) < len(every) and sum(h.length for h in few) <= 2000
    assert few == tuple(h for h in every if h in few) and fitting(every, near, 1 << 30) == every


def test_a_name_is_offered_only_where_it_can_be_named() -> None:
    """Behind its loop a variable of the loop is gone."""
    at = sites(SUMS, "c")
    behind = at.text.index("}\n        top") + 1
    here = [c.spelled for h in gaps(at) if h.start == behind for c in h.choices]
    assert here and not any(" v;" in w or ", v)" in w for w in here)


def test_numbers_in_mixed_radix_spell_every_combination() -> None:
    radix = Radix(1.0, [[("a", 0.0), ("b", 0.5)], [("x", 0.0), ("y", 1.0), ("z", 2.0)]], "".join)
    assert [radix[n].spelled for n in range(len(radix))] == ["ax", "bx", "ay", "by", "az", "bz"]
    assert radix.costs == [radix[n].cost for n in range(6)]
    with pytest.raises(IndexError):
        radix[6]


@pytest.mark.parametrize(("text", "name"), [(SUMS, "c"), (BANG, "bang")])
def test_a_choice_does_what_its_text_does(text: str, name: str) -> None:
    at = sites(text, name)
    platform = at.platform
    sketch = Sketch(at.data, (*gaps(at), *around(at)) if name == "c" else gaps(at))
    sig = signature(program(text, name))
    entry = Entry(sig.name, sig.params, kernel=sig.is_kernel, extents={"task": 1} if sig.is_kernel else {})
    given = {a.name: np.linspace(0.5, 2, 64, dtype=np.float32) for a in sig.arrays}
    picks = [{k: 1 + (7 * n + k) % len(h.choices)} for n, (k, h) in enumerate(enumerate(sketch.holes))]
    some = picks[:: max(1, len(picks) // 5)]
    assert {sketch.holes[next(iter(p))].kind for p in some} >= {Kind.STATEMENT}
    done = run_many(build(sketch.text, platform, entry, many=True, beside=sketch.beside), entry, given, Limits(), some, each=0.5)
    for p, r in zip(some, done, strict=True):
        filled = sketch.filled(p)
        assert filled is not None
        try:
            alone = run(build(filled, platform, entry), entry, given, Limits())
        except Fault as fault:
            raise AssertionError(filled) from fault
        assert alone.status == r.status, filled
        for array, values in alone.outputs.items():
            assert np.array_equal(values, r.outputs[array], equal_nan=True), filled


def test_two_at_a_time_the_smallest_change_first() -> None:
    at = sites(SUMS, "c")
    sketch = Sketch(at.data, (*gaps(at), *around(at)))
    weights = {(k, 1): float(1 + k % 5) for k in range(8)}
    given = list(pairs(sketch, weights))
    assert given and all(len(p) == 2 for _, p in given)
    assert [w for w, _ in given] == sorted(w for w, _ in given)
    assert all(not sketch.nested(*p) for _, p in given)
    assert len({tuple(sorted(p.items())) for _, p in given}) == len(given)


def test_pairs_beside_each_other_are_of_one_line() -> None:
    at = sites(SUMS, "c")
    sketch = Sketch(at.data, holes(at))
    weights = {(k, 1): float(1 + k % 5) for k in range(len(sketch.holes))}
    given = list(beside(sketch, weights))
    assert given and [w for w, _ in given] == sorted(w for w, _ in given)
    assert all(len({sketch.holes[k].line for k in p}) == 1 and not sketch.nested(*p) for _, p in given)
    assert len({sketch.holes[k].line for _, p in given for k in p}) > 3


def test_a_name_that_nothing_is_written_to_asks_for_a_statement() -> None:
    """Of all that may be missing only what writes it, or else reads what nobody reads."""
    at = sites(BANG, "bang")
    assert Flow(at).asking == ({"b"}, {"a"})
    few = offered(asked_for(at))
    assert any(t.startswith("__bang_active_exp(b, a, 64)") for t in few), list(few)[:5]
    assert all(re.search(r"\b[ab]\b", t) for t in few)
    assert len(few) < len(offered(gaps(at)))


def test_a_text_in_which_all_is_written_and_read_asks_for_nothing() -> None:
    at = sites(BANG.replace("y + taskId * 64, b", "y + taskId * 64, a"), "bang")
    assert asked_for(Sites(at.data.decode().replace("    __nram__ float b[64];\n", ""), at.platform,
                           program(at.data.decode().replace("    __nram__ float b[64];\n", ""), "bang"), "t")) == ()


TWICE = """#include <immintrin.h>
void f(const float *x, float *y) {
    for (int b = 0; b < 2; ++b) {
        __m512 v = _mm512_loadu_ps(x + b * 16);
        _mm512_storeu_ps(y + b * 16, v);
    }
    __m512 v = _mm512_maskz_loadu_ps(31, x + 32);
}
"""
IDLE = """void f(float *x) {
    for (int n = 64; n > 0; n /= 2) {
        for (int i = 0; i < n; ++i) {
            x[i] += x[i + n];
        }
    }
    for (int n = 8; n > 0; n /= 2) {
        for (int i = 0; i < n; ++i) {
            ;
        }
    }
}
"""


def test_of_two_variables_of_one_name_the_one_that_nobody_reads_asks_to_be_stored() -> None:
    """With the lanes that were loaded, where the load says which."""
    at = sites(TWICE, "vnni")
    assert Flow(at).asking == (set(), {"v"})
    assert "_mm512_mask_storeu_ps(y + 32, 31, v);" in offered(asked_for(at))


def test_a_loop_that_does_nothing_asks_for_a_statement() -> None:
    """One of the text too, whose variables have the same names there."""
    assert "x[i] += x[i + n];" in offered(asked_for(sites(IDLE, "c")))
    assert asked_for(sites(IDLE.replace("            ;", "            x[i] = 1;"), "c")) == ()


def test_in_a_loop_that_does_nothing_its_variable_is_named() -> None:
    at = sites("""void f(const float *x, float *y) {
    float row[8];
    for (int i = 0; i < 8; ++i)
        row[i] = x[i] * 2.0f;
    float sum = 0.0f;
    for (int l = 0; l < 8; ++l) {
        ;
    }
    y[0] = sum + row[0];
}
""", "c")
    few = offered(asked_for(at))
    assert few["sum += row[l];"] < few["sum += row[l] * x[l];"] < few["sum += row[0];"]


def test_a_constant_of_the_right_program_is_offered_where_the_text_lost_it() -> None:
    """In the place of another one, and to a call that is put in."""
    right = sites("void f(const float *x, float *y) { y[0] = 2.5f * x[0] + 0.044715f; }", "c")
    assert constants(right) == ("2.5f", "0.044715f")
    at = sites(BANG.replace("__memcpy(a,", "__bang_mul_scalar(a, a, 2.5f, 64);\n    __memcpy(a,"), "bang")
    assert lost(at, constants(right)) == ["0.044715f"]
    assert "0.044715f" in offered(holes(at, constants(right)))
    assert "__bang_mul_scalar(b, a, 0.044715f, 64);" in offered(gaps(at, constants(right)))


def test_a_number_that_never_began_asks_for_its_first_value() -> None:
    text = """void f(const float *x, float *y) {
    float sum;
    int n;
    n = 0;
    for (int i = 0; i < 8; ++i) {
        sum += x[i];
        ++n;
    }
    y[0] = sum / n;
}
"""
    few = offered(asked_for(sites(text, "c")))
    assert "sum = 0;" in few and "n = 0;" not in few
    assert "n = 0;" in offered(asked_for(sites(text.replace("    n = 0;\n", ""), "c")))
    assert "sum = 0;" not in offered(asked_for(sites(text.replace("float sum", "float sum = 0"), "c")))
