"""The user's text as g++ can take it: a lexical rewrite that keeps every line where it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xpiler.emulate.turned import turned
from xpiler.platforms.platform import Platform

TEXT = "/xp/text"  # what the compiler calls the user's file

_STANDARD = frozenset(
    "algorithm any array atomic bitset cassert cctype cerrno cfenv cfloat chrono cinttypes climits cmath complex "
    "cstddef cstdint cstdio cstdlib cstring ctime deque exception fstream functional initializer_list iomanip ios "
    "iosfwd iostream iterator limits list map memory mutex new numeric optional ostream queue random ratio set sstream "
    "stack stdexcept string string_view system_error thread tuple type_traits typeinfo unordered_map unordered_set "
    "utility valarray variant vector assert.h ctype.h errno.h fenv.h float.h inttypes.h limits.h math.h stdarg.h "
    "stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h cstdarg sys/time.h sys/types.h "
    "unistd.h".split()
)
_MASKED = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]*)[>\"]", re.MULTILINE)
_MAIN = re.compile(r"\bint\s+(main)\s*\(")
_BY_ADDRESS = re.compile(r"\b\w+Launch(?:Cooperative)?Kernel\s*\(\s*(\(\s*(?:const\s+)?void\s*\*\s*\))")
_LANES = r"__attribute__\s*\(\(\s*(?:__)?ext_vector_type(?:__)?\s*\(\s*((?:[^()]|\([^()]*\))+?)\s*\)\s*\)\)"
_WORD = r"(?:unsigned|signed|long|short|int|char|bool|float|double)\b"
_NAME = r"(?!(?:typedef|using|const)\b)(?:\w|::)+(?:\s*<[\w\s:,]*>)?"
_TYPE = rf"((?:const\s+)?(?:{_WORD}(?:\s+{_WORD})*|(?:typename\s+)?{_NAME}))"
_VECTORS = (  # an owner's vector type: the name before the attribute, the type before it, the type behind it
    (re.compile(rf"\b(typedef\s+){_TYPE}(\s+\w+)\s*{_LANES}(?=\s*;)"), r"\1xp_vector<\2, \4>\3"),
    (re.compile(rf"(?<![\w:]){_TYPE}\s*{_LANES}"), r"xp_vector<\1, \2>"),
    (re.compile(rf"{_LANES}\s*{_TYPE}"), r"xp_vector<\2, \1>"),
)
_TEMPLATE = re.compile(r"\btemplate\s*<")
_TAG = "xp_"  # and the space: a section's name
_COMMON = re.compile(rf"^\t\.comm\t(\w+B\d+({_TAG}[a-z]+)\w*),(\d+),(\d+)$", re.MULTILINE)
_LITERAL = re.compile(r"(?<![\w.])((?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)([fF])\b")


@dataclass(frozen=True)
class Edit:
    start: int
    end: int
    text: str


def prepare(text: str, platform: Platform, *, real: str = "f32") -> str:
    """Rewrite launches, dynamic shared memory, space qualifiers, includes, main and parallel loops; line numbers stay.
    """
    source = text
    standard = [m[1] for m in _INCLUDE.finditer(_mask(text)) if m[1] in _STANDARD]
    for rule in (_includes, _rename_main, _addresses, _dynamic_arrays, _qualifiers, _tagged):
        source = _apply(source, list(rule(_mask(source), platform)))
    source = _apply(source, [Edit(*at) for at in turned(_mask(source), platform)])
    source = _launches(_vectors(source))
    if real == "f64":
        source = double_literals(source)
    return _prelude(standard, real) + f'#line 1 "{TEXT}"\n{source}\n'


def _prelude(standard: Sequence[str], real: str) -> str:
    """The standard headers the text asks for, where `float` still means float."""
    lines = [f"#include <{name}>" for name in dict.fromkeys(standard)]
    if lines and real == "f64":
        lines = ["#undef float", *lines, "#define float double"]
    return "".join(line + "\n" for line in lines)


def double_literals(source: str) -> str:
    """1.0f -> 1.0: with `float` renamed to double no float may be left."""
    masked = _mask(source)
    return _apply(source, [Edit(m.start(2), m.end(2), " ") for m in _LITERAL.finditer(masked) if _is_float(m[1])])


def _is_float(digits: str) -> bool:
    return "." in digits or "e" in digits or "E" in digits


def _mask(text: str) -> str:
    """The text with comments, strings and characters blanked; same length, same newlines. Includes keep theirs."""

    def blank(m: re.Match[str]) -> str:
        line = text[text.rfind("\n", 0, m.start()) + 1 : m.start()]
        if m[0].startswith('"') and re.match(r"[ \t]*#[ \t]*include", line):
            return m[0]
        return re.sub(r"[^\n]", " ", m[0])

    return _MASKED.sub(blank, text)


def _apply(text: str, edits: Sequence[Edit]) -> str:
    out, at = [], 0
    for edit in sorted(edits, key=lambda e: e.start):
        if edit.start < at:
            continue
        newlines = text.count("\n", edit.start, edit.end) - edit.text.count("\n")
        out += [text[at : edit.start], edit.text, "\n" * newlines]
        at = edit.end
    return "".join([*out, text[at:]])


def _includes(masked: str, platform: Platform) -> Iterator[Edit]:
    """Vendor headers are device.h, which is already there; the standard library's move to the front."""
    for m in _INCLUDE.finditer(masked):
        yield Edit(m.start(), m.end(), " " * len(m[0]))


def _rename_main(masked: str, platform: Platform) -> Iterator[Edit]:
    for m in _MAIN.finditer(masked):
        yield Edit(m.start(1), m.end(1), "xp_user_main")


def _addresses(masked: str, platform: Platform) -> Iterator[Edit]:
    """A launch by addresses takes the kernel with its type, from which those of the arguments are known."""
    for m in _BY_ADDRESS.finditer(masked):
        yield Edit(m.start(1), m.end(1), " " * len(m[1]))


def _spaces(platform: Platform) -> str:
    words = {s.qualifier for s in platform.spaces if re.fullmatch(r"\w+", s.qualifier) and s.scope != "device"}
    return "|".join(sorted(words, key=len, reverse=True))


def _dynamic_arrays(masked: str, platform: Platform) -> Iterator[Edit]:
    """`extern __shared__ T s[][32];` -> a pointer (or, outside functions, a reference to one) to the launch's bytes."""
    words = _spaces(platform)
    if not words:
        return
    attribute = r"(?:(?:__align__|__attribute__|alignas)\s*\(+[^;()]*(?:\([^;()]*\))?\s*\)+\s*)?"
    pattern = re.compile(
        rf"\bextern\s+{attribute}(?:{words})\s+{attribute}([\w:<>,\s]+?(?:\s*\*)*)\s*"
        r"\b(\w+)\s*\[\s*\]\s*((?:\[[^\]]*\]\s*)*);"
    )
    for m in pattern.finditer(masked):
        element, name, rest = m[1].strip(), m[2], m[3].strip()
        pointer = f"{element} (*{{}}){rest}" if rest else f"{element} *{{}}"
        inside = masked.count("{", 0, m.start()) > masked.count("}", 0, m.start())
        if inside:
            new = f"{pointer.format(name)} = ({pointer.format('')})xp::dynamic_shared;"
        else:
            new = f"static {pointer.format('&' + name)} = ({pointer.format('&')})xp::dynamic_shared;"
        yield Edit(m.start(), m.end(), new)


def _qualifiers(masked: str, platform: Platform) -> Iterator[Edit]:
    """A space qualifier makes a variable static, so it goes where the variable is a parameter or a plain pointer."""
    words = _spaces(platform)
    if not words:
        return
    depth, at = 0, 0
    for m in re.finditer(rf"\b({words})\b", masked):
        segment = masked[at : m.start()]
        depth, at = depth + segment.count("(") - segment.count(")"), m.start()
        line = masked[masked.rfind("\n", 0, m.start()) + 1 : m.start()]
        if line.lstrip().startswith("#"):
            continue
        if depth > 0 or re.match(r"\s*(?:\w+\s+)*\w+\s*\*\s*(?:const\s+)?\w+\s*=", masked[m.end() : m.end() + 200]):
            yield Edit(m.start(), m.end(), " " * len(m[0]))
            continue
        before = re.search(r"\bstatic\s+$", masked[: m.start()][-40:])
        after = re.match(r"\s+static\b", masked[m.end() :][:40])
        if before:
            yield Edit(m.start() - len(before[0]), m.start(), re.sub(r"\S", " ", before[0]))
        if after:
            yield Edit(m.end(), m.end() + len(after[0]), re.sub(r"\S", " ", after[0]))


def _tagged(masked: str, platform: Platform) -> Iterator[Edit]:
    """g++ leaves the section away on statics of templates: there a tag in the symbol's name says which it is."""
    names = {s.qualifier: s.name for s in platform.spaces}
    words, found = _spaces(platform), dict[int, str]()
    for head in _TEMPLATE.finditer(masked) if words else ():
        opening = masked.find("{", head.end())
        if opening < 0 or ";" in masked[head.end() : opening]:
            continue
        for m in re.finditer(rf"\b(?:{words})\b", masked[opening : _closed(masked, opening)]):
            found[opening + m.end()] = names[m[0]]
    for at, name in found.items():
        yield Edit(at, at, f' __attribute__((abi_tag("{_TAG}{name}")))')


def _closed(masked: str, opening: int) -> int:
    """Where the brace at `opening` is closed; the end where it is not."""
    depth = 0
    for m in re.finditer(r"[{}]", masked[opening:]):
        depth += 1 if m[0] == "{" else -1
        if depth == 0:
            return opening + m.end()
    return len(masked)


def is_tagged(prepared: str) -> bool:
    """Whether symbols of a prepared text say in their names which section they belong to."""
    return f'abi_tag("{_TAG}' in prepared


def in_sections(assembler: str) -> str:
    """The assembler's text with the symbols that are tagged in the sections that they name."""
    lines = (r'.pushsection \2,"aw"', r".balign \4", r".type \1, @object", r".size \1, \3", r"\1:", r".zero \3",
             ".popsection")
    return _COMMON.sub("\n".join(lines), assembler)


def _vectors(source: str) -> str:
    """`typedef float v4 __attribute__((ext_vector_type(4)));` -> `typedef xp_vector<float, 4> v4;`."""
    if "ext_vector_type" not in source:
        return source
    for pattern, new in _VECTORS:
        source = _apply(source, [Edit(m.start(), m.end(), m.expand(new)) for m in pattern.finditer(_mask(source))])
    return source


def _launches(source: str) -> str:
    """`k<T><<<grid, block>>>(args)` -> `XP_LAUNCH((k<T>), grid, block)(args)`."""
    at = 0
    while (open_ := _mask(source).find("<<<", at)) >= 0:
        masked = _mask(source)
        start = _callee(masked, open_)
        close = _closing(masked, open_ + 3)
        if start is None or close is None:
            at = open_ + 3
            continue
        kernel = source[start:open_].strip()
        lines = "\n" * source.count("\n", start, open_)
        new = f"XP_LAUNCH(({kernel}),{source[open_ + 3:close]})"
        extra = "\n" * (len(lines) - kernel.count("\n"))
        source = source[:start] + extra + new + source[close + 3 :]
        at = start + len(new)
    return source


def _callee(masked: str, end: int) -> int | None:
    """Where the kernel expression that ends before `end` starts."""
    i = end
    while i > 0 and masked[i - 1].isspace():
        i -= 1
    if i and masked[i - 1] == ")":
        return _opening(masked, i, "(", ")")
    if i and masked[i - 1] == ">":
        i = _opening(masked, i, "<", ">")
        while i > 0 and masked[i - 1].isspace():
            i -= 1
    start = i
    while start > 0 and (masked[start - 1].isalnum() or masked[start - 1] in "_:"):
        start -= 1
    return start if start < i else None


def _opening(masked: str, end: int, open_: str, close: str) -> int:
    """Where the bracket that closes just before `end` opens; what stands in parentheses is passed over."""
    depth = 0
    i = end
    while i > 0:
        i -= 1
        if masked[i] == close:
            depth += 1
        elif masked[i] == open_:
            depth -= 1
            if depth == 0:
                break
        elif masked[i] == ")":
            i = _opening(masked, i + 1, "(", ")")
    return i


def _closing(masked: str, start: int) -> int | None:
    """Where the `>>>` of the launch configuration is."""
    depth = 0
    for i in range(start, len(masked)):
        if masked[i] in "([{":
            depth += 1
        elif masked[i] in ")]}":
            depth -= 1
        elif depth == 0 and masked.startswith(">>>", i):
            return i
    return None
