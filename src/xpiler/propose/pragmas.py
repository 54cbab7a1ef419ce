"""Annotations as pragmas above the loops of a text, which every compiler and the reader pass over.

    #pragma xpiler computes("matrix product: ...")
    #pragma xpiler target("__bang_matmul", "src0: nram; src1: wram", "N must be a multiple of 64")
    for (...)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from xpiler.ir.nodes import Program
from xpiler.ir.paths import Path, get
from xpiler.propose.annotate import Annotation, Reference, every_loop

_PRAGMA = re.compile(r"^\s*#pragma xpiler (computes|target)\((.*)\)\s*$")
_BETWEEN = "; "


def attach(text: str, program: Program, found: Iterable[Annotation]) -> str:
    """A text with annotations above the loops they are about; `program` is the text as it was read."""
    above: dict[int, list[str]] = {}
    lines = text.splitlines(keepends=True)
    for a in found:
        at = get(program, a.loop).span.line - 1
        indent = re.match(r"\s*", lines[at])
        while at and lines[at - 1].lstrip().startswith("#pragma"):  # a directive stays next to its loop
            at -= 1
        above.setdefault(at, []).extend(f"{indent[0] if indent else ''}{p}\n" for p in pragmas(a))
    return "".join("".join((*above.get(n, ()), line)) for n, line in enumerate(lines))


def pragmas(a: Annotation) -> list[str]:
    """The lines of one annotation."""
    targets = [(r.name, _BETWEEN.join(r.spaces), _BETWEEN.join(r.limits)) for r in a.refers]
    return [f"#pragma xpiler computes({_quoted(a.computation)})",
            *(f"#pragma xpiler target({', '.join(map(_quoted, t))})" for t in targets)]


def attached(text: str, program: Program) -> tuple[Annotation, ...]:
    """The annotations a text carries; `program` is the text as it was read. Lines that say nothing are passed over."""
    loops: dict[int, Path] = {}
    for path, loop in every_loop(program):
        loops.setdefault(loop.span.line, path)
    found: list[Annotation] = []
    computes = ""
    refers: list[Reference] = []
    for n, line in enumerate(text.splitlines(), 1):
        m = _PRAGMA.match(line)
        said = _strings(m[2]) if m else None
        if m and m[1] == "computes" and said is not None and len(said) == 1:
            computes, refers = said[0], []
        elif m and m[1] == "target" and said is not None and len(said) == 3:
            refers.append(Reference(said[0], *(tuple(p.split(_BETWEEN)) if p else () for p in said[1:])))
        elif n in loops and computes:
            found.append(Annotation(loops[n], computes, tuple(refers)))
            computes, refers = "", []
        elif line.strip() and not line.lstrip().startswith(("#", "//")):
            computes, refers = "", []  # stands above no loop
    return tuple(found)


def _quoted(text: str) -> str:
    """As a literal of C that stays on its line."""
    return json.dumps(text, ensure_ascii=False)


def _strings(text: str) -> list[str] | None:
    """The literals between the brackets; None where it is something else."""
    try:
        found = json.loads(f"[{text}]")
    except json.JSONDecodeError:
        return None
    return found if all(isinstance(f, str) for f in found) else None
