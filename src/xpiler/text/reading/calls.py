"""Calls: math, the primitives the IR has nodes for, intrinsics, constructors, and everything else inlined."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from xpiler.ir.nodes import Addr, Atomic, Barrier, Call, Const, Expr, If, Intrinsic, Load, Shuffle, Store, Var
from xpiler.ir.types import DType
from xpiler.text.arithmetic import ONE, TRUE, ZERO
from xpiler.text.clang import Node
from xpiler.text.ctype import CType, scalar
from xpiler.text.reading.base import root
from xpiler.text.reading.bytes import Bytes
from xpiler.text.reading.values import Closure, Each, Fields, Items, Nothing, Place, Pointer, Raw, Table, Value

_VOTES = ("any", "all", "ballot", "active")
_KINDS = ("idx", "up", "down", "xor", *_VOTES)
_RENAMED = {"fabs": "abs", "fmax": "max", "fmin": "min"}
_BLOCK_VOTES = {"block.count": "count", "block.and": "and", "block.or": "or"}
_SCOPES = ("warp", "block", "cluster", "device", "core")
_ALLOCATE = ("malloc", "calloc")  # C17 7.22.3
_MASKS = ("mask", "_mask", "m", "participants")


@dataclass(frozen=True)
class _Primitive:
    """A call of a primitive: its arguments in order and by the parameter names of its declaration."""

    args: tuple[Node, ...]
    named: dict[str, Node]

    def get(self, *names: str) -> Node | None:
        return next((self.named[n] for n in names if n in self.named), None)


class Calls(Bytes):
    """Reading calls."""

    def call(self, n: Node, into: Place | None = None) -> Value:
        return self._call(n, into, used=True)

    def call_for_effect(self, n: Node) -> None:
        self._call(n, None, used=False)

    def _call(self, n: Node, into: Place | None, used: bool) -> Value:
        fn = n.referenced
        if fn is None:
            return self._without_callee(n)
        if fn.kind == "CONSTRUCTOR":
            return self._construct(fn, n, into)
        if (role := fn.note("xp.role:")) is not None and not self.asking:
            if role == "own":
                return Const(1, DType.BOOL)
            raise self.unsupported(n, f"`{fn.spelling}` other than as the whole condition of an if")
        if (name := fn.note("xp.math:")) is not None:
            args = tuple(self.scalar(a) for a in n.arguments)
            return Call(name, args, n.type.dtype or args[0].dtype)
        if (name := fn.note("xp.primitive:")) is not None:
            return self._primitive(name, fn, n, used)
        if fn.note("xp.intrinsic") is not None and not self.expand_intrinsics:
            if (whole := self._with_bits(fn, n)) is not None:
                return self.inline(whole, n.arguments, n, into)
            return self._intrinsic(fn, n, into, used)
        if fn.kind in ("CXX_METHOD", "CONVERSION_FUNCTION"):
            return self._method(fn, n, into)
        if (known_to_all := self._builtin(fn, n)) is not None:
            return known_to_all
        if self.moves_bytes(fn):
            return self.move_bytes(n)
        if fn.body is None and fn.spelling in _ALLOCATE:
            return Raw(self._bytes(n))
        if fn.body is None and fn.spelling == "free":
            return Nothing()
        if (known := n.constant) is not None and n.type.is_scalar:
            return Const(float(known) if n.type.dtype and n.type.dtype.is_float else int(known),
                         n.type.dtype or DType.I32)
        return self.inline(fn, n.arguments, n, into)

    def _bytes(self, n: Node) -> Expr:
        sizes = [self.scalar(a) for a in n.arguments]
        return sizes[0] if len(sizes) == 1 else self.math.binary("*", sizes[0], sizes[-1])

    def _with_bits(self, fn: Node, n: Node) -> Node | None:
        """The function that does all an intrinsic does, where its header has one for who looks at the bits of the first
        argument, as this text does."""
        variable, body = root(n.arguments[0]) if n.arguments else None, (fn.definition or fn).body
        if body is None or variable is None or variable.key not in self.words:
            return None
        called = (c.referenced for c in body.walk() if c.kind == "CALL_EXPR" and c.referenced is not None)
        return next((f for f in called if f.note("xp.bits") is not None), None)

    def _builtin(self, fn: Node, n: Node) -> Value | None:
        """A built-in of the compiler that is a function of <math.h>, or a hint."""
        bare = fn.spelling.removeprefix("__builtin_")
        if bare == fn.spelling or fn.body is not None:
            return None
        if bare == "expect":
            return self.value(n.arguments[0])
        if bare in ("assume", "unreachable", "prefetch"):
            return Nothing()
        for name in (bare, bare.removesuffix("f")):
            dtype = n.type.dtype
            if dtype is not None and ((_RENAMED.get(name, name), dtype) in self.platform.math) and (
                name == bare.removesuffix("f") if dtype is DType.F32 else name == bare
            ):
                args = tuple(self.math.convert(self.scalar(a), dtype) for a in n.arguments)
                return Call(_RENAMED.get(name, name), args, dtype)
        return None

    def _without_callee(self, n: Node) -> Value:
        if n.constant is not None and n.type.is_scalar:
            return self.constant(n)
        if n.type.dtype is not None and len(n.children) == 1 and not n.type.is_scalar:
            return self.value(n.children[0])
        if n.type.is_scalar and n.arguments:
            return self.coerced(self.value(n.arguments[0]), n.type, n)
        raise self.unsupported(n, "a call through a pointer or of an unknown function")

    # ------------------------------------------------------------ classes

    def _construct(self, fn: Node, n: Node, into: Place | None) -> Value:
        args = n.arguments
        if not args:
            args = tuple(c for c in n.children if c.kind.endswith(("_EXPR", "_LITERAL", "_OPERATOR")))
        if len(args) == 1 and (args[0].type.name == n.type.name or _copies(fn)):
            return self.initial(args[0], into)
        if n.type.dtype is None and not n.type.has_parts:
            return Nothing(n.type.name)
        place: Place | Fields = into if into is not None else self._new_object(n.type)
        body = fn.definition
        if body is None or not body.children:
            return place
        for k, param in enumerate(body.params):
            arg = self._argument(args[k] if k < len(args) else None, param, fn, k)
            self.study(body)
            self.env[param.key] = self._bound(param, arg, False, n)
        self.this.append(place)
        self.set_members(place, n)
        members = [c for c in body.every_child if c.kind != "PARM_DECL"]
        for member, what in pairwise(members):
            if member.kind == "MEMBER_REF":
                self.store(self.member_of(place, member.spelling, n), self.value(what), n)
        if body.body is not None:
            self.sequence(body.body.children)
        self.this.pop()
        return place

    def _new_object(self, ctype: CType) -> Place | Fields:
        return self.new_fields("v", ctype) if ctype.has_parts else self.allocate("v", ctype)

    def set_members(self, place: Place | Fields, n: Node) -> None:
        """Give the members of a new object the values its class states."""
        for name, value in n.member_defaults:
            if value.kind != "PARM_DECL":
                self.store(self.member_of(place, name, n), self.value(value), n)

    def _method(self, fn: Node, n: Node, into: Place | None) -> Value:
        args = n.arguments
        callee = n.children[0] if n.children else n
        if fn.spelling == "operator=" and args[0].type.name == args[1].type.name:
            to = self.record_place(args[0])
            direct = isinstance(to, Place) and self.is_intrinsic(args[1])
            v = self.initial(args[1], to if direct and isinstance(to, Place) else None)
            self.store(to, v, n)
            return to
        if fn.spelling.startswith("operator") and fn.kind == "CXX_METHOD" and (
            len(args) == len(fn.params) + 1
        ):
            receiver = self.place(args[0])
            if isinstance(receiver, Closure):
                return self.enter(receiver, fn, args[1:], n, into)
            return self.inline(fn, args[1:], n, into, self.record_place(args[0]))
        while callee.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and callee.children:
            callee = callee.children[0]
        if callee.kind != "MEMBER_REF_EXPR":
            return self.inline(fn, args, n, into)
        return self.inline(fn, args, n, into, self.record_owner(callee))

    # ------------------------------------------------------------ intrinsics

    def is_intrinsic(self, n: Node) -> bool:
        """Whether an expression is a call that stays a call: its result is stored once all of it is known."""
        while n.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR") and len(n.children) == 1:
            n = n.children[0]
        fn = n.referenced if n.kind == "CALL_EXPR" else None
        return fn is not None and fn.note("xp.intrinsic") is not None and not self.expand_intrinsics

    def _intrinsic(self, fn: Node, n: Node, into: Place | None, used: bool) -> Value:
        where = fn.definition or fn
        nodes = [self._argument(n.arguments[k] if k < len(n.arguments) else None, param, fn, k)
                 for k, param in enumerate(where.params)]
        given = [self._intrinsic_argument(node, param.type) for node, param in zip(nodes, where.params, strict=True)]
        if where.body is not None and not all(map(self._as_held, where.params, given)):
            self.cut_for({v.buffer for v in given if isinstance(v, Pointer)})
            self.study(where)
            bound = {p.key: v if isinstance(v, Place) else self.binding(p, self.coerced(v, p.type, node), False, n)
                     for p, v, node in zip(where.params, given, nodes, strict=True)}
            return self.inline(fn, n.arguments, n, into, bound=bound)
        args = tuple(self.address(v) if isinstance(v, Pointer | Place) else v for v in given)
        key = where.signature
        self.intrinsics[fn.qualified, key] = where
        result, value = self._intrinsic_result(fn.result, into, used)
        self.emit(Intrinsic(fn.qualified, args, result, key, self.here))
        return value

    def _as_held(self, param: Node, v: Expr | Pointer | Place) -> bool:
        """Whether an intrinsic takes what a pointer points to as what its array holds. One that takes words from bytes
        is read in place of its call, where each access says what it takes."""
        inner = param.type.inner if param.type.kind == "pointer" else None
        if not isinstance(v, Pointer) or inner is None or inner.dtype is None:
            return True
        return inner.dtype == self.buffers[v.buffer].dtype

    def _intrinsic_argument(self, n: Node, param: CType) -> Expr | Pointer | Place:
        if param.is_aggregate or param.reference:
            found = self.place(n)
            if isinstance(found, Place):
                return found if param.reference else self._apart(found, param, n)
            raise self.unsupported(n, "a scalar passed to an intrinsic by reference")
        v = self.value(n)
        if isinstance(v, Nothing | Items | Each | Raw | Fields | Closure | Table):
            raise self.unsupported(n, f"{v!r} as an argument of an intrinsic")
        return v

    def _apart(self, v: Place, param: CType, n: Node) -> Place:
        """A vector by itself, where it is kept as words among other members of a record."""
        if self.buffers[v.buffer].dtype is param.dtype:
            return v
        own = self.allocate("v", param)
        self.copy(own, v, n)
        return own

    def _intrinsic_result(
        self, ctype: CType, into: Place | None, used: bool
    ) -> tuple[Addr | Var | None, Value]:
        if ctype.is_aggregate:
            alike = into is not None and self.buffers[into.buffer].dtype is ctype.dtype
            place = into if alike and into is not None else self.allocate("v", ctype)
            return self.address(place), place
        if ctype.is_scalar and ctype.dtype is not None and used:
            var = self.variable("r", ctype.dtype)
            self.declare(var, None)
            return var, var
        return None, Nothing()

    # ------------------------------------------------------------ primitives

    def _primitive(self, name: str, fn: Node, n: Node, used: bool) -> Value:
        group, _, kind = name.partition(".")
        params = [p.spelling for p in (fn.definition or fn).params]
        call = _Primitive(n.arguments, dict(zip(params, n.arguments, strict=False)))
        match group:
            case "nop" | "host" if kind in ("", "nop", "free", "assert"):
                dtype = n.type.dtype
                return Nothing() if dtype is None else Const(0.0 if dtype.is_float else 0, dtype)
            case "barrier" if kind in _BLOCK_VOTES:
                return self._block_vote(_BLOCK_VOTES[kind], n)
            case "barrier" if (one := kind.partition("."))[0] in _SCOPES:
                scope = self.reach.get(one[0], one[0])
                if not scope:
                    raise self.unsupported(n, f"`{name}` in a job of several rounds, or of a kind that is not known,")
                self.emit(Barrier(scope, self.here, one[2]))
                return Nothing()
            case "shuffle" | "vote" if kind in _KINDS:
                return self._shuffle(kind, fn, n, call)
            case "atomic":
                return self._atomic(kind, n, call, used)
            case "only":
                return self._only(kind, n)
        raise self.unsupported(n, f"the primitive `{name}`")

    def _only(self, what: str, n: Node) -> Nothing:
        """A form that a platform's header has a meaning for only where certain arguments are certain constants."""
        holds = self.condition(n.arguments[0])
        if not isinstance(holds, Const):
            raise self.fault("XP1010", f"only {what} is read, and whether this is one is not known", n)
        if not holds.value:
            raise self.fault(
                "XP1005", f"only {what} is read", n, "other values of these arguments are other instructions", "zeros")
        return Nothing()

    def _shuffle(self, kind: str, fn: Node, n: Node, call: _Primitive) -> Value:
        mask, width = call.get(*_MASKS), call.get("width")
        if kind == "active":
            return self._active(n)
        rest = [a for a in call.args if a is not mask and a is not width]
        if mask is None and fn.spelling.endswith("_sync") and len(rest) > (1 if kind in _VOTES else 2):
            mask, rest = rest[0], rest[1:]
        value = call.get("value", "var", "predicate") or rest[0]
        others = [a for a in rest if a is not value]
        lane = call.get("lane", "delta", "src", "srcLane", "laneMask") or (others[0] if others else None)
        dtype = n.type.dtype or DType.I32
        v = self.math.convert(self.scalar(value), DType.I32 if kind in _VOTES else dtype)
        at: Expr = ZERO if lane is None or kind in _VOTES else self.scalar(lane)
        everyone = Const((1 << self.platform.warp) - 1, DType.U64 if self.platform.warp > 32 else DType.U32)
        members = everyone if mask is None else self.scalar(mask)
        result = self.variable("lane_value", dtype)
        self.declare(result, None)
        self.emit(Shuffle(result, kind, v, at, self._width(width), self.platform.warp, members, self.here))
        return result

    def _active(self, n: Node) -> Var:
        """The lanes that happen to be here."""
        result = self.variable("active", n.type.dtype or DType.U32)
        self.declare(result, None)
        word = DType.U64 if self.platform.warp > 32 else DType.U32
        warp = self.platform.warp
        self.emit(Shuffle(result, "active", ONE, ZERO, warp, warp, Const((1 << warp) - 1, word), self.here))
        return result

    def _block_vote(self, kind: str, n: Node) -> Var:
        """A vote among the threads of a block: they meet, count in shared memory, and meet again."""
        said = self.condition(n.arguments[0])
        said = self.math.negated(said) if kind == "and" else said
        said = self.steady(said, "said")
        space = next(s.name for s in self.platform.spaces if s.scope == "block")
        place = self.allocate("votes", scalar(DType.I32), space)
        first: Expr = TRUE
        for axis in self.platform.axes:
            index = self.builtins.get(axis.index)
            if axis.kind.startswith("thread") and index is not None:
                first = self.math.binary("&&", first, self.math.binary("==", index, ZERO))
        self.emit(Barrier("block", self.here))
        self.emit(If(first, (Store(place.buffer, ZERO, ZERO, self.here),), (), self.here))
        self.emit(Barrier("block", self.here))
        self.emit(If(said, (Atomic("add", place.buffer, ZERO, ONE, None, None, self.here),), (), self.here))
        self.emit(Barrier("block", self.here))
        count = Load(place.buffer, ZERO, DType.I32)
        if kind == "count":
            return self.kept(count, "count")
        none = self.math.binary("==" if kind == "and" else "!=", count, ZERO)
        return self.kept(self.math.convert(none, DType.I32), "agreed")

    def _width(self, width: Node | None) -> int:
        if width is None:
            return self.platform.warp
        if width.kind == "UNEXPOSED_EXPR" and not width.children and width.constant is None:
            return self.platform.warp
        e = self.scalar(width)
        if not isinstance(e, Const):
            raise self.fault("XP1010", "the width of a shuffle must be a constant", width)
        return int(e.value)

    def _atomic(self, kind: str, n: Node, call: _Primitive, used: bool) -> Value:
        pointer = self.pointer(call.args[0])
        place = self.pointee(pointer, n)
        dtype = self.buffers[place.buffer].dtype
        rest = call.args[1:]
        compare = call.get("compare")
        if kind == "cas" and compare is None:
            compare, rest = rest[0], rest[1:]
        value = call.get("value", "val") or next(a for a in rest if a is not compare)
        want = place.type.dtype or dtype
        alike = want == dtype or kind in ("exch", "cas") or not want.is_float and not dtype.is_float
        if want.bits != dtype.bits or not alike:
            raise self.fault(
                "XP1011", f"an atomic {kind} of {want} on `{place.buffer}`, which holds {dtype}", n,
                "what other threads see of it would not be one step", f"an array of {want}",
            )
        v = self.same_bits(self.math.convert(self.scalar(value), want), dtype)
        c = None if compare is None else self.same_bits(self.math.convert(self.scalar(compare), want), dtype)
        index = self.math.index(place.index)
        if not used:
            self.emit(Atomic(kind, place.buffer, index, v, None, c, self.here))
            return Nothing()
        result = self.variable("old", dtype)
        self.declare(result, None)
        self.emit(Atomic(kind, place.buffer, index, v, result, c, self.here))
        return self.same_bits(result, want)


def _copies(fn: Node) -> bool:
    """Whether a constructor copies member by member, as nobody wrote another; the classes may go by different names."""
    at = fn.cursor
    implicit = at.location == at.semantic_parent.location or at.is_default_method()
    return bool(implicit and (at.is_copy_constructor() or at.is_move_constructor()))
