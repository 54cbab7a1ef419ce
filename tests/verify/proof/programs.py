"""Random small programs, and copies of them with one word changed: those that differ a little are the hardest to tell
apart. Loops in loops, guards, steps, arrays of their own, several kernels, threads that meet."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from xpiler import platforms
from xpiler.ir.nodes import (
    Assign, Barrier, Binary, Call, Const, For, If, Let, Load, Program, Select, Store, Var,
)
from xpiler.text.read import read

SIGNATURE = "const float* x, const int* u, float* y, int* z"
# What a copy may have in the place of what.
SWAPS = {
    "+": "-*", "-": "+", "*": "+", "<": ["<=", ">"], "<=": ["<"], ">": [">=", "<"], ">=": [">"], "==": ["!="],
    "fmaxf": ["fminf"], "fminf": ["fmaxf"], "+=": ["=", "-="], "x": ["y"], "/": ["%", ">>"], "%": ["/", "&"],
    ">>": ["/"], "&": ["%"], "y": ["x"], "t": ["(3-t)"], "int": ["unsigned"], "unsigned": ["int"],
}
WORD = re.compile(r"\d+\.\d+f|\w+|[-+*/%<>=&|!^]+|\S")


class Maker:
    """Programs from a source of chance; `sized` ones have a parameter n."""

    def __init__(self, rng: random.Random, sized: bool = False) -> None:
        self.rng = rng
        self.sized = sized
        self.count = 0

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    # ------------------------------------------------------------ expressions

    def index(self, loops: list[str], top: int = 8) -> str:
        """An index from the loops' variables, of one of the shapes that kernels have."""
        pick = self.rng.choice
        if not loops:
            return str(self.rng.randrange(top))
        i = pick(loops)
        j = pick(loops)
        if self.sized and self.rng.random() < 0.3:
            return pick([f"{i} * n + {j}", f"{j} * n + {i}", f"n - 1 - {i}", f"({i} + 1) % n", f"{i} + n"])
        return pick([
            i, i, f"{i} + {self.rng.randrange(1, 3)}", f"{self.rng.randrange(2, 5)} * {i} + {j}", f"{i} + {j}",
            f"({i} + {self.rng.randrange(1, 4)}) % {self.rng.randrange(2, 5)}", f"{i} / 2", f"7 - {i}",
            f"{i} * {j}", str(self.rng.randrange(top)), f"({i} >> 1) * 2 + ({i} & 1)",
        ])

    def guard(self, loops: list[str], data: bool = True) -> str:
        pick = self.rng.choice
        own = [f"{i} < {self.rng.randrange(1, 6)}" for i in loops]
        own += [f"{i} < n - 1" for i in loops if self.sized]
        own += [f"{i} % 2 == 0" for i in loops] + [f"{i} > {j}" for i in loops for j in loops if i != j]
        if data or not own:
            own += [f"x[{self.index(loops)}] > 0.0f", f"u[{self.index(loops)}] > 1"]
        return pick(own)

    def real(self, loops: list[str], extra: list[str], depth: int = 2) -> str:
        pick = self.rng.choice
        if depth == 0 or self.rng.random() < 0.3:
            return pick([f"x[{self.index(loops)}]", f"x[{self.index(loops)}]", *extra,
                         pick(["0.0f", "1.0f", "2.0f", f"(float)u[{self.index(loops)}]"])])
        a, b = self.real(loops, extra, depth - 1), self.real(loops, extra, depth - 1)
        return pick([f"{a} + {b}", f"({a}) * ({b})", f"{a} - ({b})", f"fmaxf({a}, {b})", f"fminf({a}, {b})",
                     f"({self.guard(loops)} ? {a} : {b})", f"{a} + {b}"])

    def whole(self, loops: list[str], extra: list[str], depth: int = 2) -> str:
        pick = self.rng.choice
        if depth == 0 or self.rng.random() < 0.3:
            return pick([f"u[{self.index(loops)}]", *loops, *extra, str(self.rng.randrange(4))])
        a, b = self.whole(loops, extra, depth - 1), self.whole(loops, extra, depth - 1)
        n = self.rng.randrange(1, 4)
        return pick([f"({a}) + ({b})", f"({a}) * ({b})", f"({a}) - ({b})", f"({a}) / {n}", f"({a}) % {n}",
                     f"({a}) >> {n}", f"(int)((unsigned)({a}) >> {n})", f"({a}) & {n}", f"(int)(unsigned char)({a})",
                     f"({a}) << {n}", f"(({a}) < ({b}) ? ({a}) : ({b}))", f"(int)(signed char)({a})",
                     f"(int)(({a}) > ({b}))"])

    # ------------------------------------------------------------ statements

    def loop(self, loops: list[str]) -> tuple[str, str]:
        i = self.name("i")
        start = self.rng.choice(["0", "0", "0", "1", *loops])
        stop = self.rng.choice([str(self.rng.randrange(1, 6)), "4", *(f"{j} + 1" for j in loops)])
        if self.sized and self.rng.random() < 0.6:
            stop = self.rng.choice(["n", "n", "n - 1", "(n + 1) / 2", "n / 2", "n + 1"])
        step = self.rng.choice(["1", "1", "1", "2"])
        return i, f"for (int {i} = {start}; {i} < {stop}; {i} += {step})"

    def statement(self, loops: list[str], reals: list[str], wholes: list[str], arrays: list[str], depth: int) -> str:
        pick, kind = self.rng.choice, self.rng.random()
        extra = [*reals, *(f"{a}[{self.index(loops)}]" for a in arrays), f"y[{self.index(loops)}]"]
        ints = [*wholes, f"z[{self.index(loops)}]"]
        if depth and kind < 0.35:
            i, head = self.loop(loops)
            return f"{head} {{ {self.block([*loops, i], reals, wholes, arrays, depth - 1)} }}"
        if depth and kind < 0.5:
            other = f" else {{ {self.block(loops, reals, wholes, arrays, 0)} }}" if self.rng.random() < 0.4 else ""
            inside = self.block(loops, reals, wholes, arrays, depth - 1)
            return f"if ({self.guard(loops)}) {{ {inside} }}{other}"
        if reals and kind < 0.65:
            s = pick(reals)
            term = self.real(loops, extra, 1)
            return pick([f"{s} += {term};", f"{s} = fmaxf({s}, {term});", f"{s} = {term};", f"{s} = {s} * 0.5f + {term};"])
        if wholes and kind < 0.75:
            s = pick(wholes)
            return pick([f"{s} += {self.whole(loops, ints, 1)};", f"{s} = {self.whole(loops, ints, 1)};", f"{s} += 1;"])
        if kind < 0.85:
            a = pick(["y", *arrays])
            return f"{a}[{self.index(loops)}] {pick(['=', '=', '+='])} {self.real(loops, extra)};"
        return f"z[{self.index(loops)}] = {self.whole(loops, ints)};"

    def block(self, loops: list[str], reals: list[str], wholes: list[str], arrays: list[str], depth: int) -> str:
        out, reals, wholes = [], list(reals), list(wholes)
        if self.rng.random() < 0.3:
            reals.append(self.name("s"))
            out.append(f"float {reals[-1]} = {self.rng.choice(['0.0f', '1.0f', f'x[{self.index(loops)}]'])};")
        if self.rng.random() < 0.2:
            wholes.append(self.name("m"))
            out.append(f"int {wholes[-1]} = {self.rng.choice(['0', '1', f'u[{self.index(loops)}]', *loops])};")
        out += [self.statement(loops, reals, wholes, arrays, depth) for _ in range(self.rng.choice([1, 1, 2, 3]))]
        return " ".join(out)

    # ------------------------------------------------------------ programs

    def serial(self) -> str:
        """Loops, guards, scalars and an array of its own."""
        arrays = ["a"] if self.rng.random() < 0.5 else []
        first = "float a[32]; for (int q = 0; q < 32; ++q) a[q] = x[q]; " if arrays else ""
        return first + " ".join(self.statement([], ["r"], ["m"], arrays, 3) for _ in range(self.rng.choice([1, 2, 3])))

    def threads(self) -> str:
        """Threads that stage tiles in shared memory, and meet, or guarded ones of any number."""
        pick = self.rng.choice
        if self.sized or self.rng.random() < 0.4:
            return self.side_by_side()
        put = pick(["t", "3 - t", "(t + 1) % 4"])
        term = pick(["s[j]", "s[(t + j) % 4]", "s[j] * x[t + j]", "s[j] + 1.0f"])
        grow = pick([f"r += {term};", f"r = fmaxf(r, {term});", f"r = r * 0.5f + {term};"])
        guard = pick(["", f"if (o * 4 + t < {self.rng.randrange(5, 12)}) ", "if (j < 3) "])
        load, inner = (guard, "") if "o" in guard else ("", guard)
        fill = "s[t] = 0.0f; " if load else ""
        end = pick(["y[b * 4 + t] = r;", "if (t == 0) y[b] = r;", "s[t] = r; __syncthreads(); y[b * 4 + t] = s[3 - t];",
                    "s[t] = r; __syncthreads(); if (t < 2) s[t] += s[t + 2]; __syncthreads(); if (t == 0) y[b] = s[0] + s[1];"])
        return (f"for (int o = 0; o < {self.rng.randrange(1, 4)}; ++o) {{ {fill}{load}s[{put}] = "
                f"x[b * 8 + o * 4 + t]; __syncthreads(); for (int j = 0; j < 4; ++j) {{ {inner}{grow} }} __syncthreads();"
                f" }} {end}")

    def side_by_side(self) -> str:
        """Threads that have little to do with each other."""
        i = self.rng.choice(["b * 4 + t", "t * 2 + b", "b + 2 * t"])
        guard = self.rng.choice(["if (i < n)", "if (i < n - 1)", "if (n > i)"]) if self.sized else ""
        body = self.block(["t"], ["r"], ["m"], [], 2)
        body = re.sub(r"([yz])\[[^\[\]]*\]", r"\1[i]", body)
        return f"int i = {i}; {guard} {{ {body} y[i] = r; }}"


def serial(body: str, sized: bool = False) -> Program:
    """Plain C."""
    signature = SIGNATURE + (", int n" if sized else "")
    text = f'#include <math.h>\nextern "C" void f({signature}) {{ float r = 0.0f; int m = 0; {body} y[40] = r; z[40] = m; }}'
    return read(text, platforms.get("c"), "t.c")


def threads(*bodies: str, sized: bool = False) -> Program:
    """Kernels one after another, of two blocks of four threads, or as many as n takes."""
    signature, given = (SIGNATURE + ", int n", ", n") if sized else (SIGNATURE, "")
    grid = "(n + 3) / 4" if sized else "2"
    arrays = [("x", "float"), ("u", "int"), ("y", "float"), ("z", "int")]
    kernels = "\n".join(
        f"__global__ void k{n}({signature}) {{ __shared__ float s[8]; int b = blockIdx.x; int t = threadIdx.x;"
        f" float r = 0.0f; int m = 0; {body} }}" for n, body in enumerate(bodies))
    declared = " ".join(f"{t}* d{a}; cudaMalloc(&d{a}, 1024); cudaMemcpy(d{a}, {a}, 1024, cudaMemcpyHostToDevice);"
                        for a, t in arrays)
    back = " ".join(f"cudaMemcpy({a}, d{a}, 1024, cudaMemcpyDeviceToHost);" for a in "yz")
    runs = " ".join(f"k{n}<<<{grid}, 4>>>(dx, du, dy, dz{given});" for n in range(len(bodies)))
    text = f'#include <math.h>\n{kernels}\nextern "C" void f({signature}) {{ {declared} {runs} {back} }}'
    return read(text, platforms.get("cuda"), "t.cu")


def changed(text: str, rng: random.Random) -> str:
    """The text with one word changed, left out, or two statements the other way round."""
    words = WORD.findall(text)
    for _ in range(40):
        at = rng.randrange(len(words))
        new = list(words)
        w = words[at]
        if re.fullmatch(r"\d+", w):
            new[at] = str(max(0, int(w) + rng.choice([-1, 1, 2])))
        elif re.fullmatch(r"\d+\.\d+f", w):
            new[at] = rng.choice(["0.0f", "1.0f", "3.0f"])
        elif w in SWAPS:
            new[at] = rng.choice(SWAPS[w])
        elif re.fullmatch(r"[ijotn]\d*", w):
            new[at] = rng.choice([v for v in words if re.fullmatch(r"[ijotn]\d*", v)])
        elif w == ";" and ";" in words[at + 1 :] and rng.random() < 0.3:
            new = _turned(words, at)
        else:
            continue
        if new != words:
            return " ".join(new)
    return text


def _turned(words: list[str], at: int) -> list[str]:
    """Two statements side by side, the other way round; or as they were."""
    ends = [n for n, w in enumerate(words) if w in (";", "{", "}")]
    here = ends.index(at)
    if here == 0 or here + 1 == len(ends) or words[ends[here + 1]] != ";":
        return words
    a, b, c = ends[here - 1], at, ends[here + 1]
    return [*words[: a + 1], *words[b + 1 : c + 1], *words[a + 1 : b + 1], *words[c + 1 :]]


# ---------------------------------------------------------------- copies with one node changed

OTHERS = {
    "+": "-*", "-": "+", "*": "+", "<": ["<=", ">"], "<=": ["<"], ">": [">=", "<"], ">=": [">"], "==": ["!="],
    "!=": ["=="], "/": "%", "%": "/", "&&": ["||"], "||": ["&&"], ">>": ["/"], "&": ["%"],
}
Path = tuple[str | int, ...]


def mutant(program: Program, rng: random.Random) -> Program:
    """A copy with one number, variable, array, operation or statement of a kernel changed."""
    at = rng.randrange(len(program.kernels))
    kernel = program.kernels[at]
    places = list(_places(kernel.body, (), ()))
    for _ in range(50):
        path, node, scope = rng.choice(places)
        new = _other(node, scope, rng)
        if new is not None and new != node:
            body = _put(kernel.body, path, new)
            kernels = (*program.kernels[:at], replace(kernel, body=body), *program.kernels[at + 1 :])
            return replace(program, kernels=kernels)
    return program


def _places(node: Any, path: Path, scope: tuple[Var, ...]) -> Iterator[tuple[Path, Any, tuple[Var, ...]]]:
    """Every node below one, how to get there, and the scalars that have a value there."""
    if isinstance(node, tuple):
        yield path, node, scope
        for i, x in enumerate(node):
            yield from _places(x, (*path, i), scope)
            if isinstance(x, Let) and x.value is not None:
                scope = (*scope, x.var)
    elif is_dataclass(node):
        yield path, node, scope
        axis = isinstance(node, For) and node.kind != "serial"
        inner = (*scope, node.var) if isinstance(node, For) else scope
        for f in fields(node):
            if f.name == "body" or (not axis and f.name in PARTS):
                yield from _places(getattr(node, f.name), (*path, f.name), inner if f.name == "body" else scope)


PARTS = frozenset({"a", "b", "cond", "index", "value", "args", "start", "stop", "step", "then", "orelse"})


def _other(node: Any, scope: tuple[Var, ...], rng: random.Random) -> Any:
    match node:
        case Const(value, dtype) if dtype.is_float:
            return Const(rng.choice([0.0, 1.0, 3.0]), dtype)
        case Const(value, dtype):
            return Const(max(1, int(value) + rng.choice([-1, 1, 2])) if value else rng.choice([0, 1]), dtype)
        case Var(_, dtype):
            alike = [v for v in scope if v.dtype is dtype]
            return rng.choice(alike) if alike else None
        case Load("x" | "y" as name, index, dtype):
            return Load("y" if name == "x" else "x", index, dtype)
        case Binary(op, a, b, dtype) if op in OTHERS and not (dtype.is_float and op in "/%"):
            return rng.choice([Binary(rng.choice(OTHERS[op]), a, b, dtype), Binary(op, b, a, dtype)])
        case Call("max", args, dtype):
            return Call("min", args, dtype)
        case Select(cond, a, b, dtype):
            return Select(cond, b, a, dtype)
        case If(cond, then, orelse):
            return replace(node, then=orelse, orelse=then)
        case tuple() if len(node) > 1 and isinstance(node[0], Let | Assign | Store | For | If | Barrier):
            i = rng.randrange(len(node) - 1)
            if isinstance(node[i], Let):
                return None
            return (*node[:i], node[i + 1], node[i], *node[i + 2 :]) if rng.random() < 0.6 else (*node[:i], *node[i + 1 :])
    return None


def _put(node: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*node[:step], _put(node[step], rest, new), *node[step + 1 :])
    return replace(node, **{step: _put(getattr(node, step), rest, new)})
