"""Calls of ordinary device functions: their bodies are read in place of the call."""

from __future__ import annotations

from xpiler.ir.nodes import Assign, Break, Const, Expr, If, Let, Unary, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import subexpressions
from xpiler.text.arithmetic import FALSE, TRUE
from xpiler.text.clang import Node
from xpiler.text.reading.base import Target
from xpiler.text.reading.exprs import Expressions
from xpiler.text.reading.values import (
    Binding, Closure, Each, Fields, Items, Nothing, Place, Pointer, Raw, Roaming, Slot, Table, Value,
)

_EXPRESSIONS = ("_EXPR", "_OPERATOR", "_LITERAL")
_LOOPS = frozenset({"FOR_STMT", "WHILE_STMT", "DO_STMT"})
_LEAVING = frozenset({"BREAK_STMT", "CONTINUE_STMT"})
_PLAIN = frozenset({"INTEGER_LITERAL", "CXX_BOOL_LITERAL_EXPR", "UNEXPOSED_EXPR", "PAREN_EXPR"})


def returns(n: Node) -> bool:
    """Whether a statement contains a return."""
    if n.kind.endswith(_EXPRESSIONS):
        return False
    return n.kind == "RETURN_STMT" or any(map(returns, n.every_child))


def always_returns(n: Node) -> bool:
    """Whether control never passes the end of a statement."""
    match n.kind:
        case "RETURN_STMT":
            return True
        case "COMPOUND_STMT":
            return any(always_returns(c) for c in n.children)
        case "IF_STMT":
            return len(n.children) == 3 and all(always_returns(c) for c in n.children[1:])
    return False


class Inlining(Expressions):
    """Reading the body of a called function."""

    def inline(
        self, fn: Node, args: tuple[Node, ...], n: Node, into: Place | None = None,
        this: Place | Fields | None = None, bound: dict[int, Binding] | None = None,
    ) -> Value:
        """Read a function's body where it is called; its value."""
        where = fn.definition
        if where is None or fn.body is None:
            raise self.fault(
                "XP1004", f"`{fn.spelling}` has no meaning on {self.platform.title}", n,
                "it is declared but has no body and no mark",
            )
        if any(f.key == where.key for f in self.functions):
            raise self.fault("XP1008", f"`{fn.spelling}` calls itself", n,
                             "device functions are read in place of their calls")
        self.env.update(self.bindings(fn, args, n) if bound is None else bound)
        self.functions.append(where)
        if this is not None:
            self.this.append(this)
        try:
            return self._body(where, into)
        finally:
            self.functions.pop()
            if this is not None:
                self.this.pop()

    def bindings(self, fn: Node, args: tuple[Node, ...], n: Node) -> dict[int, Binding]:
        """What the parameters of a function stand for in a call, worked out in the caller."""
        where = fn.definition or fn
        use = self.study(where)
        simple = _is_expression(fn)
        found: dict[int, Binding] = {}
        for k, param in enumerate(where.params):
            arg = args[k] if k < len(args) else None
            once = simple and use.counts.get(param.key, 0) <= 1
            found[param.key] = self._bound(param, self._argument(arg, param, fn, k), once, n)
        return found

    def _argument(self, arg: Node | None, param: Node, fn: Node, k: int) -> Node:
        """The argument written, or the parameter's default."""
        if arg is not None and (arg.kind != "UNEXPOSED_EXPR" or arg.children or arg.constant is not None):
            return arg
        for declared in (param, fn.params[k]):
            values = [c for c in declared.children if c.kind != "PARM_DECL"]
            if values:
                return values[-1]
        if arg is None:
            raise self.unsupported(fn, f"a call without parameter `{param.spelling}`")
        return arg

    def _bound(self, param: Node, arg: Node, once: bool, n: Node) -> Binding:
        """What a parameter stands for while the body is read."""
        ctype, changed = param.type, param.key in self.mutated
        name = param.spelling or "arg"
        if ctype.reference:
            found = self.place(arg)
            if isinstance(found, Slot | Place | Roaming | Fields | Closure):
                return found
            return found if not changed else Slot(self.kept(self.scalar(arg), name))
        return self.binding(param, self.coerced(self.value(arg), ctype, arg), once, n)

    def binding(self, param: Node, v: Value, once: bool, n: Node) -> Binding:
        """What a parameter that is no reference stands for, given the value of its argument."""
        ctype, changed = param.type, param.key in self.mutated
        name = param.spelling or "arg"
        if ctype.kind == "pointer" and isinstance(v, Fields):
            if changed:
                raise self.unsupported(n, f"a pointer to `{v.type.name}` that moves")
            return v
        match v:
            case Pointer():
                v = self.frozen(v, n)
                index = self.steady(v.index, name)
                if not changed:
                    return Pointer(v.buffer, index, v.to)
                roaming = Roaming(name, v.to, key=param.key)
                self.bind_roaming(roaming, v, n)
                return roaming
            case Place() if not changed:
                return v
            case Place() | Items() | Each():
                place = self.allocate(name, ctype)
                self.copy(place, v, n)
                return place
            case Fields() if not changed:
                return self.steadied(v, name) if _has_values(v) else v
            case Fields():
                own = self.new_fields(name, v.type)
                self.assign_members(own, v, n)
                return own
            case Nothing() | Raw() | Closure() | Table():
                return v
        if not changed and (once or self.stable(v) and _cheap(v)):
            return v
        if changed and param.key in self.addressed:
            place = self.allocate(name, ctype)
            self.store(place, v, n)
            return place
        var = self.kept(v, name)
        if changed:
            self.moving.add(var.name)
            self.math.counters.discard(var.name)
        return Slot(var)

    # ------------------------------------------------------------ the body and its returns

    def _body(self, where: Node, into: Place | None) -> Value:
        body = where.body
        assert body is not None, "the caller has checked"
        statements = body.children
        early = any(returns(s) for s in statements[:-1]) or (
            bool(statements) and statements[-1].kind != "RETURN_STMT" and returns(statements[-1])
        )
        target = Target(where.result)
        self._prepare(target, statements, early, into)
        self.targets.append(target)
        loops, self.loops = self.loops, []
        self.sequence(statements)
        self.loops = loops
        self.targets.pop()
        match target.result:
            case Var() as var:
                return var
            case Place() | Fields() as place:
                return place
            case Roaming() as pointer:
                return self.loaded(pointer, where)
        return Nothing() if target.value is None else target.value

    def _prepare(
        self, target: Target, statements: tuple[Node, ...], early: bool, into: Place | None
    ) -> None:
        ctype = target.type
        if ctype.has_parts and not ctype.reference:
            if early:
                target.result = into if into is not None else self.new_fields("result", ctype)
            return
        if ctype.is_aggregate and not ctype.reference:
            local = None if early or not statements else returned_local(statements[-1])
            if early or local is not None and into is not None:
                target.result = into if into is not None else self.allocate("result", ctype)
            if local is not None and isinstance(target.result, Place):
                self.env[local.key] = target.result
        elif early and ctype.dtype is not None and ctype.is_scalar:
            target.result = self.variable("result", ctype.dtype)
            self.moving.add(target.result.name)
            self.emit(Let(target.result, None, self.here))
        elif early and ctype.kind == "pointer":
            target.result = Roaming(
                "result", ctype.inner or ctype, home=self.out, at=len(self.out), key=self.functions[-1].key)

    def finish(self, n: Node, target: Target) -> None:
        """A return of a function being inlined."""
        if n.children:
            self._give(n.children[0], n, target)
        if target.loops and target.done is not None:
            self.emit(Assign(target.done, TRUE, self.here))
            self.emit(Break(self.here))

    def _give(self, child: Node, n: Node, target: Target) -> None:
        """Put a returned value where the call's result goes."""
        if target.type.reference:
            found = self.place(child)
            bound = isinstance(found, Slot | Place | Pointer | Fields | Roaming)
            target.value = found if bound else self.value(child)  # type: ignore[assignment]
            return
        match target.result:
            case None:
                target.value = self.coerced(self.initial(child, None), target.type, child)
            case Place() as place:
                self.copy(place, self.initial(child, None), n)
            case Fields() as fields:
                self.assign_members(fields, self.initial(child, None), n)
            case Roaming() as pointer:
                self.bind_roaming(pointer, self.pointer(child), n)
            case Var() as var:
                e = self.math.convert(self.scalar(child), var.dtype)
                self.emit(Assign(var, e, self.here))

    def return_early(self, s: Node, rest: tuple[Node, ...]) -> None:
        """A statement with a return inside, and what follows it, as one structured statement."""
        target = self.targets[-1]
        match s.kind:
            case "RETURN_STMT":
                self.finish(s, target)
            case "COMPOUND_STMT":
                self.sequence((*s.children, *rest))
            case "SWITCH_STMT":
                self.switch(s, rest)
            case "IF_STMT" if not target.loops:
                self._if_with_return(s, rest)
            case "DO_STMT" if self._runs_once(s):
                self.sequence((s.children[0], *rest))
            case _:
                self._loop_with_return(s, rest, target)

    def _runs_once(self, loop: Node) -> bool:
        """Whether `do ... while (0)`, as macros have it, is no more than its body."""
        body, test = loop.children[0], loop.children[-1]
        if any(x.kind not in _PLAIN for x in test.walk()) or any(x.kind in _LEAVING for x in body.walk()):
            return False
        known = self.condition(test)
        return isinstance(known, Const) and not known.value

    def switch(self, n: Node, rest: tuple[Node, ...] = ()) -> None:
        raise NotImplementedError

    def _if_with_return(self, s: Node, rest: tuple[Node, ...]) -> None:
        test, yes = s.children[0], s.children[1]
        no = s.children[2:3]
        cond = self.condition(test)
        after_yes = () if always_returns(yes) else rest
        after_no = () if no and always_returns(no[0]) else rest
        self.choice(
            cond, lambda: self.sequence((yes, *after_yes)), lambda: self.sequence((*no, *after_no))
        )

    def _loop_with_return(self, s: Node, rest: tuple[Node, ...], target: Target) -> None:
        """Leave the loop through a flag, and skip the rest if it is set."""
        if s.kind not in _LOOPS:
            self.statement(s)
            self.sequence(rest)
            return
        outermost = target.done is None
        if target.done is None:
            target.done = self.variable("done", DType.BOOL)
            self.moving.add(target.done.name)
            self.emit(Let(target.done, FALSE, self.here))
        done = target.done
        target.loops += 1
        self.statement(s)
        target.loops -= 1
        if target.loops:
            self.emit(If(done, (Break(self.here),), (), self.here))
            self.sequence(rest)
            return
        if outermost:
            target.done = None
        with self.captured() as skipped:
            self.sequence(rest)
        if skipped:
            self.emit(If(Unary("!", done, DType.BOOL), tuple(skipped), (), self.here))


def _cheap(e: Expr) -> bool:
    """Whether an expression may be written out at each use."""
    return isinstance(e, Const | Var) or not e.dtype.is_float and sum(1 for _ in subexpressions(e)) <= 7


def _has_values(v: Fields) -> bool:
    """Whether some members are values that have not been computed yet."""
    return any(
        _has_values(b) if isinstance(b, Fields) else not isinstance(b, Slot | Place | Roaming | Pointer)
        for b in v.members.values()
    )


def _is_expression(fn: Node) -> bool:
    """Whether a function is one `return`."""
    body = fn.body
    return body is not None and len(body.children) == 1 and body.children[0].kind == "RETURN_STMT"


def returned_local(last: Node) -> Node | None:
    """The local variable that a final return gives back whole."""
    if last.kind != "RETURN_STMT" or not last.children:
        return None
    n = last.children[0]
    while n.kind in ("UNEXPOSED_EXPR", "CALL_EXPR", "PAREN_EXPR") and len(n.children) == 1:
        n = n.children[0]
    if n.kind == "DECL_REF_EXPR" and n.referenced is not None and n.referenced.kind == "VAR_DECL":
        return n.referenced
    return None


