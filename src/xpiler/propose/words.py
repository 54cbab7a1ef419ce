"""The words of the trade: what operations and types are called, and which words mean the same.

Manuals, names and descriptions use several words for one thing; a search takes each for the first of its group."""

from __future__ import annotations

import re

from xpiler.ir.types import DType

# Words of one meaning, the first for all; prefixes and suffixes of intrinsics' names are words too.
_GROUPS = (
    "add sum plus addition", "sub subtract difference minus", "mul multiply product times", "div divide quotient",
    "max maximum larger largest", "min minimum smaller smallest", "neg negate negation", "abs absolute magnitude",
    "exp exponential", "pow2 exp2", "log logarithm", "sqrt root", "recip reciprocal rcp", "fma fmadd fused",
    "gt greater", "lt less", "ge", "le", "eq equal", "ne unequal", "compare comparison cmp", "shift shr shl",
    "left sll slli", "right srl srli sra srai", "select blend choose", "reduce reduction", "conv convolution convolve",
    "pool pooling", "convert conversion cvt cast", "transpose transposed permute reorder", "load loadu loaded loading",
    "store storeu stored storing", "fill fills set1", "zero setzero zeros", "copy move moved", "scalar number",
    "element elementwise lane", "window kernel",
    "f32 float ps single ss", "f64 double pd sd", "f16 half", "bf16 bfloat16 bfloat", "i8 char int8 epi8 byte",
    "u8 uint8 epu8", "i16 short int16 epi16", "u16 uint16 epu16", "i32 int int32 epi32 s32", "u32 uint32 epu32",
    "i64 int64 epi64", "u64 uint64 epu64",
)
_SAME = {w: group.split()[0] for group in _GROUPS for w in group.split()}

# What an operation of the IR is called.
OPERATIONS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "remainder", ">": "gt greater compare", "<": "lt less compare",
    ">=": "ge greater equal compare", "<=": "le less equal compare", "==": "eq compare", "!=": "ne not equal compare",
    "&": "and bits", "|": "or bits", "^": "xor bits", "~": "not bits", "<<": "shift left", ">>": "shift right",
    "exp2": "pow2 two power", "log2": "log2 logarithm base 2", "rsqrt": "rsqrt reciprocal square root",
    "sqrt": "sqrt square root", "fma": "fma mul add", "rint": "round nearest even", "trunc": "truncate zero tz",
    "rec": "recip",
}
_SMALL = frozenset("a an the of as in is are it its be by for with that which on at from each".split())  # in every text
TYPES = {d: "mask" if d is DType.BOOL else d.value for d in DType}

_PART = re.compile(r"[a-z]+|[0-9]+")
_BETWEEN = re.compile(r"([a-z]+(?:8|16|32|64)?)2([a-z]+(?:8|16|32|64)?)")  # a conversion's name: int82float


def tokens(text: str) -> list[str]:
    """The words of a text in lower case: identifiers whole and in their parts, plurals as singulars, each as the first
    word of its meaning.

    `__bang_half2float` is bang, half2float, f16, to and f32."""
    out: list[str] = []
    for word in re.findall(r"[A-Za-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", text).lower()):
        known = _same(word)
        if word in _SMALL:
            continue
        if known in _SAME:
            out.append(known)
            continue
        conversion = _BETWEEN.fullmatch(word)
        parts = [conversion[1], "to", conversion[2]] if conversion else _PART.findall(word)
        out += [known, *map(_same, parts)] if len(parts) > 1 else [known]
    return out


def _same(word: str) -> str:
    one = word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
    return _SAME.get(word, _SAME.get(one, one))
