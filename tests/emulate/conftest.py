"""A SIMT platform of forty lines, so that the runtime is tested without the real headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from xpiler.emulate import Entry, Limits, Run, build, run
from xpiler.ir.nodes import Buffer, Param, Var
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform, Space

STUB = Platform(
    name="stub", title="stub", suffixes=(), model="simt", clang_args=(), folder=Path(__file__).parent / "stub",
    spaces=(Space("shared", "__shared__", 48 << 10, "block"), Space("nram", "__nram__", 384 << 10, "core")), warp=32,
)

Emulate = Callable[..., Run]


@pytest.fixture(scope="session")
def emulate(cache: Path) -> Emulate:
    """emulate(text, extents, a=array, n=3): run kernel `k` whose parameters are the keywords, in order."""

    def go(
        text: str, extents: Mapping[str, int] | None = None, *, name: str = "k", real: str = "f32",
        limits: Limits = Limits(seconds=10), const: tuple[str, ...] = (), **inputs: object,
    ) -> Run:
        params: list[Param] = []
        for key, value in inputs.items():
            if isinstance(value, np.ndarray):
                params.append(Buffer(key, _dtype(value), None, const=key in const))
            else:
                params.append(Var(key, DType.F32 if isinstance(value, float) else DType.I32))
        entry = Entry(name, tuple(params), kernel=extents is not None, extents=extents or {})
        built = build(text, STUB, entry, file="user.cu", real=real, cache=cache)
        return run(built, entry, inputs, limits)  # type: ignore[arg-type]

    return go


def _dtype(value: np.ndarray) -> DType:
    names = {"float32": DType.F32, "int32": DType.I32, "float16": DType.F16, "uint64": DType.U64, "int8": DType.I8}
    return names[value.dtype.name]
