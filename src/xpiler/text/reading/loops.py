"""Loops: the counted ones become For, short ones with other steps are unrolled, the rest become While."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xpiler.ir.nodes import (
    Assign, Break, Const, Continue, Expr, For, If, Let, Load, Stmt, Var, While,
)
from xpiler.ir.types import DType, common
from xpiler.ir.walk import (
    buffers_written, scalars_read, scalars_written, statements, subexpressions,
)
from xpiler.text.arithmetic import ONE, TRUE, ZERO, int_const
from xpiler.text.clang import Node
from xpiler.text.ctype import CType, scalar
from xpiler.text.reading.base import Loop, root, usage_of
from xpiler.text.reading.calls import Calls
from xpiler.text.reading.values import Binding, Place, Pointer, Roaming, Slot

_MOST_COPIES = 64
_FLIP = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!=", "==": "=="}
_CASTS = ("PAREN_EXPR", "UNEXPOSED_EXPR")


@dataclass(frozen=True)
class _Head:
    """The parts of `for (init; test; step) body`; absent ones are None."""

    init: Node | None
    test: Node | None
    step: Node | None
    body: Node


@dataclass(frozen=True)
class _Counted:
    """A loop over one variable: i from start while i op stop, i changed by `step` each time."""

    decl: Node
    start: Expr
    op: str
    stop: Node | None  # None for 0, as in `for (k = 64; k; k >>= 1)`
    step: Node
    fresh: bool


def head(n: Node) -> _Head:
    """Take a for statement apart."""
    children = n.children
    parts, body = children[:-1], children[-1]
    if len(parts) == 3:
        return _Head(parts[0], parts[1], parts[2], body)
    first, second = (*n.semicolons, 0, 0)[:2]
    found: dict[int, Node] = {}
    for p in parts:
        found[(p.offset > first) + (p.offset > second)] = p
    return _Head(found.get(0), found.get(1), found.get(2), body)


def _bare(n: Node) -> Node:
    while n.kind in _CASTS and len(n.children) == 1:
        n = n.children[0]
    return n


def _is(n: Node, decl: Node) -> bool:
    n = _bare(n)
    return n.kind == "DECL_REF_EXPR" and n.referenced is not None and n.referenced.key == decl.key


def _mentions(n: Node, decl: Node) -> bool:
    return any(_is(x, decl) for x in n.walk())


class Loops(Calls):
    """Reading loops."""

    def while_loop(self, n: Node) -> None:
        self._while(n.children[0], n.children[-1], None)

    def _while(self, test: Node | None, body: Node, step: Node | None) -> None:
        """while (test) { body; step }; a test with side effects moves into the loop."""
        cond: Expr = TRUE
        with self.captured() as before:
            if test is not None:
                cond = self.condition(test)
        update = None if step is None else (lambda: self.effect(step))
        with self.captured() as inside:
            if before:
                self.out.extend(before)
                self.emit(If(self.math.negated(cond), (Break(self.here),), (), self.here))
                cond = TRUE
            here = self.here
            self.body_of(body, Loop(update))
            if update is not None:
                update()
        if not (isinstance(cond, Const) and not cond.value):
            self.emit(While(cond, tuple(inside), here))

    def do_loop(self, n: Node) -> None:
        body, test = n.children[0], n.children[-1]

        def check() -> None:
            cond = self.math.negated(self.condition(test))
            self.choice(cond, lambda: self.emit(Break(self.here)), None)

        here = self.here
        with self.captured() as inside:
            self.body_of(body, Loop(check))
            check()
        if inside and inside[-1:] == [Break()] and not _leaves(tuple(inside[:-1])):
            self.out.extend(inside[:-1])
            return
        self.emit(While(TRUE, tuple(inside), here))

    def body_of(self, body: Node, loop: Loop) -> None:
        self.loops.append(loop)
        targets = self.targets
        self._loop_body(body)
        self.targets = targets
        self.loops.pop()

    def _loop_body(self, body: Node) -> None:
        self.sequence(body.children if body.kind == "COMPOUND_STMT" else (body,))

    # ------------------------------------------------------------ for

    def range_loop(self, n: Node) -> None:
        """for (T& x : array): a loop over the elements of an array."""
        decl, what, body = n.children[0], n.children[-2], n.children[-1]
        listed = next((x for x in what.walk() if x.kind == "INIT_LIST_EXPR"), None)
        if listed is None:
            array = self.place(what)
        else:
            dtype = decl.type.dtype or DType.I32
            items = tuple(self.math.convert(e, dtype) for e in self.items(listed).items)
            ctype = CType("array", decl.type.name, dtype, len(items), inner=scalar(dtype), length=len(items))
            array = self.allocate("items", ctype, init=items)
        if not isinstance(array, Place) or array.type.kind != "array" or array.type.inner is None:
            raise self.unsupported(n)
        var, here = self.variable("i", DType.I32), self.here
        self.math.counters.add(var.name)
        first = Pointer(array.buffer, array.index, array.type.inner)
        with self.captured() as inside:
            one = self.pointee(self.advanced(first, var, n), n)
            self.env[decl.key] = one if decl.type.reference else self.binding(decl, self.loaded(one, n), False, n)
            self.body_of(body, Loop())
        self.emit(For(var, ZERO, int_const(array.type.length), ONE, tuple(inside), "serial", here))

    def for_loop(self, n: Node) -> None:
        parts = head(n)
        counted = self._counted(parts)
        if counted is not None:
            undo = self._undo()
            for form in (self._ascending, self._descending, self._copies):
                if form(counted, parts):
                    return
                undo()
        if parts.init is not None:
            self._init(parts.init)
        self._while(parts.test, parts.body, parts.step)

    def _undo(self) -> Callable[[], None]:
        """What puts back all that reading a body changes besides its statements, to read it once more."""
        shared, tables, env = list(self.shared), list(self.tables), dict(self.env)
        roaming = [(r, r.buffer, r.offset, r.to) for r in env.values() if isinstance(r, Roaming)]

        def undo() -> None:
            self.shared[:], self.tables[:] = shared, tables
            self.env.clear()
            self.env.update(env)
            for pointer, buffer, offset, to in roaming:
                if pointer.home is not None and offset is None and pointer.offset is not None:
                    declared = Let(pointer.offset, None)
                    pointer.home[:] = [s for s in pointer.home if s != declared]
                pointer.buffer, pointer.offset, pointer.to = buffer, offset, to

        return undo

    def _init(self, init: Node) -> None:
        if init.kind == "DECL_STMT":
            self.statement(init)
        else:
            self.effect(init)

    def _counted(self, parts: _Head) -> _Counted | None:
        """The loop variable, bounds and step, if the loop has one integer variable that only the step changes."""
        if parts.init is None or parts.test is None or parts.step is None:
            return None
        first = self._first_value(parts.init)
        test = _bare(parts.test)
        if first is None:
            return None
        decl, start_node = first
        stop: Node | None
        if _is(test, decl):
            op, stop = "!=", None
        elif test.kind != "BINARY_OPERATOR" or test.binary not in _FLIP:
            return None
        elif _is(test.children[0], decl):
            op, stop = test.binary, test.children[1]
        elif _is(test.children[1], decl):
            op, stop = _FLIP[test.binary], test.children[0]
        else:
            return None
        if stop is not None and _mentions(stop, decl):
            return None
        use = self.unit.once(usage_of, parts.body)
        if decl.key in use.mutated or decl.key in use.addressed:
            return None
        assert decl.type.dtype is not None, "an integer has a type"
        with self.captured() as before:
            start = self.math.convert(self.scalar(start_node), decl.type.dtype)
        if before:
            return None
        fresh = parts.init.kind == "DECL_STMT"
        if not fresh and _breaks(parts.body) and self._read_elsewhere(decl, parts):
            return None
        return _Counted(decl, start, op, stop, parts.step, fresh)

    def _first_value(self, init: Node) -> tuple[Node, Node] | None:
        if init.kind == "DECL_STMT":
            if len(init.children) != 1:
                return None
            decl = init.children[0]
            value = decl.initializer
        elif init.kind == "BINARY_OPERATOR" and init.binary == "=":
            found = root(init.children[0])
            if found is None or _bare(init.children[0]).kind != "DECL_REF_EXPR":
                return None
            if not isinstance(self.env.get(found.key), Slot):
                return None
            decl, value = found, init.children[1]
        else:
            return None
        if value is None or not decl.type.is_scalar or decl.type.reference:
            return None
        if decl.type.dtype is None or decl.type.dtype.is_float or decl.type.dtype is DType.BOOL:
            return None
        return self.unit.declaration(decl.cursor), value

    def _increment(self, c: _Counted) -> tuple[str, Node | None] | None:
        """How the step changes the variable: the operator and by what (None for one), if not by the variable itself."""
        found = self._change(c)
        by = None if found is None else found[1]
        return None if by is not None and _mentions(by, c.decl) else found

    def _change(self, c: _Counted) -> tuple[str, Node | None] | None:
        s = _bare(c.step)
        if s.kind == "UNARY_OPERATOR" and _is(s.children[0], c.decl):
            return {"x++": ("+", None), "++x": ("+", None), "x--": ("-", None), "--x": ("-", None)}.get(
                s.unary
            )
        if s.kind == "COMPOUND_ASSIGNMENT_OPERATOR" and _is(s.children[0], c.decl):
            return s.binary[:-1], s.children[1]
        if s.kind == "BINARY_OPERATOR" and s.binary == "=" and _is(s.children[0], c.decl):
            value = _bare(s.children[1])
            if value.kind == "BINARY_OPERATOR" and _is(value.children[0], c.decl):
                return value.binary, value.children[1]
            if value.kind == "BINARY_OPERATOR" and value.binary == "+" and _is(value.children[1], c.decl):
                return "+", value.children[0]
        return None

    def _pure(self, n: Node | None) -> Expr | None:
        """An expression without side effects, None if it has some."""
        if n is None:
            return ONE
        with self.captured() as extra:
            e = self.scalar(n)
        return None if extra else e

    def _until(self, c: _Counted) -> Expr | None:
        return ZERO if c.stop is None else self._pure(c.stop)

    def _bind(self, decl: Node, to: Binding) -> Binding | None:
        old = self.env.get(decl.key)
        self.env[decl.key] = to
        return old

    def _restore(self, decl: Node, old: Binding | None) -> None:
        if old is not None:
            self.env[decl.key] = old

    def _ascending(self, c: _Counted, parts: _Head) -> bool:
        """for (i = a; i < b; i += c) as a For."""
        change = self._increment(c)
        if change is None or change[0] != "+" or c.op not in ("<", "<=", "!="):
            return False
        step, stop = self._pure(change[1]), self._until(c)
        if step is None or stop is None or isinstance(step, Const) and step.value <= 0:
            return False
        dtype = c.start.dtype
        if c.op == "!=" and step != Const(1, step.dtype):
            return False
        step = self.math.convert(step, dtype)
        if not self._comparable(c, stop):
            return False
        if c.op == "<=":
            stop = self.math.add(stop, ONE)
        whole, stop = stop, self.math.convert(stop, dtype)
        if isinstance(whole, Const) and isinstance(stop, Const) and whole.value != stop.value:
            return False  # it is never reached
        var = self.variable(c.decl.spelling, dtype)
        if self.math.nonnegative(c.start) and self.math.nonnegative(step):
            self.math.counters.add(var.name)
        body = self._counted_body(c, var, parts.body)
        if not _fixed((stop, step), body):
            return False
        self._finish(For(var, c.start, stop, step, body, "serial", self.here), c, parts)
        return True

    def _comparable(self, c: _Counted, stop: Expr) -> bool:
        """Whether comparing in the variable's own type is the same comparison."""
        wide = common(c.start.dtype, stop.dtype)
        return wide == common(c.start.dtype, c.start.dtype) or self.math.nonnegative(c.start)

    def _counted_body(self, c: _Counted, var: Expr, body: Node) -> tuple[Stmt, ...]:
        here = self.here
        old = self._bind(c.decl, Slot(var) if isinstance(var, Var) else var)
        with self.captured() as inside:
            self.body_of(body, Loop())
        self._restore(c.decl, old)
        self.here = here
        return tuple(inside)

    def _finish(self, loop: For, c: _Counted, parts: _Head) -> None:
        """Write the loop, and what the variable is after it where it outlives the loop."""
        self.emit(loop)
        if c.fresh:
            return
        var = self.env.get(c.decl.key)
        assert isinstance(var, Slot), "the variable was declared before"
        if self._read_elsewhere(c.decl, parts):
            self.emit(Assign(var.var, self._last(loop), self.here))

    def _last(self, loop: For) -> Expr:
        m = self.math
        far = m.binary("-", m.add(loop.stop, m.binary("-", loop.step, ONE)), loop.start)
        trips = m.binary("/", far, loop.step)
        end = m.binary("+", loop.start, m.binary("*", trips, loop.step))
        return m.convert(
            m.select(m.binary("<", loop.start, loop.stop), end, loop.start), loop.var.dtype
        )

    def _read_elsewhere(self, decl: Node, parts: _Head) -> bool:
        """Whether a variable declared before its loop may be read outside the loops that set it."""
        assert parts.init is not None, "a counted loop has a start"
        fn = self.functions[-1]
        return fn.body is None or _read_outside(fn.body, decl)

    def _descending(self, c: _Counted, parts: _Head) -> bool:
        """for (i = a; i >= b; i -= c), counted upwards: i = a - k c."""
        change = self._increment(c)
        if change is None or change[0] != "-" or c.op not in (">", ">=") or not c.fresh:
            return False
        step, stop = self._pure(change[1]), self._until(c)
        if not isinstance(step, Const) or stop is None or step.value <= 0 or not c.start.dtype.is_signed:
            return False
        dtype, m = c.start.dtype, self.math
        step = m.convert(step, dtype)
        start = self.steady(c.start, c.decl.spelling)
        gap = m.binary("-", start, m.convert(stop, dtype))
        reach = m.add(gap, step) if c.op == ">=" else m.add(gap, m.binary("-", step, ONE))
        trips = m.convert(m.binary("/", reach, step), dtype)
        k = self.variable(f"{c.decl.spelling}_back", dtype)
        m.counters.add(k.name)
        i = m.binary("-", start, m.binary("*", k, step))
        body = self._counted_body(c, i, parts.body)
        if not _fixed((trips,), body):
            return False
        one, zero = Const(1, dtype), Const(0, dtype)
        self.emit(For(k, zero, trips, one, body, "serial", self.here))
        return True

    def _copies(self, c: _Counted, parts: _Head) -> bool:
        """A short loop whose values are all known: its body once for each."""
        if not c.fresh or not isinstance(c.start, Const) or _has_jumps(parts.body):
            return False
        values = self._values(c)
        if values is None:
            return False
        for value in values:
            old = self._bind(c.decl, value)
            self.body_of(parts.body, Loop())
            self._restore(c.decl, old)
        return True

    def _values(self, c: _Counted) -> list[Const] | None:
        assert isinstance(c.start, Const), "the caller has checked"
        change, m = self._increment(c), self.math
        if change is None:
            return None
        by, stop = self._pure(change[1]), self._until(c)
        if not isinstance(by, Const) or not isinstance(stop, Const):
            return None
        values: list[Const] = []
        now: Expr = c.start
        while isinstance(now, Const):
            goes_on = m.binary(c.op, now, stop)
            if not isinstance(goes_on, Const):
                return None
            if not goes_on.value:
                return values
            values.append(now)
            if len(values) > _MOST_COPIES:
                return None
            now = m.convert(m.binary(change[0], now, by), c.start.dtype)
        return None


def _fixed(bounds: tuple[Expr, ...], body: tuple[Stmt, ...]) -> bool:
    """Whether a loop's body leaves the loop's own bounds alone."""
    changed, stored = scalars_written(body), buffers_written(body)
    for e in bounds:
        if scalars_read(e) & changed:
            return False
        if any(isinstance(x, Load) and x.buffer in stored for x in subexpressions(e)):
            return False
    return True


def _leaves(body: tuple[Stmt, ...]) -> bool:
    return any(isinstance(s, Break | Continue) for s in statements(body))


def _breaks(body: Node) -> bool:
    """Whether a loop's body may leave the loop early."""
    return any(c.kind == "BREAK_STMT" for c in body.walk())


def _has_jumps(body: Node) -> bool:
    return any(c.kind in ("BREAK_STMT", "CONTINUE_STMT") for c in body.walk())


def _read_outside(n: Node, decl: Node) -> bool:
    """Whether a variable is read under n, outside for loops that start by setting it."""
    if n.kind == "FOR_STMT":
        init = head(n).init
        if init is not None and init.kind == "BINARY_OPERATOR" and init.binary == "=" and (
            _is(init.children[0], decl)
        ):
            return False
    if n.kind == "BINARY_OPERATOR" and n.binary == "=" and _is(n.children[0], decl):
        return _read_outside(n.children[1], decl)
    if n.kind == "DECL_REF_EXPR":
        return n.referenced is not None and n.referenced.key == decl.key
    return any(_read_outside(c, decl) for c in n.children)
