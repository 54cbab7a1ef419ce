"""No other file comes into a text, however the directive is spelled; what stays, stays in its place."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.directives import without_files
from xpiler.text.read import read

KERNEL = "void k(float* a) { a[0] = 1; }\n"


@pytest.mark.parametrize("line", [
    '#include "/etc/passwd"', "#include </etc/passwd>", '  #\tinclude "/etc/passwd"', '%:include "/etc/passwd"',
    '# /* x */ include/**/"/etc/passwd"', '/* x\n */ #include "/etc/passwd"', '#inc\\\nlude "/etc/passwd"',
    '#\\\ninclude "/etc/passwd"', '#include_next "/etc/passwd"', '#import "/etc/passwd"', "#include \\\n </etc/passwd>",
    '#define F "/etc/passwd"\n#include F', 'int q;\r#include "/etc/passwd"', '#__include_macros "/etc/passwd"',
])
def test_includes_bring_nothing(line: str) -> None:
    assert read(f"{line}\n{KERNEL}", platforms.get("c")).kernels[0].name == "k"


@pytest.mark.parametrize("line", ['#embed "/etc/passwd"', '#em\\\nbed "/etc/passwd"', '%: embed </etc/passwd>'])
def test_embedded_files_are_not_there(line: str) -> None:
    text = f"const unsigned char p[] = {{\n{line}\n}};\nvoid k(float* a) {{ a[0] = p[0]; }}\n"
    try:
        assert "root" not in repr(read(text, platforms.get("c")))
    except Fault as fault:
        assert "root" not in str(fault)


def test_everything_else_keeps_its_place() -> None:
    text = 'int a; // #include "x"\n#include <y>\nint b;\n#pragma once\nint c = sizeof("#include");\n'
    plain = without_files(text)
    assert len(plain) == len(text) and plain.count("\n") == text.count("\n")
    assert [plain.index(w) for w in ("int a", "int b", "int c")] == [text.index(w) for w in ("int a", "int b", "int c")]
    assert '"#include"' in plain and "<y>" not in plain
