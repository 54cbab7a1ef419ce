"""What two platforms of one model call the same thing: names of the runtime, types, exchanges between lanes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xpiler.fault import NOWHERE
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform, Wording
from xpiler.text.writing.error import NotExpressible
from xpiler.text.writing.header import vocabulary

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Exchange:
    """A call between lanes: its kind, its function, and what each argument is (mask, value, lane, width)."""

    kind: str
    name: str
    roles: tuple[str, ...]


def exchanges(platform: Platform) -> dict[str, Exchange]:
    """The exchanges of a platform by the names of their functions."""
    found = (Exchange(kind, call.partition("(")[0], tuple(_FIELD.findall(call)))
             for kind, call in platform.shuffles.items())
    return {e.name: e for e in found}


@dataclass(frozen=True)
class Words:
    """The words of one platform for those of another; both have a `wording`."""

    source: Platform
    target: Platform

    @cached_property
    def here(self) -> Wording:
        assert self.source.wording is not None, "the caller has asked"
        return self.source.wording

    @cached_property
    def there(self) -> Wording:
        assert self.target.wording is not None, "the caller has asked"
        return self.target.wording

    @cached_property
    def exchanges(self) -> dict[str, Exchange]:
        return exchanges(self.source)

    @cached_property
    def _tails(self) -> dict[str, str]:
        """The source's names of its runtime, and the model's tail of each."""
        own = {name: tail for tail, name in self.here.own.items() if name}
        plain = {self.here.api + tail: tail for tail in vocabulary(self.source).tails if tail not in self.here.own}
        return plain | own

    def tail(self, word: str) -> str:
        """The model's tail of a name of the runtime; "" where it is none."""
        return self._tails.get(word, "")

    def word(self, word: str) -> str | None:
        """What the target calls a word of the source's; None where it has no name for it."""
        if word in self.here.words:
            return self.here.words[word]
        if tail := self.tail(word):
            return self.there.own.get(tail, self.there.api + tail) or None
        if self.there.absent and re.fullmatch(self.there.absent, word):
            return None
        return self._types.get(word, word)

    def is_api(self, word: str) -> bool:
        """Whether a word looks like one of the source's runtime."""
        return re.match(rf"{self.here.api}[A-Z]", word) is not None

    @cached_property
    def _types(self) -> dict[str, str]:
        """Spellings of types that differ, those of pairs too."""
        a, b = self.source.types[DType.BF16], self.target.types[DType.BF16]
        return {**self.target.aliases, a: b, f"{a}2": f"{b}2"}

    # ------------------------------------------------------------ between lanes

    def exchange(self, call: Exchange, args: Sequence[str], any_width: bool) -> str:
        """A call between lanes in the target's words; `any_width`: the text asks for the width of a warp itself."""
        template = self.target.shuffles.get(call.kind, "")
        narrow, wide = self.source.warp, self.target.warp
        if "width" not in call.roles and narrow != wide or narrow > wide and len(args) < len(call.roles):
            raise NotExpressible(NOWHERE, f"`{call.name}`", f"{self.target.title} has {wide} lanes, not {narrow}")
        given = dict(zip(call.roles, args, strict=False))
        if narrow != wide and not any_width:
            given.setdefault("width", str(narrow))
        given.setdefault("mask", hex((1 << wide) - 1))
        if "width" not in given:
            template = template.replace(", {width}", "")
        return template.format(**given)

    @property
    def meeting(self) -> tuple[str, str]:
        """The functions at which the lanes of a warp meet, the source's and the target's."""
        found = (p.barriers.get("warp", "").partition("(")[0] for p in (self.source, self.target))
        return next(found), next(found)
