"""The C interface of libclang: what the reader tells declarations apart by."""

import clang.cindex as ci

from xpiler.text import libclang


def test_no_two_declarations_are_one() -> None:
    """Among so many a hash of 32 bits, clang_hashCursor for one, is shared by four pairs or more."""
    many = 200_000
    text = "int " + ", ".join(f"a{k}" for k in range(many)) + ";"
    unit = ci.Index.create().parse("many.c", unsaved_files=[("many.c", text)])
    found = [libclang.identity(c) for c in libclang.children(unit.cursor) if c.spelling.startswith("a")]
    assert len(found) == len(set(found)) == many
