"""Every matrix instruction of HIP keeps AMD's lane formulas, as it runs and as its meaning is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer
from xpiler.ir.types import DType
from xpiler.platforms import get
from xpiler.text.clang import parse

HIP = get("hip")
HEADER = (HIP.folder / "mfma.h").read_text()
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Form:
    """D = A * B + C of `blocks` products of size x size x depth; a lane holds `values` of A as one `held`."""

    name: str
    size: int
    depth: int
    values: int
    blocks: int
    held: str
    sums: str = "float"

    @property
    def slots(self) -> int:
        return self.size * self.size * self.blocks // 64

    def operand_lane(self, row: int, k: int, block: int) -> tuple[int, int]:
        """Where A[row][k] is: lane and position. B[k][column] is where A's row would be."""
        return self.size * (block + self.blocks * (k // self.values)) + row, k % self.values

    def result_lane(self, i: int, j: int, block: int) -> tuple[int, int]:
        """Where D[i][j] is: lane and slot."""
        if self.sums == "double":
            return (16 * i + 4 * block + j, 0) if self.size == 4 else (16 * (i % 4) + j, i // 4)
        if self.size == 4:
            return 4 * block + j, i
        if self.size == 16:
            return 16 * (i // 4) + j, 4 * block + i % 4
        return 32 * (i // 4 % 2) + j, 16 * block + 4 * (i // 8) + i % 4


def _forms() -> list[Form]:
    found = [Form("f64_16x16x4f64", 16, 4, 1, 1, "double", "double"), Form("f64_4x4x4f64", 4, 4, 1, 4, "double", "double")]
    for size, one, four, k1, k4 in ((16, 1, 4, 4, 16), (32, 1, 2, 2, 8)):
        found.append(Form(f"f32_{size}x{size}x{k1}f32", size, k1, 1, 1, "float"))
        found.append(Form(f"f32_{size}x{size}x1f32", size, 1, one, four, "float"))
        for tail, held in (("f16", "half"), ("bf16_1k", "short")):
            found.append(Form(f"f32_{size}x{size}x{k4}{tail}", size, k4, 4, 1, held))
            found.append(Form(f"f32_{size}x{size}x4{tail}", size, 4, 4, four, held))
        found.append(Form(f"f32_{size}x{size}x{k4 // 2}bf16", size, k4 // 2, 2, 1, "short"))
        found.append(Form(f"i32_{size}x{size}x{k4}i8", size, k4, 4, 1, "int", "int"))
        found.append(Form(f"i32_{size}x{size}x4i8", size, 4, 4, four, "int", "int"))
        found.append(Form(f"i32_{size}x{size}x{2 * k4}_i8", size, 2 * k4, 8, 1, "long", "int"))
    found += [Form(f"f32_4x4x4{tail}", 4, 4, 4, 16, held) for tail, held in (("f16", "half"), ("bf16_1k", "short"))]
    return [*found, Form("f32_4x4x1f32", 4, 1, 1, 16, "float"), Form("i32_4x4x4i8", 4, 4, 4, 16, "int", "int")]


FORMS = _forms()


def _load(form: Form, at: str) -> str:
    """A lane's operand from small integers p[0 .. values) of its own."""
    p = f"{at}[8 * lane + r]"
    match form.held:
        case "half" | "short":
            value = f"(_Float16){p}" if form.held == "half" else f"(short)(__float_as_uint((float){p}) >> 16)"
            ctype = "_Float16" if form.held == "half" else "short"
            bytes_ = 2 * form.values
            return (f"typedef {ctype} Held __attribute__((vector_size({bytes_}))); Held {at}_;"
                    f" for (int r = 0; r < {form.values}; ++r) {at}_[r] = {value};")
        case "int" | "long":
            return (f"unsigned {form.held} {at}w = 0; for (int r = 0; r < {form.values}; ++r)"
                    f" {at}w |= (unsigned {form.held})((unsigned){p} & 255u) << (8 * r); const {form.held} {at}_ = {at}w;")
    return f"const int r = 0; const {form.held} {at}_ = {p};"


def _kernel(meant: bool) -> str:
    """A kernel that makes each product and stores what every lane has in every slot."""
    parts = []
    for n, form in enumerate(FORMS):
        call = ("meant_" if meant else "__builtin_amdgcn_") + f"mfma_{form.name}"
        if form.name == "f64_4x4x4f64":
            sums = f"double c = 32 * lane; o[{n} * 2048 + 32 * lane] = {call}(a_, b_, c, 0, 0, 0);"
        else:
            width = form.slots * (8 if form.sums == "double" else 4)
            sums = (f"typedef {form.sums} Sums __attribute__((vector_size({width}))); Sums c;"
                    f" for (int s = 0; s < {form.slots}; ++s) c[s] = s + 32 * lane;"
                    f" c = {call}(a_, b_, c, 0, 0, 0);"
                    f" for (int s = 0; s < {form.slots}; ++s) o[{n} * 2048 + 32 * lane + s] = c[s];")
        right = _load(form, "b").replace("Held", "Right").replace("const int r = 0; ", "")
        parts.append(f"{{ {_load(form, 'a')} {right} {sums} }}")
    body = "\n".join(parts)
    meaning = ""
    if meant:
        head = HEADER.split("#pragma once")[1].split("#ifdef XP_READING")[0]
        reading = HEADER.split("#ifdef XP_READING")[1].split("#else")[0]
        table = "\n".join(re.findall(r"^XP_MFMA\(.*$", HEADER.split("#endif")[-1], re.MULTILINE))
        meaning = (head + reading + table).replace("__builtin_amdgcn_", "meant_")
        meaning = meaning.replace("void xp_plain(bool holds);", "inline void xp_plain(bool) {}")  # asked of the reader
    return f"{meaning}\n__global__ void k(const int* a, const int* b, double* o) {{ const int lane = threadIdx.x;\n{body}\n}}\n"


def _digits(seed: int) -> Array:
    return np.random.default_rng(seed).integers(-8, 8, 512, np.int32)


def test_the_table_has_every_form_of_the_header() -> None:
    assert {f.name for f in FORMS} == set(re.findall(r"XP_MFMA\((\w+), (?:float|int|double),", HEADER))


@pytest.mark.parametrize("meant", [False, True], ids=["runs", "meant"])
def test_products_keep_the_lane_formulas(meant: bool) -> None:
    text = _kernel(meant)
    if not meant:
        parse(text, "products", HIP.header, HIP.clang_args)
    params = (Buffer("a", DType.I32, None, const=True), Buffer("b", DType.I32, None, const=True), Buffer("o", DType.F64, None))
    entry = Entry("k", params, kernel=True, extents={"block.x": 1, "thread.x": 64})
    a, b = _digits(1), _digits(2)
    done = run(build(text, HIP, entry), entry, {"a": a, "b": b, "o": np.zeros(2048 * len(FORMS))})
    assert done.status == "ok", (done.findings, done.stderr)
    for form, got in zip(FORMS, done.outputs["o"].reshape(len(FORMS), 64, 32), strict=True):
        assert not list(_wrong(form, a.reshape(64, 8), b.reshape(64, 8), got)), form.name


def _wrong(form: Form, a: Array, b: Array, got: Array) -> Any:
    for block in range(form.blocks):
        rows = np.array([[a[form.operand_lane(i, k, block)] for k in range(form.depth)] for i in range(form.size)])
        columns = np.array([[b[form.operand_lane(j, k, block)] for k in range(form.depth)] for j in range(form.size)])
        product = rows @ columns.T
        for i in range(form.size):
            for j in range(form.size):
                lane, slot = form.result_lane(i, j, block)
                if got[lane, slot] != product[i, j] + slot + 32 * lane:
                    yield block, i, j
