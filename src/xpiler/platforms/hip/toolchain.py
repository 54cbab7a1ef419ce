"""hipcc, or a clang with ROCm beside it, or any clang for AMD's GPUs with declarations of our own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from xpiler.platforms.device import Entry, Loaded, Ready
from xpiler.platforms.device import load as linked
from xpiler.platforms.toolchain import (
    BARE, Checked, Compiler, Outcome, Rejected, Unavailable, Workshop, attempt, empty_headers, first_on_path, for_each,
    installed,
)

TARGETS = ("gfx90a", "gfx942")
_STUBS = Path(__file__).parent / "stubs"
_OLDEST = 18  # the first clang that knows gfx942
_CLANGS = ("amdclang++", *(f"clang++-{v}" for v in range(30, _OLDEST - 1, -1)), "clang++")
_ROCM = (Path("/opt/rocm"), Path("/usr"))
_NONE = (
    f"no HIP compiler: pip install 'xpiler[hip]' brings a clang that compiles for AMD's GPUs; so does clang "
    f"{_OLDEST} or later on PATH (Debian: apt-get install clang-19); hipcc of ROCm compiles all of it"
)
# What clang says of an installation that cannot compile for these GPUs, rather than of the text.
_LACKING = (
    "cannot find ROCm", "cannot find HIP", "hip_runtime.h' file not found", "invalid target ID",
    "unable to create target", "no libcall available", "unknown target triple",
    "unsupported HIP gpu architecture",
)
# What it says of names that our declarations may simply lack.
_UNDECLARED = re.compile(
    r"error: (?:use of undeclared|unknown type name|no member named|no template named|no matching|call to .* ambiguous|"
    r"'[^']*' file not found|undeclared|.*incomplete type|reference to .* ambiguous)|file not found"
)
# Types that ROCm defines as classes with conversions of their own; translations are written with `_Float16`.
_CLASSES = re.compile(r"\b(?:__)?half2?\b")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_FLAGS = ("-x", "hip", "-w", "-std=c++17", "-O2", "--cuda-device-only", "-S", "-o", "{out}")


@dataclass(frozen=True)
class _Way:
    """A compiler, and whether the library is declared by our stub headers."""

    compiler: Compiler
    declared: bool


def compile(text: str, target: str = "gfx942", shop: Workshop = BARE) -> Outcome:
    """Device code as assembly for gfx90a and gfx942; no GPU is needed. The first compiler that can decides."""
    targets = TARGETS if target in TARGETS else (*TARGETS, target)
    reason = _NONE
    for way in _ways():
        ask = partial(_with_stubs if way.declared else _with_rocm, way.compiler, text=text, shop=shop)
        outcome = for_each(targets, ask, target)
        match outcome:
            case Unavailable():
                reason = outcome.reason
            case Checked() if way.declared:
                return replace(outcome, notes=("device code alone", "our own stub headers", *outcome.notes))
            case _:
                return outcome
    return Unavailable(reason)


def identity() -> str:
    """Which compilers are asked, and with which declarations."""
    ways = _ways()
    stubs = [str(p.stat().st_mtime_ns) for p in sorted(_STUBS.rglob("*.h"))] if ways else []
    return " ".join([*(w.compiler.identity for w in ways), str(TARGETS), *stubs]) if ways else ""


_READY = Ready(
    begin="hipError_t e = hipFree(0); return e ? hipGetErrorString(e) : 0;",
    end="hipError_t e = hipDeviceSynchronize(), last = hipGetLastError(); "
        "return e || last ? hipGetErrorString(e ? e : last) : 0;",
)


def device() -> str | Unavailable:
    """A GPU that the driver shows."""
    return "an AMD GPU" if Path("/dev/kfd").exists() else Unavailable("there is no AMD GPU here (no /dev/kfd)")


def load(text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> Loaded | Rejected | Unavailable:
    """By hipcc, for the GPUs that translations are written for."""
    compiler = _hipcc()
    if compiler is None:
        return Unavailable("no hipcc on PATH: install ROCm")
    gpus = [f"--offload-arch={arch}" for arch in TARGETS]
    args = ["-O2", "-ffp-contract=off", "-std=c++17", "-w", *gpus, "-x", "hip"]
    nodes = ["/dev/kfd", *map(str, sorted(Path("/dev/dri").glob("renderD*")))]
    return linked(compiler, args, text, ".hip", entry, folder, shop=shop, seconds=seconds, how=f"{compiler} -O2",
                  ready=_READY, devices=nodes)


def _ways() -> list[_Way]:
    """The compilers there are: first those with ROCm's own library, then those with ours."""
    hipcc, clang, zig = _hipcc(), _clang(), _zig()
    ways = [_Way(hipcc, False)] if hipcc else []
    if clang and any((root / "include/hip/hip_runtime.h").is_file() for root in _ROCM):
        ways.append(_Way(replace(clang, reads=_ROCM[:1]), False))
    return [*ways, *(_Way(c, True) for c in (clang, zig) if c)]


def _hipcc() -> Compiler | None:
    """ROCm's own; where nvcc is on PATH too it would ask that, unless it is told otherwise."""
    env, hipcc = first_on_path("env"), first_on_path("hipcc")
    if env is None or hipcc is None:
        return None
    return installed(env, name="hipcc", words=("HIP_PLATFORM=amd", hipcc), reads=_ROCM[:1])


def _clang() -> Compiler | None:
    found = next((c for name in _CLANGS if (c := installed(name)) and c.major >= _OLDEST), None)
    return replace(found, name="clang") if found else None


def _zig() -> Compiler | None:
    """The clang inside the pip package `ziglang`."""
    spec = find_spec("ziglang")
    folders = [Path(p) for p in (spec.submodule_search_locations or ())] if spec else []
    program = next((p for folder in folders if (p := folder / "zig").is_file()), None)
    if program is None:
        return None
    return installed(str(program), name="clang (ziglang)", words=("clang",), reads=(program.parent,))


def _with_rocm(compiler: Compiler, arch: str, *, text: str, shop: Workshop) -> Outcome:
    outcome = attempt(compiler, [*_FLAGS, f"--offload-arch={arch}"], text, ".hip", "ISA", shop=shop)
    return _blamed(outcome, compiler, arch)


def _with_stubs(compiler: Compiler, arch: str, *, text: str, shop: Workshop) -> Outcome:
    if _CLASSES.search(_COMMENT.sub(" ", text)):
        return Unavailable(f"{compiler} with our own stub headers, whose `half` is a number; ROCm's is a class")
    args = [
        *_FLAGS, f"--offload-arch={arch}", "-nogpuinc", "-nogpulib", "-nostdinc", "-nostdinc++",
        "-isystem", str(_STUBS), "-isystem", "{folder}/standard",
    ]
    outcome = _blamed(
        attempt(replace(compiler, reads=(*compiler.reads, _STUBS)), args, text, ".hip", "ISA", shop=shop,
                beside=empty_headers(text, "standard")), compiler, arch)
    if isinstance(outcome, Rejected) and (unknown := _UNDECLARED.search(outcome.message)):
        line = next(x for x in outcome.message.splitlines() if unknown[0] in x)
        return Unavailable(f"{compiler} with our own stub headers, which may lack this: {line.strip()}")
    return outcome


def _blamed(outcome: Outcome, compiler: Compiler, arch: str) -> Outcome:
    """A refusal that is the installation's, not the text's, is no verdict."""
    if isinstance(outcome, Rejected) and any(m in outcome.message for m in _LACKING):
        return Unavailable(f"{compiler} cannot compile for {arch}: {outcome.message.splitlines()[0]}")
    return outcome
