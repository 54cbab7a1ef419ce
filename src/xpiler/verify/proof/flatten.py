"""A program as one body without calls: launches and intrinsics replaced by what they run, early exits by branches.

Names become unique over the whole program, so that a name says which declaration is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xpiler.fault import Span
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Const, Continue, DeviceBuffer, Expr, For, If,
    Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning, Param, Program, Return, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, bodies, buffers_written, map_expr, scalars_read, statements, substitute, walk
from xpiler.verify.proof.counted import counted
from xpiler.verify.proof.solver import Outside

# A loop that is left early is not a nest; a copy of what follows it would be needed for every way out.
LEAVES = Return | Continue
# A tree over the largest block has this many levels.
LEVELS = 10


@dataclass(frozen=True)
class Flat:
    """One body, the entry's parameters, and the arrays that hold what a pointer parameter points to.

    `arrays`: name in the body -> position of the parameter whose contents it starts with, and what it starts with
    (`copied`: the caller's, else a fill, else nothing). `results`: position -> the array whose contents the caller
    finds there; `extents`: position -> its elements. `scratch` are device arrays of no parameter."""

    body: Body
    params: tuple[Param, ...]
    starts: Mapping[str, Start]
    results: Mapping[int, str]
    extents: Mapping[int, Expr]


@dataclass(frozen=True)
class Start:
    """What an array holds before the first statement."""

    dtype: DType
    position: int | None  # the caller's array, where its contents are copied in
    fill: int | None = None


def at_line(span: Span) -> str:
    return f", line {span.line}" if span.line else ""


def entry(program: Program, kernel: str = "") -> Kernel | Launcher:
    """A program's launcher, or the kernel named, or its only kernel."""
    if program.launcher is not None and not kernel:
        return program.launcher
    found = [k for k in program.kernels if kernel in ("", k.name)]
    if len(found) != 1:
        raise Outside("which kernel is meant is not clear")
    return found[0]


def flatten(program: Program, kernel: str = "") -> Flat:
    """The body of what a program begins with (`entry`)."""
    supply = _Names()
    begin = entry(program, kernel)
    if isinstance(begin, Kernel):
        if begin.name in program.unread:
            raise Outside(f"the body of `{begin.name}` was not understood")
        buffers = [(i, p) for i, p in enumerate(begin.params) if isinstance(p, Buffer)]
        names = {p.name: supply(p.name) for p in begin.params}
        body = _inlined(_renamed(structured(begin.body), names, {}, supply), program, supply)
        body = written_out(body, supply)
        return Flat(
            body, tuple(replace(p, name=names[p.name]) for p in begin.params),
            {names[p.name]: Start(p.dtype, i) for i, p in buffers},
            {i: names[p.name] for i, p in buffers if not p.const},
            {i: p.extent for i, p in buffers if p.extent is not None},
        )
    names = {p.name: supply(p.name) for p in begin.params}
    names |= {b.name: supply(b.name) for b in begin.buffers}
    body = _renamed(structured(begin.body), names, {}, supply)
    body = written_out(_inlined(_launched(body, program, supply), program, supply), supply)
    starts, results, extents = _mirrors(begin.params, begin.buffers, names)
    params = tuple(replace(p, name=names[p.name]) for p in begin.params)
    return Flat(body, params, starts, results, {i: _renamed_expr(e, names) for i, e in extents.items()})


def _mirrors(
    params: tuple[Param, ...], buffers: tuple[DeviceBuffer, ...], names: Mapping[str, str]
) -> tuple[dict[str, Start], dict[int, str], dict[int, Expr]]:
    starts: dict[str, Start] = {}
    results: dict[int, str] = {}
    extents: dict[int, Expr] = {}
    positions = {p.name: i for i, p in enumerate(params)}
    for i, p in enumerate(params):
        if not isinstance(p, Buffer):
            continue
        mirrors = [b for b in buffers if b.host == p.name]
        if len(mirrors) > 1:
            raise Outside(f"`{p.name}` has {len(mirrors)} copies on the device")
        starts[names[p.name]] = Start(p.dtype, i)
        if not mirrors:
            if not p.const:
                results[i] = names[p.name]
            if p.extent is not None:
                extents[i] = p.extent
        elif mirrors[0].copy_out:
            results[i] = names[mirrors[0].name]
        if mirrors:
            extents[i] = mirrors[0].extent
    for b in buffers:
        if b.back:
            raise Outside(f"`{b.back}` is given what `{b.host}` gave")
        if b.host and params[positions[b.host]].dtype is not b.dtype:
            raise Outside(f"`{b.host}` is another type on the device")
        given = positions[b.host] if b.host and b.copy_in else None
        starts[names[b.name]] = Start(b.dtype, given, b.fill)
    return starts, results, extents


class _Names:
    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def __call__(self, stem: str) -> str:
        n = self._next.get(stem, 0)
        self._next[stem] = n + 1
        return f"{stem}'{n}" if n else stem


def plain(name: str) -> str:
    """A name as the program has it."""
    return name.split("'")[0]


# ---------------------------------------------------------------- renaming


def _renamed(
    body: Body, names: Mapping[str, str], moved: Mapping[str, tuple[str, Expr]], supply: _Names
) -> Body:
    """A body with names replaced, new ones for what it declares, and pointers moved to a place in another buffer."""
    local = dict(names)
    for s in statements(body):
        match s:
            case Let(v) | For(v):
                local[v.name] = supply(v.name)
            case Alloc(b):
                local[b.name] = supply(b.name)
    return tuple(_renamed_stmt(s, local, moved) for s in body)


def _renamed_expr(
    e: Expr, names: Mapping[str, str], moved: Mapping[str, tuple[str, Expr]] | None = None
) -> Expr:
    def one(x: Expr) -> Expr:
        match x:
            case Var(name, dtype) if name in names:
                return Var(names[name], dtype)
            case Load(b, index, dtype) | Addr(b, index, dtype):
                if moved and b in moved:
                    to, base = moved[b]
                    return type(x)(to, _sum(base, index), dtype)
                return type(x)(names.get(b, b), index, dtype)
        return x

    return map_expr(e, one)


def _sum(base: Expr, index: Expr) -> Expr:
    if isinstance(base, Const) and base.value == 0:
        return index
    return Binary("+", base, index, DType.I64)


def _renamed_stmt(s: Stmt, names: Mapping[str, str], moved: Mapping[str, tuple[str, Expr]]) -> Stmt:
    def var(v: Var) -> Var:
        return Var(names.get(v.name, v.name), v.dtype)

    def inner(body: Body) -> Body:
        return tuple(_renamed_stmt(x, names, moved) for x in body)

    def e(x: Expr) -> Expr:
        return _renamed_expr(x, names, moved)

    match s:
        case Let(v, value):
            return replace(s, var=var(v), value=None if value is None else e(value))
        case Assign(v, value):
            return replace(s, var=var(v), value=e(value))
        case Store(b, index, value):
            to, base = moved.get(b, (names.get(b, b), Const(0, DType.I32)))
            return replace(s, buffer=to, index=_sum(base, e(index)), value=e(value))
        case Atomic(_, b, index, value, result, compare):
            to, base = moved.get(b, (names.get(b, b), Const(0, DType.I32)))
            return replace(
                s, buffer=to, index=_sum(base, e(index)), value=e(value),
                result=None if result is None else var(result), compare=None if compare is None else e(compare),
            )
        case Alloc(b, init):
            extent = None if b.extent is None else e(b.extent)
            return replace(
                s, buffer=replace(b, name=names[b.name], extent=extent), init=tuple(e(x) for x in init)
            )
        case For(v, start, stop, step, body):
            return replace(s, var=var(v), start=e(start), stop=e(stop), step=e(step), body=inner(body))
        case While(cond, body):
            return replace(s, cond=e(cond), body=inner(body))
        case If(cond, then, orelse):
            return replace(s, cond=e(cond), then=inner(then), orelse=inner(orelse))
        case Intrinsic(_, args, result):
            new = None if result is None else var(result) if isinstance(result, Var) else e(result)
            assert new is None or isinstance(new, Var | Addr)
            return replace(s, args=tuple(e(a) for a in args), result=new)
        case Shuffle(result, _, value, lane, _, _, mask):
            return replace(s, result=var(result), value=e(value), lane=e(lane), mask=e(mask))
        case Launch(_, args):
            return replace(s, args=tuple(e(a) for a in args))
    return s


# ---------------------------------------------------------------- launches and intrinsics


def _bound(
    params: Iterable[Param], args: Iterable[Expr], supply: _Names, span: Span
) -> tuple[list[Stmt], dict[str, str], dict[str, tuple[str, Expr]]]:
    """Statements that evaluate the arguments, new names for scalars, and the places pointers point to."""
    before: list[Stmt] = []
    names: dict[str, str] = {}
    moved: dict[str, tuple[str, Expr]] = {}
    for p, a in zip(params, args, strict=True):
        match p, a:
            case Var(name, dtype), _:
                names[name] = supply(name)
                before.append(Let(Var(names[name], dtype), a, span))
            case Buffer(name=name, dtype=dtype), Addr(b, index, held):
                if dtype is not held:
                    raise Outside(f"`{b}` is read as {dtype}{at_line(span)}")
                if not isinstance(index, Const):
                    at = Var(supply("at"), index.dtype)
                    before.append(Let(at, index, span))
                    index = at
                moved[name] = (b, index)
            case _:
                raise Outside(f"an argument that is no place in a buffer{at_line(span)}")
    return before, names, moved


def _launched(body: Body, program: Program, supply: _Names) -> Body:
    out: list[Stmt] = []
    for s in body:
        match s:
            case Launch(name, args, span):
                k = program.kernel(name)
                if name in program.unread:
                    raise Outside(f"the body of `{name}` was not understood")
                before, names, moved = _bound(k.params, args, supply, span)
                out += before
                out += _renamed(structured(k.body), names, moved, supply)
            case For(body=inner) | While(body=inner):
                out.append(replace(s, body=_launched(inner, program, supply)))
            case If(then=then, orelse=orelse):
                out.append(replace(
                    s, then=_launched(then, program, supply), orelse=_launched(orelse, program, supply)
                ))
            case _:
                out.append(s)
    return tuple(out)


def _inlined(body: Body, program: Program, supply: _Names) -> Body:
    meanings = {(m.name, m.key): m for m in program.meanings}
    return tuple(x for s in body for x in _inlined_stmt(s, meanings, supply))


def _inlined_stmt(s: Stmt, meanings: Mapping[tuple[str, str], Meaning], supply: _Names) -> Iterable[Stmt]:
    def inner(body: Body) -> Body:
        return tuple(x for t in body for x in _inlined_stmt(t, meanings, supply))

    match s:
        case Intrinsic(name, args, result, key, span):
            m = meanings.get((name, key))
            if m is None:
                raise Outside(f"what `{name}` does is not known{at_line(span)}")
            for p in m.params:
                if isinstance(p, Buffer) and p.ctype and "&" not in key and p.name in buffers_written(m.body):
                    raise Outside(f"`{name}` changes its own copy of an argument{at_line(span)}")
            before, names, moved = _bound(m.params, args, supply, span)
            after: list[Stmt] = []
            match m.result, result:
                case (None, _) | (_, None) if m.result is None or result is None:
                    if m.result is not None:
                        before += _declared(m.result, names, supply, span)
                case Var(inside, dtype), Var():
                    before += _declared(m.result, names, supply, span)
                    after.append(Assign(result, Var(names[inside], dtype), span))
                case Buffer(), Addr(b, index, dtype):
                    before += _declared(m.result, names, supply, span)
                    after.append(_copy(m.result, names[m.result.name], b, index, supply, span))
                case _:
                    raise Outside(f"the result of `{name}`{at_line(span)}")
            meant = _renamed(structured(m.body), names, moved, supply)
            placed = tuple(_placed(t, span) for t in meant)
            yield from (*before, *inner(placed), *after)
        case For(body=body) | While(body=body):
            yield replace(s, body=inner(body))
        case If(then=then, orelse=orelse):
            yield replace(s, then=inner(then), orelse=inner(orelse))
        case _:
            yield s


def _declared(result: Buffer | Var, names: dict[str, str], supply: _Names, span: Span) -> list[Stmt]:
    names[result.name] = supply(result.name)
    if isinstance(result, Var):
        return [Let(Var(names[result.name], result.dtype), None, span)]
    return [Alloc(replace(result, name=names[result.name], const=False), span=span)]


def _copy(made: Buffer, name: str, to: str, index: Expr, supply: _Names, span: Span) -> Stmt:
    """The result of an intrinsic, which is a value, moved to where it is kept."""
    if made.extent is None:
        raise Outside(f"a result of no known size{at_line(span)}")
    i = Var(supply("e"), DType.I32)
    body = (Store(to, _sum(index, i), Load(name, i, made.dtype), span),)
    return For(i, Const(0, DType.I32), made.extent, Const(1, DType.I32), body, "serial", span)


def _placed(s: Stmt, span: Span) -> Stmt:
    """A statement of a meaning as if it stood where the intrinsic is called."""
    match s:
        case For(body=body) | While(body=body):
            return replace(s, body=tuple(_placed(t, span) for t in body), span=span)
        case If(then=then, orelse=orelse):
            return replace(
                s, then=tuple(_placed(t, span) for t in then), orelse=tuple(_placed(t, span) for t in orelse), span=span
            )
    return replace(s, span=span)


# ---------------------------------------------------------------- trees


def written_out(body: Body, supply: _Names) -> Body:
    """A body with short loops written out whose variable is what something is shifted by: the levels of a tree."""
    out: list[Stmt] = []
    for s in body:
        match s:
            case For(v, Const(start), Const(stop), Const(step), inner, kind) if (
                kind in PLAIN and 0 < stop - start <= LEVELS * step and _shifts(inner, v)
            ):
                for at in range(int(start), int(stop), int(step)):
                    copy = _renamed(inner, {}, {}, supply)
                    out += written_out(substitute(copy, {v: Const(at, v.dtype)}), supply)
            case For(body=inner) | While(body=inner):
                out.append(replace(s, body=written_out(inner, supply)))
            case If(then=then, orelse=orelse):
                out.append(replace(s, then=written_out(then, supply), orelse=written_out(orelse, supply)))
            case _:
                out.append(s)
    return tuple(out)


def _shifts(body: Body, v: Var) -> bool:
    return any(
        isinstance(e, Binary) and e.op in ("<<", ">>") and v in scalars_read(e.b)
        and any(isinstance(s, Barrier) for s in statements(body)) for e in walk(body)
    )


# ---------------------------------------------------------------- early exits


def structured(body: Body) -> Body:
    """A body whose early returns and continues are branches; Outside where they leave a loop."""
    return _leaving(body, top=True)


def _leaving(body: Body, top: bool) -> Body:
    out: list[Stmt] = []
    for i, s in enumerate(body):
        match s:
            case Return() if top:
                return tuple(out)
            case Continue():
                return tuple(out)
            case Return() | Break():
                raise Outside(f"a loop that is left early{at_line(s.span)}")
            case For(body=inner, kind=kind):
                out.append(replace(s, body=_leaving(inner, kind not in PLAIN)))
            case While() if (loop := counted(s)) is not None:
                out.append(replace(loop, body=_leaving(loop.body, False)))
            case While(body=inner):
                out.append(replace(s, body=_leaving(inner, False)))
            case If(cond, then, orelse, span) if _leaves(s):
                rest = body[i + 1 :]
                if _always(then):
                    return (*out, If(cond, _leaving(then, top), _leaving((*orelse, *rest), top), span))
                if _always(orelse):
                    return (*out, If(cond, _leaving((*then, *rest), top), _leaving(orelse, top), span))
                if rest:
                    raise Outside(f"an early exit in a branch of a branch{at_line(span)}")
                out.append(If(cond, _leaving(then, top), _leaving(orelse, top), span))
            case If(cond, then, orelse, span):
                out.append(If(cond, _leaving(then, top), _leaving(orelse, top), span))
            case _:
                out.append(s)
    return tuple(out)


def _leaves(s: Stmt) -> bool:
    """Whether a branch leaves the body it is in (a loop inside it is another body)."""
    if isinstance(s, LEAVES):
        return True
    return isinstance(s, If) and any(_leaves(x) for b in bodies(s) for x in b)


def _always(body: Body) -> bool:
    return any(isinstance(s, LEAVES) for s in body)
