"""Building a loop nest from what it computes: every reduction at the outermost loop that allows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xpiler.facts import sym
from xpiler.facts.sym import TRUE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.check import fits
from xpiler.ir.nodes import (
    Alloc, Assign, Binary, Buffer, Call, Cast, Const, Expr, For, If, Let, Load, Select, Stmt, Store,
    Unary, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.lanes.joined import addends, flat, joined, padded
from xpiler.passes.names.words import ACCUMULATORS, word, words
from xpiler.passes.nests.reused import Key, key, reused, term, values

INLINE = 4  # reductions of at most this many terms, each condition's counted, are written out
SCRATCH = 1 << 16  # most elements an intermediate array may have

_FIRST = Const(0, DType.I32)

Output = tuple[str, DType, Write]  # an array, its type, and what is written to it


@dataclass
class Scope:
    """One open loop: its variable (None at the top), the statements so far, and values already named.

    `guarded`: the body of an `if`, which no load may leave."""

    var: Sym | None
    stmts: list[Stmt] = field(default_factory=list)
    named: dict[Sym, Expr] = field(default_factory=dict)
    held: dict[object, object] = field(default_factory=dict)  # what a subclass names here
    guarded: bool = False


class Nest:
    """Builds the loop nest of one output, each reduction at the outermost loop that allows it."""

    def __init__(self, names: Fresh) -> None:
        self.names = names
        self.scopes: list[Scope] = [Scope(None)]
        self.vars: dict[Sym, Var] = {}
        self.reused: frozenset[Key] = frozenset()  # values worth an array
        self.homes: dict[str, Scope] = {}  # where arrays of our own are filled

    def build(self, buffer: str, dtype: DType, w: Write) -> list[Stmt]:
        self.reused = reused(w)

        def put() -> None:
            value, index = self.expr(self.once(w.value, w.vars[-1:], w.guard)), self.expr(w.index)
            self.scopes[-1].stmts.append(Store(buffer, index, converted(value, dtype)))

        return self.looped(w, put)

    def together(self, outputs: Sequence[Output]) -> list[Stmt]:
        """The nest of several outputs of the same loops: an iteration computes all of them before it writes any."""
        if len(outputs) == 1:
            return self.build(*outputs[0])
        return self.looped(outputs[0][2], lambda: self.all_at_once(outputs))

    def all_at_once(self, outputs: Sequence[Output]) -> None:
        stores: list[Stmt] = []
        for buffer, dtype, w in outputs:
            value, index = converted(self.expr(w.value), dtype), self.expr(w.index)
            named = Var(self.names(word(w.value)), dtype)
            self.scopes[-1].stmts.append(Let(named, value))
            if w.value.dtype is dtype:
                self.scopes[-1].named[w.value] = named
            stores.append(Store(buffer, index, named))
        self.scopes[-1].stmts += stores

    def looped(self, w: Write, put: Callable[[], None]) -> list[Stmt]:
        """The loops of a write around what `put` puts into the innermost of them."""
        guards = list(sym.conjuncts(w.guard))
        opened: list[tuple[Sym, Expr, list[Sym]]] = []
        for v in w.vars:
            extent = self.extent(v)
            ready = [g for g in guards if v in g.free and not g.free & set(w.vars[w.vars.index(v) + 1:])]
            guards = [g for g in guards if g not in ready]
            opened.append((v, extent, ready))
            self.open(v)
        put()
        for v, extent, ready in reversed(opened):
            self.close(v, extent, "parallel", ready)
        stmts = self.scopes[0].stmts
        if guards:
            stmts = [If(self.expr(sym.conjoin(*guards)), tuple(stmts))]
        return stmts

    def open(self, v: Sym) -> None:
        stem = sym.name_of(v).split("#")[0]
        stem = stem if stem.isidentifier() and not stem.startswith("_") and len(stem) < 12 else "i"
        self.vars[v] = Var(self.names(stem), DType.I32)
        self.scopes.append(Scope(v))

    def extent(self, v: Sym) -> Expr:
        """How often the loop of a variable runs."""
        return _as_i32(self.expr(sym.extent_of(v)))

    def close(self, v: Sym, extent: Expr, kind: str, guards: list[Sym], start: Expr = _FIRST) -> None:
        cond = self.expr(sym.conjoin(*guards)) if guards else None
        scope = self.scopes.pop()
        body = tuple(scope.stmts)
        if cond is not None:
            body = (If(cond, body),)
        self.scopes[-1].stmts.append(For(self.vars[v], start, extent, Const(1, DType.I32), body, kind))

    def where(self, guard: Sym, put: Callable[[], None]) -> None:
        """What `put` puts, where a condition holds."""
        if guard is TRUE:
            put()
            return
        test = self.expr(guard)
        self.scopes.append(Scope(None, guarded=True))
        put()
        kept = self.scopes.pop().stmts
        self.scopes[-1].stmts.append(If(test, tuple(kept)))

    # ------------------------------------------------------------ placing

    def level(self, x: Sym) -> int:
        """The deepest open loop x depends on; for what is loaded not further out than the condition it is
        under, nor than where it was stored."""
        loads = "ld" in x.has
        ours = {str(n.data) for n in sym.collect(x, lambda n: n.op == "ld")} & self.homes.keys() if loads else set()
        homes = [self.homes[name] for name in ours]
        return max((n for n, s in enumerate(self.scopes) if s.var is not None and s.var in x.free
                    or loads and (s.guarded or any(s is home for home in homes))), default=0)

    def skipped(self, x: Sym, level: int) -> int | None:
        """The outermost loop, above `level`, that x does not depend on; not the first, which is shared out."""
        for n in range(2, level):
            if self.scopes[n].var not in x.free:
                return n
        return None

    def expr(self, x: Sym) -> Expr:
        """x as an IR expression valid in the innermost open loop; costly parts are named further out."""
        for scope in self.scopes:
            if x in scope.named:
                return scope.named[x]
        x = joined(x) or x
        if x.op == "fold":
            small = self.inline(x)
            if small is not None:
                return self.expr(small)
            return self.place(x)
        costly = x.op == "call" and x.data not in ("max", "min", "abs") or x.op == "bin" and x.data == "/"
        if costly:
            level = self.level(x)
            left = self.scopes[level + 1:]
            only_a_guard = "ld" in x.has and all(s.var is None for s in left)  # which may keep it within an array
            if left and not only_a_guard or (self.skipped(x, level) is not None and dear(x)):
                return self.place(x)
        return self.plain(x)

    def inline(self, x: Sym) -> Sym | None:
        op, vs = sym.fold_op(x), sym.fold_vars(x)
        total = 1
        for v in vs:
            n = sym.extent_of(v)
            total *= sym.value_of(n) if sym.is_const(n) else INLINE + 1
        if total > INLINE or "fold" in x.args[0].has:
            return None
        if total * len(addends(x.args[0])) > INLINE and all(map(padded, addends(x.args[0]))):
            return None
        terms = [x.args[0]]
        for v in vs:
            terms = [sym.substitute(t, {v: sym.integer(n)})
                     for t in terms for n in range(sym.value_of(sym.extent_of(v)))]
        out = x.args[1]
        for t in terms:
            out = _chain(op, out, t, x.dtype)
        return out

    def place(self, x: Sym) -> Expr:
        """Name x at the outermost loop that binds what it needs; as an array if loops between do not matter."""
        level = self.level(x)
        skipped = self.skipped(x, level)
        if skipped is not None and dear(x):
            array = self.materialise(x, skipped, level)
            if array is not None:
                return array
        held, self.scopes = self.scopes[level + 1:], self.scopes[: level + 1]
        out = self.compute(x)
        self.scopes[level].named[x] = out
        self.scopes += held
        return out

    def compute(self, x: Sym) -> Expr:
        """Statements in the innermost scope that leave x in a scalar."""
        if x.op != "fold":
            named = Var(self.names(word(x)), x.dtype)
            self.scopes[-1].stmts.append(Let(named, self.plain(x)))
            return named
        x = flat(self.lighter(x))
        op, vs = sym.fold_op(x), sym.fold_vars(x)
        acc = Var(self.names(ACCUMULATORS.get(op, op)), x.dtype)
        self.scopes[-1].stmts.append(Let(acc, converted(self.expr(x.args[1]), x.dtype)))
        extents = []
        for v in vs:
            extents.append(self.extent(v))
            stem = sym.fresh("k", sym.extent_of(v))
            x = _rebound(x, v, stem)
            self.open(stem)
        opened = list(sym.fold_vars(x))
        guard, body = under_one_condition(op, x.args[0])
        if guard is TRUE:
            self.in_parts(body)
            self.take_in(op, acc, body)
        else:
            self.take_in_where(guard, op, acc, body)
        for v, extent in zip(reversed(opened), reversed(extents), strict=True):
            self.close(v, extent, "serial", [])
        return acc

    def take_in(self, op: str, acc: Var, body: Sym) -> None:
        """acc = acc op body."""
        term = converted(self.expr(body), acc.dtype)
        self.scopes[-1].stmts.append(Assign(acc, combined(op, acc, term)))

    def take_in_where(self, guard: Sym, op: str, acc: Var, body: Sym) -> None:
        """The same where a condition holds."""
        inside = bool(self.begin_with_a_load(body))
        cond = self.expr(guard) if inside else None
        self.scopes.append(Scope(None, guarded=inside))
        self.take_in(op, acc, body)
        stmts = self.scopes.pop().stmts
        self.scopes[-1].stmts.append(If(cond or self.expr(guard), tuple(stmts)))

    def only_under(self, cond: Sym, x: Sym) -> Sym:
        """x, used only where a condition holds, whose reductions of memory are made only where it does: they are
        written before the choice. One that is made further out than the condition is known stays as it is."""
        if "fold" not in x.has:
            return x
        depth = self.level(cond)
        guarded: dict[Sym, Sym] = {}
        for f in sym.collect(x, lambda n: n.op == "fold" and "ld" in n.has):
            if any(f in s.named for s in self.scopes) or self.level(f) < depth or self.inline(f) is not None:
                continue
            nothing = sym.identity_of(sym.fold_op(f), f.dtype)
            init = sym.select(cond, f.args[1], nothing) if "ld" in f.args[1].has else f.args[1]
            guarded[f] = sym.fold(sym.fold_op(f), sym.fold_vars(f), sym.select(cond, f.args[0], nothing), init, f.dtype)
        return sym.rewrite(x, guarded.get) if guarded else x

    def begin_with_a_load(self, body: Sym) -> list[Sym]:
        """The reductions of a guarded body that begin with an element of memory: only the guard may keep it inside, so
        that they are made under it. If there are any, those that the innermost loop has no part in are made now."""
        innermost = self.scopes[-1].var
        folds = [f for f in sym.collect(body, lambda n: n.op == "fold")
                 if all(v in self.vars or not sym.bounded(v) for v in f.free)]
        found = [f for f in folds if innermost in f.free and "ld" in f.args[1].has]
        for f in folds if found else ():
            if innermost not in f.free:
                self.expr(f)
        return found

    def in_parts(self, whole: Sym) -> None:
        """Decide what of an expression, computed in the innermost open loop, is to have a name."""

    def materialise(self, x: Sym, skipped: int, level: int) -> Expr | None:
        """An array of x over the loops inside the skipped one that x depends on."""
        inner = [s.var for s in self.scopes[skipped:] if s.var is not None and s.var in x.free]
        size = 1
        for v in inner:
            n = sym.extent_of(v)
            if not sym.is_const(n):
                return None
            size *= sym.value_of(n)
        if size > SCRATCH:
            return None
        held, self.scopes = self.scopes[skipped:], self.scopes[:skipped]
        if not inner:  # a single value, that is there for all
            out = self.expr(x)
            self.scopes += held
            return out
        copies = {v: sym.fresh("j", sym.extent_of(v)) for v in inner}
        key = sym.substitute(x, {v: sym.var(f"~{n}", sym.extent_of(v)) for n, v in enumerate(inner)})
        scope = self.scopes[-1]
        if key not in scope.named:
            name = self.allocated(x.dtype, size, words(x))
            extents = []
            for v in inner:
                extents.append(self.extent(v))
                self.open(copies[v])
            value = self.expr(sym.substitute(x, copies))
            index = self.plain(row_major([copies[v] for v in inner]))
            self.scopes[-1].stmts.append(Store(name, index, value))
            for v, extent in zip(reversed(inner), reversed(extents), strict=True):
                self.close(copies[v], extent, "parallel", [])
            scope.named[key] = Var(name, x.dtype)
        array = scope.named[key]
        assert isinstance(array, Var)
        self.scopes += held
        return Load(array.name, self.plain(row_major(list(inner))), x.dtype)

    # ------------------------------------------------------------ what several loops compute

    def lighter(self, f: Sym) -> Sym:
        """A reduction that reads from an array what others compute, too."""
        if not self.reused:
            return f
        body, guard = term(f)
        made = self.once(body, sym.fold_vars(f), guard)
        if made is body:
            return f
        whole = made if guard is TRUE else sym.make("sel", (guard, made, f.args[0].args[2]), None, made.dtype)
        return sym.make("fold", (whole, f.args[1]), f.data, f.dtype)

    def once(self, x: Sym, loops: Sequence[Sym], guard: Sym = TRUE, within: bool = False) -> Sym:
        """x, which some loops compute, with what others compute too read from an array; with `within`, parts of x."""
        for v in loops if self.reused else ():
            arrays: dict[Sym, Sym] = {}
            for part in values(x, v, loops):
                worth = key(part, v, guard) in self.reused and not (within and part is x)
                if worth and not any(part in sym.collect(a, lambda n: True) for a in arrays):
                    arrays[part] = sym.load(self.array_of(part, v, guard), v, part.dtype)
            x = sym.rewrite(x, arrays.get) if arrays else x
        return x

    def array_of(self, x: Sym, v: Sym, guard: Sym) -> str:
        """The array with the values of x over v, filled at the outermost loop that allows it."""
        known = key(x, v, guard)
        free = known[0].free | known[1].free
        level = max((n for n, s in enumerate(self.scopes) if s.guarded or s.var in free), default=0)
        inner, self.scopes = self.scopes[level + 1:], self.scopes[: level + 1]
        name = next((s.held[known] for s in self.scopes if known in s.held), None)
        if name is None:
            j = sym.fresh("j", sym.extent_of(v))
            value, condition = (sym.substitute(e, {v: j}) for e in (x, guard))
            name = self.in_array(j, self.once(value, [j], condition, within=True), condition)
            self.scopes[-1].held[known] = name
        self.scopes += inner
        return str(name)

    def in_array(self, j: Sym, value: Sym, guard: Sym) -> str:
        """A new array with the values over j, where the guard holds."""
        name = self.allocated(value.dtype, sym.value_of(sym.extent_of(j)), words(value))
        extent = self.extent(j)
        self.open(j)
        self.where(guard, lambda: self.scopes[-1].stmts.append(Store(name, self.plain(j), self.expr(value))))
        self.close(j, extent, "parallel", [])
        return name

    def allocated(self, dtype: DType, size: int, stem: str) -> str:
        """A new array of our own."""
        name = self.names(stem)
        self.scopes[-1].stmts.append(Alloc(Buffer(name, dtype, Const(size, DType.I32), "local")))
        self.homes[name] = self.scopes[-1]
        return name

    # ------------------------------------------------------------ expressions

    def plain(self, x: Sym) -> Expr:
        a = x.args
        match x.op:
            case "int":
                return whole(sym.value_of(x))
            case "flt":
                return Const(sym.float_of(x), x.dtype)
            case "var":
                return self.vars.get(x) or Var(sym.name_of(x), x.dtype)
            case "lin":
                return self.total(x)
            case "prod":
                return self.chain("*", [_as_i32(self.expr(f)) for f in a])
            case "div" | "mod":
                op = "/" if x.op == "div" else "%"
                if a[0].lo >= 0 and 1 << 31 <= a[0].hi < 1 << 32:
                    return self.of_word(op, a[0], a[1])
                return Binary(op, _as_i32(self.expr(a[0])), _as_i32(self.expr(a[1])), DType.I32)
            case "bit":
                return Binary(str(x.data), _as_i32(self.expr(a[0])), _as_i32(self.expr(a[1])), DType.I32)
            case "bin":
                return Binary(str(x.data), self.expr(a[0]), self.expr(a[1]), x.dtype)
            case "cmp":
                return Binary(str(x.data), self.expr(a[0]), self.expr(a[1]), DType.BOOL)
            case "lt" | "eq":
                return self.comparison("<" if x.op == "lt" else "==", a[0])
            case "not":
                if a[0].op == "eq":
                    return self.comparison("!=", a[0].args[0])
                return Unary("!", self.expr(a[0]), DType.BOOL)
            case "and" | "or":
                return self.chain("&&" if x.op == "and" else "||", [self.expr(p) for p in a], DType.BOOL)
            case "sel":
                yes, no = self.only_under(a[0], a[1]), self.only_under(sym.negate(a[0]), a[2])
                return Select(self.expr(a[0]), converted(self.expr(yes), x.dtype),
                              converted(self.expr(no), x.dtype), x.dtype)
            case "cast":
                return Cast(self.expr(a[0]), x.dtype)
            case "un":
                return Unary(str(x.data), self.expr(a[0]), x.dtype)
            case "call" if x.data == sym.LOGICAL:
                return Binary(">>", converted(self.expr(a[0]), DType.U32), self.expr(a[1]), DType.U32)
            case "call":
                return Call(str(x.data), tuple(self.expr(p) for p in a), x.dtype)
            case "ld":
                return Load(str(x.data), self.expr(a[0]), x.dtype)
            case "undef":
                raise Unsummarised("a value is used before it is set")
        raise Unsummarised(f"no way to write {x.op}")

    def of_word(self, op: str, x: Sym, by: Sym) -> Expr:
        """A quotient or remainder of a word whose highest bit is no sign, though it is one of the int that holds it."""
        d = sym.value_of(by) if sym.is_const(by) else 0
        if d < 2 or d & (d - 1):
            word, divisor = (converted(self.expr(y), DType.U32) for y in (x, by))
            return Cast(Binary(op, word, divisor, DType.U32), DType.I32)
        e = _as_i32(self.expr(x))
        if op == "/":
            e = Binary(">>", e, whole(d.bit_length() - 1), DType.I32)
        return Binary("&", e, whole((1 << 32) // d - 1 if op == "/" else d - 1), DType.I32)

    def chain(self, op: str, parts: list[Expr], dtype: DType = DType.I32) -> Expr:
        out = parts[0]
        for p in parts[1:]:
            out = Binary(op, out, p, dtype)
        return out

    def total(self, x: Sym) -> Expr:
        """A sum, largest weights first, as one would write an index."""
        const, terms = sym.terms_of(x)
        order = sorted(terms.items(), key=lambda t: (t[1] < 0, t[0].op != "prod", -abs(t[1]), t[0].uid))
        out: Expr | None = None
        if const > 0 and all(c < 0 for c in terms.values()):
            out, const = whole(const), 0
        for atom, c in order:
            if (masked := _high_bits(atom, c)) is not None:
                high = Binary("&", _as_i32(self.expr(masked)), whole(-c), DType.I32)
                out = high if out is None else Binary("+", out, high, DType.I32)
                continue
            e = _as_i32(self.expr(atom))
            factor, less = _sized(c)
            term = e if factor == 1 else _upper(e, c) if _beyond(atom, c) else Binary("*", e, whole(factor), DType.I32)
            if out is None:
                out = Unary("-", term, DType.I32) if less else term
            else:
                out = Binary("-" if less else "+", out, term, DType.I32)
        assert out is not None
        if const:
            size, less = _sized(const)
            out = Binary("-" if less else "+", out, whole(size), DType.I32)
        return out

    def comparison(self, op: str, d: Sym) -> Expr:
        """d op 0 with the negative terms on the right."""
        const, terms = sym.terms_of(d)
        left = sym.linear(max(const, 0), {a: c for a, c in terms.items() if c > 0})
        right = sym.linear(max(-const, 0), {a: -c for a, c in terms.items() if c < 0})
        return Binary(op, _as_i32(self.expr(left)), _as_i32(self.expr(right)), DType.BOOL)


def under_one_condition(op: str, body: Sym) -> tuple[Sym, Sym]:
    """What all that an iteration of a reduction takes in is under, and that: (c ? a : 0) + (c && d ? b : 0) takes in
    a + (d ? b : 0) where c holds."""
    if body.op == "sel" and body.args[2].op == "undef":
        return body.args[0], body.args[1]
    parts = _parts(op, body)
    if not all(p.op == "sel" and sym.is_identity(op, p.args[2]) for p in parts):
        return TRUE, body
    first, *others = (tuple(sym.conjuncts(p.args[0])) for p in parts)
    common = [c for c in first if all(c in other for other in others)]
    out: Sym | None = None
    for p in parts:
        rest = sym.conjoin(*(c for c in sym.conjuncts(p.args[0]) if c not in common))
        part = p.args[1] if rest is TRUE else sym.make("sel", (rest, *p.args[1:]), None, p.dtype)
        out = part if out is None else _chain(op, out, part, body.dtype)
    assert out is not None
    return (sym.conjoin(*common), out) if common else (TRUE, body)


def _parts(op: str, x: Sym) -> list[Sym]:
    """What an operation on floats is applied to, from left to right."""
    return [*_parts(op, x.args[0]), x.args[1]] if x.op == "bin" and x.data == op else [x]


CHEAP = frozenset({"trunc", "floor", "ceil", "round", "rint", "abs", "max", "min", "fma", "sqrt"})


def costly(x: Sym) -> bool:
    """Whether x itself is a function that takes long."""
    return x.op == "call" and x.data not in CHEAP and not str(x.data).startswith("bits.")


def dear(x: Sym) -> bool:
    """Worth keeping in an array rather than computing again: a reduction or a transcendental function."""
    return "fold" in x.has or bool(sym.collect(x, lambda n: n.op == "call" and n.data not in CHEAP))


def _rebound(x: Sym, old: Sym, new: Sym) -> Sym:
    """A fold with one bound variable renamed, kept as raw parts (not normalised again)."""
    body = sym.substitute(x.args[0], {old: new})
    names = tuple(new if v is old else v for v in sym.fold_vars(x))
    return sym.make("fold", (body, x.args[1]), (sym.fold_op(x), names), x.dtype)


def row_major(vs: list[Sym]) -> Sym:
    out = ZERO
    for v in vs:
        out = sym.add(sym.mul(out, sym.extent_of(v)), v)
    return out


def _chain(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """a op b left as written, so that an unrolled reduction is not rolled up again."""
    if sym.is_identity(op, a):
        return b
    if op in ("max", "min"):
        return sym.make("call", (a, b), op, dtype)
    if not dtype.is_float:
        return sym.binary(op, a, b, dtype) if op != "+" else sym.add(a, b)
    return sym.make("bin", (a, b), op, dtype)


def combined(op: str, a: Expr, b: Expr) -> Expr:
    """a op b, for the operations reductions use."""
    return Call(op, (a, b), a.dtype) if op in ("max", "min") else Binary(op, a, b, a.dtype)


def _as_i32(e: Expr) -> Expr:
    dtype = e.dtype
    return Cast(e, DType.I32) if dtype is not DType.I32 else e


def conjunction(conditions: Sequence[Expr]) -> Expr:
    """All of one condition or more."""
    out = conditions[0]
    for c in conditions[1:]:
        out = Binary("&&", out, c, DType.BOOL)
    return out


def _high_bits(atom: Sym, c: int) -> Sym | None:
    """x where c * atom is x without its low bits: (x >> 4) * 16 is x & -16, whatever its sign is."""
    if atom.op != "bit" or atom.data != ">>" or not sym.is_const(atom.args[1]):
        return None
    by = sym.value_of(atom.args[1])
    return atom.args[0] if 0 < by < 32 and c == 1 << by else None


def _sized(n: int) -> tuple[int, bool]:
    """A number as one that is added, or as its size that is subtracted; the least int has none."""
    return (-n, True) if -1 << 31 < n < 0 else (n, False)


def _beyond(atom: Sym, c: int) -> bool:
    """Whether c * atom, for a power of two, reaches the sign of a word: the upper half or byte of one."""
    return c > 0 and c & (c - 1) == 0 and atom.lo >= 0 and (1 << 31) <= atom.hi * c < (1 << 32)


def _upper(e: Expr, c: int) -> Expr:
    """e * c for bits that are moved to the top of a word, where a product would overflow."""
    by = Const(c.bit_length() - 1, DType.I32)
    return Cast(Binary("<<", Cast(e, DType.U32), by, DType.U32), DType.I32)


def whole(value: int) -> Const:
    """An int; Unsummarised where none holds the value: words that wrap, or are longer, have no form in ints."""
    if not -1 << 31 <= value < 1 << 31:
        raise Unsummarised(f"{value} is no 32-bit integer")
    return Const(value, DType.I32)


def converted(e: Expr, dtype: DType) -> Expr:
    if e.dtype is dtype:
        return e
    if isinstance(e, Const) and not dtype.is_float and not e.dtype.is_float and fits(e.value, dtype):
        return Const(e.value, dtype)
    return Cast(e, dtype)
