"""Arrays that a text cuts out of bytes: what is said of them holds where every access stays in its own."""

from __future__ import annotations

import pytest

from tests.text.test_cuts import TEXT
from xpiler import platforms
from xpiler.engine import translate
from xpiler.text.read import read
from xpiler.verify.proof.equal import equal_for_all
from xpiler.verify.stretches import kept_apart
from xpiler.verify.verdict import Proved, Unknown

POINTERS = "float* wide = (float*)all; half* narrow = (half*)(all + N * 4); float* twice = (float*)(all + N * 6);"
CROSSES = """  __bang_write_zero(wide, N + 4);
  __bang_half2float(twice, narrow, N);
"""


@pytest.mark.slow
@pytest.mark.parametrize("crosses", [False, True])
def test_no_argument_holds_where_a_stretch_is_left(crosses: bool) -> None:
    """The first halves are zero in the text, whose floats go on into them; of arrays of their own they are not."""
    text = TEXT.format(pointers=POINTERS, size="N * 10", count="N")
    text = text.replace("  __memcpy(y", CROSSES + "  __memcpy(y") if crosses else text
    done = translate(text, platforms.get("bang"), platforms.get("c"), file="all.mlu")
    said = {e.rung: e.verdict for e in done.evidence}
    assert done.confirmed != crosses, "the translation is made of the arrays, and the tests run the text"
    if not crosses:
        assert isinstance(said["equal for all inputs"], Proved) and isinstance(said["equal in exact arithmetic"], Proved)


def test_an_argument_about_a_text_that_crosses_is_none() -> None:
    bang = platforms.get("bang")
    text = TEXT.format(pointers=POINTERS, size="N * 10", count="N")
    for one, kind in ((text, Proved), (text.replace("  __memcpy(y", CROSSES + "  __memcpy(y"), Unknown)):
        program = read(one, bang, "all.mlu")
        found = equal_for_all(program, program)
        assert isinstance(found.verdict, Proved)
        assert isinstance(kept_apart(found, [(program, bang, {})], 5.0).verdict, kind)
