"""What one instruction spares: nothing of what all lanes have in common."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.facts import sym
from xpiler.facts.offers import covered
from xpiler.to_target import vector_unit


@pytest.mark.parametrize(("still", "spared"), [
    ((), 2), (("src1",), 2), (("src0", "src1"), 1), (("src0", "src1", "src2"), 0)])
def test_a_difference_of_what_is_the_same_everywhere_is_none_in_lanes(still: tuple[str, ...], spared: int) -> None:
    fused = next(o for o in vector_unit(platforms.get("bang")).offers
                 if o.meaning.name == "__bang_fusion" and "- src1) * src2" in sym.show(o.value))
    assert covered(fused, still) == spared
