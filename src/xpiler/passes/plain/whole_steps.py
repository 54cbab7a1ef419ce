"""Loops whose last step may be shorter, as loops of whole steps: what is left is taken whole at most once, at the end.

    while (left > 0) {                               while (left > 0) {
      now = left < 8 ? left : 8;                       now = left < 8 ? left : 8;
      ...                                   ->         ...
      begin += now; left -= now;                       begin += 8; left -= 8;
    }                                                }
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from xpiler.ir.nodes import Assign, Binary, Call, Const, Expr, Let, Select, Stmt, Var, While
from xpiler.ir.walk import scalars_read, scalars_written, statements, walk

_UNTIL = frozenset({(">", 0), (">=", 1)})


def in_whole_steps(s: While, before: tuple[Stmt, ...], reads: Counter[Var]) -> While:
    """The loop, where nobody asks for its counters afterwards: these are declared `before` it in the same body; `reads`
    says how often each scalar is read in the kernel."""
    mine = {x.var for x in before if isinstance(x, Let)}
    again = {x.var for x in statements(s.body) if isinstance(x, Assign)}
    for at, let in enumerate(s.body):
        if not isinstance(let, Let) or let.value is None or let.var in again:
            continue
        found = _least(let.value)
        if found is None or not found[0].dtype.is_signed or not _goes_on(s.cond, found[0]):
            continue
        if scalars_read(found[0]) & scalars_written(s.body[:at]):
            continue
        steps = {n: x.var for n, x in enumerate(s.body) if isinstance(x, Assign) and _steps(x, let.var)}
        known = Counter(e for e in walk((*before, s)) if isinstance(e, Var))
        counters = set(steps.values())
        told = counters & scalars_read(found[0]) and len(counters) == len(steps) and counters <= mine
        if told and all(reads[v] == known[v] and _last(s.body, n, v) for n, v in steps.items()):
            return replace(s, body=tuple(_by(x, found[1]) if n in steps else x for n, x in enumerate(s.body)))
    return s


def _least(e: Expr) -> tuple[Expr, Const] | None:
    """What is left and the number it is taken to be at most."""
    match e:
        case Call("min", (Const() as c, rest)) | Call("min", (rest, Const() as c)) if not e.dtype.is_float:
            return rest, c
        case Select(Binary("<" | "<=", a, Const() as b), x, Const() as c) if a == x and b == c:
            return a, c
        case Select(Binary(">" | ">=", a, Const() as b), Const() as c, x) if a == x and b == c:
            return a, c
    return None


def _goes_on(cond: Expr, rest: Expr) -> bool:
    """Whether a loop goes on as long as something is left."""
    match cond:
        case Binary(op, a, Const(int(v))) if a == rest:
            return (op, v) in _UNTIL
        case Binary("<", a, b):
            return isinstance(rest, Binary) and rest.op == "-" and (rest.a, rest.b) == (b, a)
    return False


def _steps(s: Assign, by: Var) -> bool:
    match s.value:
        case Binary("+" | "-", a, b):
            return a == s.var and b == by
    return False


def _last(body: tuple[Stmt, ...], n: int, v: Var) -> bool:
    """Nothing after statement n of an iteration asks for v."""
    return not any(v == e for s in body[n + 1:] for e in walk(s) if isinstance(e, Var))


def _by(s: Stmt, step: Const) -> Stmt:
    assert isinstance(s, Assign) and isinstance(s.value, Binary)
    return replace(s, value=replace(s.value, b=Const(step.value, s.var.dtype)))
