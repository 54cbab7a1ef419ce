"""Every example computes what its name says, on random, signed, asymmetric inputs.

The specifications are NumPy in float64 and know nothing of the project. Outputs start as a poison that
no kernel writes, so an element nobody stored is a failure.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import ROOT, cpu_flags
from xpiler import platforms
from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run as emulate
from xpiler.ir.check import check
from xpiler.ir.nodes import Buffer, Const, Param, Var
from xpiler.ir.types import DType
from xpiler.text.read import read

Array = NDArray[np.generic]
Argument = Array | int | float

EXAMPLES = sorted((ROOT / "examples").glob("*.*"))
POISON = {np.dtype(np.float32): np.float32(-7.25e33), np.dtype(np.int32): np.int32(-1234567891)}


@dataclass(frozen=True)
class Spec:
    """A launcher's arguments in order, its output last but for trailing scalars, and the right answer.

    `make(rng, size)` gives the arguments with None for the output; `shape(size)` is the output's shape.
    """

    function: str
    make: Callable[[np.random.Generator, int], list[Argument | None]]
    answer: Callable[[list[Argument | None]], Array]
    dtype: type = np.float32
    sizes: tuple[int, ...] = (0,)
    rtol: float = 1e-5
    atol: float = 1e-6


def floats(rng: np.random.Generator, *shape: int) -> Array:
    """Signed, off-centre, with a spread of magnitudes; no two rows or columns alike."""
    return (rng.normal(0.3, 1.7, shape) * rng.uniform(0.1, 2.0, shape)).astype(np.float32)


def wide(a: Argument | None) -> NDArray[np.float64]:
    assert isinstance(a, np.ndarray)
    return a.astype(np.float64)


def softmax(args: list[Argument | None]) -> Array:
    x = wide(args[0])
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def layernorm(args: list[Argument | None]) -> Array:
    x, gamma, beta = wide(args[0]), wide(args[1]), wide(args[2])
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + 1e-5) * gamma + beta)


def maxpool(args: list[Argument | None]) -> Array:
    x = wide(args[0])
    out = np.empty((x.shape[0], 7, 7, x.shape[3]))
    for h in range(7):
        for w in range(7):
            out[:, h, w] = x[:, 2 * h : 2 * h + 3, 2 * w : 2 * w + 3].max(axis=(1, 2))
    return out


SPECS = {
    "add": Spec(
        "add",
        lambda rng, n: [floats(rng, n), floats(rng, n), None, n],
        lambda args: wide(args[0]) + wide(args[1]),
        sizes=(1, 1003, 4096, 70001),
    ),
    "softmax": Spec(
        "softmax", lambda rng, n: [floats(rng, n, 256), None, n], softmax, sizes=(1, 21), rtol=1e-4
    ),
    "layernorm": Spec(
        "layernorm",
        lambda rng, n: [floats(rng, n, 256), floats(rng, 256), floats(rng, 256), None, n],
        layernorm,
        sizes=(1, 19),
        rtol=1e-4,
        atol=1e-5,
    ),
    "gemm": Spec(
        "gemm",
        lambda rng, _: [floats(rng, 128, 128), floats(rng, 128, 128), None],
        lambda args: wide(args[0]) @ wide(args[1]),
        rtol=1e-4,
        atol=1e-3,
    ),
    "gemm_half": Spec(
        "gemm_half",
        lambda rng, _: [
            floats(rng, 128, 128).astype(np.float16), floats(rng, 128, 128).astype(np.float16), None,
        ],
        lambda args: wide(args[0]) @ wide(args[1]),
        rtol=1e-4,
        atol=1e-3,
    ),
    "gemm_u8s8": Spec(
        "gemm_u8s8",
        lambda rng, _: [
            rng.integers(0, 256, (128, 128), dtype=np.uint8),
            rng.integers(-128, 128, (128, 128), dtype=np.int8),
            None,
        ],
        lambda args: wide(args[0]) @ wide(args[1]),
        dtype=np.int32,
        rtol=0.0,
        atol=0.0,
    ),
    "maxpool": Spec(
        "maxpool",
        lambda rng, n: [floats(rng, n, 16, 16, 64), None, n],
        maxpool,
        sizes=(1, 3),
        rtol=0.0,
        atol=0.0,
    ),
    "relu_runtime": Spec(
        "relu",
        lambda rng, n: [floats(rng, n), None, n],
        lambda args: np.maximum(wide(args[0]), 0.0),
        sizes=(1, 128, 1000),
        atol=0.0,
    ),
    "scale_template": Spec(
        "scale",
        lambda rng, n: [floats(rng, n), None, float(np.float32(-1.37)), n],
        lambda args: wide(args[0]) * float(args[2]),  # type: ignore[arg-type]
        sizes=(1, 777),
    ),
}

Run = Callable[[list[Argument]], None]


def compare(spec: Spec, run: Run, rng: np.random.Generator) -> None:
    """Run at every size of the specification and compare every element of the output."""
    for size in spec.sizes:
        given = spec.make(rng, size)
        expected = spec.answer(given)
        output = np.full(expected.shape, POISON[np.dtype(spec.dtype)], dtype=spec.dtype)
        arguments: list[Argument] = [output if a is None else a for a in given]
        before = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        run(arguments)
        np.testing.assert_allclose(
            output.astype(np.float64), expected, rtol=spec.rtol, atol=spec.atol,
            err_msg=f"{spec.function} at size {size}",
        )
        for was, now in zip(before, arguments, strict=True):
            assert now is output or np.array_equal(was, now), "an input was written to"


def test_every_example_has_a_specification() -> None:
    assert EXAMPLES
    assert {p.stem for p in EXAMPLES} == set(SPECS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_reads_into_a_well_formed_program(path: Path) -> None:
    platform = platforms.of_file(path)
    assert platform is not None
    program = read(path.read_text(), platform, path.name)
    check(program)
    assert program.launcher is not None
    assert program.launcher.name == SPECS[path.stem].function
    assert program.kernels


# ---------------------------------------------------------------- on this CPU itself

NATIVE = [p for p in EXAMPLES if p.suffix in (".c", ".cpp")]
FLAGS = {"-mavx512f": "avx512f", "-mavx512bw": "avx512bw", "-mavx512vl": "avx512vl"}


def native(path: Path, folder: Path) -> Run:
    """Compile a plain or AVX-512 C file with the host compiler and load it."""
    library = folder / f"{path.name}.so"
    language = ["gcc", "-std=c11"] if path.suffix == ".c" else ["g++", "-std=c++17", *FLAGS]
    if "dpbusd" in path.read_text():
        language.append("-mavx512vnni")
    command = [*language, "-O1", "-w", "-shared", "-fPIC", str(path), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    function = getattr(ctypes.CDLL(str(library)), SPECS[path.stem].function)

    def run(arguments: list[Argument]) -> None:
        function(*map(as_c, arguments))

    return run


def as_c(a: Argument) -> object:
    match a:
        case int():
            return ctypes.c_int(a)
        case float():
            return ctypes.c_float(a)
    return ctypes.c_void_p(a.ctypes.data)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("path", NATIVE, ids=lambda p: p.name)
def test_native(path: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    text = path.read_text()
    needed = set(FLAGS.values()) if "immintrin" in text else set()
    needed |= {"avx512_vnni"} if "dpbusd" in text else set()
    if not needed <= cpu_flags():
        pytest.skip(f"this CPU lacks {', '.join(sorted(needed - cpu_flags()))}")
    compare(SPECS[path.stem], native(path, tmp_path), rng)


# ---------------------------------------------------------------- in the emulator

DTYPES = {
    np.dtype(np.float32): DType.F32, np.dtype(np.float16): DType.F16, np.dtype(np.int32): DType.I32,
    np.dtype(np.uint8): DType.U8, np.dtype(np.int8): DType.I8,
}


def parameter(name: str, a: Argument, written: bool) -> Param:
    match a:
        case int():
            return Var(name, DType.I32)
        case float():
            return Var(name, DType.F32)
    return Buffer(name, DTYPES[a.dtype], Const(a.size, DType.I32), const=not written)


def emulated(path: Path, text: str | None = None) -> Run:
    """The launcher of a file, run from its own text with its platform's rules checked."""
    platform = platforms.of_file(path)
    assert platform is not None
    function = SPECS[path.stem].function
    source = path.read_text() if text is None else text

    def run(arguments: list[Argument]) -> None:
        names = [f"a{k}" for k in range(len(arguments))]
        output = max(k for k, a in enumerate(arguments) if isinstance(a, np.ndarray))
        params = tuple(
            parameter(name, a, k == output)
            for k, (name, a) in enumerate(zip(names, arguments, strict=True))
        )
        entry = Entry(function, params)
        executable = build(source, platform, entry, file=path.name)
        done = emulate(executable, entry, dict(zip(names, arguments, strict=True)))
        assert [str(f) for f in done.findings] == []
        assert done.status == "ok", done.complaint
        arguments[output][...] = done.outputs[names[output]].reshape(arguments[output].shape)

    return run


@pytest.mark.sampled(3)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_emulated(path: Path, rng: np.random.Generator) -> None:
    compare(SPECS[path.stem], emulated(path), rng)


def test_the_emulator_sees_a_missing_barrier() -> None:
    path = ROOT / "examples" / "gemm.cu"
    text = path.read_text()
    broken = "".join(text.split("__syncthreads();", 1))
    with pytest.raises(AssertionError):
        compare(SPECS["gemm"], emulated(path, broken), np.random.default_rng(1))


def test_the_comparison_sees_a_wrong_kernel(tmp_path: Path, rng: np.random.Generator) -> None:
    """Drop the last element of every row: the poison must be noticed."""
    broken = tmp_path / "softmax.c"
    text = (ROOT / "examples" / "softmax.c").read_text()
    head, tail = text.rsplit("c < COLS", 1)
    broken.write_text(f"{head}c < COLS - 1{tail}")
    with pytest.raises(AssertionError):
        compare(SPECS["softmax"], native(broken, tmp_path), rng)
