"""A kernel body of one block, run for its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Run
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.text.clang import parse

Array = np.ndarray[Any, Any]
_DTYPES = {"float32": DType.F32, "float64": DType.F64, "int32": DType.I32, "uint32": DType.U32, "int64": DType.I64,
           "uint64": DType.U64, "float16": DType.F16, "uint16": DType.U16}
_SPELLED = {DType.F32: "float", DType.F64: "double", DType.I32: "int", DType.U32: "unsigned", DType.I64: "long long",
            DType.U64: "unsigned long long", DType.F16: "half", DType.U16: "unsigned short"}


def run_body(platform: str, body: str, threads: int, *, head: str = "", grid: int = 1, **arrays: Array) -> Run:
    """Run `body` with `t` the thread's number; arrays whose names start with `o` are written."""
    where = get(platform)
    params = tuple(Buffer(n, _DTYPES[a.dtype.name], None, const=n[0] != "o") for n, a in arrays.items())
    signature = ", ".join(f"{'const ' * p.const}{_SPELLED[p.dtype]}* {p.name}" for p in params)
    text = f"{head}\n__global__ void k({signature}) {{\nconst int t = threadIdx.x;\n{body}\n}}\n"
    parse(text, "kernel", where.header, where.clang_args)
    entry = Entry("k", params, kernel=True, extents={"block.x": grid, "thread.x": threads})
    return run(build(text, where, entry), entry, arrays)
