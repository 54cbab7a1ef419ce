"""What to write instead of constructs that the reader refuses."""

from __future__ import annotations

NO_FORM = "a kernel is read as loops, choices and assignments, and this has no such form"
PLAINLY = "say it with plain variables, arrays and loops"

_JUMPS = "a kernel is read as loops and choices, which a jump into or out of would break"
_ASM = "what instructions of one machine mean is not known on another"
_THROWN = "nothing is thrown on a device"

# The kind of a syntax node -> what it is called, why it is refused, and what to try.
INSTEAD: dict[str, tuple[str, str, str]] = {
    "GOTO_STMT": ("`goto`", _JUMPS, "a loop with `break`, or a choice"),
    "INDIRECT_GOTO_STMT": ("`goto`", _JUMPS, "a `switch`"),
    "LABEL_STMT": ("a label", _JUMPS, "a loop with `break`, or a choice"),
    "ASM_STMT": ("inline assembly", _ASM, "the intrinsic for it, or plain C++"),
    "GCC_ASM_STMT": ("inline assembly", _ASM, "the intrinsic for it, or plain C++"),
    "MS_ASM_STMT": ("inline assembly", _ASM, "the intrinsic for it, or plain C++"),
    "CXX_TRY_STMT": ("`try`", _THROWN, "a choice"),
    "CXX_THROW_EXPR": ("`throw`", _THROWN, "a flag in an output array"),
    "CXX_FOR_RANGE_STMT": ("a loop over a range that is no array", NO_FORM, "a loop over an index"),
    "CXX_NEW_EXPR": ("`new`", "arrays of a kernel have a size that its text or its launch says",
                     "an array with a fixed size"),
    "CXX_DYNAMIC_CAST_EXPR": ("`dynamic_cast`", NO_FORM, "a choice"),
    "CXX_TYPEID_EXPR": ("`typeid`", NO_FORM, "a template parameter"),
}
