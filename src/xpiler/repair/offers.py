"""Functions of a platform's header that an open text chooses among, compiled once for all texts.

They are many times as long as the text itself, and always the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from xpiler.platforms.platform import Platform
from xpiler.text.offered import alike

FEW, MOST = 4, 127  # of fewer it is not worth it; more have no digit
# Functions in wide use, of one number each.
USUAL = ("expf", "sqrtf", "fabsf", "logf", "tanhf", "erff", "rsqrtf")
_OFFERED = """#ifndef XP_OFFERED
#define XP_OFFERED
template <class P, class F, class = decltype(static_cast<P>(*static_cast<F*>(nullptr)))>
constexpr P xp_offered(F f, int) { return static_cast<P>(f); }
template <class P, class F> constexpr P xp_offered(F, long) { return nullptr; }
#endif
"""


@dataclass(frozen=True)
class Table:
    """Functions of one type: a pointer to it, and their names."""

    pointer: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        said = "\n".join((self.pointer, *self.names))
        return f"xp_offers_{hashlib.sha256(said.encode()).hexdigest()[:16]}"

    @property
    def declared(self) -> str:
        """What a text says that uses it."""
        return f'using {self.name}_t = {self.pointer}; extern "C" {{ extern const {self.name}_t {self.name}[]; }}'

    @property
    def text(self) -> str:
        """The program beside it; what is declared and cannot be called here is nowhere."""
        some = ",\n".join(f"xp_offered<{self.name}_t>({self._calling(name)}, 0)" for name in self.names)
        return f'{_OFFERED}{self.declared}\nextern "C" {{ const {self.name}_t {self.name}[] = {{\n{some}\n}}; }}\n'

    def _calling(self, name: str) -> str:
        call = f"static_cast<{self.pointer.partition('(*)')[0].strip()}>({name}(xp_a...))"
        return f"[](auto... xp_a) -> decltype({call}) {{ return {call}; }}"

    def chosen(self, names: Sequence[str], digit: str) -> str:
        """The one of these names that a digit of a choice says."""
        places = "".join(f"\\{self.names.index(n):03o}" for n in names)
        return f'{self.name}["{places}"[{digit}]]'


def ways(platform: Platform) -> frozenset[str]:
    """The directions of copies in wide use: between memories on the device, and between the host's and the device's."""
    copies = f"{platform.runtime.copy_in} {platform.runtime.copy_out}"
    return frozenset(platform.transfers.values()) | frozenset(re.findall(r"\w+", copies))


def table(platform: Platform, signature: str) -> Table | None:
    """What a platform's header offers of a type; None where that is little."""
    names = alike(platform).get(signature, ())
    return Table(signature.replace("(", "(*)(", 1), names) if FEW <= len(names) <= MOST else None


def named(pointer: str, name: str) -> str:
    """A pointer to one of the functions of a name, or to what a call of that type calls."""
    result = pointer.partition("(*)")[0].strip()
    if result == "void":
        return f"static_cast<{pointer}>({name})"
    return f"static_cast<{pointer}>([](auto... xp_a) -> {result} {{ return {name}(xp_a...); }})"
