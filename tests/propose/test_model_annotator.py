"""The model as annotator, with canned replies: what it says is kept, what is nonsense is dropped."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from xpiler import platforms
from xpiler.ir.paths import Path
from xpiler.propose.annotate import Annotation, Reference
from xpiler.propose.manual import Passage
from xpiler.propose.model_annotator import LONGEST, Message, ModelAnnotator
from xpiler.propose.retrieval import Index
from xpiler.text.read import read

TEXT = """void f(float* a, float* y) {
    for (int i = 0; i < 4; ++i) {
        y[i] = a[i] + a[i];
    }
    for (int i = 0; i < 4; ++i) {
        y[i] = y[i] * 2.0f;
    }
}
"""
INDEX = Index([
    Passage("vadd", "The sum of two vectors.", ("void vadd(float* y)",), ("y: near",), ("n: 4",)),
    Passage("vmul", "The product of two vectors.", ("void vmul(float* y)",)),
    Passage("Sums", "How sums of vectors are made."),
])
FIRST, SECOND = Path(0, ((0, 0),)), Path(0, ((0, 1),))
ADDS = '{"loop": 1, "computes": "sum of two vectors"}'


def annotated(*replies: str) -> tuple[tuple[Annotation, ...], list[list[Message]]]:
    """What comes of these replies, and what was asked."""
    asked: list[list[Message]] = []
    waiting = list(replies)

    def complete(messages: list[Message]) -> str:
        asked.append(messages)
        return waiting.pop(0)

    answer: Callable[[list[Message]], str] = complete
    program = read(TEXT, platforms.get("c"), "f.c")
    return ModelAnnotator(INDEX, answer, "the machine").annotate(program, TEXT), asked


def test_two_exchanges_give_computations_and_references() -> None:
    found, asked = annotated(
        ADDS + '\n{"loop": 2, "computes": "product with a scalar"}',
        '{"loop": 1, "refers": ["vadd", "Sums"]}\n{"loop": 2, "refers": []}')
    assert found == (
        Annotation(FIRST, "sum of two vectors", (Reference("vadd", ("y: near",), ("n: 4",)), Reference("Sums"))),
        Annotation(SECOND, "product with a scalar"))
    assert "for (int i = 0; i < 4; ++i) {  // loop 2" in asked[0][1]["content"]
    assert "vadd" in asked[1][1]["content"] and "the machine" in asked[1][0]["content"]


@pytest.mark.parametrize("reply", [
    "", "I cannot do that.", "[]", "{}", "null", "1", '"loop"', '{"loop": 1}', '{"computes": "x"}',
    '{"loop": 3, "computes": "of no loop"}', '{"loop": 0, "computes": "of no loop"}', '{"loop": -1, "computes": "x"}',
    '{"loop": true, "computes": "x"}', '{"loop": "1", "computes": "x"}', '{"loop": 1.0, "computes": "x"}',
    '{"loop": 1, "computes": ""}', '{"loop": 1, "computes": "  "}', '{"loop": 1, "computes": ["x"]}',
    '{"loop": 1, "computes": null}', '{"loop": 1, "computes": "x", "also": "y"}', '{"loop": 1, "computes": "x"',
    '{"loop": 1, "computes": "bell \\u0007"}', "[" * 100_000, json.dumps({"loop": 1, "computes": "x" * (LONGEST + 1)}),
])
def test_a_reply_of_nonsense_gives_nothing_and_asks_no_more(reply: str) -> None:
    found, asked = annotated(reply)
    assert found == () and len(asked) == 1


def test_good_lines_between_bad_ones_are_kept_and_the_first_of_a_loop_counts() -> None:
    reply = f'Here it is:\n```json\n{ADDS}\n{{"loop": 1, "computes": "something else"}}\n```\n{{"loop": 9, "computes": "x"}}'
    found, _ = annotated(reply, "")
    assert found == (Annotation(FIRST, "sum of two vectors"),)


@pytest.mark.parametrize(("reply", "names"), [
    ('{"loop": 1, "refers": ["vadd", "vadd", "nobody", 7, null]}', ["vadd"]),
    ('{"loop": 2, "refers": ["vadd"]}', []), ('{"loop": 1, "refers": "vadd"}', []), ('{"loop": 1}', []),
    ('{"loop": 1, "refers": ["vadd"], "why": "best"}', []), ("nothing fits", []),
    ('{"loop": 1, "refers": []}\n{"loop": 1, "refers": ["vadd"]}', []),
    ('{"loop": 1, "refers": [["vadd"], {"name": "vadd"}]}', []),
])
def test_only_passages_that_were_shown_are_referred_to(reply: str, names: list[str]) -> None:
    (one,), _ = annotated(ADDS, reply)
    assert [r.name for r in one.refers] == names


def test_line_breaks_in_a_computation_become_spaces() -> None:
    (one,), _ = annotated('{"loop": 1, "computes": "sum\\n of  two"}', "")
    assert one.computation == "sum of two"
