"""Passages of a manual by what they are about: BM25, by the library bm25s.

No translation needs it: it comes with the extra `model`, and is asked for when an index is made."""

from __future__ import annotations

from collections.abc import Sequence

from xpiler.propose.extra import extra
from xpiler.propose.manual import Passage
from xpiler.propose.words import tokens

TOP = 5
NAME = 3  # times a title counts


class Ranked:
    """Texts that can be searched."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._model = extra("bm25s", "model").BM25()
        self._size = len(texts)
        if texts:
            self._model.index([tokens(t) or [""] for t in texts], show_progress=False)

    def search(self, query: str, top: int = TOP) -> list[int]:
        """The positions of the texts that fit best, best first; fewer than `top` where no more have a word of it."""
        if not self._size:
            return []
        words = [w for w in dict.fromkeys(tokens(query)) if w in self._model.vocab_dict]
        if not words:
            return []
        found, scores = self._model.retrieve([words], k=min(top, self._size), show_progress=False, sorted=True)
        return [int(n) for n, score in zip(found[0], scores[0], strict=True) if score > 0]


class Index:
    """The passages of a manual by BM25."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.passages = tuple(passages)
        self._ranked = Ranked([_weighted(p) for p in self.passages])

    def search(self, query: str, top: int = TOP) -> list[Passage]:
        """The passages that fit a query best, best first."""
        return [self.passages[n] for n in self._ranked.search(query, top)]


def _weighted(p: Passage) -> str:
    """A passage as it is indexed: what its signatures say once, however many overloads it has; its title thrice."""
    declared = " ".join(dict.fromkeys(w for s in p.signatures for w in tokens(s)))
    return "\n".join((*[p.title] * NAME, declared, p.text, *p.spaces, *p.limits))
