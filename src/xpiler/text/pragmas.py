"""Loops that a directive above them makes parallel. Kernels run them one iteration after another, whoever reads them;
only a judge of races, and one of runs, has to know that the owner's compiler does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from xpiler.ir.nodes import For, Program, Stmt
from xpiler.ir.walk import map_stmts
from xpiler.platforms.platform import Platform

PARALLEL = "parallel"
# Clauses that give an iteration a copy of its own of what stands outside the loop.
_CLAUSES = re.compile(r"\b(?:reduction|(?:first|last)?private|linear|ordered|threadprivate)\b")
# Clauses by which iterations are combined, or one of them counts for what comes after.
_ORDERED = re.compile(r"\b(?:reduction|lastprivate|linear|ordered)\b")
_COLLAPSE = re.compile(r"\bcollapse\s*\(\s*(\d+)\s*\)")
# A directive that changes nothing for those who ask about threads.
_HARMLESS = ("simd", "unroll", "declare simd")


def directives(text: str, platform: Platform) -> dict[int, str]:
    """The line of each loop that stands below a directive for parallel loops -> the directive."""
    spelled = platform.pragmas.get(PARALLEL)
    if spelled is None:
        return {}
    words = r"\s+".join(map(re.escape, spelled.removeprefix("#").split()))
    opening = re.compile(rf"^\s*#\s*{words}\b(.*)$")
    found: dict[int, str] = {}
    lines = text.splitlines()
    for n, line in enumerate(lines):
        if (m := opening.match(line)) is None:
            continue
        below = n
        while below < len(lines) and lines[below].endswith("\\"):
            below += 1
        below += 1
        while below < len(lines) and _skipped(lines[below]):
            below += 1
        found[below + 1] = " ".join((m[1], *lines[n + 1 : below])).strip()
    return found


def _skipped(line: str) -> bool:
    """A line that may stand between a directive and its loop."""
    return not line.strip() or line.lstrip().startswith(("//", "/*", "*", "#"))


def unfollowed(text: str, platform: Platform) -> int | None:
    """The first line of a directive about threads that is not a plain parallel loop's: a region, an atomic update, a
    reduction."""
    plain = ((n, said) for n, said, known in _about_threads(text, platform) if not known or _CLAUSES.search(said))
    return next((n for n, _ in plain), None)


def in_any_order(text: str, platform: Platform) -> dict[int, int]:
    """The line of each loop whose iterations may come in any order -> how many loops deep. None where a directive asks
    for more than such loops do: what is updated there by one thread at a time may hang on who comes first."""
    if not all(known for _, _, known in _about_threads(text, platform)):
        return {}
    return {n: _depth(said) for n, said in directives(text, platform).items() if not _ORDERED.search(said)}


def _about_threads(text: str, platform: Platform) -> Iterator[tuple[int, str, bool]]:
    """The line of each directive about threads, what it says, and whether it is one for a parallel loop, or harmless.
    """
    spelled = platform.pragmas.get(PARALLEL)
    if spelled is None:
        return
    family, *words = spelled.removeprefix("#").split()[1:]
    opening = re.compile(rf"^\s*(?:#\s*pragma\s+{family}\b(.*)$|.*_Pragma\s*\()")
    for n, line in enumerate(text.splitlines(), 1):
        if (m := opening.match(line)) is not None:
            said = " ".join((m[1] or "").split())
            yield n, said, said.startswith((" ".join(words), *_HARMLESS))


def _depth(said: str) -> int:
    """How many loops, one in the other, a directive is about."""
    collapsed = _COLLAPSE.search(said)
    return int(collapsed[1]) if collapsed else 1


def with_directives(program: Program, text: str, platform: Platform) -> Program:
    """The program with every loop that a directive makes parallel of kind "parallel", inner ones of a collapse too."""
    found = directives(text, platform)
    if not found:
        return program

    def marked(s: Stmt) -> Stmt:
        said = found.get(s.span.line) if isinstance(s, For) and s.kind == "serial" else None
        if said is None or not isinstance(s, For):
            return s
        return _parallel(s, _depth(said))

    kernels = tuple(replace(k, body=map_stmts(k.body, marked)) for k in program.kernels)
    return replace(program, kernels=kernels)


def taken_at_its_word(program: Program, text: str, platform: Platform) -> Program:
    """The same where no directive says more about threads than which loops are parallel; else the program as it is."""
    return program if unfollowed(text, platform) is not None else with_directives(program, text, platform)


def _parallel(loop: For, depth: int) -> For:
    """A loop and the `depth` - 1 directly inside it."""
    body = loop.body
    if depth > 1 and len(body) == 1 and isinstance(body[0], For):
        body = (_parallel(body[0], depth - 1),)
    return replace(loop, kind=PARALLEL, body=body)
