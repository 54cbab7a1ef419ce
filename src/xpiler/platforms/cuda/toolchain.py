"""NVIDIA's compilers, NVRTC and nvcc; no GPU is needed to compile."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from xpiler.platforms.cuda import nvrtc
from xpiler.platforms.cuda.device_part import device_part
from xpiler.platforms.device import Entry, Loaded, Ready
from xpiler.platforms.device import load as linked
from xpiler.platforms.toolchain import (
    BARE, Checked, Compiler, Outcome, Rejected, Unavailable, Workshop, attempt, empty_headers, for_each, installed,
)

TARGETS = ("sm_80", "sm_90")
_VIRTUAL = {"sm_80": "compute_80"}  # PTX for the first of them: what later GPUs start from
REGISTERS = 65536  # of a block, cuda.md; dealt out in units of 8 a thread
_USED = re.compile(r"Compiling entry function '_Z(?:N\w*?)?(\d+)(\w+)' .*?Used (\d+) registers", re.DOTALL)
_NONE = (
    "no CUDA compiler: pip install 'xpiler[cuda]' brings NVRTC, which compiles device code; "
    "a CUDA toolkit with nvcc on PATH compiles all of it"
)
# Messages about what NVRTC was not given, rather than about the text.
_LACKING = ("could not open source file", "cannot open source file", "name expression")


def compile(text: str, target: str = "sm_90", shop: Workshop = BARE) -> Outcome:
    """PTX for compute_80 and machine code for sm_90 by NVRTC, else machine code for both by nvcc.

    NVRTC is quick and sees device code alone; what it refuses is asked of nvcc too, where that is installed."""
    quick, whole = _nvrtc(), _nvcc()
    if quick is None:
        return _by_nvcc(whole, text, target, shop) if whole else Unavailable(_NONE)
    outcome = _by_nvrtc(quick, text, target, shop)
    if isinstance(outcome, Checked) or whole is None:
        return outcome
    return _by_nvcc(whole, text, target, shop)


def identity() -> str:
    """Which compilers are asked."""
    quick, whole = _nvrtc(), _nvcc()
    found = [quick.compiler.identity if quick else "", whole.identity if whole else ""]
    return f"{' '.join(found)} {TARGETS}" if any(found) else ""


_READY = Ready(
    begin="cudaError_t e = cudaFree(0); return e ? cudaGetErrorString(e) : 0;",
    end="cudaError_t e = cudaDeviceSynchronize(), last = cudaGetLastError(); "
        "return e || last ? cudaGetErrorString(e ? e : last) : 0;",
)


def device() -> str | Unavailable:
    """A GPU that the driver shows."""
    return "an NVIDIA GPU" if _nodes() else Unavailable("there is no NVIDIA GPU here (no /dev/nvidia0)")


def load(text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> Loaded | Rejected | Unavailable:
    """By nvcc, with PTX that the driver completes for later GPUs."""
    compiler = _nvcc()
    if compiler is None:
        return Unavailable("no nvcc on PATH: install a CUDA toolkit (NVRTC does not compile host code)")
    args = [
        "-O2", "-fmad=false", "-std=c++17", "-w", "-gencode", "arch=compute_80,code=[sm_80,compute_80]",
        "-gencode", "arch=compute_90,code=sm_90",
    ]
    return linked(compiler, args, text, ".cu", entry, folder, shop=shop, seconds=seconds, how=f"{compiler} -O2",
                  ready=_READY, devices=_nodes(), by_suffix=True)


def _nodes() -> tuple[str, ...]:
    """What the driver's library opens; nothing where there is no GPU."""
    gpus = sorted(p for p in Path("/dev").glob("nvidia*") if p.name[6:].isdigit())
    return tuple(map(str, [*gpus, "/dev/nvidiactl", "/dev/nvidia-uvm"])) if gpus else ()


def registers(text: str, arch: str = "sm_90", shop: Workshop = BARE) -> dict[str, int]:
    """Registers a thread of each kernel needs, of a template the fewest any instance does; empty without nvcc."""
    compiler = _nvcc()
    if compiler is None:
        return {}
    args = ["-cubin", f"-arch={arch}", "-std=c++17", "-w", "-Xptxas", "-v", "-o", "{out}"]
    done = attempt(compiler, args, text, ".cu", "ISA", shop=shop)
    found: dict[str, int] = {}
    for length, rest, used in _USED.findall(done.said if isinstance(done, Checked) else ""):
        name = rest[: int(length)]
        found[name] = min(int(used), found.get(name, int(used)))
    return found


# ---------------------------------------------------------------- nvcc: the whole text


def _nvcc() -> Compiler | None:
    found = installed("nvcc")
    if found is None:
        return None
    root = Path(found.command[0]).resolve().parent.parent
    return replace(found, reads=(root,)) if (root / "nvvm").is_dir() else found


def _by_nvcc(compiler: Compiler, text: str, target: str, shop: Workshop) -> Outcome:
    def ask(arch: str) -> Outcome:
        args = ["-cubin", f"-arch={arch}", "-std=c++17", "-w", "-o", "{out}"]
        return attempt(compiler, args, text, ".cu", "ISA", shop=shop)

    return for_each(_targets(target), ask, target)


def _targets(target: str) -> tuple[str, ...]:
    return TARGETS if target in TARGETS else (*TARGETS, target)


# ---------------------------------------------------------------- NVRTC: device code


@dataclass(frozen=True)
class _Nvrtc:
    """The library of the pip packages, started by a Python of its own."""

    compiler: Compiler
    library: Path
    includes: tuple[Path, ...]


def _nvrtc() -> _Nvrtc | None:
    """NVRTC with its headers, as the extra `cuda` installs them."""
    try:
        number = version("nvidia-cuda-nvrtc")
    except PackageNotFoundError:
        return None
    spec = find_spec("nvidia")
    roots = [Path(p) for p in (spec.submodule_search_locations or ())] if spec else []
    libraries = sorted(path for root in roots for path in root.glob("*/lib/libnvrtc.so.*"))
    headers = [path.parent for root in roots for path in root.glob("*/include/cuda_runtime.h")]
    if not libraries or not headers:
        return None
    includes = tuple(dict.fromkeys([*headers, *(h / "cccl" for h in headers)]))
    python = str(Path(sys.executable).resolve())
    script = Path(nvrtc.__file__)
    words = (python, "-I", "-S", str(script), str(libraries[-1]))
    made = f"{libraries[-1].stat().st_mtime_ns} {script.stat().st_mtime_ns}"
    compiler = Compiler("NVRTC", number, words, (*roots, script.parent), made)
    return _Nvrtc(compiler, libraries[-1], includes)


def _by_nvrtc(found: _Nvrtc, text: str, target: str, shop: Workshop) -> Outcome:
    part = device_part(text)
    if part.idle:
        return Unavailable(f"{found.compiler} compiles templates by their instances, and no launch names one of "
                           f"`{part.idle[0]}`")
    includes = json.dumps(["{folder}/standard", *map(str, found.includes)])

    def ask(arch: str) -> Outcome:
        words = [_VIRTUAL.get(arch, arch), includes, json.dumps(part.instances)]
        outcome = attempt(
            found.compiler, words, part.text, ".cu", "ISA", shop=shop, beside=empty_headers(text, "standard"),
            broken=nvrtc.BROKEN,
        )
        if isinstance(outcome, Rejected) and any(m in outcome.message for m in _LACKING):
            return Unavailable(f"{found.compiler} cannot be asked: {outcome.message.splitlines()[0]}")
        return outcome

    outcome = for_each(_targets(target), ask, target)
    if not isinstance(outcome, Checked):
        return outcome
    asked = tuple(_VIRTUAL.get(t, t) for t in outcome.targets)
    return replace(outcome, targets=asked, notes=("device code alone", *outcome.notes))
