"""What a statement of the host bears on: launches and memory, variables, declarations; and what may be pruned."""

from __future__ import annotations


from xpiler.ir.nodes import Assign, For, If, Let, Stmt, Var, While
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.text.clang import Node
from xpiler.text.reading.base import root

_BEARING = frozenset({
    "malloc", "managed", "pinned", "pitch", "copy", "rows", "fill", "fill2", "fill4", "to_symbol",
    "from_symbol", "symbol_address",
})


def is_launch(n: Node) -> bool:
    """kernel<<<...>>>(...)"""
    return (
        n.kind == "CALL_EXPR" and len(n.children) > 1 and n.children[1].kind == "CALL_EXPR"
        and n.children[1].spelling.endswith(("PushCallConfiguration", "ConfigureCall"))
    )


def allocates_or_copies(fn: Node) -> bool:
    """Whether a function of the runtime makes or moves memory of the device."""
    return fn.note("xp.primitive:host.") in _BEARING


def bears(n: Node, seen: frozenset[int] = frozenset()) -> bool:
    """Whether something in a statement allocates, copies or launches, itself or in functions of the text."""
    for x in n.walk():
        if x.kind != "CALL_EXPR":
            continue
        if is_launch(x):
            return True
        fn = x.referenced
        if fn is None:
            continue
        note = fn.note("xp.primitive:host.")
        if note is not None:
            if note in _BEARING:
                return True
            continue
        where = fn.definition or fn
        body = where.body if where.key not in seen else None
        if body is not None and (where.in_text or fn.in_text) and bears(body, seen | {where.key}):
            return True
    return False


def changed(n: Node) -> set[int]:
    """The variables a statement of the host gives new values, in functions and lambdas of the text it calls too."""
    return _changed(n) | {key for body in called_bodies(n) for key in _changed(body)}


def called_bodies(n: Node) -> list[Node]:
    """The bodies of the functions and lambdas of the text that a statement may call, kernels aside."""
    found: dict[int, Node] = {}
    waiting = [n]
    while waiting:
        for x in waiting.pop().walk():
            fn = x.referenced if x.kind in ("CALL_EXPR", "DECL_REF_EXPR") else None
            where = None if fn is None else fn.definition or fn
            if where is None or not where.in_text or where.key in found:
                continue
            held = where.initializer if where.kind == "VAR_DECL" else where.body
            if held is None or "CUDAGLOBAL_ATTR" in where.attributes:
                continue
            if where.kind == "VAR_DECL" and not any(y.kind == "LAMBDA_EXPR" for y in held.walk()):
                continue
            found[where.key] = held
            waiting.append(held)
    return list(found.values())


def _changed(n: Node) -> set[int]:
    found: set[int] = set()

    def mark(x: Node) -> None:
        if (variable := root(x)) is not None:
            found.add(variable.key)

    for x in n.walk():
        match x.kind:
            case "BINARY_OPERATOR" if x.binary == "=":
                mark(x.children[0])
            case "COMPOUND_ASSIGNMENT_OPERATOR":
                mark(x.children[0])
            case "UNARY_OPERATOR" if x.unary in ("x++", "x--", "++x", "--x", "&"):
                mark(x.children[0])
            case "CALL_EXPR" if x.spelling.startswith("operator") and x.spelling.endswith("=") and x.arguments:
                mark(x.arguments[0])
            case "CALL_EXPR" if x.referenced is not None:
                for param, a in zip(x.referenced.params, x.arguments, strict=False):
                    if param.type.reference and not param.type.const:
                        mark(a)
                if x.referenced.kind == "CXX_METHOD" and not x.referenced.cursor.is_const_method() and x.children:
                    mark(x.children[0])
            case "VAR_DECL" if x.type.reference and not x.type.const and x.initializer is not None:
                mark(x.initializer)
    return found


def written_through(n: Node, seen: frozenset[int] = frozenset()) -> set[int]:
    """The pointers whose memory a statement of the host may write, in functions and lambdas it calls too."""
    found: set[int] = set()
    for part in (n, *_lambdas(n)):
        for x in part.walk():
            match x.kind:
                case "BINARY_OPERATOR" if x.binary == "=":
                    found |= _pointers(x.children[0])
                case "COMPOUND_ASSIGNMENT_OPERATOR":
                    found |= _pointers(x.children[0])
                case "UNARY_OPERATOR" if x.unary in ("x++", "x--", "++x", "--x"):
                    found |= _pointers(x.children[0])
                case "CALL_EXPR":
                    found |= _given_away(x, seen)
    return found


def _pointers(lvalue: Node) -> set[int]:
    """The pointers on the way to what an lvalue names, where that is not a variable."""
    return set() if root(lvalue) is not None and lvalue.kind == "DECL_REF_EXPR" else _mentioned_pointers(lvalue)


def _mentioned_pointers(n: Node) -> set[int]:
    named = (x.referenced for x in n.walk() if x.kind == "DECL_REF_EXPR")
    return {d.key for d in named if d is not None and d.type.kind in ("pointer", "array")}


def _given_away(call: Node, seen: frozenset[int]) -> set[int]:
    """The pointers that a call may write through."""
    fn = call.referenced
    if fn is None or is_launch(call) or fn.note("xp.primitive:host.") is not None or fn.spelling == "free":
        return set()
    where = fn.definition or fn
    if where.key in seen:
        return set()
    own = written_through(where.body, seen | {where.key}) if where.in_text and where.body is not None else None
    found: set[int] = set()
    for k, a in enumerate(call.arguments):
        param = where.params[k] if k < len(where.params) else None
        inner = (a if param is None else param).type.inner
        if param is not None and own is not None:
            written = param.key in own
        else:
            written = inner is not None and not inner.const
        found |= _mentioned_pointers(a) if written else set()
    return found


def _lambdas(n: Node) -> list[Node]:
    """The lambdas a statement mentions by name."""
    named = (x.referenced for x in n.walk() if x.kind == "DECL_REF_EXPR")
    held = (d.initializer for d in named if d is not None and d.kind == "VAR_DECL")
    return [i for i in held if i is not None and any(y.kind == "LAMBDA_EXPR" for y in i.walk())]


def escapes(n: Node, in_loop: bool = False, in_switch: bool = False) -> bool:
    """Whether a statement may jump out of itself: a break or continue of a loop around it, or a goto."""
    match n.kind:
        case "BREAK_STMT":
            return not (in_loop or in_switch)
        case "CONTINUE_STMT":
            return not in_loop
        case "GOTO_STMT":
            return True
        case "LAMBDA_EXPR":
            return False
    in_loop = in_loop or n.kind in ("FOR_STMT", "WHILE_STMT", "DO_STMT", "CXX_FOR_RANGE_STMT")
    return any(escapes(c, in_loop, in_switch or n.kind == "SWITCH_STMT") for c in n.children)


def declared(n: Node) -> dict[int, Node]:
    """The declarations a statement mentions or makes, in what it calls too."""
    found: dict[int, Node] = {}
    for part in (n, *called_bodies(n)):
        for x in part.walk():
            of = x if x.kind == "VAR_DECL" else x.referenced if x.kind == "DECL_REF_EXPR" else None
            if of is not None and of.kind in ("VAR_DECL", "PARM_DECL"):
                found[of.key] = of
    return found


def pruned(body: tuple[Stmt, ...], used: frozenset[Var] = frozenset()) -> tuple[Stmt, ...]:
    """A launcher's body without scalars nobody reads and without empty loops and branches."""
    while True:
        read = used | {
            x for s in statements(body) for e in expressions(s) for x in subexpressions(e)
            if isinstance(x, Var) and not (isinstance(s, Assign) and s.var == x)
        }
        names = {v.name for v in read}
        new = _without(body, names)
        if new == body:
            return body
        body = new


def _without(body: tuple[Stmt, ...], names: set[str]) -> tuple[Stmt, ...]:
    out: list[Stmt] = []
    for s in body:
        match s:
            case Let(var) | Assign(var) if var.name not in names:
                continue
            case For(var, start, stop, step, inner, kind, span):
                if left := _without(inner, names):
                    out.append(For(var, start, stop, step, left, kind, span))
            case While(cond, inner, span):
                if left := _without(inner, names):
                    out.append(While(cond, left, span))
            case If(cond, then, orelse, span):
                yes, no = _without(then, names), _without(orelse, names)
                if yes or no:
                    out.append(If(cond, yes, no, span))
            case _:
                out.append(s)
    return tuple(out)

