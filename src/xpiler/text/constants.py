"""The names that a text has for the sizes of what it computes on: `#define ROWS 64`, `constexpr int OW = W - K + 1;`.

A result says `r < ROWS` where the source does. Values alone say which name is meant, so only names of sizes count, and
only where no other name has the value: how a text shares work out (threads of a block, the tile a loop goes on by) is
its own affair, and a result that does so in another way must not call something else by that name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from math import prod

from xpiler.ir.nodes import Named

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_DEFINED = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+([^\n]+)$"
    r"|^[ \t]*(?:(?:static|constexpr|const|inline)[ \t]+)*(?:constexpr|const)[ \t]+(?:(?:static|unsigned)[ \t]+)*"
    r"(?:int|size_t|long|u?int32_t|unsigned)[ \t]+([A-Za-z_]\w*)[ \t]*=[ \t]*([^;{}]+);", re.MULTILINE)
# How work is shared out, {0} a name: the steps of a loop, parts of a block or a task, the threads of a launch.
_SHARED_OUT = (
    r";[ \t]*\w+[ \t]*\+=[^;)]*\b{0}\b[^;)]*\)",
    r"\b(?:blockIdx|blockDim)\.\w[ \t]*\*[ \t]*{0}[ \t]*\+[ \t]*threadIdx\b",
    r"\b(?:taskId|clusterId)[XYZ]?[ \t]*\*[ \t]*{0}\b", r"\bthreadIdx\.\w[ \t]*[/%&*][ \t]*{0}\b",
    r"\b{0}[ \t]*-[ \t]*1[ \t]*\)[ \t]*/", r"\bdim3[ \t]+\w*(?i:block|thread)\w*[ \t]*[({{=][^;)]*\b{0}\b",
    r"\bdim3\b[^;]*/[ \t]*{0}\b", r"<<<[^;]*/[ \t]*{0}\b[^;]*>>>", r"__launch_bounds__\([^)]*\b{0}\b",
    r"__shfl\w*\([^;]*\b{0}\b",
)
_OF_MACHINES = re.compile(r"warp|wave|lane|tile|block|thread|vec|unroll|task|core|cluster|pad|wmma|buf", re.IGNORECASE)
_LAUNCH = re.compile(r"<<<(.*?)>>>", re.DOTALL)
_MOST = 1 << 30
Value = int | None


def constants_of(text: str) -> tuple[Named, ...]:
    """The names that a text defines once for numbers, in its order; then the products of sizes that it multiplies out.
    """
    code = _COMMENT.sub(" ", text)
    found: dict[str, list[str]] = {}
    for m in _DEFINED.finditer(code):
        found.setdefault(m[1] or m[3], []).append((m[2] or m[4]).strip())
    values: dict[str, int] = {}
    for name, said in found.items():
        value = _value(said[0], values) if len(said) == 1 else None
        if value is not None and 0 < value < _MOST:
            values[name] = value
    sizes = _sizes(code, {n: found[n][0] for n in values})
    bounds = _bounds(_DEFINED.sub("", code), sizes)
    names = [Named(n, _bare(found[n][0]), values[n], n in sizes, frozenset(bounds.get(n, ()))) for n in values]
    return (*names, *_products(code, {n: values[n] for n in sizes}))


def _products(code: str, sizes: Mapping[str, int]) -> list[Named]:
    """The products of sizes that a text multiplies out."""
    found: dict[str, Named] = {}
    for said in re.findall(r"(?<![\w/%)][ \t])(?<![\w/%)])[A-Za-z_]\w*(?:[ \t]*\*[ \t]*[A-Za-z_]\w*)+", code):
        parts = [w for w in re.split(r"[ \t]*\*[ \t]*", said) if w in sizes]
        text = " * ".join(parts)
        if len(parts) > 1 and prod(sizes[w] for w in parts) < _MOST:
            found[text] = Named(text, text, prod(sizes[w] for w in parts))
    return list(found.values())


def _sizes(code: str, said: Mapping[str, str]) -> set[str]:
    """The names of sizes: those that are no measure of how work is shared out, nor made of one."""
    threads = " ".join(part for m in _LAUNCH.finditer(code) for part in _arguments(m[1])[1:])
    sizes: set[str] = set()
    for name, text in said.items():
        words = set(re.findall(r"[A-Za-z_]\w*", text))
        measures = _OF_MACHINES.search(name) or re.search(rf"\b{name}\b", threads)
        if words <= sizes and not measures and not any(re.search(p.format(name), code) for p in _SHARED_OUT):
            sizes.add(name)
    return sizes


def _arguments(text: str) -> list[str]:
    """What commas outside parentheses part."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "({") - (c in ")}")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def _bounds(code: str, names: Iterable[str]) -> Mapping[str, set[str]]:
    """The scalars that a text compares with each name."""
    found: dict[str, set[str]] = {}
    for var, name in re.findall(r"\b([A-Za-z_]\w*)[ \t]*<[ \t]*([A-Za-z_]\w*)\b", code):
        if name in names:
            found.setdefault(name, set()).add(var)
    return found


def _bare(said: str) -> str:
    """An expression without parentheses around the whole of it."""
    depth = 0
    for i, c in enumerate(said):
        depth += (c == "(") - (c == ")")
        if depth == 0 and i < len(said) - 1:
            return said
    return said[1:-1].strip() if said.startswith("(") else said


def _value(said: str, known: Mapping[str, int]) -> Value:
    """The value of a whole-number expression over known names, in C's arithmetic; None for anything else."""
    try:
        return _of(ast.parse(said.replace("/", "//"), mode="eval").body, known)
    except (SyntaxError, ValueError):
        return None


def _of(e: ast.expr, known: Mapping[str, int]) -> Value:
    match e:
        case ast.Constant(value=int() as value):
            return int(value)
        case ast.Name(id=name):
            return known.get(name)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _of(left, known), _of(right, known)
            if a is None or b is None:
                return None
            match op:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.FloorDiv() if a >= 0 and b > 0:
                    return a // b
                case ast.Mod() if a >= 0 and b > 0:
                    return a % b
    return None
