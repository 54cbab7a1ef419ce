"""Mutants of any correct text: files of the same dialect with one plausible mistake each, which judges must find.

The kinds follow the error taxonomy of the paper the project starts from (parallelism, memory, instruction), with the
cheats of harness lore behind them. A mutant is an edit of the text itself, so that any file that can be read can be
mutated, whatever it is written with."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.mutants import cheats, instruction, memory, parallelism
from xpiler.text.edits import Change, edited, tokens
from xpiler.verify.mutants.mutant import FAMILIES, INSTRUCTION, MEMORY, PARALLELISM, RESULT, Mutant
from xpiler.text.sites import Sites

Finder = Callable[[Sites], Iterable[Change]]
_FINDERS: Mapping[str, Mapping[str, Finder]] = {
    PARALLELISM: parallelism.KINDS, MEMORY: memory.KINDS, INSTRUCTION: instruction.KINDS, RESULT: cheats.KINDS,
}
# Kind -> its family, in the order of the tables.
KINDS: Mapping[str, str] = {kind: family for family in FAMILIES for kind in _FINDERS[family]}


def mutants(
    text: str, platform: Platform, program: Program, *, kinds: Iterable[str] | None = None, limit: int = 16,
    seed: int = 0,
) -> Iterator[Mutant]:
    """At most `limit` mutants of a text (0: all there are), kinds in turn, chosen by `seed` and the text alone.

    `program` is what the text reads as. Every mutant differs from the text in what a compiler sees of it; whether it
    still compiles is for the judges to find."""
    wanted = [k for k in KINDS if kinds is None or k in set(kinds)]
    at = Sites(text, platform, program, program.file or "mutant")
    mark = zlib.crc32(text.encode())
    found = {kind: _shuffled(_made(at, kind), f"{seed} {mark} {kind}") for kind in wanted}
    order = _shuffled(wanted, f"{seed} {mark}")
    seen = {tuple(tokens(at.text))}
    given = 0
    while any(found.values()):
        for kind in order:
            while found[kind]:
                mutant = found[kind].pop()
                spelled = tuple(tokens(mutant.text))
                if spelled not in seen:
                    seen.add(spelled)
                    yield mutant
                    given += 1
                    break
            if limit and given >= limit:
                return


def _made(at: Sites, kind: str) -> Iterator[Mutant]:
    family = KINDS[kind]
    for change in _FINDERS[family][kind](at):
        text = edited(at.data, change.edits)
        if text is not None:
            line, column = at.place(change.at)
            yield Mutant(kind, family, line, column, change.what, text)


def _shuffled(items: Iterable[object], key: str) -> list:  # type: ignore[type-arg]
    out = list(items)
    random.Random(key).shuffle(out)
    return out


__all__ = ["FAMILIES", "KINDS", "Mutant", "mutants"]
