"""Random small programs, and copies of them with one word changed: those that differ a little are the hardest to tell
apart. Loops in loops, guards, steps, arrays of their own, several kernels, threads that meet."""

from __future__ import annotations

import random
import re

from xpiler import platforms
from xpiler.ir.nodes import Program
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
    """Programs from a source of chance."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
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
        return pick([
            i, i, f"{i} + {self.rng.randrange(1, 3)}", f"{self.rng.randrange(2, 5)} * {i} + {j}", f"{i} + {j}",
            f"({i} + {self.rng.randrange(1, 4)}) % {self.rng.randrange(2, 5)}", f"{i} / 2", f"7 - {i}",
            f"{i} * {j}", str(self.rng.randrange(top)), f"({i} >> 1) * 2 + ({i} & 1)",
        ])

    def guard(self, loops: list[str], data: bool = True) -> str:
        pick = self.rng.choice
        own = [f"{i} < {self.rng.randrange(1, 6)}" for i in loops]
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
        """Threads that stage tiles in shared memory, and meet."""
        pick = self.rng.choice
        if self.rng.random() < 0.4:
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
        body = self.block(["t"], ["r"], ["m"], [], 2)
        body = re.sub(r"([yz])\[[^\[\]]*\]", r"\1[i]", body)
        return f"int i = {i}; {body} y[i] = r;"


def serial(body: str) -> Program:
    """Plain C."""
    text = f'#include <math.h>\nextern "C" void f({SIGNATURE}) {{ float r = 0.0f; int m = 0; {body} y[40] = r; z[40] = m; }}'
    return read(text, platforms.get("c"), "t.c")


def threads(*bodies: str) -> Program:
    """Kernels one after another, of two blocks of four threads."""
    arrays = [("x", "float"), ("u", "int"), ("y", "float"), ("z", "int")]
    kernels = "\n".join(
        f"__global__ void k{n}({SIGNATURE}) {{ __shared__ float s[8]; int b = blockIdx.x; int t = threadIdx.x;"
        f" float r = 0.0f; int m = 0; {body} }}" for n, body in enumerate(bodies))
    declared = " ".join(f"{t}* d{a}; cudaMalloc(&d{a}, 1024); cudaMemcpy(d{a}, {a}, 1024, cudaMemcpyHostToDevice);"
                        for a, t in arrays)
    back = " ".join(f"cudaMemcpy({a}, d{a}, 1024, cudaMemcpyDeviceToHost);" for a in "yz")
    runs = " ".join(f"k{n}<<<2, 4>>>(dx, du, dy, dz);" for n in range(len(bodies)))
    text = f'#include <math.h>\n{kernels}\nextern "C" void f({SIGNATURE}) {{ {declared} {runs} {back} }}'
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
        elif re.fullmatch(r"[ijot]\d*", w):
            new[at] = rng.choice([v for v in words if re.fullmatch(r"[ijot]\d*", v)])
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
