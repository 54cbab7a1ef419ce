"""Statements in C++ over exact numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from xpiler.emulate.lowered.expr import CTYPE, Scope
from xpiler.emulate.lowered.halves import Owner
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Assign, Atomic, Barrier, Break, Buffer, Cast, Const, Continue, Expr, For, If,
    Intrinsic, Launch, Let, Meaning, Return, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType

# Where the runtime keeps one copy for all threads of a block, for a core's task, for a cluster.
SECTION = {"block": "shared", "core": "nram", "cluster": "sram"}
AXIS = {
    "block.x": "xp::block_idx.x", "block.y": "xp::block_idx.y", "block.z": "xp::block_idx.z",
    "thread.x": "xp::thread_idx.x", "thread.y": "xp::thread_idx.y", "thread.z": "xp::thread_idx.z",
    "task": "xp::task", "cluster": "xp::cluster", "core": "xp::core",
}
_BARRIERS = {"block": "xp::barrier_block();", "cluster": "xp::barrier_cluster();", "device": "xp::barrier_all();",
             "core": ";"}
_LANES = {"idx": "xp::LANE_IDX", "up": "xp::LANE_UP", "down": "xp::LANE_DOWN", "xor": "xp::LANE_XOR"}
_VOTES = {"any": "xp::VOTE_ANY", "all": "xp::VOTE_ALL", "ballot": "xp::VOTE_BALLOT"}
_OPS = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}
_ELEMENT = 32
ON_STACK = 1 << 15  # bytes of a local array; larger ones go to the heap


@dataclass
class Body:
    """Writes the statements of one function. `shared` are the dynamic shared arrays it has met; `leave` is how it
    returns; `scopes` says which threads share a space; `together` names what the lanes of a warp do as one."""

    scope: Scope
    meanings: Mapping[tuple[str, str], tuple[str, Meaning]]
    scopes: Mapping[str, str] = field(default_factory=dict)
    launches: Mapping[str, str] = field(default_factory=dict)
    leave: str = "return;"
    shared: list[Buffer] = field(default_factory=list)
    together: str = ""
    own: list[str] = field(default_factory=list)  # arrays of one thread
    words: Mapping[Owner, frozenset[str]] = field(default_factory=dict)  # what may hold the bits of halves
    operations: int = 0

    def lines(self, body: tuple[Stmt, ...]) -> list[str]:
        return [line for s in body for line in self.statement(s)]

    def block(self, body: tuple[Stmt, ...]) -> list[str]:
        return [f"  {line}" for line in self.lines(body)]

    def statement(self, s: Stmt) -> list[str]:
        self.scope.span = s.span
        t = self.scope
        match s:
            case Let(var, value):
                given = "" if value is None else f" = {t.given(var.name, value, var.dtype)}"
                return [f"{t.ctype(var.name, var.dtype)} {t.name(var.name)}{given};"]
            case Assign(var, value):
                return [f"{t.name(var.name)} = {t.given(var.name, value, var.dtype)};"]
            case Store(buffer, index, value):
                own = t.buffers.get(buffer, value.dtype)
                return [f"{t.place(buffer, own)}[{t.text(index)}] = {t.stored(buffer, value, own)};"]
            case Alloc(buffer, init):
                return self._alloc(buffer, init)
            case For():
                return self._for(s)
            case While(cond, body):
                return [f"while ({t.condition(cond)}) {{", *self.block(body), "}"]
            case If(cond, then, orelse):
                lines = [f"if ({t.condition(cond)}) {{", *self.block(then), "}"]
                return [*lines, *(["else {", *self.block(orelse), "}"] if orelse else [])]
            case Intrinsic():
                return self._intrinsic(s)
            case Shuffle():
                return self._shuffle(s)
            case Atomic():
                return self._atomic(s)
            case Barrier("warp"):
                return ["xp::barrier_warp(~xp::mask_t(0) >> (64 - xp::warp_size));"]
            case Barrier(scope) if scope in _BARRIERS:
                return [_BARRIERS[scope]]
            case Return():
                return [self.leave]
            case Break():
                return ["break;"]
            case Continue():
                return ["continue;"]
            case Launch(kernel, args):
                return [f"{self.launches[kernel]}({', '.join(self.argument(a, a.dtype) for a in args)});"]
        raise t.refuse(f"a statement of kind {type(s).__name__}")

    def argument(self, a: Expr, dtype: DType) -> str:
        return self.scope.address(a, dtype) if isinstance(a, Addr) else self.scope.converted(a, dtype)

    # ------------------------------------------------------------ storage

    def _alloc(self, b: Buffer, init: tuple[Expr, ...]) -> list[str]:
        t, ctype = self.scope, self.scope.ctype(b.name, b.dtype)
        values = [t.given(b.name, e, b.dtype) for e in init]
        t.buffers[b.name] = b.dtype
        name = t.name(b.name, "b")
        if b.extent is None:
            raise t.refuse(f"the size of `{b.name}` is not known")
        section = SECTION.get(self.scopes.get(b.space, ""))
        extent = int(b.extent.value) if isinstance(b.extent, Const) else None
        if section and init:
            raise t.refuse(f"`{b.name}` starts with values in {b.space} memory")
        if section == "shared" and extent is None:
            return self._dynamic(b, name)
        if not section:
            self.own.append(b.name)
        if section:
            if extent is None:
                raise t.refuse(f"the size of `{b.name}` is not a constant")
            return [f'XP_SPACE("{section}") {ctype} {name}[{max(extent, 1)}];']
        if extent is not None and extent * _ELEMENT <= ON_STACK:
            given = f" = {{{', '.join(values)}}}" if values else ""
            return [f"{ctype} {name}[{max(extent, 1)}]{given};"]
        lines = [f"xp::exact::Heap<{ctype}> heap_{name}({t.text(b.extent)});", f"{ctype}* const {name} = heap_{name};"]
        if values and extent is not None:
            values += [f"{ctype}{{}}"] * (extent - len(values))
        return lines + [f"{name}[{i}] = {v};" for i, v in enumerate(values)]

    def _dynamic(self, b: Buffer, name: str) -> list[str]:
        """A shared array whose size the launch gives: they lie one behind the other."""
        before = " + ".join(["0", *(self.bytes_of(x) for x in self.shared)])
        self.shared.append(b)
        ctype = CTYPE[b.dtype]
        return [f"{ctype}* const {name} = reinterpret_cast<{ctype}*>(xp::dynamic_shared + ({before}));"]

    def bytes_of(self, b: Buffer) -> str:
        assert b.extent is not None, "a dynamic array has a size"
        return f"(std::size_t({self.scope.text(b.extent)}) * sizeof({CTYPE[b.dtype]}) + 63) / 64 * 64"

    # ------------------------------------------------------------ loops

    def _for(self, s: For) -> list[str]:
        t, ctype = self.scope, CTYPE[s.var.dtype]
        if s.kind not in PLAIN:
            if s.kind not in AXIS:
                raise t.refuse(f"the axis {s.kind}")
            return [f"{ctype} {t.name(s.var.name)} = ({ctype}){AXIS[s.kind]};", *self.lines(s.body)]
        v = t.name(s.var.name)
        bounds = (f"{ctype} {v} = {t.converted(s.start, s.var.dtype)}, stop_{v} = {t.converted(s.stop, s.var.dtype)}, "
                  f"step_{v} = {t.converted(s.step, s.var.dtype)}")
        return [f"for ({bounds}; {v} < stop_{v}; {v} += step_{v}) {{", *self.block(s.body), "}"]

    # ------------------------------------------------------------ calls and exchanges

    def _intrinsic(self, s: Intrinsic) -> list[str]:
        if not self.together or (s.name, s.key) not in self.meanings or not re.search(self.together, s.name):
            return self._called(s)
        if not self.scopes:
            raise self.scope.refuse(f"`{s.name}` without a warp")
        return [*self._as_one(s), *self._called(s)]

    def _as_one(self, s: Intrinsic) -> list[str]:
        """All lanes of the warp meet here with the same operands. A thread's own array is told by its name and place,
        as it lies elsewhere in each, and by what is in it where that is looked at."""
        t = self.scope
        self.operations += 1
        given = [f'{{"operation", {self.operations}u}}']
        for a, p in zip(s.args, self.meanings[s.name, s.key][1].params, strict=True):
            if isinstance(a, Addr) and a.buffer in self.own:
                given += [f'{{"tile", {self.own.index(a.buffer)}u}}', f'{{"tile", xp::operand({t.text(a.index)})}}']
                if isinstance(p, Buffer) and p.const:
                    given.append(f'{{"tile", {self._contents(a, p)}}}')
            elif isinstance(a, Addr):
                given.append(f'{{"address", xp::operand({t.address(a, t.buffers[a.buffer])})}}')
            elif a.dtype.is_float:
                raise t.refuse(f"a number that all lanes give `{s.name}`")
            else:
                given.append(f'{{"operand", xp::operand({t.text(a)})}}')
        return [f"{{ const xp::Operand given[] = {{{', '.join(given)}}}; xp::together(given, {len(given)}); }}"]

    def _contents(self, a: Addr, p: Buffer) -> str:
        t = self.scope
        if not isinstance(p.extent, Const):
            raise t.refuse(f"how much is looked at of `{a.buffer}`")
        return f"xp::exact::digest({t.address(a, t.buffers[a.buffer])}, {p.extent.value})"

    def _called(self, s: Intrinsic) -> list[str]:
        t = self.scope
        if (s.name, s.key) not in self.meanings:
            raise t.refuse(f"`{s.name}` has no meaning in numbers")
        function, meaning = self.meanings[s.name, s.key]
        words = self.words.get((s.name, s.key), frozenset())
        args = [t.word(a if a.dtype is p.dtype else Cast(a, p.dtype)) if isinstance(p, Var) and p.name in words
                else self._given(a, p) for a, p in zip(s.args, meaning.params, strict=True)]
        match meaning.result, s.result:
            case _, None if not isinstance(meaning.result, Buffer):
                return [f"{function}({', '.join(args)});"]
            case Var(_, dtype), Var() as result:
                value = f"{function}({', '.join(args)})"
                made = value if t.words and result.name in t.words else self._as(value, dtype, result.dtype)
                return [f"{t.name(result.name)} = {made};"]
            case Buffer(_, dtype, Const(n)), Addr() as to:
                ctype = t.ctype(to.buffer, dtype)
                return [f"{{ {ctype} made[{n}]; {function}({', '.join([*args, 'made'])}); "
                        f"{ctype}* to = {t.address(to, dtype)}; for (int i = 0; i < {n}; ++i) to[i] = made[i]; }}"]
        raise t.refuse(f"the result of `{s.name}`")

    def _given(self, a: Expr, p: Buffer | Var) -> str:
        if isinstance(p, Buffer):
            if not isinstance(a, Addr):
                raise self.scope.refuse("a number where an address is wanted")
            return self.scope.address(a, p.dtype)
        if isinstance(a, Addr):
            raise self.scope.refuse("an address where a number is wanted")
        return self.scope.converted(a, p.dtype)

    def _as(self, text: str, own: DType, dtype: DType) -> str:
        if own.is_float != dtype.is_float:
            raise self.scope.refuse(f"a result of {own} taken for {dtype}")
        return text if dtype.is_float else f"({CTYPE[dtype]})({text})"

    def _shuffle(self, s: Shuffle) -> list[str]:
        t, dtype = self.scope, s.result.dtype
        mask = f"(xp::mask_t)({t.text(s.mask)})"
        if s.width < s.warp and s.mask == Const((1 << s.warp) - 1, s.mask.dtype):
            mask = "xp::ACTIVE"  # all there are: the lanes of other segments have no part in it, and may be elsewhere
        result = t.name(s.result.name)
        if s.kind == "active":
            return [f"{result} = ({CTYPE[dtype]})xp::active_mask();"]
        if s.kind in _VOTES:
            return [f"{result} = ({CTYPE[dtype]})xp::vote({_VOTES[s.kind]}, {t.condition(s.value)}, {mask});"]
        if s.kind not in _LANES:
            raise t.refuse(f"a shuffle of kind {s.kind}")
        function = "xp::exact::shuffle" if dtype.is_float else f"xp::shuffle<{CTYPE[dtype]}>"
        value = t.converted(s.value, dtype)
        return [f"{result} = {function}({_LANES[s.kind]}, {value}, (int)({t.text(s.lane)}), {s.width}u, {s.warp}u, "
                f"{mask});"]

    def _atomic(self, s: Atomic) -> list[str]:
        """Threads change at meetings only, so that what is one statement here is one step."""
        t = self.scope
        dtype = t.buffers.get(s.buffer, s.value.dtype)
        ctype = CTYPE[dtype]
        if s.buffer in t.mixed:
            raise t.refuse(f"an atomic of `{s.buffer}`, which holds floats and integers")
        if dtype.is_float and s.op in ("and", "or", "xor"):
            raise t.refuse(f"an atomic {s.op} of floats")
        space = "xp::exact::" if dtype.is_float else "std::"
        match s.op:
            case "exch":
                new = "value"
            case "cas" if s.compare is not None:
                new = f"old == {t.converted(s.compare, dtype)} ? value : old"
            case "min" | "max":
                new = f"{space}{s.op}(old, value)"
            case op if op in _OPS:
                new = f"({ctype})(old {_OPS[op]} value)"
            case _:
                raise t.refuse(f"an atomic {s.op}")
        keep = "" if s.result is None else f" {t.name(s.result.name)} = old;"
        return [f"{{ {ctype}& cell = {t.place(s.buffer, dtype)}[{t.text(s.index)}]; {ctype} old = cell, "
                f"value = {t.converted(s.value, dtype)}; cell = {new};{keep} }}"]
