"""Going over a program: visit it, rebuild it, and ask what it reads and writes.

Rebuilding keeps a node's identity where nothing below it changed, so a walk that changes nothing costs no copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, Continue, Expr,
    For, If, Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning, Program, Return, Select,
    Shuffle, Stmt, Store, Unary, Var, While,
)

Body = tuple[Stmt, ...]
Node = Expr | Stmt | Body | Kernel | Launcher | Meaning | Program

# ---------------------------------------------------------------- one level down


def operands(e: Expr) -> tuple[Expr, ...]:
    """The expressions directly under an expression."""
    match e:
        case Const() | Var():
            return ()
        case Load(_, index) | Addr(_, index):
            return (index,)
        case Unary(_, a) | Cast(a):
            return (a,)
        case Binary(_, a, b):
            return (a, b)
        case Select(cond, a, b):
            return (cond, a, b)
        case Call(_, args):
            return args
    raise TypeError(f"not an expression: {e!r}")


def expressions(s: Stmt) -> tuple[Expr, ...]:
    """The expressions a statement itself evaluates; not nested ones, not a scalar it defines."""
    match s:
        case Let(_, value):
            return () if value is None else (value,)
        case Assign(_, value):
            return (value,)
        case Store(_, index, value):
            return (index, value)
        case Alloc(buffer, init):
            return init if buffer.extent is None else (buffer.extent, *init)
        case For(_, start, stop, step):
            return (start, stop, step)
        case While(cond) | If(cond):
            return (cond,)
        case Intrinsic(_, args, result):
            return (*args, result) if isinstance(result, Addr) else args
        case Shuffle(_, _, value, lane, _, _, mask):
            return (value, lane, mask)
        case Atomic(_, _, index, value, _, compare):
            return (index, value) if compare is None else (index, value, compare)
        case Launch(_, args):
            return args
        case Barrier() | Return() | Break() | Continue():
            return ()
    raise TypeError(f"not a statement: {s!r}")


def bodies(s: Stmt) -> tuple[Body, ...]:
    """The statement lists directly under a statement (two for an If)."""
    match s:
        case For(body=body) | While(body=body):
            return (body,)
        case If(then=then, orelse=orelse):
            return (then, orelse)
    return ()


def defines(s: Stmt) -> Var | None:
    """The scalar a statement itself gives a value to: a local, a loop variable, a result."""
    match s:
        case Let(var) | Assign(var) | For(var):
            return var
        case Shuffle(result=result) | Intrinsic(result=result) | Atomic(result=result):
            return result if isinstance(result, Var) else None
    return None


def declared(body: Body) -> list[str]:
    """The names of the scalars, loop variables and arrays that a body declares, however deep."""
    return [s.buffer.name if isinstance(s, Alloc) else s.var.name for s in statements(body)
            if isinstance(s, Alloc | Let | For)]


def unwidened(e: Expr, natural: bool = False) -> Expr:
    """An integer before it was cast to a type that has every value it may have; `natural`: it is never negative."""
    match e:
        case Cast(a, dtype) if not dtype.is_float and not a.dtype.is_float:
            signed = a.dtype.is_signed and not natural
            keeps = dtype.bits - dtype.is_signed >= a.dtype.bits - a.dtype.is_signed and (dtype.is_signed or not signed)
            return unwidened(a, natural) if keeps else e
    return e


# ---------------------------------------------------------------- all the way down


def subexpressions(e: Expr) -> Iterator[Expr]:
    """An expression and everything under it, outside in."""
    yield e
    for a in operands(e):
        yield from subexpressions(a)


def statements(node: Stmt | Body | Kernel | Launcher | Meaning | Program) -> Iterator[Stmt]:
    """Every statement of a node, in the order of the text."""
    match node:
        case tuple():
            for s in node:
                yield from statements(s)
        case Kernel(body=body) | Launcher(body=body) | Meaning(body=body):
            yield from statements(body)
        case Program():
            for k in node.kernels:
                yield from statements(k.body)
            if node.launcher is not None:
                yield from statements(node.launcher.body)
        case _:
            yield node
            for body in bodies(node):
                yield from statements(body)


def walk(node: Node) -> Iterator[Stmt | Expr]:
    """Every statement and expression of a node, outside in, in the order of the text."""
    if isinstance(node, Expr):
        yield from subexpressions(node)
        return
    for s in statements(node):
        yield s
        for e in expressions(s):
            yield from subexpressions(e)


# ---------------------------------------------------------------- rebuilding


def map_expr(e: Expr, f: Callable[[Expr], Expr]) -> Expr:
    """Rebuild an expression inside out, `f` applied to every node once its operands are done."""
    match e:
        case Const() | Var():
            return f(e)
        case Load(buffer, index, dtype):
            i = map_expr(index, f)
            return f(e if i is index else Load(buffer, i, dtype))
        case Addr(buffer, index, dtype):
            i = map_expr(index, f)
            return f(e if i is index else Addr(buffer, i, dtype))
        case Unary(op, a, dtype):
            x = map_expr(a, f)
            return f(e if x is a else Unary(op, x, dtype))
        case Cast(a, dtype):
            x = map_expr(a, f)
            return f(e if x is a else Cast(x, dtype))
        case Binary(op, a, b, dtype):
            x, y = map_expr(a, f), map_expr(b, f)
            return f(e if x is a and y is b else Binary(op, x, y, dtype))
        case Select(cond, a, b, dtype):
            c, x, y = map_expr(cond, f), map_expr(a, f), map_expr(b, f)
            return f(e if c is cond and x is a and y is b else Select(c, x, y, dtype))
        case Call(name, args, dtype):
            new = _each(args, f)
            return f(e if new is args else Call(name, new, dtype))
    raise TypeError(f"not an expression: {e!r}")


def map_own(s: Stmt, f: Callable[[Expr], Expr]) -> Stmt:
    """Rebuild the expressions a statement itself evaluates, inside out; nested statements stay."""
    match s:
        case Let(var, value, span):
            v = None if value is None else map_expr(value, f)
            return s if v is value else Let(var, v, span)
        case Assign(var, value, span):
            v = map_expr(value, f)
            return s if v is value else Assign(var, v, span)
        case Store(buffer, index, value, span):
            i, v = map_expr(index, f), map_expr(value, f)
            return s if i is index and v is value else Store(buffer, i, v, span)
        case Alloc(buffer, init, span):
            b, new = _map_buffer(buffer, f), _each(init, f)
            return s if b is buffer and new is init else Alloc(b, new, span)
        case For(_, start, stop, step):
            lo, hi, by = map_expr(start, f), map_expr(stop, f), map_expr(step, f)
            same = lo is start and hi is stop and by is step
            return s if same else replace(s, start=lo, stop=hi, step=by)
        case While(cond) | If(cond):
            c = map_expr(cond, f)
            return s if c is cond else replace(s, cond=c)
        case Intrinsic(_, args, result):
            new = _each(args, f)
            r = map_expr(result, f) if isinstance(result, Addr) else result
            if new is args and r is result:
                return s
            assert r is None or isinstance(r, Addr | Var), "an intrinsic's result is a place"
            return replace(s, args=new, result=r)
        case Shuffle(_, _, value, lane, _, _, mask):
            v, n, m = map_expr(value, f), map_expr(lane, f), map_expr(mask, f)
            same = v is value and n is lane and m is mask
            return s if same else replace(s, value=v, lane=n, mask=m)
        case Atomic(_, _, index, value, _, compare):
            i, v = map_expr(index, f), map_expr(value, f)
            c2 = None if compare is None else map_expr(compare, f)
            same = i is index and v is value and c2 is compare
            return s if same else replace(s, index=i, value=v, compare=c2)
        case Launch(kernel, args, span):
            new = _each(args, f)
            return s if new is args else Launch(kernel, new, span)
        case Barrier() | Return() | Break() | Continue():
            return s
    raise TypeError(f"not a statement: {s!r}")


def with_bodies(s: Stmt, f: Callable[[Body], Body]) -> Stmt:
    """Rebuild the statement lists directly under a statement."""
    match s:
        case For(body=body) | While(body=body):
            new = f(body)
            return s if new is body else replace(s, body=new)
        case If(then=then, orelse=orelse):
            t, o = f(then), f(orelse)
            return s if t is then and o is orelse else replace(s, then=t, orelse=o)
    return s


def map_exprs(body: Body, f: Callable[[Expr], Expr]) -> Body:
    """Rebuild every expression of a body, however deep, inside out."""

    def one(s: Stmt) -> Stmt:
        return with_bodies(map_own(s, f), lambda b: map_exprs(b, f))

    return _same_or_new(body, tuple(one(s) for s in body))


def map_stmts(body: Body, f: Callable[[Stmt], Stmt | Body]) -> Body:
    """Rebuild every statement of a body, inside out; `f` answers one, or a tuple of several."""
    out: list[Stmt] = []
    for s in body:
        new = f(with_bodies(s, lambda b: map_stmts(b, f)))
        if isinstance(new, tuple):
            out.extend(new)
        else:
            out.append(new)
    return _same_or_new(body, tuple(out))


def substitute_expr(e: Expr, values: Mapping[Var, Expr]) -> Expr:
    """Replace the uses of scalars in an expression; the values put in are not looked at again."""
    return map_expr(e, lambda x: values.get(x, x) if isinstance(x, Var) else x)


def substitute(body: Body, values: Mapping[Var, Expr]) -> Body:
    """Replace the uses of scalars in a body (where they are read, not where they are defined)."""
    return map_exprs(body, lambda x: values.get(x, x) if isinstance(x, Var) else x)


def rename(body: Body, names: Mapping[str, str]) -> Body:
    """Rename scalars and buffers everywhere, definitions included. New names must not be in use."""

    def var(v: Var) -> Var:
        return Var(names[v.name], v.dtype) if v.name in names else v

    def use(e: Expr) -> Expr:
        match e:
            case Var():
                return var(e)
            case Load(buffer) | Addr(buffer) if buffer in names:
                return replace(e, buffer=names[buffer])
        return e

    def one(s: Stmt) -> Stmt:
        s = map_own(s, use)
        match s:
            case Let(v) | Assign(v) | For(v) if v.name in names:
                return replace(s, var=var(v))
            case Store(buffer=b) | Atomic(buffer=b) if b in names:
                s = replace(s, buffer=names[b])
            case Alloc(buffer=buffer) if buffer.name in names:
                return replace(s, buffer=replace(buffer, name=names[buffer.name]))
        if isinstance(s, Intrinsic | Shuffle | Atomic) and isinstance(s.result, Var):
            return replace(s, result=var(s.result))
        return s

    return map_stmts(body, one)


def _each(items: tuple[Expr, ...], f: Callable[[Expr], Expr]) -> tuple[Expr, ...]:
    new = tuple(map_expr(a, f) for a in items)
    return items if all(a is b for a, b in zip(items, new, strict=True)) else new


def _map_buffer(buffer: Buffer, f: Callable[[Expr], Expr]) -> Buffer:
    if buffer.extent is None:
        return buffer
    extent = map_expr(buffer.extent, f)
    return buffer if extent is buffer.extent else replace(buffer, extent=extent)


def _same_or_new(old: Body, new: Body) -> Body:
    same = len(old) == len(new) and all(a is b for a, b in zip(old, new, strict=True))
    return old if same else new


# ---------------------------------------------------------------- questions


def loads(node: Node, buffer: str | None = None) -> Iterator[Load]:
    """Every Load of a node, or those of one buffer."""
    return (e for e in walk(node) if isinstance(e, Load) and buffer in (None, e.buffer))


def stores(node: Stmt | Body | Kernel | Program, buffer: str | None = None) -> Iterator[Store | Atomic]:
    """Every Store and Atomic of a node, or those to one buffer. For intrinsics see `addresses`."""
    return (s for s in statements(node) if isinstance(s, Store | Atomic) and buffer in (None, s.buffer))


def addresses(node: Node, buffer: str | None = None) -> Iterator[Addr]:
    """Every address handed to an intrinsic or a launch, results included, or those of one buffer."""
    return (e for e in walk(node) if isinstance(e, Addr) and buffer in (None, e.buffer))


def buffers_used(node: Node) -> frozenset[str]:
    """The names of the buffers a node touches in any way (an Alloc alone is not a use)."""
    return frozenset(
        n.buffer for n in walk(node) if isinstance(n, Load | Addr | Store | Atomic)
    )


def buffers_written(node: Stmt | Body | Kernel | Program) -> frozenset[str]:
    """The buffers a node may write; every buffer whose address an intrinsic takes counts as written."""
    return frozenset(
        n.buffer for n in walk(node) if isinstance(n, Addr | Store | Atomic)
    )


def scalars_read(node: Node) -> frozenset[Var]:
    """The scalars a node evaluates anywhere."""
    return frozenset(e for e in walk(node) if isinstance(e, Var))


def scalars_written(node: Stmt | Body | Kernel | Program) -> frozenset[Var]:
    """The scalars a node gives a value to anywhere, loop variables and declarations included."""
    return frozenset(v for v in map(defines, statements(node)) if v is not None)


def free_vars(node: Expr | Stmt | Body) -> frozenset[Var]:
    """The scalars a node uses that are declared outside it. Names are unique: no scope stack."""
    if isinstance(node, Expr):
        return scalars_read(node)
    inside = frozenset(s.var for s in statements(node) if isinstance(s, Let | For))
    return (scalars_read(node) | scalars_written(node)) - inside


def names(kernel: Kernel | Meaning) -> frozenset[str]:
    """Every name a kernel declares or uses, buffers and scalars alike."""
    found = {p.name for p in kernel.params}
    if isinstance(kernel, Meaning) and kernel.result is not None:
        found.add(kernel.result.name)
    for s in statements(kernel):
        v = defines(s)
        if v is not None:
            found.add(v.name)
        if isinstance(s, Alloc):
            found.add(s.buffer.name)
    found |= {v.name for v in scalars_read(kernel.body)} | buffers_used(kernel.body)
    return frozenset(found)


class Fresh:
    """A supply of names not yet taken: `i` gives i, then i_1, i_2, ..."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def __call__(self, stem: str) -> str:
        name, n = stem, 0
        while name in self._taken:
            n += 1
            name = f"{stem}_{n}"
        self._taken.add(name)
        return name
