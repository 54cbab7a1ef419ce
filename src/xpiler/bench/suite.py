"""Our own suite: templates of kernels, each for some shapes of an operator, and the cases they are filled in for.

`operators.toml` names the operators and their shapes. `<dialect>/<operator>_<idiom>.<suffix>` is a source as its owner
would have it, for one of its shapes; `// shapes: 32_64 3_16` in it tells which others it serves, and its constants of
the names the operator has are set to theirs."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from xpiler.bench.case import Case
from xpiler.bench.specs import SPECS
from xpiler.fault import Fault, Span
from xpiler.platforms.platform import Platform
from xpiler.verify.spec.form import evaluated

TABLE = "operators.toml"
_SHAPES = re.compile(r"^//\s*shapes:(.*)$", re.MULTILINE)
# Words in a template's name that say that it is written for the shapes in narrow types.
NARROW = ("half", "u8s8")


@dataclass(frozen=True)
class Operator:
    """One table of `operators.toml`; see the head of that file."""

    name: str
    dims: str
    constants: Mapping[str, str]
    shapes: tuple[str, ...]
    narrow: tuple[str, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    title: str = ""

    def numbers(self, shape: str) -> dict[str, int]:
        """What each of the dims is in a shape: `12_3_128` has n = 4608 where the dims are `*n`."""
        found = [int(d) for d in shape.split("_")]
        names = self.dims.split()
        if names[0].startswith("*"):
            rest = len(names) - 1
            found = [math.prod(found[: len(found) - rest]), *found[len(found) - rest:]]
            names[0] = names[0][1:]
        if len(found) != len(names):
            raise Fault("XP3020", f"the shape {shape} of {self.name} has {len(found)} numbers",
                        why=f"its dims are `{self.dims}`")
        return {name: d for name, d in zip(names, found, strict=True) if name != "."}

    def values(self, shape: str) -> dict[str, int]:
        """The constants of a source at a shape."""
        numbers = self.numbers(shape)
        return {name: evaluated(text, numbers) for name, text in self.constants.items()}

    def sizes(self, shape: str) -> dict[str, int]:
        """The letters of the operator's specification at a shape."""
        numbers = self.numbers(shape)
        form = SPECS[self.name].form
        wanted = form.letters if form is not None else ()
        known = numbers | {name: evaluated(text, numbers) for name, text in self.letters.items()}
        return {k: v for k, v in known.items() if k in wanted}


@dataclass(frozen=True)
class Template:
    """A source for some shapes of one operator."""

    path: Path
    text: str
    operator: str
    shapes: tuple[str, ...]

    @property
    def types(self) -> str:
        """`half`, `u8s8`, or nothing for float."""
        return next((w for w in NARROW if w in self.path.stem.split("_")), "")


def operators(directory: Path) -> dict[str, Operator]:
    """The operators of a suite, in its order."""
    path = directory / TABLE
    try:
        table: dict[str, dict[str, Any]] = tomllib.loads(path.read_text())
    except OSError as e:
        raise Fault("XP3020", f"no suite in {directory}", why=f"{path} cannot be read: {e.strerror}",
                    try_="the folder that holds operators.toml: --suite DIR") from e
    except tomllib.TOMLDecodeError as e:
        raise Fault("XP3020", f"{path} is not TOML", Span(str(path)), why=str(e)) from e
    return {name: _operator(name, entry, path) for name, entry in table.items()}


def _operator(name: str, entry: Mapping[str, Any], path: Path) -> Operator:
    if name not in SPECS:
        raise Fault("XP3020", f"{path} has an operator `{name}`", why="no specification is called so",
                    try_=f"one of {', '.join(sorted(SPECS))}")
    held: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    held["data"] = {k: tuple(v) for k, v in entry.get("data", {}).items()}
    return Operator(name, **held)


def templates(directory: Path, platform: Platform, known: Mapping[str, Operator]) -> Iterator[Template]:
    """The sources of one dialect, in the order of the operators and of their names."""
    paths = [p for p in sorted((directory / platform.name).glob("*")) if p.suffix in platform.suffixes]
    for operator in known:
        for path in paths:
            if path.stem.split("_")[0] == operator:
                text = path.read_text()
                shapes = tuple(s for line in _SHAPES.findall(text) for s in line.split())
                unknown = set(shapes) - {*known[operator].shapes, *known[operator].narrow}
                if unknown or not shapes:
                    what = f"the shape {min(unknown)}" if unknown else "no line `// shapes: ...`"
                    raise Fault("XP3020", f"{path.name} has {what}", Span(str(path)),
                                why=f"{TABLE} has {', '.join((*known[operator].shapes, *known[operator].narrow))}")
                yield Template(path, text, operator, shapes)


def suite(directory: Path, platform: Platform, only: str, limit: int) -> Iterator[Case]:
    """The cases of a dialect: every shape of every operator, from the template that serves it; at most `limit` of an
    operator. A shape no template serves is left out, and `missing` tells which."""
    known = operators(directory)
    made: dict[str, list[Case]] = {name: [] for name in known}
    for t in templates(directory, platform, known):
        made[t.operator] += [_case(t, known[t.operator], shape) for shape in t.shapes]
    for name, cases in made.items():
        order = [*known[name].shapes, *known[name].narrow]
        cases.sort(key=lambda c: order.index(c.shape))
        wanted = [c for c in cases if fnmatch(c.name, only)]
        yield from wanted[: limit or None]


def missing(directory: Path, platform: Platform) -> list[str]:
    """Shapes that no template of a dialect serves, and those that several do, in words."""
    known = operators(directory)
    served = [(t.operator, s) for t in templates(directory, platform, known) for s in t.shapes]
    wanted = [(o.name, s) for o in known.values() for s in (*o.shapes, *o.narrow)]
    return [f"{o}_{s} {'is served twice' if served.count((o, s)) > 1 else 'has no source'}"
            for o, s in wanted if served.count((o, s)) != 1]


def _case(template: Template, operator: Operator, shape: str) -> Case:
    words = set(re.findall(r"\w+", template.text))
    data = {k: v for k, v in operator.data.items() if k in words}
    name = "_".join(filter(None, (operator.name, template.types, shape)))
    return Case(template.path, operator.name, let=data, spec=operator.name, letters=operator.sizes(shape),
                called=name, shape=shape, constants=operator.values(shape))
