"""Text + device.h + runtime -> an executable, by g++ with a precompiled header; every result is kept by content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache as remember
from pathlib import Path

from xpiler.emulate import sandbox
from xpiler.emulate.entry import Entry, Executable, Limits
from xpiler.emulate.prepare import DRIVER, TEXT, double_literals, prepare
from xpiler.fault import Fault, Span
from xpiler.platforms.platform import Platform

_HERE = Path(__file__).parent
_PARTS = ("runtime.cpp", "memory.cpp", "findings.cpp", "driver.cpp", "filter.cpp")
# -fno-weak: statics of templates and inline functions go into the same sections as all others.
# -ffp-contract=off: the same bits on every CPU. Frame pointers: findings walk them.
_BASE = (
    "-std=gnu++17", "-O1", "-g1", "-gdwarf-4", "-w", "-pipe", "-fno-omit-frame-pointer", "-fno-strict-aliasing", "-ffp-contract=off",
    "-fwrapv", "-fno-pie", "-fno-weak", "-fno-stack-protector", "-fcf-protection=none", "-fdiagnostics-color=never",
    "-fmax-errors=5",
)
_BOUNDS = ("-fsanitize=bounds-strict",)
_LINK = ("-no-pie",)
_COMPILING = Limits(seconds=120, memory_mb=8192, file_mb=512)
_ERROR = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<what>.*)$", re.MULTILINE)


def build(
    text: str, platform: Platform, entry: Entry, *, file: str = "<text>", real: str = "f32",
    cache: Path | None = None, compiler: str = "g++",
) -> Executable:
    """Compile `text` so that `entry` can be run; Fault XP4001 without a compiler, XP4002 with its first error.

    real="f64" makes every float of the text and of device.h a double. `cache` holds finished builds and headers;
    None uses a folder of this user under the system's temporary folder."""
    began = time.monotonic()
    gxx, version = _compiler(compiler)
    folder = cache if cache is not None else Path(tempfile.gettempdir()) / f"xpiler-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    prepared = prepare(text, platform, real=real) + _driver(entry, platform)
    base_key = _digest(version, *_BASE, *_BOUNDS, real, _headers(platform))
    key = _digest(base_key, prepared)
    target = folder / "run" / key[:2] / key
    if not (target / "program").exists():
        with _scratch(folder) as scratch:
            base = _precompile(gxx, platform, real, folder / "base" / base_key, scratch)
            runtime = _runtime(gxx, folder / "base" / _digest(version, *_BASE, _sources()), scratch)
            (scratch / "text.cpp").write_text(prepared)
            _run(
                [gxx, *_BASE, *_BOUNDS, "-include", base / "all.h", "text.cpp", runtime, *_LINK, "-o", "program"],
                scratch, file, text,
            )
            _publish(scratch, target, keep=("program",))
    return Executable(target / "program", time.monotonic() - began, file, real)


@remember
def _compiler(name: str) -> tuple[str, str]:
    """The compiler's path and identity."""
    found = shutil.which(name)
    if not found:
        raise Fault(
            "XP4001", f"no C++ compiler: `{name}` is not on PATH", why="kernels run as programs that g++ builds",
            try_="install g++ 12 or later (Debian: apt-get install g++)",
        )
    with tempfile.TemporaryDirectory() as folder:
        done = sandbox.call([found, "-v"], Path(folder), _COMPILING, tools=_tools(found))
    if done.code != 0:
        raise Fault("XP4001", f"the C++ compiler `{name}` does not work", why=done.stderr.strip()[-300:])
    return found, done.stderr


def _tools(compiler: str) -> str:
    return os.pathsep.join(dict.fromkeys([str(Path(compiler).parent), "/usr/local/bin", "/usr/bin", "/bin"]))


def _digest(*parts: str) -> str:
    h = hashlib.sha256()
    for part in parts:
        h.update(len(part).to_bytes(8, "little") + part.encode())
    return h.hexdigest()[:32]


def _header_files(platform: Platform) -> list[Path]:
    """Every header a device.h may reach: those beside the platforms and those of the platform's own folder."""
    beside = platform.folder.parent.glob("*.h")
    own = (p for p in platform.folder.rglob("*") if p.is_file() and p.suffix in (".h", ".hpp", ".cuh", ".inc", ""))
    return sorted({*beside, *own})


def _headers(platform: Platform) -> str:
    return _digest(_sources(), str(platform.header), *(f"{p}\n{p.read_text()}" for p in _header_files(platform)))


def _sources() -> str:
    names = (*_PARTS, "runtime.h", "machine.h", "real_f64.h")
    return _digest(str(_HERE), *((_HERE / name).read_text() for name in names))


def _precompile(gxx: str, platform: Platform, real: str, target: Path, scratch: Path) -> Path:
    """The folder with `all.h` (precompiled) for this platform and flag set."""
    with _once(target, "all.h.gch") as missing:
        if missing:
            work = scratch / "base"
            work.mkdir()
            header = _doubled(platform, work) if real == "f64" else platform.header
            middle = f'#include "{_HERE}/real_f64.h"\n' if real == "f64" else ""
            (work / "all.h").write_text(
                f'#define XP_RUNNING 1\n#include "{_HERE}/runtime.h"\n{middle}#include "{header}"\n'
            )
            _run([gxx, *_BASE, *_BOUNDS, "-x", "c++-header", "all.h", "-o", "all.h.gch"], work, str(header), "")
            _publish(work, target, keep=("all.h", "all.h.gch"))
    return target


def _runtime(gxx: str, target: Path, scratch: Path) -> Path:
    """The compiled runtime, the same for every platform."""
    with _once(target, "all.o") as missing:
        if missing:
            work = scratch / "runtime"
            work.mkdir()
            _run([gxx, *_BASE, "-I", _HERE, "-c", *(_HERE / part for part in _PARTS)], work, "", "")
            objects = [Path(part).with_suffix(".o").name for part in _PARTS]
            _run([gxx, "-r", "-nostdlib", *objects, "-o", "all.o"], work, "", "")
            _publish(work, target, keep=("all.o",))
    return target / "all.o"


@contextmanager
def _once(target: Path, product: str) -> Iterator[bool]:
    """Whether `product` is missing; others who want it wait until the block ends."""
    if (target / product).exists():
        yield False
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not (target / product).exists()


def _doubled(platform: Platform, work: Path) -> Path:
    """A copy of the platform's headers without float literals; the path of its device.h."""
    root = platform.folder.parent
    for path in _header_files(platform):
        copy = work / "doubled" / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(f'#line 1 "{path}"\n' + double_literals(path.read_text()))
    return work / "doubled" / platform.header.relative_to(root)


def _driver(entry: Entry, platform: Platform) -> str:
    """The C++ `main` that hands the entry its arguments."""
    if entry.kernel:
        call = f'xp::apply_kernel(&{entry.name}, s, {_geometry(entry, platform)}, "{entry.name}")'
    else:
        call = f"xp::apply(&{entry.name}, s)"
    return (
        f'#line 1 "{DRIVER}"\nint main(int argc, char** argv) {{\n'
        f"return xp::drive(argc, argv, [](const xp::Slot* s) {{ {call}; }});\n}}\n"
    )


def _geometry(entry: Entry, platform: Platform) -> str:
    e = dict(entry.extents)
    cores = e.pop("core", 1)
    tasks = e.pop("task", e.pop("cluster", 1) * cores)

    def three(axis: str, x: int) -> str:
        values = (e.pop(f"{axis}.x", x), e.pop(f"{axis}.y", 1), e.pop(f"{axis}.z", 1))
        return "{" + ",".join(f"{v}u" for v in values) + "}"

    grid, block = three("block", tasks), three("thread", 1)
    shared = e.pop("shared", 0)
    if e:
        raise Fault("XP2001", f"`{entry.name}` has no axis `{min(e)}`", try_="block.x, thread.x, task, cluster or core")
    return f"xp::Geometry{{{grid},{block},{shared}ul,{max(platform.warp, 1)}u,{cores}u}}"


def _run(command: Sequence[str | Path], folder: Path, file: str, text: str) -> None:
    done = sandbox.call(command, folder, _COMPILING, tools=_tools(str(command[0])))
    if done.code == 0:
        return
    error = _ERROR.search(done.stderr)
    if error is None or error["file"] != TEXT:
        what = error["what"] if error else "the C++ compiler failed"
        where = Span(error["file"], int(error["line"]), int(error["column"] or 0)) if error else Span(file)
        if error and error["file"] == DRIVER:
            where = Span(file)
        raise Fault("XP4002", what, where, why=done.stderr.strip()[-2000:] if not error else "")
    line, column = int(error["line"]), int(error["column"] or 0)
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    raise Fault("XP4002", error["what"], Span(file, line, column), source_line=shown)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    (folder / "tmp").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder / "tmp") as name:
        yield Path(name)


def _publish(scratch: Path, target: Path, keep: Sequence[str]) -> None:
    """Move the finished files to where others find them, all at once; the first to come wins."""
    target.parent.mkdir(parents=True, exist_ok=True)
    ready = Path(tempfile.mkdtemp(dir=target.parent))
    for name in keep:
        (scratch / name).rename(ready / name)
    try:
        ready.rename(target)
    except OSError:
        shutil.rmtree(ready)
