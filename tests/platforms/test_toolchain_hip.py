"""A clang for AMD's GPUs with our own stub headers: what it takes, and what it can and cannot refuse."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.emulate.workshop import Caged, workshop
from xpiler.platforms.hip import toolchain
from xpiler.platforms.toolchain import Checked, Compiler, Rejected, Unavailable

HIP = platforms.get("hip")
TEXT = """#include <hip/hip_runtime.h>
#include <math.h>
__global__ void k(const float* x, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = BODY;
}
extern "C" void run(const float* x, float* y) {
  float* a;
  hipMalloc(&a, 4096);
  k<<<8, 128>>>(x, a);
  hipMemcpy(y, a, 4096, hipMemcpyDeviceToHost);
}
"""


def _clangs() -> list[object]:
    """The compilers of this machine that are asked with our own headers."""
    zig = find_spec("ziglang") is not None
    on_path = any(shutil.which(f"clang++-{v}") for v in range(18, 31))
    return [
        pytest.param("path", marks=pytest.mark.skipif(not on_path, reason="no clang 18 or later on PATH")),
        pytest.param("zig", marks=pytest.mark.skipif(not zig, reason="ziglang (the extra `hip`) is not installed")),
    ]


@pytest.fixture(params=_clangs())
def clang(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    found = toolchain._zig() if request.param == "zig" else toolchain._clang()
    assert found is not None
    monkeypatch.setattr(toolchain, "_ways", lambda: [toolchain._Way(found, True)])
    return found


@pytest.fixture(scope="module")
def shop(cache: Path) -> Caged:
    return workshop(cache)


def test_device_code_is_compiled_for_both_gpus(clang: Compiler, shop: Caged) -> None:
    taken = toolchain.compile(TEXT.replace("BODY", "expf(x[i]) * 2"), "gfx942", shop)
    assert isinstance(taken, Checked)
    assert taken.scope == f"{clang}, gfx90a and gfx942, to ISA, device code alone, our own stub headers"
    assert re.search(r" \d+\.\d+\.\d+$", str(clang))


@pytest.mark.parametrize(("text", "place"), [
    (TEXT.replace("BODY", "x + 1"), "kernel.hip:5:"),  # a pointer is no float
    (TEXT.replace("BODY", "x[i]").replace("hipMalloc(&a,", "hipMalloc(a,").replace("float* a", "int a"), "kernel.hip:9:"),
    (TEXT.replace("BODY", "x[i]").replace("(x, a)", "(x)"), "kernel.hip:10:"),
    (TEXT.replace("BODY", "__builtin_amdgcn_mfma_f32_16x16x4f32(x[i], x[i])[0]"), "kernel.hip:5:"),
])
def test_wrong_texts_are_refused_or_left_open(clang: Compiler, shop: Caged, text: str, place: str) -> None:
    said = toolchain.compile(text, "gfx942", shop)
    assert isinstance(said, Rejected | Unavailable)
    assert place in (said.message if isinstance(said, Rejected) else said.reason)


def test_a_type_error_is_refused(clang: Compiler, shop: Caged) -> None:
    assert isinstance(toolchain.compile(TEXT.replace("BODY", "x + 1"), "gfx942", shop), Rejected)


def test_too_much_shared_memory_is_refused(clang: Compiler, shop: Caged) -> None:
    large = TEXT.replace("int i =", "__shared__ float big[20000]; big[threadIdx.x] = x[0]; __syncthreads(); int i =")
    said = toolchain.compile(large.replace("BODY", "big[i]"), "gfx942", shop)
    assert isinstance(said, Rejected)
    assert "local memory" in said.message


def test_a_name_our_headers_may_lack_is_no_verdict(clang: Compiler, shop: Caged) -> None:
    said = toolchain.compile(TEXT.replace("BODY", "cyl_bessel_i0f(x[i])"), "gfx942", shop)
    assert isinstance(said, Unavailable)
    assert "cyl_bessel_i0f" in said.reason


def test_headers_of_the_library_are_asked_for(clang: Compiler, shop: Caged) -> None:
    text = TEXT.replace("BODY", "1").replace("#include <hip/hip_runtime.h>", "")
    assert not isinstance(toolchain.compile(text, "gfx942", shop), Checked)


def test_all_the_writer_spells_is_declared(clang: Compiler, shop: Caged) -> None:
    """Every function the platform's data name, called once with its own type."""
    lines, types = [], HIP.types
    for n, ((_, dtype), spelled) in enumerate(HIP.math.items()):
        ctype = types[dtype]
        if "{0}" in spelled:
            body = spelled.format("a")
        else:
            body = f"{spelled}({', '.join('abc'[:_arity(spelled)])})"
        lines.append(f"__device__ auto f{n}({ctype} a, {ctype} b, {ctype} c) {{ return {body}; }}")
    for n, template in enumerate(HIP.shuffles.values()):
        call = template.format(mask="~0ull", value="v", lane="1", width="64")
        lines.append(f"__device__ auto s{n}(int v) {{ return {call}; }}")
    for op, template in HIP.atomics.items():
        for dtype in HIP.atomic_types[op]:
            call = template.format(address="p", value="v", compare="v")
            lines.append(f"__device__ void a_{op}_{dtype.name}({types[dtype]}* p, {types[dtype]} v) {{ {call}; }}")
    used = "\n".join(f"__global__ void k{n}({types[t]}* p) {{ {types[t]} x = p[threadIdx.x]; p[0] = f{n}(x, x, x); }}"
                     for n, (_, t) in enumerate(HIP.math))
    used += "\n" + "\n".join(f"__global__ void t{n}(int* p) {{ p[0] = s{n}(p[1]); }}" for n in range(len(HIP.shuffles)))
    used += "\n" + "\n".join(f"__global__ void u_{op}_{t.name}({types[t]}* p) {{ a_{op}_{t.name}(p, p[1]); }}"
                              for op in HIP.atomics for t in HIP.atomic_types[op])
    includes = "\n".join([*HIP.includes, *HIP.include_when.values()])
    said = toolchain.compile(f"{includes}\n" + "\n".join(lines) + f"\n{used}\n", "gfx942", shop)
    assert isinstance(said, Checked), said


def _arity(name: str) -> int:
    two = "atan2 copysign fdim fmax fmin fmod hypot nextafter pow remainder max min"
    stem = name.removesuffix("f") if name not in ("erf", "fdim") else name
    return 3 if stem == "fma" else 2 if stem in two.split() else 1


def test_prelude_of_tiles_is_compiled(clang: Compiler, shop: Caged) -> None:
    tiles = (Path(toolchain.__file__).parent / "tiles.h").read_text().replace("#pragma once", "")
    text = f"#include <hip/hip_runtime.h>\n{tiles}\n__global__ void k(float* c) {{ tile_acc t; tile_store(c, t, 16); }}\n"
    assert isinstance(toolchain.compile(text, "gfx942", shop), Checked)


def test_half_which_rocm_makes_a_class_is_no_verdict(clang: Compiler, shop: Caged) -> None:
    text = TEXT.replace("hip_runtime.h>", "hip_runtime.h>\n#include <hip/hip_fp16.h>").replace("BODY", "(float)(half)x[i]")
    assert isinstance(toolchain.compile(text.replace("(half)", "/* half */"), "gfx942", shop), Checked)
    assert isinstance(toolchain.compile(text, "gfx942", shop), Unavailable)
