"""How values are seen as their bits: what a dialect calls the functions, for every pair of types of one size."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.types import DType

# The functions of the bits.h that texts carry where the language has none of its own.
CARRIED = {
    DType.F32: ("bits_of_float", "float_of_bits", "unsigned int", DType.U32),
    DType.F64: ("bits_of_double", "double_of_bits", "uint64_t", DType.U64),
    DType.F16: ("bits_of_half", "half_of_bits", "uint16_t", DType.U16),
    DType.BF16: ("bits_of_bfloat16", "bfloat16_of_bits", "uint16_t", DType.U16),
}
CARRIED_CALL = r"\b(bits_of_\w+|(float|double|half|bfloat16)_of_bits)\("

# CUDA Math API, "Type Casting Intrinsics", "Half Precision Conversion" and its HIP twin.
INTRINSIC = {
    DType.F32: ("__float_as_uint", "__uint_as_float", "unsigned int", DType.U32),
    DType.F64: ("__double_as_longlong", "__longlong_as_double", "long long", DType.I64),
    DType.F16: ("__half_as_ushort", "__ushort_as_half", "unsigned short", DType.U16),
    DType.BF16: ("__bfloat16_as_ushort", "__ushort_as_bfloat16", "unsigned short", DType.U16),
}
_NAMES = {DType.I32: "int", DType.U32: "unsigned int", DType.I16: "short", DType.U16: "unsigned short",
          DType.I64: "long long", DType.U64: "unsigned long long"}


def bit_casts(functions: Mapping[DType, tuple[str, str, str, DType]]) -> dict[tuple[str, DType], str]:
    """(canonical name, argument type) -> a template, for `Platform.math`."""
    table: dict[tuple[str, DType], str] = {}
    for real, (to_bits, from_bits, spelled, own) in functions.items():
        for word in (DType(f"{sign}{real.bits}") for sign in "iu"):
            cast = f"(({_NAMES[word]}){to_bits}({{0}}))"
            table[f"bits.{real}.{word}", real] = f"{to_bits}({{0}})" if word is own else cast
            given = "{0}" if word is own else f"({spelled}){{0}}"
            table[f"bits.{word}.{real}", word] = f"{from_bits}({given})"
    return table
