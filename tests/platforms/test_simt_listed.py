"""Every function that the SIMT headers declare is called by some test of what it computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platforms.simt_narrow_table import narrow
from tests.platforms.simt_registers_table import registers
from tests.platforms.simt_table import (
    conversions, directed, fast_functions, real_functions, several_results, smaller_and_larger,
)
from tests.platforms.simt_words_table import bits, casts, fused, packed
from tests.platforms.test_simt_atomics import _cases
from tests.platforms.test_simt_mfma import FORMS
from tests.platforms.test_simt_vectors import _ELEMENTS
from xpiler.platforms import get
from xpiler.text.clang import Node, parse

_ELSEWHERE = {"simt_host.h", "simt_standard.h", "host_library.h", "initializer_list.h", "type_traits.h",
              "tile_meanings.h", "tiles.h"}
# What gives no value to compare: orderings, hints and stops.
_QUIET = {"__threadfence", "__threadfence_block", "__threadfence_system", "__nanosleep", "__brkpt", "__trap",
          "__builtin_amdgcn_wave_barrier", "__builtin_amdgcn_s_barrier", "__syncwarp", "lane_of"}


def _declared(name: str) -> set[str]:
    platform = get(name)
    unit = parse("\n", "nothing", platform.header, platform.clang_args, whole=True)
    return {f.spelling for f in _functions(unit.top) if _ours(f)} - _QUIET


def _functions(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for n in nodes:
        if n.kind in ("FUNCTION_DECL", "FUNCTION_TEMPLATE", "CXX_METHOD"):
            yield n
        elif n.kind in ("NAMESPACE", "STRUCT_DECL", "CLASS_TEMPLATE"):
            yield from _functions(n.every_child)


def _ours(f: Node) -> bool:
    file = f.cursor.location.file
    return file is not None and Path(file.name).name not in _ELSEWHERE and not f.spelling.startswith("xp_") and (
        not f.spelling.startswith("operator"))


def _called() -> set[str]:
    rows = [*real_functions(), *fast_functions(), *directed(), *conversions(True), *bits(), *casts(), *packed(), *fused(),
            *narrow(), *registers(), *several_results(), *smaller_and_larger()]
    text = " ".join([*(r.code for r in rows), *(c.call for p in ("cuda", "hip") for c in _cases(p)),
                     *(f"__builtin_amdgcn_mfma_{f.name}" for f in FORMS)])
    here = Path(__file__).parent
    text += "".join(p.read_text() for p in here.glob("test_*.py") if re.match(r"test_(simt|cuda|hip)", p.name))
    shuffles = {f"__shfl{kind}{tail}" for kind in ("", "_up", "_down", "_xor") for tail in ("", "_sync")}
    vectors = {f"make_{e}{n}" for e in _ELEMENTS for n in range(1, 5)}
    return set(re.findall(r"\b[A-Za-z_]\w*", text)) | shuffles | vectors


@pytest.mark.parametrize("name", ["cuda", "hip"])
def test_every_function_has_a_case(name: str) -> None:
    declared = _declared(name)
    assert len(declared) > 700
    assert sorted(declared - _called()) == []
