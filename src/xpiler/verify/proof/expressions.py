"""What an expression is worth at a place of a program: an index where it can be, else a term over the inputs."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, For, Load, Select, Unary, Var
from xpiler.ir.types import DType
from xpiler.verify.proof import arith
from xpiler.verify.proof.flatten import Flat, at_line, plain
from xpiler.verify.proof.index import (
    FALSE, TRUE, Atom, Formula, Poly, at_least, below, both, either, interval, ite, negated, poly,
)
from xpiler.verify.proof.scene import Env, Place, Scene, Split, Value, Writer
from xpiler.verify.proof.solver import Facts, Outside
from xpiler.verify.proof.terms import Term, Terms
from xpiler.verify.proof.tree import Node, Tree

COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
# What an integer was before an iteration, where it is tried whether it grows by the same in each.
OLD = "before~"
# A size times more than this may well overflow, as data.
LARGE = 1 << 12


@dataclass
class Expressions:
    """One program, asked about its expressions. `free` are the symbols a case split may be made on."""

    flat: Flat
    tree: Tree
    terms: Terms
    scalars: Mapping[str, Value]
    free: frozenset[Atom]
    _read: dict[object, Value] = field(default_factory=dict)
    _writers: dict[object, tuple[Writer, ...]] = field(default_factory=dict)
    side: str = ""  # tells the symbols of two programs apart
    _probing: int = 0
    _asked_of: set[tuple[int, str]] = field(default_factory=set)

    def before(self, node: Node, place: Place, env: Env, scene: Scene) -> Value:
        """What a place holds just before a statement runs."""
        raise NotImplementedError

    def index(self, e: Expr, node: Node, env: Env, scene: Scene) -> Poly:
        v = self.value(e, node, env, scene)
        if isinstance(v, Poly):
            return v
        raise Outside(f"an index or a bound that depends on data{at_line(node.span)}")

    def value(self, e: Expr, node: Node, env: Env, scene: Scene) -> Value:
        """What an expression is worth just before a statement."""
        try:
            return self._value(e, node, env, scene)
        except Outside as o:
            if ", line" in str(o):
                raise
            raise Outside(f"{o}{at_line(node.span)}") from o

    def _value(self, e: Expr, node: Node, env: Env, scene: Scene) -> Value:
        match e:
            case Const(value, dtype):
                return self.constant(value, dtype) if dtype.is_float else poly(int(value))
            case Var(name):
                return self._scalar(name, node, env, scene)
            case Load(buffer, index, dtype):
                if self.tree.types.get(buffer) is not dtype:
                    raise Outside(f"`{plain(buffer)}` is read as another type")
                at = self.index(index, node, env, scene)
                return self.before(node, Place(buffer, at), env, scene)
            case Unary("!", _) | Binary("&&" | "||", _, _):
                return self.truth(self.condition(e, node, env, scene))
            case Binary(op, _, _) if op in COMPARISONS:
                return self.truth(self.condition(e, node, env, scene))
            case Unary("-", a, dtype):
                v = self.value(a, node, env, scene)
                if isinstance(v, Poly):
                    return self._binary("-", poly(0), v, dtype, scene.facts)
                return self.op("neg", dtype, (v,))
            case Binary(op, a, b, dtype):
                return self._binary(op, self.value(a, node, env, scene), self.value(b, node, env, scene), dtype,
                                    scene.facts)
            case Select(cond, a, b):
                return self.choose(
                    self.condition(cond, node, env, scene), lambda s: self.value(a, node, env, s),
                    lambda s: self.value(b, node, env, s), scene,
                )
            case Cast(a, dtype):
                return self._cast(self.value(a, node, env, scene), a.dtype, dtype, scene.facts)
            case Call(name, args, dtype):
                return self._call(name, [self.value(a, node, env, scene) for a in args], dtype, scene)
        raise Outside(f"an expression of kind {type(e).__name__.lower()}")

    def _scalar(self, name: str, node: Node, env: Env, scene: Scene) -> Value:
        if name in env:
            return env[name]
        if name in self.scalars and not any(name in n.writes for n in self.tree.root.nodes):
            return self.scalars[name]
        declared = self.tree.declared.get(name)
        if declared is not None and isinstance(declared.stmt, For):
            raise Outside("a thread's number where any thread is meant")
        return self.before(node, Place(name, None), env, scene)

    def constant(self, value: int | float, dtype: DType) -> Term:
        x = rounded(float(value), dtype)
        if math.isnan(x):
            raise Outside("a NaN")
        if math.isinf(x):
            return self.terms.make("const", str(x))
        return self.terms.make("const", Fraction(x))

    def op(self, name: str, dtype: DType, args: tuple[Term, ...]) -> Term:
        return self.terms.make("op", (name, "real" if dtype is DType.F32 else str(dtype)), args)

    def truth(self, c: Formula | Term) -> Value:
        return ite(c, poly(1), poly(0)) if isinstance(c, Formula) else c

    def _binary(self, op: str, a: Value, b: Value, dtype: DType, facts: Facts) -> Value:
        if isinstance(a, Poly) and isinstance(b, Poly):
            out = arith.binary(op, a, b, facts)
            if out.constant is not None:
                return arith.held(out, dtype, facts)
            if not dtype.is_signed and op == "-" and not self._not_negative(out, facts):
                raise Outside("an unsigned difference that may wrap")
            return arith.held(out, dtype, facts)
        return self.op(op, dtype, (self.data(a, dtype, facts), self.data(b, dtype, facts)))

    def data(self, v: Value, dtype: DType, facts: Facts) -> Term:
        """An integer as data: that it does not overflow is assumed of sizes, and shown where these are numbers."""
        if isinstance(v, Poly) and not dtype.is_float and not any(s.key.startswith(OLD) for s in v.symbols):
            fixed = not any(s.symbols for s in self.scalars.values() if isinstance(s, Poly))
            if (fixed or any(abs(c) > LARGE for m, c in v.terms.items() if m)) and not arith.fits(v, dtype, facts):
                raise Outside(f"a number that may not fit {dtype}")
        return self.lifted(v)

    def _not_negative(self, p: Poly, facts: Facts) -> bool:
        low, _ = interval(p)
        if low is not None and low >= 0:
            return True
        powers = [a for m in p.terms for a in m if a.kind == "pow2"]
        known = [at_least(poly(a), 1) for a in powers]
        return facts.assume(*known).entails(at_least(p, 0))

    def _cast(self, v: Value, old: DType, new: DType, facts: Facts) -> Value:
        if isinstance(v, Poly):
            if new is DType.BOOL:
                return ite(arith.nonzero(v), poly(1), poly(0))
            if new.is_float:
                n = v.constant
                return self.constant(n, new) if n is not None else self.op("real", new, (self.data(v, old, facts),))
            if v.constant is not None:
                return poly(arith.wrapped(v.constant, new))
            if old is new or (new.bits > old.bits and (new.is_signed or not old.is_signed)):
                return v
            if arith.fits(v, new, facts):
                return v
            if new.bits >= 32 and (new.is_signed or self._not_negative(v, facts)):
                return arith.held(v, new, facts)
            raise Outside(f"an index that may not fit {new}")
        if old.is_float and new.is_float:
            return v if new.bits >= old.bits and not _narrow(old, new) else self.terms.make(
                "op", ("narrowed", str(new)), (v,)
            )
        if old.is_float:
            return self.terms.make("op", ("whole", str(new)), (v,))
        if new.is_float:
            return self.op("real", new, (v,))
        wider = new.bits > old.bits and (new.is_signed or not old.is_signed)
        if old is new or wider or (old is DType.BOOL):
            return v
        return self.terms.make("op", ("wrap", str(new)), (v,))

    def _call(self, name: str, args: list[Value], dtype: DType, scene: Scene) -> Value:
        if all(isinstance(a, Poly) for a in args):
            whole = [a for a in args if isinstance(a, Poly)]
            match name, whole:
                case ("min" | "max"), [a, b]:
                    cond = below(a, b) if name == "min" else below(b, a)
                    return self.choose(cond, lambda _: a, lambda _: b, scene)
                case "abs", [a]:
                    return self.choose(at_least(a, 0), lambda _: a, lambda _: -a, scene)
        return self.op(name, dtype, tuple(self.lifted(a) for a in args))

    def condition(self, e: Expr, node: Node, env: Env, scene: Scene) -> Formula | Term:
        """An expression as a condition: on indices where it can be, else on data."""
        match e:
            case Unary("!", a):
                c = self.condition(a, node, env, scene)
                return negated(c) if isinstance(c, Formula) else self.op("!", DType.BOOL, (c,))
            case Binary("&&" | "||" as op, a, b):
                x = self.condition(a, node, env, scene)
                if isinstance(x, Formula):
                    x = TRUE if scene.facts.entails(x) else FALSE if scene.facts.refutes(x) else x
                    if x.op == ("false" if op == "&&" else "true"):
                        return x
                    y = self.condition(b, node, env, scene.assume(x if op == "&&" else negated(x)))
                else:
                    y = self.condition(b, node, env, scene)
                if isinstance(x, Formula) and isinstance(y, Formula):
                    return both([x, y]) if op == "&&" else either([x, y])
                if isinstance(x, Formula) and x.op in ("true", "false"):
                    return y
                return self.op(op, DType.BOOL, (self.lifted(self.truth(x)), self.lifted(self.truth(y))))
            case Binary(op, a, b) if op in COMPARISONS:
                x_, y_ = self.value(a, node, env, scene), self.value(b, node, env, scene)
                if isinstance(x_, Poly) and isinstance(y_, Poly):
                    return arith.compared(op, x_, y_)
                return self.op(op, DType.BOOL, (self.lifted(x_), self.lifted(y_)))
            case Cast(a, DType.BOOL):
                return self.condition(a, node, env, scene)
        v = self.value(e, node, env, scene)
        if isinstance(v, Poly):
            return arith.nonzero(v)
        if e.dtype is DType.BOOL:
            return v
        return self.op("!=", DType.BOOL, (v, self.lifted(poly(0))))

    # ------------------------------------------------------------ one way or the other

    def choose(
        self, cond: Formula | Term, yes: Callable[[Scene], Value], no: Callable[[Scene], Value], scene: Scene
    ) -> Value:
        """cond ? yes : no, where only what can happen is asked for."""
        if isinstance(cond, Term):
            return self.merged(cond, yes(scene), no(scene))
        if scene.facts.entails(cond):
            return yes(scene)
        if scene.facts.refutes(cond):
            return no(scene)
        a, b = yes(scene.assume(cond)), no(scene.assume(negated(cond)))
        if a == b:
            return a
        if cond.symbols <= self.free:
            raise Split(_undecided(cond, scene.facts))
        return self.merged(cond, a, b)

    def merged(self, cond: Formula | Term, a: Value, b: Value) -> Value:
        if isinstance(a, Poly) and isinstance(b, Poly) and isinstance(cond, Formula):
            return ite(cond, a, b)
        x, y = self.lifted(a), self.lifted(b)
        if x is y:
            return x
        if isinstance(cond, Term):
            return self.terms.make("select", None, (cond, x, y))
        return self.terms.make("select", cond, (x, y))

    def lifted(self, v: Value) -> Term:
        return v if isinstance(v, Term) else self.terms.make("index", v)


def _undecided(cond: Formula, facts: Facts) -> Formula:
    """The part of a conjunction to decide first."""
    if cond.op == "and":
        return next((f for f in cond.parts if not facts.entails(f)), cond)
    return cond


def rounded(x: float, dtype: DType) -> float:
    """A number as a type of floats holds it."""
    try:
        match dtype:
            case DType.F32:
                return float(struct.unpack("f", struct.pack("f", x))[0])
            case DType.F16:
                return float(struct.unpack("e", struct.pack("e", x))[0])
            case DType.BF16:
                (bits,) = struct.unpack("I", struct.pack("f", x))
                kept = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
                return float(struct.unpack("f", struct.pack("I", kept))[0])
    except OverflowError:
        return math.copysign(math.inf, x)
    return x


def _narrow(old: DType, new: DType) -> bool:
    return {old, new} == {DType.F16, DType.BF16}
