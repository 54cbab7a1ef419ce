"""Other translators on the same cases, judged by the same ladder, beside xpiler in the same run.

A peer is a program that takes the name of a file and prints its translation: HIPIFY's hipify-perl for CUDA C to HIP, or
whatever is named. It runs with the caller's rights, on sources of the suite; what it prints is a stranger's text and is
judged in the sandbox like any other. No more than 64 KiB of it are taken."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xpiler import engine, platforms
from xpiler.bench import matrix, paper
from xpiler.bench.corpus import CONFIRMED, DEFECTIVE, judged
from xpiler.bench.matrix import Item, Translated
from xpiler.bench.progress import Kind, go_through
from xpiler.emulate import sandbox
from xpiler.emulate.entry import Limits
from xpiler.fault import Fault
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.runs.observe import Effort

HEADER = ("tool", "from", "to", "cases", "compiles %", "computes %", "median s", "published %")
_LIMITS = Limits(seconds=60)  # for one file
_PATH = "/usr/local/bin:/usr/bin:/bin"  # where a peer finds the programs it needs
NO_ANSWER = "no translation"


@dataclass(frozen=True)
class Peer:
    """A translator of one direction; no command where it is not installed."""

    name: str
    source: str
    target: str
    command: tuple[str, ...] = ()


# What each of these is called where it is installed.
KNOWN = (Peer("HIPIFY", "cuda", "hip", ("hipify-perl",)), Peer("PPCG", "c", "cuda", ("ppcg",)))


def peers(asked: Sequence[str]) -> tuple[Peer, ...]:
    """`NAME:FROM:TO=COMMAND` of each, or `NAME=COMMAND` of one of those known; these too, where they are on PATH."""
    found = {p.name: p if shutil.which(p.command[0]) else replace(p, command=()) for p in KNOWN}
    for word in asked:
        name, equals, command = word.partition("=")
        parts = name.split(":")
        if not equals or not command or len(parts) not in (1, 3) or (len(parts) == 1 and name not in found):
            raise Fault("XP3020", f"`{word}` names no other translator",
                        why=f"of {', '.join(found)} the command is enough, of others the direction is needed",
                        try_="--peer HIPIFY=hipify-perl, or --peer NAME:cuda:hip='COMMAND'")
        source, target = parts[1:] or (found[name].source, found[name].target)
        for platform in (source, target):
            platforms.get(platform)
        found[parts[0]] = Peer(parts[0], source, target, tuple(shlex.split(command)))
    return tuple(found.values())


@dataclass(frozen=True)
class Try:
    """One case, translated by a peer, or by xpiler where there is none."""

    item: Item
    peer: Peer | None

    @property
    def name(self) -> str:
        return f"{self.peer.name if self.peer else 'xpiler'}: {self.item.name}"


_KIND: Kind[Try, Translated] = Kind(
    Translated.from_json, lambda t, kind, why: _named(matrix.TRANSLATED.broken(t.item, kind, why), t))


def measure(
    tries: Sequence[Try], jobs: int, options: engine.Options, progress: Callable[[str], None] = lambda _: None,
    kept: Path | None = None,
) -> tuple[Translated, ...]:
    """Every case by every translator; one bad case never stops the others."""
    return go_through(tries, lambda t: _one(t, options), jobs, kept, progress, _KIND)


def _one(t: Try, options: engine.Options) -> Translated:
    if t.peer is None:
        return _named(matrix.one(t.item, matrix.Options(options)), t)
    item, start = t.item, time.monotonic()
    blank = Translated(t.name, item.case.name, item.case.operator, item.source, item.target, NO_ANSWER, "", 0.0)
    text, why = translated(t.peer, item.case.path.name, item.case.text)
    if not text:
        return replace(blank, why=why, seconds=time.monotonic() - start)
    source, target = platforms.get(item.source), platforms.get(item.target)
    effort = Effort(options.seeds, options.budget, level=int(options.level))
    try:
        program = read(item.case.text, source, item.case.path.name)
        evidence = confirm(item.case.text + program.entry, source, text, target, program, let=item.case.let or None,
                           effort=effort, level=options.level, cache=options.cache, file=t.peer.name)
    except Fault as fault:
        return replace(blank, outcome=fault.code, why=str(fault).splitlines()[0], seconds=time.monotonic() - start)
    outcome, why = judged(evidence)
    return replace(blank, outcome=outcome, why=why, seconds=time.monotonic() - start, evidence=evidence)


def translated(peer: Peer, name: str, text: str) -> tuple[str, str]:
    """What a peer prints for a file of this text; "" and the reason where it prints nothing, or fails."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_text(text)
        try:
            done = sandbox.call([*peer.command, name], Path(folder), _LIMITS, tools=_PATH)
        except OSError as e:
            return "", f"{peer.command[0]}: {e}"
    if done.late:
        return "", f"still running after {_LIMITS.seconds:.0f} seconds"
    if done.code == 0 and done.stdout.strip():
        return done.stdout, ""
    return "", f"status {done.code}: {(done.stderr.strip().splitlines() or ['it printed nothing'])[-1]}"


def _named(result: Translated, t: Try) -> Translated:
    return replace(result, name=t.name)


def rows(asked: Sequence[Peer], results: Sequence[Translated]) -> list[tuple[str, ...]]:
    """A translator a row, xpiler under each peer on the same cases; what is not installed says so."""
    out: list[tuple[str, ...]] = []
    for peer in asked:
        rule = paper.RULES.get((peer.source, peer.target))
        published = f"{rule[1]:.1f}" if rule and rule[0] == peer.name else ""
        if not peer.command:
            out.append((peer.name, peer.source, peer.target, "not installed", "", "", "", published))
            continue
        for name, says in ((peer.name, published), ("xpiler", "")):
            mine = [r for r in results if r.name.startswith(f"{name}: ") and r.direction == (peer.source, peer.target)
                    and r.outcome != DEFECTIVE]
            if mine:
                _, _, cases, compiles, computes, seconds, *_ = matrix.rows(mine)[0]
                out.append((name, peer.source, peer.target, cases, compiles, computes, seconds, says))
    return out


def misses(results: Sequence[Translated]) -> list[str]:
    """Every case that did not arrive, with what was said of it."""
    return [f"{r.name}: {r.outcome}: {r.why}" for r in results if r.outcome != CONFIRMED]
