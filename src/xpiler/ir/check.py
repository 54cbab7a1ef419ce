"""Is this program well formed? Run after every step, before any judge spends time on it."""

from __future__ import annotations

from typing import NoReturn

from xpiler.fault import NOWHERE, Fault, Span
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, Continue, Expr,
    For, If, Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning, Param, Program, Return, Select,
    Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Body, buffers_used, buffers_written, defines, scalars_read, scalars_written, statements,
)

AXES = (
    "cluster", "task", "core",
    "block.z", "block.y", "block.x", "thread.z", "thread.y", "thread.x",
)  # outermost first
KINDS = PLAIN.union(AXES)
SCOPES = frozenset({"warp", "block", "cluster", "device", "core"})
SHUFFLES = frozenset({"idx", "up", "down", "xor", "any", "all", "ballot", "active"})
ATOMICS = frozenset({"add", "sub", "max", "min", "exch", "cas", "and", "or", "xor"})
ARITHMETIC = frozenset({"+", "-", "*", "/"})
INTEGER = frozenset({"%", "&", "|", "^"})
SHIFTS = frozenset({"<<", ">>"})
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
LOGIC = frozenset({"&&", "||"})

CODES = {
    "XP3101": "a name is used where nothing of that name is in scope",
    "XP3102": "a name is declared twice in one kernel, or two kernels have one name",
    "XP3103": "a scalar or buffer is used with another type than it was declared with",
    "XP3104": "the operands of an operator do not have the types it needs",
    "XP3105": "a value is stored to a place of another type without a conversion",
    "XP3106": "a loop's start, stop or step does not have the type of its variable, or the step is not positive",
    "XP3107": "a loop variable, or what a loop bound reads, is written in the loop's body",
    "XP3108": "a parallel axis loop is out of order or does not enclose the whole kernel",
    "XP3109": "an address is used as an operand; it can only be an argument",
    "XP3110": "break or continue outside a loop",
    "XP3111": "a store to a const buffer",
    "XP3112": "an operator, loop kind, barrier scope, shuffle or atomic that the IR does not have",
    "XP3113": "a launch does not fit the kernel it names",
    "XP3114": "a buffer has no extent, or one that is not a positive integer",
    "XP3115": "a constant does not fit its type",
}


def check(program: Program) -> None:
    """Raise the first Fault (XP3101 to XP3115) of a program that is not well formed."""
    for meaning in program.meanings:
        _Body(f"the meaning of `{meaning.name}`").meaning(meaning)
    for kernel in program.kernels:
        _Body(f"kernel `{kernel.name}`").kernel(kernel)
    names = [k.name for k in program.kernels]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise Fault("XP3102", f"two kernels are called `{twice}`")
    if program.launcher is not None:
        _Body(f"launcher `{program.launcher.name}`").launcher(program.launcher, program)


class _Body:
    """One check over one body: what is in scope, what was ever declared, and where we are."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.scope: dict[str, Param] = {}
        self.ever: set[str] = set()
        self.span: Span = NOWHERE
        self.loops = 0  # loops a break may leave
        self.program: Program | None = None  # set inside a launcher

    def fault(self, code: str, what: str, why: str = "") -> NoReturn:
        raise Fault(code, f"{self.owner}: {what}", self.span, why)

    # ------------------------------------------------------------ owners

    def kernel(self, kernel: Kernel) -> None:
        self.span = kernel.span
        self.params(kernel.params)
        self.axes(kernel.body)
        self.body(kernel.body)

    def meaning(self, meaning: Meaning) -> None:
        self.params(meaning.params)
        if meaning.result is not None:
            self.declare(meaning.result)
        self.body(meaning.body)

    def launcher(self, launcher: Launcher, program: Program) -> None:
        self.span, self.program = launcher.span, program
        self.params(launcher.params)
        # A device extent may be a host scalar that the body computes first.
        lets = [s.var for s in launcher.body if isinstance(s, Let)]
        hosts = {p.name for p in launcher.params if isinstance(p, Buffer)}
        for var in lets:
            self.scope[var.name] = var
        for b in launcher.buffers:
            self.extent(b.name, b.extent)
            for host in {b.host, b.out} - {""} - hosts:
                self.fault("XP3101", f"`{b.name}` mirrors `{host}`, which is no pointer parameter")
        for var in lets:
            del self.scope[var.name]
        for b in launcher.buffers:
            self.declare(Buffer(b.name, b.dtype, b.extent))
        self.body(launcher.body)

    def params(self, params: tuple[Param, ...]) -> None:
        for p in params:
            self.declare(p)
        for p in params:
            if isinstance(p, Buffer) and p.extent is not None:
                self.extent(p.name, p.extent)

    def declare(self, p: Param) -> None:
        if p.name in self.ever:
            self.fault("XP3102", f"`{p.name}` is declared twice", "names are unique within a kernel")
        self.ever.add(p.name)
        self.scope[p.name] = p

    # ------------------------------------------------------------ statements

    def body(self, body: Body) -> None:
        outer = dict(self.scope)
        for s in body:
            self.span = s.span if s.span.line else self.span
            self.stmt(s)
        self.scope = outer

    def stmt(self, s: Stmt) -> None:
        match s:
            case Let(var, value):
                if value is not None:
                    self.flows(value, var.dtype, f"`{var.name}`")
                self.declare(var)
            case Assign(var, value):
                self.expr(var)
                self.flows(value, var.dtype, f"`{var.name}`")
            case Store(buffer, index, value):
                self.flows(value, self.written(buffer).dtype, f"`{buffer}`")
                self.index(index)
            case Alloc(buffer, init):
                self.alloc(buffer, init)
            case For():
                self.loop(s)
            case While(cond, body):
                self.expr(cond)
                self.inside_loop(body)
            case If(cond, then, orelse):
                self.expr(cond)
                self.body(then)
                self.body(orelse)
            case Launch():
                self.launch(s)
            case Intrinsic(_, args, result):
                for a in args:
                    self.expr(a, address=True)
                if result is not None:
                    self.expr(result, address=True)
                if isinstance(result, Addr):
                    self.written(result.buffer)
            case Shuffle():
                self.shuffle(s)
            case Atomic():
                self.atomic(s)
            case Barrier(scope):
                if scope not in SCOPES:
                    self.fault("XP3112", f"unknown barrier scope `{scope}`")
            case Break() | Continue():
                if not self.loops:
                    name = type(s).__name__.lower()
                    self.fault("XP3110", f"`{name}` outside a loop")
            case Return():
                pass
            case _:
                raise TypeError(f"not a statement: {s!r}")

    def alloc(self, buffer: Buffer, init: tuple[Expr, ...]) -> None:
        if buffer.extent is None:
            self.fault("XP3114", f"`{buffer.name}` is allocated without an extent")
        self.extent(buffer.name, buffer.extent)
        for e in init:
            self.flows(e, buffer.dtype, f"`{buffer.name}`")
        if isinstance(buffer.extent, Const) and len(init) > buffer.extent.value:
            self.fault("XP3114", f"`{buffer.name}` has more initial values than elements")
        self.declare(buffer)

    def loop(self, s: For) -> None:
        name = s.var.name
        if s.kind not in KINDS:
            self.fault("XP3112", f"loop `{name}` has the unknown kind `{s.kind}`")
        for what, e in (("start", s.start), ("stop", s.stop), ("step", s.step)):
            self.expr(e)
            if e.dtype != s.var.dtype or e.dtype.is_float:
                self.fault(
                    "XP3106", f"the {what} of loop `{name}` is {e.dtype}", f"`{name}` is {s.var.dtype}"
                )
        if isinstance(s.step, Const) and s.step.value <= 0:
            self.fault("XP3106", f"loop `{name}` has the step {s.step.value}", "steps are positive")
        self.fixed(s)
        kept = dict(self.scope)
        self.declare(s.var)
        self.inside_loop(s.body)
        self.scope = kept

    def fixed(self, s: For) -> None:
        """The loop variable, and what stop and step read, do not change in the body."""
        if any(s.var == defines(inner) for inner in statements(s.body)):
            self.fault("XP3107", f"loop variable `{s.var.name}` is assigned in its loop")
        bounds = scalars_read(s.stop) | scalars_read(s.step)
        changed = {v.name for v in bounds & scalars_written(s.body)}
        if buffers := buffers_used(s.stop) | buffers_used(s.step):
            changed |= buffers & buffers_written(s.body)
        if changed:
            self.fault(
                "XP3107", f"a bound of loop `{s.var.name}` reads `{min(changed)}`",
                "which the body writes; stop and step are fixed on entry",
            )

    def inside_loop(self, body: Body) -> None:
        self.loops += 1
        self.body(body)
        self.loops -= 1

    def launch(self, s: Launch) -> None:
        if self.program is None:
            self.fault("XP3113", "a launch outside a launcher")
        kernel = next((k for k in self.program.kernels if k.name == s.kernel), None)
        if kernel is None:
            self.fault("XP3113", f"launch of `{s.kernel}`, which is not a kernel of the program")
        if len(kernel.params) != len(s.args):
            self.fault(
                "XP3113", f"launch of `{s.kernel}` with {len(s.args)} arguments",
                f"it has {len(kernel.params)} parameters",
            )
        for p, a in zip(kernel.params, s.args, strict=True):
            self.expr(a, address=True)
            if isinstance(p, Buffer) != isinstance(a, Addr) or p.dtype != a.dtype:
                self.fault(
                    "XP3113", f"launch of `{s.kernel}`: the argument for `{p.name}` does not fit",
                    f"it is {a.dtype}, the parameter is {p.dtype}",
                )

    def shuffle(self, s: Shuffle) -> None:
        if s.kind not in SHUFFLES:
            self.fault("XP3112", f"unknown shuffle `{s.kind}`")
        for e in (s.result, s.value, s.lane, s.mask):
            self.expr(e)
        vote = s.kind in ("any", "all", "ballot", "active")
        if not vote and s.result.dtype != s.value.dtype:
            self.fault("XP3105", f"a shuffle of {s.value.dtype} into `{s.result.name}`")
        if s.width < 1 or s.width & (s.width - 1) or s.width > s.warp:
            self.fault("XP3112", f"shuffle width {s.width}", f"a power of two up to {s.warp}")

    def atomic(self, s: Atomic) -> None:
        if s.op not in ATOMICS:
            self.fault("XP3112", f"unknown atomic `{s.op}`")
        if (s.op == "cas") != (s.compare is not None):
            self.fault("XP3112", f"atomic `{s.op}`", "cas, and only cas, compares")
        dtype = self.written(s.buffer).dtype
        self.index(s.index)
        self.flows(s.value, dtype, f"`{s.buffer}`")
        if s.compare is not None:
            self.flows(s.compare, dtype, f"`{s.buffer}`")
        if s.result is not None:
            self.expr(s.result)

    # ------------------------------------------------------------ axis loops

    def axes(self, body: Body) -> None:
        """Axis loops form one chain from the top, outermost first, with only Allocs beside them."""
        rank = -1
        while True:
            chain = [s for s in body if isinstance(s, For) and s.kind in AXES]
            if not chain:
                break
            loop = chain[0]
            self.span = loop.span if loop.span.line else self.span
            where = f"axis loop `{loop.var.name}` ({loop.kind})"
            if any(not isinstance(s, Alloc) for s in body if s is not loop):
                self.fault("XP3108", f"{where} has statements beside it", "it encloses the kernel")
            if AXES.index(loop.kind) <= rank:
                self.fault("XP3108", f"{where} is out of order", f"the order is {' '.join(AXES)}")
            if not (_is(loop.start, 0) and _is(loop.step, 1)):
                self.fault("XP3108", f"{where} does not count from 0 in steps of 1")
            rank, body = AXES.index(loop.kind), loop.body
        for s in statements(body):
            if isinstance(s, For) and s.kind in AXES:
                self.span = s.span if s.span.line else self.span
                self.fault("XP3108", f"axis loop `{s.var.name}` ({s.kind}) inside a statement")

    # ------------------------------------------------------------ expressions

    def flows(self, value: Expr, dtype: DType, place: str) -> None:
        self.expr(value)
        if value.dtype != dtype:
            self.fault("XP3105", f"a {value.dtype} value goes into {place}, which is {dtype}")

    def index(self, e: Expr) -> None:
        self.expr(e)
        if e.dtype.is_float:
            self.fault("XP3104", f"an index of type {e.dtype}")

    def extent(self, name: str, e: Expr) -> None:
        self.expr(e)
        if e.dtype.is_float or (isinstance(e, Const) and e.value <= 0):
            self.fault("XP3114", f"`{name}` has an extent that is not a positive integer")

    def buffer(self, name: str) -> Buffer:
        found = self.scope.get(name)
        if not isinstance(found, Buffer):
            self.fault("XP3101", f"no buffer `{name}` is in scope here")
        return found

    def written(self, name: str) -> Buffer:
        found = self.buffer(name)
        if found.const:
            self.fault("XP3111", f"a store to `{name}`, which is const")
        return found

    def expr(self, e: Expr, address: bool = False) -> None:
        match e:
            case Const(value, dtype):
                if not dtype.is_float and not fits(value, dtype):
                    self.fault("XP3115", f"{value} is no {dtype}")
            case Var(name, dtype):
                found = self.scope.get(name)
                if not isinstance(found, Var):
                    self.fault("XP3101", f"no scalar `{name}` is in scope here")
                if found.dtype != dtype:
                    self.fault("XP3103", f"`{name}` is used as {dtype}", f"it is {found.dtype}")
            case Addr(buffer, index, dtype) | Load(buffer, index, dtype):
                if isinstance(e, Addr) and not address:
                    self.fault("XP3109", f"the address of `{buffer}` is no operand")
                declared = self.buffer(buffer).dtype
                if declared != dtype:
                    self.fault("XP3103", f"`{buffer}` is used as {dtype}", f"it holds {declared}")
                self.index(index)
            case Unary():
                self.expr(e.a)
                self.unary(e)
            case Binary():
                self.expr(e.a)
                self.expr(e.b)
                self.binary(e)
            case Select(cond, a, b, dtype):
                for x in (cond, a, b):
                    self.expr(x)
                if not a.dtype == b.dtype == dtype:
                    self.fault("XP3104", f"`?:` of {a.dtype} and {b.dtype} is {dtype}")
            case Cast(a):
                self.expr(a)
            case Call(_, args):
                for a in args:
                    self.expr(a)
            case _:
                raise TypeError(f"not an expression: {e!r}")

    def unary(self, e: Unary) -> None:
        match e.op:
            case "!":
                fine = e.dtype is DType.BOOL
            case "~":
                fine = e.dtype == e.a.dtype and not e.dtype.is_float
            case "-":
                fine = e.dtype == e.a.dtype
            case _:
                self.fault("XP3112", f"unknown operator `{e.op}`")
        if not fine:
            self.fault("XP3104", f"`{e.op}` of {e.a.dtype} is {e.dtype}")

    def binary(self, e: Binary) -> None:
        a, b = e.a.dtype, e.b.dtype
        narrow = not e.dtype.is_float and e.dtype.bits < 32
        if e.op in ARITHMETIC:
            fine = a == b == e.dtype and not narrow
        elif e.op in INTEGER:
            fine = a == b == e.dtype and not e.dtype.is_float and not narrow
        elif e.op in SHIFTS:
            fine = a == e.dtype and not a.is_float and not b.is_float and not narrow
        elif e.op in COMPARISONS:
            fine = a == b and e.dtype is DType.BOOL
        elif e.op in LOGIC:
            fine = e.dtype is DType.BOOL
        else:
            self.fault("XP3112", f"unknown operator `{e.op}`")
        if not fine:
            self.fault("XP3104", f"`{e.op}` of {a} and {b} is {e.dtype}", "conversions are explicit")


def _is(e: Expr, value: int) -> bool:
    return isinstance(e, Const) and e.value == value


def fits(value: int | float, dtype: DType) -> bool:
    if not isinstance(value, int):
        return False
    if dtype is DType.BOOL:
        return value in (0, 1)
    low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
    return low <= value < low + (1 << dtype.bits)
