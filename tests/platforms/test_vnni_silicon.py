"""device.h against this machine's own AVX-512 unit, bit for bit."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import cpu_flags
from tests.platforms.vnni_table import TRIALS, Row, expected_kind, program, table
from xpiler import platforms

_NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "fma", "f16c"}
_FLAGS = ["-mavx512f", "-mavx512cd", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c"]
# What later CPUs have: the flag of each, the compiler's, and the calls that need it.
_LATER = (
    ("avx512_vpopcntdq", "-mavx512vpopcntdq", r"_popcnt_epi(32|64)\b"),
    ("avx512_bitalg", "-mavx512bitalg", r"_popcnt_epi(8|16)\b"),
    ("avx512vbmi", "-mavx512vbmi", r"_permutex(2?)var_epi8\b"),
)
_PLAIN = ["-std=gnu++17", "-w", "-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv", "-fno-inline"]
# What emulate/runtime.h gives device.h, with nothing checked.
STUB = """
#define XP_RUNNING 1
#define XP_SPACE(name)
#define XP_REQUIRE(condition, message) do { if (!(condition)) __builtin_trap(); } while (0)
"""
HEADER = STUB + f'#include "{platforms.get("vnni").header}"\n'

pytestmark = pytest.mark.skipif(
    not _NEEDED <= cpu_flags(), reason=f"this CPU lacks {', '.join(sorted(_NEEDED - cpu_flags()))}"
)


def _tried() -> tuple[list[Row], list[str]]:
    """The calls that this CPU can make, and the options that it takes to compile them."""
    flags = cpu_flags()
    lacking = [calls for flag, _, calls in _LATER if flag not in flags]
    rows = [r for r in table() if not any(re.search(calls, r.code) for calls in lacking)]
    return rows, [*_FLAGS, *(option for flag, option, _ in _LATER if flag in flags)]


def _outputs(folder: Path, rows: list[Row], options: list[str]) -> tuple[bytes, bytes]:
    """What the program writes with the vendor's header, and with ours; both compilers run at once."""
    builds = []
    for name, header, flags in (("vendor", "#include <immintrin.h>", options), ("ours", HEADER, [])):
        source = folder / f"{name}.cpp"
        source.write_text(program(rows, header))
        command = ["g++", "-O0", *_PLAIN, *flags, str(source), "-o", str(folder / name)]
        builds.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    for build in builds:
        _, complaints = build.communicate(timeout=120)
        assert build.returncode == 0, complaints[:3000]
    vendor, ours = (subprocess.run([folder / n], check=True, stdout=subprocess.PIPE).stdout for n in ("vendor", "ours"))
    return vendor, ours


def _size(row: Row) -> int:
    name = row.result.split(":")[-1]
    if name.isdigit():
        return int(name) // 8
    return {"int": 4, "float": 4, "Out": 128}.get(name) or int(name.strip("_mid")) // 8


def _same(row: Row, a: bytes, b: bytes) -> bool:
    kind = expected_kind(row)
    if kind == "i":
        return a == b
    real, whole = {"f": (np.float32, np.uint32), "d": (np.float64, np.uint64), "h": (np.float16, np.uint16)}[kind]
    x, y = np.frombuffer(a, real), np.frombuffer(b, real)
    nan = np.isnan(x) & np.isnan(y)
    return bool(np.all(nan | (x.view(whole) == y.view(whole))))


@pytest.mark.slow
def test_every_intrinsic_agrees_with_the_cpu(tmp_path: Path) -> None:
    rows, options = _tried()
    vendor, ours = _outputs(tmp_path, rows, options)
    sizes = [_size(r) * TRIALS for r in rows]
    assert len(vendor) == len(ours) == sum(sizes)
    ends = np.cumsum(sizes)
    wrong = [
        row.code for row, end, size in zip(rows, ends, sizes, strict=True)
        if not _same(row, vendor[end - size:end], ours[end - size:end])
    ]
    assert not wrong, f"{len(wrong)} of {len(rows)} differ: {wrong[:40]}"
