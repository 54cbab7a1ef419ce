"""Examples for prompts, made by our own passes on programs like the one at hand, and accepted by the judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from xpiler import before_after, by_hand, engine, passes, platforms
from xpiler.fault import BROKEN, Fault
from xpiler.given import program_of, text_of
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform
from xpiler.propose.nearest import nearest
from xpiler.propose.neural import Meta
from xpiler.propose.prompt import Shot
from xpiler.text.library import library
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.verdict import confirmed

MOST_KNOBS = 12
_SHORT = 6000  # characters of a program that can be an example
_BROKEN = (Fault, NotApplicable, *BROKEN)


def candidates(text: str, source: Platform, folder: Path | None) -> Iterator[tuple[Path, str]]:
    """The programs of a folder in the language of `source`, those most like `text` first."""
    files = sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
    texts = {str(f): text_of(f) for f in files if f.suffix in source.suffixes and platforms.of_file(f) == source}
    short = [(name, t) for name, t in texts.items() if len(t) <= _SHORT]
    for name in nearest(text, short, len(short)):
        yield Path(name), texts[name]


def translated(
    text: str, source: Platform, target: Platform, folder: Path | None, most: int, cache: Path | None = None
) -> list[Shot]:
    """Pairs of programs from the source's language to the target's, translated by rules and confirmed."""
    found: list[Shot] = []
    options = engine.Options(seeds=1, budget=20.0, cache=cache, level=Level.TESTS, repair=0.0)
    for path, before in candidates(text, source, folder):
        if len(found) == most:
            break
        try:
            result = engine.translate(before, source, target, file=path.name, options=options)
        except _BROKEN:
            continue
        if result.confirmed:
            found.append(Shot(before, result.text, source.title, target.title))
    return found


def meta(
    name: str, text: str, source: Platform, target: Platform, folder: Path | None, most: int, cache: Path | None = None
) -> Meta:
    """What is told of a pass: its docstring with the picture, `most` examples of it, and its instances in a program.

    An example is a program of a folder to which the pass applies, before and after. Fault XP3007 for no such pass."""
    by_hand.of_name(name)
    machine = replace(target, intrinsics=library(target, cache))
    shots: list[Shot] = []
    for path, _ in candidates(text, source, folder):
        if len(shots) == most:
            break
        shots += _applied(name, path, source, machine, cache)
    about = import_module(f"{passes.__name__}.{name}").__doc__ or ""
    return Meta(about, tuple(shots), knobs(name, text, source, machine))


def knobs(name: str, text: str, source: Platform, machine: Platform) -> tuple[str, ...]:
    """The instances of a pass in a program, in words; none where it has no choices or the program is not read."""
    if not hasattr(by_hand.of_name(name), "space"):
        return ()
    try:
        said = [by_hand.words(s) for _, s in by_hand.all_instances(name, _stand(name, text, source, machine))]
    except _BROKEN:
        return ()
    return tuple(dict.fromkeys(w for w in said if w))[:MOST_KNOBS]


def _stand(name: str, text: str, source: Platform, machine: Platform) -> by_hand.Stand:
    stage = getattr(by_hand.of_name(name), "stage", "pivot")
    return by_hand.stand(read(text, source), source, stage, machine)


def _applied(
    name: str, file: Path, source: Platform, machine: Platform, cache: Path | None
) -> Sequence[Shot]:
    """One program before and after the first instance that is listed, accepted by the judge."""
    try:
        _, text, program, _ = program_of(file, source.name, (), (), "", "", "", "")
        at = _stand(name, text, source, machine)
        kind = by_hand.of_name(name)
        steps = [s for _, s in by_hand.all_instances(name, at)] if hasattr(kind, "space") else [
            by_hand.made(name, (), at.machine)]
        if not steps:
            return ()
        became = by_hand.applied(name, steps[0], at)
        plain = platforms.get(platforms.NAMES[0])
        languages = [source, plain] if at.stage in ("read", "detensorized") else [plain, machine, source]
        made = before_after.texts(at, became, languages)
        if not made.language or not made.before:
            return ()
        spoken = platforms.get(made.language)
        evidence = confirm(text, source, made.after, spoken, program, seeds=1, budget=20.0, cache=cache,
                           level=Level.TESTS)
    except _BROKEN:
        return ()
    if not confirmed(evidence):
        return ()
    title = spoken.title
    return (Shot(made.before, made.after, title, f"{title}, after {name} {by_hand.words(steps[0])}".rstrip()),)
