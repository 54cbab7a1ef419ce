"""A language model as annotator: it says what loops compute, the manual is searched for that, and it chooses.

Two exchanges, as in the paper: the program with numbered loops -> a computation for each; the passages found for these
-> those that fit. Answers are lines of JSON. What is no such line, or is about no loop or no passage, is dropped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from xpiler.ir.nodes import Program
from xpiler.ir.paths import Path
from xpiler.propose.annotate import Annotation, every_loop, reference
from xpiler.propose.manual import Passage
from xpiler.propose.retrieval import TOP, Index

Message = dict[str, str]
LONGEST = 300  # characters of a computation, and of a passage that is shown

_SEMANTIC = """You annotate sequential C programs. Loops carry a number in a comment. For each loop nest that computes
something, answer with one line of JSON and nothing else:
{"loop": NUMBER, "computes": "the computation in words and as a formula"}"""
_REFERENCE = """You choose instructions of %s for the computations of a program from passages of its manual. For each
computation answer with one line of JSON and nothing else, with titles exactly as they are given, best first, [] where
none fits:
{"loop": NUMBER, "refers": ["TITLE", ...]}"""


@dataclass(frozen=True)
class ModelAnnotator:
    """Asks `complete`, which answers a conversation; `target` is what the machine is called in the question."""

    index: Index
    complete: Callable[[list[Message]], str]
    target: str = "the target"
    top: int = TOP

    def annotate(self, program: Program, text: str) -> tuple[Annotation, ...]:
        """What the model says of the loops it was shown, in the order of the text."""
        loops = dict(enumerate(every_loop(program), 1))
        shown = _numbered(text, {loop.span.line: n for n, (_, loop) in reversed(loops.items())})
        paths = {n: path for n, (path, _) in loops.items()}
        said = _computations(self.complete(_asked(_SEMANTIC, shown)), paths)
        if not said:
            return ()
        passages = {n: self.index.search(what, self.top) for n, what in said.items()}
        answer = self.complete(_asked(_REFERENCE % self.target, _choices(said, passages)))
        chosen = _chosen(answer, passages)
        return tuple(
            Annotation(paths[n], what, tuple(map(reference, chosen.get(n, ())))) for n, what in sorted(said.items()))


def _asked(system: str, user: str) -> list[Message]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def _numbered(text: str, numbers: Mapping[int, int]) -> str:
    return "\n".join(f"{line}  // loop {numbers[n]}" if n in numbers else line
                     for n, line in enumerate(text.splitlines(), 1))


def _choices(said: Mapping[int, str], passages: Mapping[int, list[Passage]]) -> str:
    parts = []
    for n, what in sorted(said.items()):
        listed = "\n".join(f"- {p.title}: {' '.join(p.whole.split())[:LONGEST]}" for p in passages[n])
        parts.append(f"loop {n}: {what}\n{listed}")
    return "\n\n".join(parts)


def _objects(reply: str) -> Iterator[dict[str, object]]:
    """The lines of a reply that are objects of JSON with a whole number as their loop."""
    for line in reply.splitlines():
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(found, dict) and type(found.get("loop")) is int:
            yield found


def _computations(reply: str, paths: Mapping[int, Path]) -> dict[int, str]:
    """Loop -> what it computes; the first that is said of a loop counts."""
    out: dict[int, str] = {}
    for o in _objects(reply):
        n, what = o["loop"], o.get("computes")
        if isinstance(n, int) and n in paths and isinstance(what, str) and o.keys() == {"loop", "computes"}:
            said = " ".join(what.split())
            if said and said.isprintable() and len(said) <= LONGEST:
                out.setdefault(n, said)
    return out


def _chosen(reply: str, passages: Mapping[int, list[Passage]]) -> dict[int, list[Passage]]:
    """Loop -> the passages chosen among those it was shown, each once."""
    out: dict[int, list[Passage]] = {}
    for o in _objects(reply):
        n, names = o["loop"], o.get("refers")
        if isinstance(n, int) and n in passages and isinstance(names, list) and o.keys() == {"loop", "refers"}:
            shown = {p.title: p for p in passages[n]}
            out.setdefault(n, [shown[t] for t in dict.fromkeys(map(str, names)) if t in shown])
    return out
