"""Statements of the IR as lines of C in a platform's dialect."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from textwrap import wrap

from xpiler.fault import Span
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Cast, Const, Continue, Expr, For, If,
    Intrinsic, Kernel, Launch, Let, Load, Return, Select, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.show import PRECEDENCE, UNARY
from xpiler.ir.types import DType, common, promote
from xpiler.ir.walk import bodies, defines, expressions, operands, statements, subexpressions, walk
from xpiler.platforms.platform import Axis, Platform
from xpiler.text.writing.calls import Calls
from xpiler.text.writing.copy import Copy, Piece, gathered
from xpiler.text.writing.expr import Speller, type_of
from xpiler.text.writing.fold import WIDTH
from xpiler.text.writing.scope import unnamed

_COMPOUND = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
_COMMUTES = ("+", "*", "&", "|", "^")
_HEAP_FROM = 256 << 10  # bytes of a local array that no longer belong on a stack


@dataclass
class Writer(Calls):
    """Writes the statements of one function into `lines`."""

    dynamic: str = ""  # the shared buffer whose size the launch gives
    direct: set[str] = field(default_factory=set)  # axis variables spelled as the built-in, not declared
    aliases: dict[str, str] = field(default_factory=dict)  # axis variables that go by a local's name
    uses: Counter[str] = field(default_factory=Counter)  # how often the function reads each scalar
    reads: Counter[str] = field(default_factory=Counter)  # and each buffer
    said: set[tuple[str, int, str]] = field(default_factory=set)  # comments already written

    # ------------------------------------------------------------ bodies

    def body(self, stmts: tuple[Stmt, ...]) -> None:
        """The statements in order; a declaration and the call that first fills it become one."""
        self._pieces(self._sunk(gathered(stmts, self.scope, self.reads)))

    def _sunk(self, stmts: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """Declarations moved down to the call that gives them their value."""
        out: list[Piece] = list(stmts)
        for s in stmts:
            match s:
                case Alloc(Buffer(name), ()) if name in self.scope.aggregates:
                    pass
                case Let(Var(name), None):
                    pass
                case _:
                    continue
            here = next(i for i, x in enumerate(out) if x is s)
            first = next((i for i in range(here + 1, len(out)) if _mentions(out[i], name)), here)
            following = out[first]
            if first > here + 1 and not isinstance(following, Copy) and self._declared_by(s, following):
                out.insert(first - 1, out.pop(here))
        return tuple(out)

    def _pieces(self, stmts: tuple[Piece, ...]) -> None:
        heap: list[str] = []
        i = 0
        while i < len(stmts):
            s, following = stmts[i], stmts[i + 1] if i + 1 < len(stmts) else None
            self.comment(s.span)
            joined = False
            if isinstance(s, Copy):
                spell = self.spell.at(s.span)
                self.put(f"{spell.aggregate(s.target)} = {spell.aggregate(s.source)};")
            elif following is not None and not isinstance(following, Copy) and self._declared_by(s, following):
                joined = True
                self.comment(following.span)
                exchanged = isinstance(following, Shuffle) and following.kind not in ("any", "all", "ballot", "active")
                if isinstance(following, Shuffle) and exchanged and self._once(following.result, stmts[i + 2 : i + 3]):
                    self.used_next.add(following.result.name)
                self.statement(following, declare=s)
            elif isinstance(s, Alloc) and self._on_heap(s, stmts[i + 1 :]):
                heap.append(self._heap(s))
            else:
                self.statement(s)
            i += 2 if joined else 1
        for name in reversed(heap):
            self.put(self.scope.platform.runtime.free.format(name=name))

    def inside(self, stmts: tuple[Stmt, ...]) -> None:
        self.depth += 1
        self.body(stmts)
        self.depth -= 1

    def comment(self, span: Span) -> None:
        key = (span.file, span.line, span.comment)
        if not span.comment or key in self.said:
            return
        self.said.add(key)
        bare = [re.sub(r"^\s*(//+|/\*+|\*(?!/))?\s?", "", line) for line in span.comment.split("\n")]
        texts = [re.sub(r"\s*\*+/\s*$", "", line).rstrip() for line in bare]
        for text in texts:
            for line in wrap(text, WIDTH - 3 - 4 * self.depth):
                self.put(f"// {line}".rstrip("\\").rstrip())

    def _declared_by(self, s: Stmt, following: Stmt) -> bool:
        """Whether `following` is the call that gives the fresh `s` its value."""
        match s, following:
            case Alloc(Buffer(name), ()), Intrinsic(args=args, result=Addr(target, Const(0))) if name == target:
                single = self.scope.buffers[name].extent == Const(self.scope.aggregates.get(name, 0), DType.I32)
                used = any(isinstance(e, Addr | Load) and e.buffer == name for a in args for e in subexpressions(a))
                return single and not used
            case Let(var, None), Intrinsic() | Shuffle() | Atomic():
                given = following.result == var
                used = any(e == var for e in _own_expressions(following))
                serial = isinstance(following, Atomic) and self.scope.platform.model == "serial"
                return given and not used and not serial
        return False

    def _once(self, var: Var, following: tuple[Piece, ...]) -> bool:
        """Whether the next statement is the only one to read `var`, once, and always does."""
        if not following or not isinstance(following[0], Let | Assign | Store):
            return False
        here = [e for e in expressions(following[0]) if e == var or _always(e, var)]
        return len(here) == 1 and self.uses[var.name] == 1

    # ------------------------------------------------------------ one statement

    def statement(self, s: Stmt, declare: Stmt | None = None) -> None:
        spell = self.spell.at(s.span)
        match s:
            case Let(var, Var(axis, _)) if self.aliases.get(axis) == var.name:
                self.put(f"{spell.ctype(var.dtype)} {self.scope.names[var.name]} = {self.scope.built_in.pop(axis)};")
            case Let(var, value):
                given = "" if value is None else f" = {self.given(spell, var, value)}"
                self.put(f"{self.scalar_type(spell, var)} {self.scope.names[var.name]}{given};")
            case Assign(var, value):
                self._assign(spell, self.scope.names[var.name], var, value, var.dtype)
            case Store(buffer, index, value):
                target = spell.element(buffer, index)
                dtype = self.element_type(buffer, value)
                self._assign(spell, target, Load(buffer, index, dtype), value, dtype)
            case Alloc():
                self.put(self._declaration(spell, s))
            case For():
                self._for(spell, s)
            case While(cond, body):
                self.put(f"while ({spell.condition(cond)}) {{")
                self.inside(body)
                self.put("}")
            case If():
                self._if(spell, s)
            case Intrinsic():
                self.intrinsic(spell, s, declare)
            case Shuffle():
                self.shuffle(spell, s, declare)
            case Atomic():
                self.atomic(spell, s, declare)
            case Barrier(scope):
                if scope not in self.scope.platform.barriers:
                    raise spell.no(f"a barrier of a {scope}", f"{self.scope.platform.title} has none")
                if self.scope.platform.barriers[scope]:
                    self.put(self.scope.platform.barriers[scope])
            case Return() if self.parallel:
                raise spell.no("a return", "it stands in a loop whose iterations run at once")
            case Return():
                self.put("return;")
            case Break():
                self.put("break;")
            case Continue():
                self.put("continue;")
            case Launch():
                raise spell.no(f"a launch of `{s.kernel}`", "it stands inside a kernel")

    def _assign(self, spell: Speller, target: str, place: Var | Load, value: Expr, dtype: DType) -> None:
        update = _update(place, value, dtype)
        if update is not None and dtype not in (DType.F16, DType.BF16, DType.BOOL):
            op, by, computed = update
            bare = by.a if isinstance(by, Cast) and by.dtype is computed else by
            for e in (bare, by):
                text = spell.value(e, type_of(e))
                shift = op in ("<<", ">>")
                if shift or common(dtype, spell.spell(e).dtype) is computed:
                    self.put(f"{target} {op}= {text};")
                    return
        self.put(f"{target} = {spell.value(value, dtype)};")

    def _if(self, spell: Speller, s: If, prefix: str = "") -> None:
        if not s.then and s.orelse:
            self.put(f"{prefix}if (!{spell.condition(s.cond, UNARY)}) {{")
            self.inside(s.orelse)
            self.put("}")
            return
        self.put(f"{prefix}if ({spell.condition(s.cond)}) {{")
        self.inside(s.then)
        match s.orelse:
            case ():
                self.put("}")
            case (If() as inner,) if not inner.span.comment:
                self._if(spell.at(inner.span), inner, "} else ")
            case _:
                self.put("} else {")
                self.inside(s.orelse)
                self.put("}")

    # ------------------------------------------------------------ loops

    def _for(self, spell: Speller, s: For) -> None:
        platform = self.scope.platform
        if s.kind not in PLAIN:
            self._axis(spell, s)
            return
        if (halved := _halved(s)) is not None:
            half, most = halved
            name = self.scope.names[half.name]
            self.put(f"for ({spell.ctype(half.dtype)} {name} = {most}; {name} > 0; {name} >>= 1) {{")
            self.inside(s.body[1:])
            self.put("}")
            return
        name, dtype = self.scope.names[s.var.name], s.var.dtype
        stop, step = self._fixed(spell, s, s.stop, "end"), self._fixed(spell, s, s.step, "step")
        shared_out = s.kind == "parallel" and self.parallel
        if s.kind in platform.pragmas and not shared_out:
            depth = _parallel_depth(s)
            self.put(platform.pragmas[s.kind] + (platform.collapse.format(depth=depth) if depth > 1 else ""))
        advance = f"++{name}" if step == "1" else f"{name} += {step}"
        self.put(f"for ({spell.ctype(dtype)} {name} = {spell.value(s.start, dtype)}; {name} < {stop}; {advance}) {{")
        outer, self.parallel = self.parallel, self.parallel or (s.kind == "parallel" and s.kind in platform.pragmas)
        self.inside(s.body)
        self.parallel = outer
        self.put("}")

    def _fixed(self, spell: Speller, loop: For, e: Expr, role: str) -> str:
        """The text of a bound, evaluated before the loop if the body could change it."""
        if role == "end" and (count := self._count(loop, e)):
            return count
        inside = list(statements(loop.body))
        changed = {v for s in inside if (v := defines(s)) is not None}
        stored = any(isinstance(s, Store | Intrinsic | Atomic) for s in inside)
        used = list(subexpressions(e))
        if not any(u in changed or (isinstance(u, Load) and stored) for u in used):
            return spell.text(e, PRECEDENCE["<"] + 1) if role == "end" else spell.value(e, loop.var.dtype)
        name = self.scope.temporary(f"{self.scope.names[loop.var.name]}_{role}")
        self.put(f"const {spell.ctype(type_of(e))} {name} = {spell.value(e, type_of(e))};")
        return name

    def _count(self, loop: For, stop: Expr) -> str:
        """`fragment.num_elements` for a loop over all elements of an aggregate whose size its owner hides."""
        if (loop.start, loop.step) != (Const(0, loop.start.dtype), Const(1, loop.step.dtype)):
            return ""
        for s in statements(loop.body):
            for e in _own_expressions(s):
                name = e.buffer if isinstance(e, Load) else s.buffer if isinstance(s, Store) else ""
                index = e.index if isinstance(e, Load) else s.index if isinstance(s, Store) else None
                lanes = self.scope.aggregates.get(name)
                if lanes is None or index != loop.var or stop != Const(lanes, stop.dtype):
                    continue
                counts = self.scope.platform.counts
                pattern = next((p for p in counts if re.fullmatch(p, self.scope.buffers[name].ctype)), None)
                if pattern is not None:
                    return counts[pattern].format(name=self.scope.names[name])
        return ""

    def _axis(self, spell: Speller, s: For) -> None:
        platform = self.scope.platform
        axis = next((a for a in platform.axes if a.kind == s.kind), None)
        if axis is None:
            raise spell.no(f"a loop over {s.kind}", f"{platform.title} has no such parallel axis")
        if s.var.name in self.direct or s.var.name in self.aliases:
            self.scope.built_in[s.var.name] = axis.index
        elif any(e == s.var for inner in statements(s.body) for e in _own_expressions(inner)):
            self.put(f"const {spell.ctype(s.var.dtype)} {self.scope.names[s.var.name]} = {axis.index};")
        self.body(s.body)

    # ------------------------------------------------------------ storage

    def _declaration(self, spell: Speller, s: Alloc) -> str:
        b, platform = s.buffer, self.scope.platform
        name = self.scope.names[b.name]
        space = next((p for p in platform.spaces if p.name == b.space), None)
        if space is None:
            raise spell.no(f"`{name}` in {b.space} memory", f"{platform.title} has no such space")
        if b.name == self.dynamic:
            return f"extern {space.qualifier} {spell.ctype(b.dtype)} {name}[];"
        words = [space.qualifier] if space.qualifier else []
        if b.name in self.scope.aggregates:
            lanes = self.scope.aggregates[b.name]
            many = isinstance(b.extent, Const) and b.extent.value > lanes
            count = f"[{int(b.extent.value) // lanes}]" if many and isinstance(b.extent, Const) else ""
            head = " ".join([*words, f"{spell.spelling(b.ctype)} {name}{count}"])
        else:
            if b.extent is None or (not isinstance(b.extent, Const) and platform.model != "serial"):
                raise spell.no(f"`{name}`", f"its size is not known when {platform.title} is compiled")
            if b.name in self.scope.addressed and space.align > 1:
                words.insert(0, f"alignas({space.align})")
            head = " ".join([*words, f"{spell.ctype(b.dtype)} {name}[{spell.index(b.extent)}]"])
        # Braces refuse narrowing conversions, so that casts stay.
        given = ", ".join(spell.value(e, b.dtype) if isinstance(e, Const) else spell.text(e) for e in s.init)
        return f"{head} = {{{given}}};" if given else f"{head};"

    def _on_heap(self, s: Alloc, rest: tuple[Piece, ...]) -> bool:
        """A large or run-time-sized array of a serial platform, if the end of its body is always reached."""
        platform, b = self.scope.platform, s.buffer
        if platform.model != "serial" or b.name in self.scope.aggregates or s.init or b.extent is None:
            return False
        small = isinstance(b.extent, Const) and b.extent.value * b.dtype.bytes <= _HEAP_FROM
        return not small and not _leaves(tuple(r for r in rest if not isinstance(r, Copy)))

    def _heap(self, s: Alloc) -> str:
        spell, b = self.spell.at(s.span), s.buffer
        assert b.extent is not None
        name, ctype = self.scope.names[b.name], spell.ctype(b.dtype)
        self.put(self.scope.platform.runtime.malloc.format(
            ctype=ctype, name=name, bytes=byte_count(spell, b.extent, b.dtype)))
        return name


def _halved(loop: For) -> tuple[Var, int] | None:
    """What a loop halves from a power of two down to one: `for level in 8: reach = 128 >> level`, which says no more of
    the level."""
    match loop:
        case For(var, Const(0), Const(steps), Const(1),
                 (Let(half, Binary(">>", Const(most), by)), *rest), "serial") if by == var:
            used = any(var in subexpressions(e) for s in statements(tuple(rest)) for e in expressions(s))
            changed = any(defines(s) == half for s in statements(tuple(rest)))
            return (half, int(most)) if most == 1 << (int(steps) - 1) and not used and not changed else None
    return None


def _parallel_depth(loop: For) -> int:
    """How many parallel loops stand directly inside each other, none of which says how often the next one runs."""
    match loop:
        case For(var=var, body=(For(kind="parallel") as inner,), kind="parallel"):
            bounds = [x for e in (inner.start, inner.stop, inner.step) for x in subexpressions(e)]
            return 1 if var in bounds else 1 + _parallel_depth(inner)
    return 1


def _always(e: Expr, var: Var) -> bool:
    """Whether evaluating `e` reads `var` exactly once, whatever its conditions say."""
    match e:
        case Select(cond, _, _) | Binary("&&" | "||", cond, _):
            return _always(cond, var)
    return e == var or sum(_always(a, var) for a in operands(e)) == 1


def alias(loop: For, axis: Axis) -> Var | None:
    """The local that is only another name for an axis variable, declared before any other use of it."""
    if not unnamed(loop.var.name, axis):
        return None
    body = loop.body
    while body and isinstance(body[-1], For) and body[-1].kind not in PLAIN:
        if any(e == loop.var for s in body for e in _own_expressions(s)):
            return None
        body = body[-1].body
    first = next((s for s in body if any(e == loop.var for x in statements(s) for e in _own_expressions(x))), None)
    match first:
        case Let(var, value) if value == loop.var and var.dtype is loop.var.dtype:
            changed = [s for s in statements(loop.body) if s is not first and defines(s) == var]
            return None if changed else var
    return None


def masks(kernel: Kernel, platform: Platform) -> set[str]:
    """The scalars that intrinsics take or give as masks."""
    calls = [s for s in statements(kernel) if isinstance(s, Intrinsic)] if platform.masks else []
    return {x.name for s in calls for x in (*s.args, s.result) if isinstance(x, Var) and x.dtype in platform.masks}


def byte_count(spell: Speller, extent: Expr, dtype: DType) -> str:
    """The size of an array in bytes, as C counts it."""
    return f"{spell.text(extent, PRECEDENCE['*'])} * sizeof({spell.ctype(dtype)})"


def _mentions(s: Piece, name: str) -> bool:
    """Whether a statement or one inside it has to do with the scalar or buffer `name`."""
    if isinstance(s, Copy):
        return name in (s.target.buffer, s.source.buffer)
    for n in walk(s):
        match n:
            case Load(buffer=found) | Addr(buffer=found) | Store(buffer=found) | Atomic(buffer=found) | Var(name=found):
                if found == name:
                    return True
        if not isinstance(n, Expr) and (var := defines(n)) is not None and var.name == name:
            return True
    return False


def _own_expressions(s: Stmt) -> list[Expr]:
    return [x for e in expressions(s) for x in subexpressions(e)]


def _update(place: Var | Load, value: Expr, dtype: DType) -> tuple[str, Expr, DType] | None:
    """`place op= by` and the type it is computed in, if that is what `place = value` says."""
    if isinstance(value, Cast) and value.dtype is dtype and not dtype.is_float:
        value = value.a
    if not isinstance(value, Binary) or value.op not in _COMPOUND:
        return None
    sides = [(value.a, value.b), (value.b, value.a)] if value.op in _COMMUTES else [(value.a, value.b)]
    for a, b in sides:
        if isinstance(a, Cast) and a.dtype is value.dtype and value.dtype is promote(dtype):
            a = a.a
        if a == place:
            return value.op, b, value.dtype
    return None


def _leaves(stmts: tuple[Stmt, ...], loop: bool = False) -> bool:
    """Whether control can leave these statements other than at their end."""
    for s in stmts:
        if isinstance(s, Return) or (isinstance(s, Break | Continue) and not loop):
            return True
        if any(_leaves(b, loop or isinstance(s, For | While)) for b in bodies(s)):
            return True
    return False


def built_in_once(stmts: tuple[Stmt, ...], var: Var) -> bool:
    """Whether the only use of an axis variable is in a sum of products that initialises an int.

    There the built-in's unsigned arithmetic gives the same bits, so its usual spelling may stand.
    """
    uses = [s for s in statements(stmts) for e in _own_expressions(s) if e == var]
    if len(uses) != 1 or not isinstance(uses[0], Let) or uses[0].value is None:
        return False
    return uses[0].var.dtype is DType.I32 is var.dtype and all(
        (isinstance(e, Const | Var) and e.dtype is DType.I32) or (isinstance(e, Binary) and e.op in ("+", "*"))
        for e in subexpressions(uses[0].value)
    ) and isinstance(uses[0].value, Binary)
