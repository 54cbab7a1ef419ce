"""A text with its holes open: one program that is all the texts its holes stand for, chosen when it is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from xpiler.repair.hole import Choice, Hole, Kind, Radix, mixed
from xpiler.repair.instrument import Watched
from xpiler.repair.offers import Table, named
from xpiler.repair.quickly import quickly
from xpiler.text.edits import Edit, edited

_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
Place = tuple[Watched, str, str]  # as `instrument` has them
Picks = Mapping[int, int]  # hole -> choice, counted from 1; a hole that is not named stays as it is


@dataclass(frozen=True)
class _Part:
    """Bytes of a text that a hole covers, or that are told: with something before and behind them."""

    start: int
    end: int
    number: int
    hole: Hole | None
    before: str = ""
    behind: str = ""


@dataclass(frozen=True)
class Sketch:
    """A text and its holes, those around others first."""

    data: bytes
    holes: tuple[Hole, ...]
    hurried: bool = True  # the compiler's time counts more than that of the runs
    places: tuple[Place, ...] = ()  # that tell their values
    besides: tuple[tuple[int, str], ...] = ()  # what leaves passes of loops out or holds a body together, and where

    @property
    def text(self) -> str:
        """The program that leaves the choices to `xp::pick`; those only a compiler can make stay as they are.

        Lines stay what they are, so that findings and errors are told where the text has them."""
        parts = [_Part(h.start, h.end, k, h) for k, h in enumerate(self.holes) if h.kind is not Kind.FIXED]
        told = [_Part(w.start, w.end, k, None, before.replace("{k}", str(k)), behind)
                for k, (w, before, behind) in enumerate(self.places)]
        besides = [_Part(at, at, 0, None, more) for at, more in self.besides]
        opened = self._opened(0, len(self.data), sorted([*besides, *parts, *told], key=_order))
        return quickly(opened, self._helpers, self.hurried)

    @cached_property
    def acts(self) -> list[tuple[str, tuple[str, ...]]]:
        """Types, and what is done with two values of each."""
        return list(dict.fromkeys((h.program, h.acts) for h in self.holes if h.acts))

    @cached_property
    def tables(self) -> list[Table]:
        """The functions of the header that are chosen among."""
        return list(dict.fromkeys(h.table for h in self.holes if h.table is not None))

    @property
    def beside(self) -> tuple[str, ...]:
        """What is compiled once and linked with it."""
        return tuple(t.text for t in self.tables)

    @property
    def _helpers(self) -> str:
        out = [t.declared for t in self.tables]
        for n, (kind, acts) in enumerate(self.acts):
            cases = "".join(f"case {i}: return {a.format(x='x', y='y', X='x', Y='y')}; " for i, a in enumerate(acts))
            out.append(f"static {kind} xp_act{n}(int c, {kind} x, {kind} y) "
                       f"{{ if (c >= 0) switch (c % {len(acts)}) {{ {cases}}} return x; }}")
        return " ".join(out)

    @cached_property
    def widened(self) -> dict[int, int]:
        """The choices that make every narrow type as wide as is usual."""
        fixed = [(k, h) for k, h in enumerate(self.holes) if h.kind is Kind.FIXED]
        return {k: c for k, h in fixed for c, choice in _from_1(h) if choice.wider}

    def filled(self, picks: Picks) -> str | None:
        """The text with choices made; of two holes one of which lies in the other, the outer one counts."""
        edits: list[Edit] = []
        called = {self.holes[k].start: self.holes[k].edit(c) for k, c in picks.items()
                  if self.holes[k].kind is Kind.FUNCTION}
        for k, choice in sorted(picks.items()):
            edit = self.holes[k].edit(choice)
            name = called.get(edit.start) if self.holes[k].kind is Kind.ORDER else None
            if name is not None:  # another function, with its arguments in that order
                edit = replace(edit, new=name.new + edit.new[name.end - name.start:])
            if not any(e.start <= edit.start and edit.end <= e.end and e.start < e.end for e in edits):
                edits.append(edit)
        return edited(self.data, edits)

    def nested(self, a: int, b: int) -> bool:
        """Whether of two holes one lies in the other."""
        x, y = self.holes[a], self.holes[b]
        if x.start == y.start and {x.kind, y.kind} == {Kind.FUNCTION, Kind.ORDER}:
            return False
        return x.start <= y.start and y.end <= x.end or y.start <= x.start and x.end <= y.end

    def without(self, lines: Sequence[int]) -> Sketch:
        """Without the places that tell their values on these lines; where there are none, without the holes there."""
        places = tuple(p for p in self.places if p[0].line not in lines)
        if len(places) < len(self.places):
            return replace(self, places=places)
        return replace(self, holes=tuple(h for h in self.holes if h.line not in lines or h.kind is Kind.FIXED))

    def _opened(self, start: int, end: int, parts: list[_Part]) -> str:
        """The bytes from `start` to `end` with the parts that lie there; one that overlaps the one before without
        lying in it is left out."""
        out, at = [], start
        for part, inner in _outermost(parts):
            if part.start < at:
                continue
            out += [self.data[at:part.start].decode(), self._part(part, inner)]
            at = part.end
        return "".join([*out, self.data[at:end].decode()])

    def _part(self, part: _Part, inner: list[_Part]) -> str:
        if part.hole is not None:
            return self._choice(part.number, part.hole, inner)
        return f"{part.before}{self._opened(part.start, part.end, inner)}{part.behind}"

    def _choice(self, k: int, hole: Hole, inner: list[_Part]) -> str:
        here = self._opened(hole.start, hole.end, inner)
        chosen = f"xp::pick({k})"
        telling = self._telling(inner)

        def spelled(c: Choice) -> str:
            return telling(_line(c.spelled))

        if hole.kind is Kind.STATEMENT and hole.program:
            return f"if (const int xp_c = {chosen} - 1; xp_c >= 0) {{ {_line(hole.program)} }} "
        if hole.kind is Kind.STATEMENT and hole.start < hole.end:
            return self._statement(hole, chosen, here, spelled)
        if hole.kind is Kind.STATEMENT:
            cases = "".join(f" else if ({chosen} == {n}) {{ {spelled(c)}; }}" for n, c in _from_1(hole))
            return f"if ({chosen} == 0) {{}}{cases} "
        if hole.kind is Kind.ORDER:
            name = next((p for p in inner if p.hole is not None and p.hole.kind is Kind.FUNCTION
                         and p.start == hole.start), None)
            called, size = (self._part(name, []), name.end - name.start) if name is not None else ("", 0)
            cases = "".join(f"{chosen} == {n} ? ({called}{telling(_line(c.spelled[size:]))}) : "
                            for n, c in _from_1(hole))
            return f"({cases}({here}))"
        if hole.kind is Kind.COMBINED and isinstance(hole.choices, Radix):
            acts, others = (len(d) for d in hole.choices.digits)
            other = mixed([t for t, _ in hole.choices.digits[1]], f"({chosen} - 1) / {acts} % {others}")
            return f"xp_act{_index(self.acts, hole)}({chosen} - 1, ({here}), {other})"
        if hole.kind is Kind.FUNCTION:
            names = [c.spelled for c in hole.choices]
            if hole.table is not None and set(names) <= set(hole.table.names):
                return f"({chosen} ? {hole.table.chosen(names, f'{chosen} - 1')} : {named(hole.program, here)})"
            cases = "".join(f"{chosen} == {n} ? {named(hole.program, name)} : " for n, name in enumerate(names, 1))
            return f"({cases}{named(hole.program, here)})"
        # Of a pointer chosen g++ makes elements chosen, in a template with other types: the plus keeps it from that.
        plus = "+" if hole.kind is Kind.POINTER else ""
        own = f"(__typeof__({plus}({_line(self.data[hole.start:hole.end].decode())})))"
        cast = own if hole.kind in (Kind.NUMBER, Kind.POINTER) else ""
        cases = "".join(f"{chosen} == {n} ? {cast}({spelled(c)}) : " for n, c in _from_1(hole)[:-1])
        return f"({plus}({chosen} == 0 ? ({here}) : {cases}{cast}({spelled(hole.choices[-1])})))"

    def _statement(self, hole: Hole, chosen: str, here: str, spelled: Callable[[Choice], str]) -> str:
        """A statement or another one; under a guard it is open as it is without."""
        own = _line(self.data[hole.start:hole.end].decode())
        done, cases = f"{chosen} == 0", ""
        for n, c in _from_1(hole):
            guard = _line(c.spelled).removesuffix(own).rstrip()
            if guard.startswith("if (") and guard.endswith(")") and guard != _line(c.spelled):
                done += f" || ({chosen} == {n} && {guard.removeprefix('if ')})"
            else:
                cases += f" else if ({chosen} == {n}) {{ {spelled(c)}; }}"
        return f"do {{ if ({done}) {{ {here}; }}{cases} }} while (0)"

    def _telling(self, inner: list[_Part]) -> Callable[[str], str]:
        """What makes a choice tell what the bytes it is made of would have told."""
        told = {_line(self.data[p.start:p.end].decode()): p for p in inner
                if p.hole is None and p.start < p.end and p.before[:3] != "do "}
        if not told:
            return lambda text: text
        every = "|".join(re.escape(t) for t in sorted(told, key=len, reverse=True))
        found = re.compile(rf"(?<![\w.&])(?:{every})(?!\w|\s*(?:[-+*/]?=[^=]|\+\+|--|\())")
        return lambda text: found.sub(lambda m: f"{told[m[0]].before}{m[0]}{told[m[0]].behind}", text)


def _index(acts: Sequence[tuple[str, tuple[str, ...]]], hole: Hole) -> int:
    return acts.index((hole.program, hole.acts))


def _from_1(hole: Hole) -> list[tuple[int, Choice]]:
    return list(enumerate(hole.choices, 1))


def _line(text: str) -> str:
    """A text in one line, without its comments."""
    return " ".join(_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " ", text).split())


def _order(p: _Part) -> tuple[int, bool, int, bool]:
    """What is put in between statements first, then those around others; a value is told as it was chosen."""
    return p.start, p.start < p.end, -p.end, p.hole is not None


def _outermost(parts: list[_Part]) -> Iterator[tuple[_Part, list[_Part]]]:
    """Each part that lies in no other, with those that lie in it."""
    i = 0
    while i < len(parts):
        outer = parts[i]
        j = i + 1
        while j < len(parts) and parts[j].end <= outer.end and outer.start < outer.end:
            j += 1
        yield outer, parts[i + 1:j]
        i = j
