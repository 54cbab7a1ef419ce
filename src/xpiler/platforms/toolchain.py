"""A platform's own compilers and devices: how they are asked, and what they may answer.

A platform's `toolchain.py` follows `Toolchain`. Texts are untrusted, so compilers, and what they make, are started in
a `Workshop`; the one of `emulate.workshop` is a cage."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from xpiler.platforms.failing import machine_failed

if TYPE_CHECKING:
    from xpiler.platforms.device import Entry, Loaded

LIMIT_S = 60.0
_MESSAGE_LINES = 12
# Headers of the language's own library; compilers of device code alone are given empty ones.
_STANDARD = frozenset(
    "algorithm array cassert cfloat chrono climits cmath cstddef cstdint cstdio cstdlib cstring functional iostream "
    "limits memory numeric random string tuple type_traits utility vector assert.h float.h limits.h math.h stdbool.h "
    "stddef.h stdint.h stdio.h stdlib.h string.h time.h".split()
)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([\w./]+)[>\"]", re.MULTILINE)


# ---------------------------------------------------------------- what is answered


@dataclass(frozen=True)
class Checked:
    """The compiler took the text as far as `level`: checked, ISA or linked.

    `compiler` is its name and version, `targets` the architectures, `notes` what to know about how it was asked;
    `said` is what it printed."""

    level: str
    compiler: str
    targets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    said: str = ""

    @property
    def scope(self) -> str:
        """In words, for a verdict."""
        how = {"checked": "checked", "ISA": "to ISA", "linked": "to a linked program"}[self.level]
        return ", ".join([self.compiler, *([" and ".join(self.targets)] if self.targets else []), how, *self.notes])


@dataclass(frozen=True)
class Rejected:
    """The compiler refused the text; `message` is the head of what it said."""

    message: str
    compiler: str = ""


@dataclass(frozen=True)
class Unavailable:
    """No verdict, because of `reason`: no compiler or device here, or it did not end in time."""

    reason: str


Outcome = Checked | Rejected | Unavailable


# ---------------------------------------------------------------- where it happens


@dataclass(frozen=True)
class Done:
    """How a process ended: its exit code (negative: a signal), whether its time ran out, what it printed."""

    code: int
    late: bool
    stdout: str
    stderr: str


class Workshop(Protocol):
    """Where compilers, and the programs they make, are started."""

    def tool(
        self, command: Sequence[str], folder: Path, seconds: float, reads: Sequence[Path] = (),
    ) -> Done:
        """A compiler; it works in `folder` and needs to read `reads` besides the system's own folders.

        OSError where it cannot be started."""
        ...

    def program(
        self, command: Sequence[str], folder: Path, seconds: float, files: Sequence[int], devices: Sequence[str] = (),
    ) -> Done:
        """What a compiler made; it gets `files` open, and reaches `devices`, paths of the system."""
        ...


@dataclass(frozen=True)
class Bare:
    """A workshop without walls, for texts of our own."""

    def tool(
        self, command: Sequence[str], folder: Path, seconds: float, reads: Sequence[Path] = (),
    ) -> Done:
        return self.program(command, folder, seconds, ())

    def program(
        self, command: Sequence[str], folder: Path, seconds: float, files: Sequence[int], devices: Sequence[str] = (),
    ) -> Done:
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=seconds, check=False,
                stdin=subprocess.DEVNULL, pass_fds=files,
            )
        except subprocess.TimeoutExpired:
            return Done(-9, True, "", "")
        return Done(done.returncode, False, done.stdout, done.stderr)


BARE = Bare()


class Toolchain(Protocol):
    """What a platform's toolchain.py has: these functions, none of which raises for want of a compiler or a device."""

    def compile(self, text: str, target: str, shop: Workshop) -> Outcome:
        """Whether a compiler of the platform takes the text, for `target` and what else it can compile for."""
        ...

    def identity(self) -> str:
        """What `compile` would ask: the key for keeping its answers, "" where there is nothing to ask."""
        ...

    def device(self) -> str | Unavailable:
        """What runs such a text here, in words. Quick: it looks, and starts nothing."""
        ...

    def load(self, text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> (
        Loaded | Rejected | Unavailable
    ):
        """The text compiled and linked in `folder` for that device; device.run calls it."""
        ...


# ---------------------------------------------------------------- compilers


@dataclass(frozen=True)
class Compiler:
    """An installed compiler: how it is started, what it calls itself, and the folders it reads."""

    name: str
    version: str
    command: tuple[str, ...]
    reads: tuple[Path, ...] = ()
    made: str = field(default="", repr=False)  # which build of it this is

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def identity(self) -> str:
        return f"{self} {' '.join(self.command)} {self.made}"

    @property
    def major(self) -> int:
        digits = re.match(r"\d+", self.version)
        return int(digits[0]) if digits else 0


def first_on_path(*names: str) -> str | None:
    """The path of the first of these programs that is installed."""
    return next((found for name in names if (found := shutil.which(name))), None)


def installed(*names: str, name: str = "", words: Sequence[str] = (), reads: Sequence[Path] = ()) -> Compiler | None:
    """The first of these programs that is installed and says its version; `words` come before any arguments."""
    for program in names:
        path = shutil.which(program)
        if path is None:
            continue
        status = Path(path).resolve().stat()
        made = f"{status.st_mtime_ns} {status.st_size}"
        version = _version((path, *words), made)
        if version is not None:
            return Compiler(name or Path(path).name, version, (path, *words), tuple(reads), made)
    return None


@cache
def _version(command: tuple[str, ...], made: str) -> str | None:
    """The number a compiler gives when it is asked, "" if it gives none, None where it does not run."""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, errors="replace", timeout=20, check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    named = re.search(r"(?:version|release|V)\s*(\d+(?:\.\d+)+)", done.stdout)
    found = named or re.search(r"\b(\d+(?:\.\d+)+)", done.stdout)
    return found[1] if found else ""


def attempt(
    compiler: Compiler, args: Sequence[str], text: str, suffix: str, level: str, *, shop: Workshop = BARE,
    seconds: float = LIMIT_S, beside: Mapping[str, str] | None = None, broken: int | None = None,
) -> Outcome:
    """Run `compiler args SOURCE` on `text` in a folder of its own, where `beside` are further files by name.

    In an argument, `{out}` is the output file and `{folder}` the folder. `broken` is the exit status that says that the
    compiler itself does not work."""
    with TemporaryDirectory(prefix="xpiler-") as name:
        folder = Path(name).resolve()
        source, out = folder / f"kernel{suffix}", folder / "out"
        for at, contents in {source.name: text, **(beside or {})}.items():
            (folder / at).parent.mkdir(parents=True, exist_ok=True)
            (folder / at).write_text(contents)
        placed = [a.replace("{out}", str(out)).replace("{folder}", str(folder)) for a in args]
        return compile_in(folder, compiler, [*placed, str(source)], level, shop, seconds, broken)


def compile_in(
    folder: Path, compiler: Compiler, args: Sequence[str], level: str, shop: Workshop, seconds: float,
    broken: int | None = None,
) -> Outcome:
    """Run `compiler args` in `folder`, which is there already."""
    try:
        done = shop.tool([*compiler.command, *args], folder, seconds, compiler.reads)
    except OSError as failure:
        return Unavailable(f"{compiler} cannot be run: {failure.strerror}")
    if done.late:
        return Unavailable(f"{compiler} did not end within {seconds:g} s")
    said = (done.stderr or done.stdout).replace(f"{folder}/", "")
    if done.code == 0:
        return Checked(level, str(compiler), said=said)
    if done.code < 0:
        return Unavailable(f"{compiler} was ended by signal {-done.code}")
    if done.code == broken:
        return Unavailable(f"{compiler} does not work: {said.strip()[-200:]}")
    if machine := machine_failed(said):
        return Unavailable(f"{compiler} failed on this machine: {machine}")
    lines = said.strip().splitlines()[:_MESSAGE_LINES]
    return Rejected("\n".join(lines) or f"exit status {done.code}", str(compiler))


def for_each(targets: Sequence[str], ask: Callable[[str], Outcome], wanted: str) -> Outcome:
    """Ask for every architecture at once. `wanted` decides; what the others say is told beside it."""
    with ThreadPoolExecutor(len(targets)) as pool:
        answers = dict(zip(targets, pool.map(ask, targets), strict=True))
    decisive = answers[wanted]
    if not isinstance(decisive, Checked):
        return decisive
    taken = tuple(t for t in targets if isinstance(answers[t], Checked))
    notes = [f"not for {t}: {_headline(a)}" for t, a in answers.items() if not isinstance(a, Checked)]
    return replace(decisive, targets=taken, notes=(*decisive.notes, *notes))


def _headline(answer: Outcome) -> str:
    said = answer.message if isinstance(answer, Rejected) else getattr(answer, "reason", "")
    lines = str(said).splitlines()
    return next((line for line in lines if "error" in line), lines[0] if lines else "")[:160]


def empty_headers(text: str, folder: str) -> dict[str, str]:
    """Empty files in `folder` for the standard headers a text includes, for compilers of device code alone."""
    return {f"{folder}/{name}": "" for name in _INCLUDE.findall(text) if name in _STANDARD}
