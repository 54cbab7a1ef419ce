"""Grafts: what of a right program is missing in a wrong one, by what both are worth; and which choices come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.repair.divergence import Values
from xpiler.repair.grafts import Missing, Worth, next_to
from xpiler.repair.hole import Kind
from xpiler.repair.holes import grafts, holes
from xpiler.repair.instrument import Role, instrumented
from xpiler.repair.lanes import Lane
from xpiler.repair.nodes import Deeper, Item, Node, best
from xpiler.repair.quickly import quickly
from xpiler.repair.score import Score
from xpiler.repairing import judges_of, repair
from xpiler.text.read import read
from xpiler.text.sites import Sites

RIGHT = """#define N 64
static inline float up(float v) { return expf(-v); }
void squash(const float *in, float *out) {
    for (int i = 0; i < N; ++i) {
        float x = in[i];
        out[i] = 1.0f / (1.0f + up(x));
    }
}
"""
WRONG = """void squash(const float *in, float *out) {
    for (int k = 0; k < 64; ++k)
        out[k] = 1.0f;
}
"""
ADD = """#include <bang.h>
#include <cnrt.h>
__mlu_entry__ void add_kernel(const float* a, const float* b, float* c) {
  __nram__ float x[512];
  __nram__ float y[512];
  __memcpy(x, a + taskId * 512, 513 * sizeof(float), GDRAM2NRAM);
  __memcpy(y, b + taskId * 512, 512 * sizeof(float), GDRAM2NRAM);
  __bang_le(x, x, y, 512);
  __memcpy(c + taskId * 512, x, 512 * sizeof(float), NRAM2GDRAM);
}
extern "C" void add(const float* a, const float* b, float* c) {
  float *da, *db, *dc;
  cnrtMalloc((void**)&da, 2048 * sizeof(float));
  cnrtMalloc((void**)&db, 2048 * sizeof(float));
  cnrtMalloc((void**)&dc, 2048 * sizeof(float));
  cnrtMemcpy(da, (void*)a, 2048 * sizeof(float), cnrtMemcpyHostToDev);
  cnrtMemcpy(db, (void*)b, 2048 * sizeof(float), cnrtMemcpyHostToDev);
  cnrtDim3_t dim = {4, 1, 1};
  cnrtQueue_t queue;
  cnrtQueueCreate(&queue);
  add_kernel<<<dim, cnrtFuncTypeBlock, queue>>>(da, db, dc);
  cnrtQueueSync(queue);
  cnrtMemcpy(c, dc, 2048 * sizeof(float), cnrtMemcpyDevToHost);
  cnrtQueueDestroy(queue);
}
"""
IN = np.linspace(-2.0, 3.0, 64)


@dataclass(frozen=True)
class Seen:
    """What a place was worth."""

    values: Values
    stride: int = 1

    @property
    def met(self) -> int:
        return self.values.size


def sites(text: str, name: str = "c") -> Sites:
    platform = platforms.get(name)
    return Sites(text, platform, read(text, platform, "t"), "t")


def worth(text: str, values: Mapping[str, Values]) -> Worth:
    """A text with places that are worth what numpy says."""
    at = sites(text)
    return Worth(at, {k: (Seen(np.asarray(values[w.spelled])), w)
                      for k, w in enumerate(instrumented(at).watched) if w.spelled in values})


def missing(wrong: str, has: Mapping[str, Values], text: str = RIGHT) -> tuple[str, ...]:
    e = np.exp(-IN)
    right = worth(text, {"x": IN, "in[i]": IN, "up(x)": e, "1.0f + up(x)": 1 + e, "1.0f / (1.0f + up(x))": 1 / (1 + e)})
    return Missing(right, worth(wrong, has), 1e-6, {"in": "in", "out": "out"}, {"in": IN}).spelled()


def test_lanes_of_registers_are_spelled_as_numbers() -> None:
    """A source in vector instructions, whose translation has none."""
    at = sites("""#include <immintrin.h>
void f(const float *x, float *y) {
    __m512 v = _mm512_loadu_ps(x);
    __m512 one = _mm512_set1_ps(1.0f);
    _mm512_storeu_ps(y, _mm512_fmadd_ps(v, v, one));
}
""", "vnni")
    calls = {at.callee(s.node): s.node for s in at.device if s.node.kind == "CALL_EXPR"}
    meanings = {m.name: m for m in at.program.meanings}
    lane = Lane(lambda n: {"v": "x[i]", "one": "1.0f"}.get(at.source(n)), lambda name, _: name)
    name = "_mm512_fmadd_ps"
    assert lane.spelled(meanings[name], calls[name]) in ("((x[i] * x[i]) + 1.0f)", "fmaf(x[i], x[i], 1.0f)")
    assert lane.spelled(meanings["_mm512_loadu_ps"], calls["_mm512_loadu_ps"]) is None


def test_an_element_may_be_the_one_behind_those_that_are_read() -> None:
    """A sum that lost its last term: nothing stands at its subscripts any more."""
    at = sites("""void f(const float *x, const float *w, float *y) {
    for (int i = 0; i < 8; ++i) {
        y[i] = x[i] * w[0] + x[i + 1] * w[1];
    }
}
""", "c")
    assert "y[i] += (x[i + 2] * w[2]);" in {c.spelled for h in grafts(at, ["(x[@@] * w[@k@])"]) for c in h.choices}
    assert [next_to(t) for t in ("3", "i + 1", "i", "k * 2")] == ["4", "i + 2", "i + 1", ""]


def test_what_nobody_reads_any_more_is_an_element_of_what_is_given() -> None:
    """The helper is not in the wrong text: what it returns is. Which element is for the holes to say."""
    assert missing(WRONG, {})[0] == "(1.0f / (1.0f + expf((-in[@@]))))"


CYCLES = """#include <bang.h>
__mlu_entry__ void k(const float *in, const float *w, float *out) {
    __nram__ float a[64];
    __nram__ float b[64];
    __nram__ float by[8];
    __memcpy(a, in, 64 * sizeof(float), GDRAM2NRAM);
    __memcpy(by, w, 8 * sizeof(float), GDRAM2NRAM);
    __bang_active_exp(b, a, 64);
    __bang_add_scalar(b, b, 0.5f, 64);
    __bang_cycle_mul(b, b, by, 64, 8);
    __memcpy(out, b, 64 * sizeof(float), NRAM2GDRAM);
}
"""
LOST = """void k(const float *in, const float *w, float *out) {
    for (int i = 0; i < 8; ++i)
        for (int j = 0; j < 8; ++j)
            out[i * 8 + j] = w[j];
}
"""


def test_what_calls_on_whole_arrays_make_is_spelled_for_one_element() -> None:
    """By their definitions in the header; each element is read where the wrong text has it, or at a place to find."""
    bang, w = platforms.get("bang"), np.linspace(1.0, 2.0, 8)
    at = Sites(CYCLES, bang, read(CYCLES, bang, "t", geometry={"task": "1"}), "t")
    left = [IN, w, np.exp(IN), np.exp(IN) + 0.5, (np.exp(IN) + 0.5) * np.tile(w, 8)]
    calls = [(k, x) for k, x in enumerate(instrumented(at).watched) if x.role is Role.CALL][:5]
    right = Worth(at, {k: (Seen(v), x) for (k, x), v in zip(calls, left, strict=True)})
    wrong = worth(LOST, {"w[j]": w})
    found = Missing(right, wrong, 1e-6, {n: n for n in ("in", "w", "out")}, {"in": IN, "w": w}).spelled()
    assert "((expf(in[@@]) + 0.5f) * w[@j@])" in found
    here = sites(LOST)
    words = {c.spelled for h in grafts(here, found) for c in h.choices}
    assert any("(expf(in[i * 8 + j]) + 0.5f) * w[j]" in t for t in words), words


def test_a_part_is_the_variable_that_has_its_values() -> None:
    wrong = WRONG.replace("out[k] = 1.0f", "{ float power = expf(-in[k]); out[k] = power; }")
    found = missing(wrong, {"power": np.exp(-IN), "expf(-in[k])": np.exp(-IN), "in[k]": IN})
    assert found == ("(1.0f / (1.0f + power))", "(1.0f + power)")


def test_what_stops_early_is_recognised_by_what_it_had() -> None:
    """Another mistake lets the wrong text see every other element only."""
    wrong = WRONG.replace("out[k] = 1.0f", "{ float power = expf(-in[k]); out[k] = power; }")
    some = np.exp(-IN)[::2]
    assert missing(wrong, {"power": some, "expf(-in[k])": some, "in[k]": IN[::2]})[0] == "(1.0f / (1.0f + power))"


def test_a_number_is_not_taken_for_an_array_of_the_same_name() -> None:
    wrong = WRONG.replace("float *in,", "float *x,").replace("in[", "x[")
    e = np.exp(-IN)
    right = worth(RIGHT, {"x": IN, "1.0f / (1.0f + up(x))": 1 / (1 + e)})
    assert Missing(right, worth(wrong, {}), 1e-6, {"in": "x", "out": "out"}, {}).spelled() \
        == ("(1.0f / (1.0f + expf((-x[@i@]))))",), "it stands for what it began as"


def test_nothing_is_missing_where_all_is_there() -> None:
    e = np.exp(-IN)
    wrong = WRONG.replace("1.0f", "1.0f / (1.0f + expf(-in[k]))")
    assert missing(wrong, {"1.0f + expf(-in[k])": 1 + e, "1.0f / (1.0f + expf(-in[k]))": 1 / (1 + e),
                           "expf(-in[k])": e}) == ()


def test_grafts_take_the_subscripts_at_hand() -> None:
    at = sites(WRONG.replace("out[k] = 1.0f;", "{ out[k] = 1.0f; }"))
    found = {(c.spelled, h.kind) for h in grafts(at, ("expf(in[@i@])", "nobody + 1.0f")) for c in h.choices}
    assert ("expf(in[k])", Kind.VALUE) in found
    assert any(kind is Kind.STATEMENT and text.endswith("= expf(in[k]);") for text, kind in found), found
    assert not any("nobody" in text for text, _ in found), "it has no such name"


def test_a_wrong_step_that_looked_nearest_keeps_nothing_waiting() -> None:
    def singles(node: Node) -> Iterator[Item]:
        yield from ((node.weight + w, {**node.picks, k: 1}) for k, w in enumerate((1.0, 1.1, 1.2, 9.0), 10))

    near, small = Node({0: 1}, Score(0.9), 8.0), Node({1: 1}, Score(0.1), 2.0)
    deeper = Deeper((near, small, Node({2: 1}, Score(0.5), 5.0)), singles)
    given = [picks for _, picks in deeper]
    first = [next(k for k in (0, 1, 2) if k in picks) for picks in given]
    assert set(first[:4]) == {0, 1} and first.index(2) < 8, "the nearest and the smallest change alike, then the other"
    assert all(deeper.parent(p).picks.items() <= p.items() for p in given) and len(given) == 12
    assert sum(first[:3].count(k) > 0 for k in (0, 1)) == 2


def test_of_one_result_the_smallest_change_comes_first() -> None:
    nodes = [Node({0: n}, Score(0.5, near=n % 2), float(9 - n)) for n in range(6)]
    assert {n.picks[0] for n in best(nodes)[:2]} == {4, 5}


def test_further_is_another_line_after_as_much_of_the_text() -> None:
    """In a loop the whole text was met before a rule was broken, and is again when the next one is."""
    def at(line: int, reached: int) -> Score:
        return Score(met=f"rule at line {line}", line=line, reached=frozenset(range(reached)))

    assert at(36, 97).further(at(21, 97)) and at(36, 98).further(at(21, 97))
    assert not at(36, 96).further(at(21, 97)), "it came by less"
    assert not at(36, 0).further(at(21, 0)), "what it came by is not known"
    assert not Score(met="another at line 21", line=21, reached=frozenset({1})).further(at(21, 1))


def test_the_compiler_hurries_and_lines_stay() -> None:
    text = quickly("int x;\nint y;\n", "int z;")
    assert text.startswith("#pragma") and text.partition("#line 1 ")[2].partition("\n")[2] == "int x;\nint y;\n"


def test_every_function_of_a_type_can_stand_in_for_another() -> None:
    at = sites(ADD.replace("__bang_le(x, x, y, 512)", "__bang_active_exp(x, x, 512)"), "bang")
    offered = [c.spelled for h in holes(at) if h.kind is Kind.FUNCTION for c in h.choices]
    assert "__bang_active_gelup" in offered


@pytest.mark.slow
def test_the_source_says_what_is_missing(tmp_path: Path) -> None:
    """With real runs: the wrong text starts at the second element, and does not read the first."""
    c = platforms.get("c")
    judges = judges_of("#include <math.h>\n" + RIGHT, c, c)
    wrong = "#include <math.h>\n" + WRONG
    judges.read(wrong)
    assert "(1.0f / (1.0f + expf((-in[@@]))))" in judges.missing(wrong).texts
    done = repair("#include <math.h>\n" + RIGHT, c, wrong.replace("k = 0", "k = 1"), c)
    assert done.confirmed, done.mended
    both = wrong.replace("out[k] = 1.0f", "out[k] = (1.0f / (1.0f + expf((-in[k]))))")
    assert done.mended.text == both, "two changes, whatever was tried on the way"


@pytest.mark.slow
def test_judges_refuse_a_text_that_was_not_read_before() -> None:
    """As `bench ablation` asks them about a proposal before any repair."""
    c = platforms.get("c")
    assert not judges_of(RIGHT, c, c).confirm(WRONG)


@pytest.mark.slow
def test_a_broken_rule_hides_another_mistake() -> None:
    """Much gets past the rule that is broken first; only the smallest change of it can be followed to the end."""
    source = "void add(const float *a, const float *b, float *c) { for (int i = 0; i < 2048; ++i) c[i] = a[i] + b[i]; }\n"
    done = repair(source, platforms.get("c"), ADD, platforms.get("bang"))
    assert done.confirmed, done.mended
    assert {c.line for c in done.mended.changes} == {6, 8}
