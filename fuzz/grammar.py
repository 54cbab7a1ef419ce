"""Kernels made up from a grammar: mostly legal, with every construct that real files hold and some that none does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from random import Random

SUFFIXES = {"cuda": ".cu", "hip": ".hip", "bang": ".mlu", "vnni": ".cpp", "c": ".c"}
_EDGES = (
    "0", "1", "-1", "2", "7", "31", "32", "33", "64", "255", "256", "1023", "2147483647", "(-2147483647 - 1)", "1u",
    "4294967295u", "9223372036854775807LL", "0x7fffffff", "0b101", "'a'", "sizeof(int)", "1 << 4", "017",
)
_REALS = ("0.0f", "1.0f", "-0.0f", "1e38f", "1e-45f", "0.5", "3.f", ".25f", "1e308", "0x1p-3f", "2", "1.0f / 3.0f")
_TYPES = ("int", "float", "unsigned", "char", "unsigned char", "short", "long long", "double", "bool", "size_t")
_MATH = ("expf", "sqrtf", "fabsf", "sinf", "tanhf", "logf", "floorf", "erff")
_SIMT_CALLS = (
    "__shfl_xor_sync(0xffffffff, {r}, 16)", "__shfl_down_sync(0xffffffffu, {r}, 1)", "__ldg(&a[{i}])",
    "atomicAdd(&b[{i}], {r})", "atomicMax(&c[{i}], {i})", "__ballot_sync(0xffffffff, {i} > 3)", "__expf({r})",
    "__float_as_int({r})", "min({i}, {i})", "make_float2({r}, {r}).x", "__popc({i})", "fmaf({r}, {r}, {r})",
    "__half2float(__float2half({r}))", "atomicCAS(&c[{i}], {i}, {i})", "__syncthreads_count({i})",
)
_TASK_CALLS = (
    "__bang_add(nr, nr, nr, {i})", "__memcpy(nr, a + {i}, {i} * 4, GDRAM2NRAM)", "__bang_mul_scalar(nr, nr, {r}, 64)",
    "__memcpy(b, nr, 256, NRAM2GDRAM)", "__bang_active_relu(nr, nr, 64)", "__sync_all()", "__bang_write_zero(nr, 64)",
    "__bang_sumpool(nr, nr, 1, 1, 64, 1, 64, 1, 1)", "__bang_exp({i})",
)


@dataclass
class Maker:
    """Writes one file; every choice comes from `rng`."""

    rng: Random
    dialect: str
    helpers: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: ["n", "i"])
    depth: int = 0
    made: int = 0
    loops: int = 0
    template: str = ""

    @property
    def simt(self) -> bool:
        return self.dialect in ("cuda", "hip")

    @property
    def device(self) -> str:
        return "__device__ " if self.simt else "__mlu_func__ " if self.dialect == "bang" else "static "

    def odds(self, share: float) -> bool:
        return self.rng.random() < share

    def name(self, stem: str = "v") -> str:
        self.made += 1
        return f"{stem}{self.made}"

    # ------------------------------------------------------------ expressions

    def whole(self, depth: int = 0) -> str:
        """An expression of some integer type."""
        r = self.rng
        if depth > 3 or self.odds(0.3):
            return r.choice([*self.names, *self.names, r.choice(_EDGES), str(r.randrange(100))])
        inner = partial(self.whole, depth + 1)
        match r.randrange(13):
            case 0 | 1 | 2:
                return f"({inner()} {r.choice('+-*')} {inner()})"
            case 3:
                return f"({inner()} {r.choice(['/', '%'])} {r.choice([inner(), '3', '(n + 1)'])})"
            case 4:
                return f"({inner()} {r.choice(['<<', '>>', '&', '|', '^'])} {inner()})"
            case 5:
                return f"({inner()} {r.choice(['<', '>', '<=', '==', '!=', '&&', '||'])} {inner()})"
            case 6:
                return f"({inner()} ? {inner()} : {inner()})"
            case 7:
                return f"({r.choice(_TYPES)})({r.choice([inner(), self.real(depth + 1)])})"
            case 8:
                return f"{r.choice(['-', '~', '!', '+', '*&'])}{r.choice(self.names)}"
            case 9:
                return f"c[{inner()}]"
            case 10 if self.helpers:
                return f"{r.choice(self.helpers)}({inner()}, {self.real(depth + 1)})"
            case 11:
                return f"({r.choice(self.names)}{r.choice(['++', '--', ' += 2', ' = 3', ' <<= 1', ' %= 5'])})"
            case _:
                return f"({inner()}, {inner()})"

    def real(self, depth: int = 0) -> str:
        """An expression of some floating type."""
        r = self.rng
        if depth > 3 or self.odds(0.25):
            return r.choice([*_REALS, "a[i]", "s", f"(float){r.choice(self.names)}"])
        inner = partial(self.real, depth + 1)
        match r.randrange(8):
            case 0 | 1 | 2:
                return f"({inner()} {r.choice('+-*/')} {inner()})"
            case 3:
                return f"{r.choice(_MATH)}({inner()})"
            case 4:
                return f"({self.whole(depth + 1)} > {self.whole(depth + 1)} ? {inner()} : {inner()})"
            case 5:
                return f"a[{self.whole(depth + 1)}]"
            case 6:
                return f"*(a + {self.whole(depth + 1)})"
            case _:
                return self.special(depth + 1) if self.odds(0.5) else f"-{inner()}"

    def special(self, depth: int = 0) -> str:
        """A call that only this dialect has."""
        calls = _SIMT_CALLS if self.simt else _TASK_CALLS if self.dialect == "bang" else ("fmaxf({r}, {r})",)
        call = self.rng.choice(calls)
        while "{i}" in call or "{r}" in call:
            call = call.replace("{i}", self.whole(depth + 2), 1).replace("{r}", self.real(depth + 2), 1)
        return call

    # ------------------------------------------------------------ statements

    def block(self, count: int) -> str:
        self.depth += 1
        kept = list(self.names)
        lines = [self.statement() for _ in range(count)]
        self.names = kept
        self.depth -= 1
        pad = "  " * self.depth
        return "{\n" + "".join(f"{pad}  {line}\n" for line in lines) + pad + "}"

    def statement(self) -> str:
        """One statement; deeper ones are simpler."""
        r = self.rng
        choices = [
            self.store, self.store, self.store, self.local, self.local_array, self.branch, self.loop, self.loop,
            self.switch, self.odd_loop, self.jump, self.pointer, self.call, self.shared, self.odd, self.record,
        ]
        return r.choice(choices[:5] if self.depth > 3 else choices)()

    def store(self) -> str:
        left = self.rng.choice(["b[i]", "b[i]", f"b[{self.whole(2)}]", f"c[{self.whole(2)}]", "s"])
        return f"{left} {self.rng.choice(['=', '=', '=', '+=', '*=', '-='])} {self.real()};"

    def local(self) -> str:
        name, kind = self.name(), self.rng.choice(_TYPES)
        text = f"{self.rng.choice(['', 'const ', ''])}{kind} {name} = {self.whole(1)};"
        self.names.append(name)
        return text

    def local_array(self) -> str:
        name, size = self.name("t"), self.rng.choice(["4", "16", "3][5", "0", "n", "1 + 2", "sizeof(float)"])
        return f"float {name}[{size}]{self.rng.choice([' = {0}', ' = {}', '', ''])};"

    def branch(self) -> str:
        rest = f" else {self.block(1)}" if self.odds(0.4) else ""
        return f"if ({self.whole(1)}) {self.block(self.rng.randrange(3))}{rest}"

    def loop(self) -> str:
        name, r = self.name("k"), self.rng
        step = r.choice([f"++{name}", f"{name}++", f"{name} += 2", f"{name} += n", f"{name} <<= 1", f"{name} /= 2"])
        test = r.choice([f"{name} < n", f"{name} < 8", f"{name} != 16", f"{name} <= {self.whole(2)}", f"n > {name}"])
        if self.odds(0.2):
            step, test = f"--{name}", f"{name} >= 0"
        first = r.choice(["0", "1", "i", "n - 1", self.whole(2)])
        self.names.append(name)
        self.loops += 1
        body = self.block(1 + r.randrange(3)) if self.odds(0.9) else ";"
        self.loops -= 1
        self.names.remove(name)
        return f"for ({r.choice(['int', 'int', 'unsigned', 'long'])} {name} = {first}; {test}; {step}) {body}"

    def odd_loop(self) -> str:
        match self.rng.randrange(4):
            case 0:
                return f"while (i < {self.whole(2)}) {self.block(1)[:-1]} i += 1; }}"
            case 1:
                return f"do {self.block(1)} while (--n > 3);"
            case 2:
                return f"for (;;) {{ {self.statement()} break; }}"
            case _:
                return f"for (int p = 0, q = n; p < q; ++p, --q) {self.block(1)}"

    def switch(self) -> str:
        cases = "".join(
            f" case {k}: {self.store()}{self.rng.choice([' break;', '', ' break;'])}"
            for k in range(self.rng.randrange(4))
        )
        return f"switch ({self.whole(2)}) {{{cases} {self.rng.choice(['', f'default: {self.store()}'])} }}"

    def jump(self) -> str:
        ways = ["return", "return", *(["break", "continue", "break"] if self.loops or self.odds(0.05) else [])]
        return f"if ({self.whole(2)}) {self.rng.choice(ways)};"

    def pointer(self) -> str:
        name = self.name("p")
        made = self.rng.choice([
            f"float* {name} = b + {self.whole(2)};", f"const float* {name} = &a[{self.whole(2)}];",
            f"auto {name} = reinterpret_cast<int*>(b);", f"float& {name} = b[i];", f"float** {name} = &b;",
            f"char* {name} = (char*)b + {self.whole(2)};", f"float (*{name})[4] = (float (*)[4])b;",
        ])
        return f"{made} {self.rng.choice([f'{name}[0] = 1;', f'*{name} = 2;', f'{name}++;', f'(*{name})[1] = 3;', ''])}"

    def call(self) -> str:
        return f"{self.special()};"

    def shared(self) -> str:
        if self.simt:
            return self.rng.choice([
                f"__shared__ float {self.name('sh')}[{self.rng.choice(['64', '8][33', '1 << 20', 'N'])}];",
                "__syncthreads();", "__syncthreads();", "extern __shared__ float dyn[]; dyn[threadIdx.x] = s;",
                "__syncwarp();", "__threadfence();",
            ])
        return self.special() + ";" if self.dialect == "bang" else "#pragma omp parallel for\n"

    def record(self) -> str:
        name = self.name("S")
        members = "".join(f" {self.rng.choice(_TYPES)} m{k};" for k in range(1 + self.rng.randrange(3)))
        kind = self.rng.choice(["struct", "union"])
        return f"{kind} {name} {{{members} }}; {name} o{name} = {{}}; o{name}.m0 = {self.whole(2)}; s += o{name}.m0;"

    def odd(self) -> str:
        """What hardly any kernel does."""
        return self.rng.choice([
            "auto f = [](float x) { return x * 2; }; s = f(s);", "static int count = 0; ++count;", ";", "{}",
            "asm volatile(\"nop\");", "printf(\"%d\\n\", i);", "assert(i < n);", "out: ;",
            "int x = 1, *y = &x; *y = 2;",
            "using T = float; T z = T(3); s += z;", "enum { A, B = 7 }; s += B;", "typedef int q; q w = 3; s += w;",
            "constexpr int Q = 3 * 4; s += Q;", "for (auto x : {1, 2, 3}) s += x;", "if (true) ; else ;",
            "memcpy(b, a, 16);", "int j = j;", "s = s;", "(void)n;", "float z = {1.0f};", "new int[3];", "throw 1;",
            "i = (int)(long)b;", "b[i] = b - a;", "return;", "k(a, b, c, n);", "try { s = 1; } catch (...) {}",
            "volatile float vv = s; b[i] = vv;", "float4 q4; q4.x = s; b[i] = q4.x;", "s = __builtin_expect(n, 1);",
        ])

    # ------------------------------------------------------------ files

    def helper(self) -> str:
        name = self.name("h")
        shape = self.rng.choice(["plain", "plain", "template", "returns", "recursive", "reference"])
        names, self.names = self.names, ["x"]
        value = self.whole(1).replace("c[", "(").replace("]", ")")
        self.names = names
        body = {
            "plain": f"return {value};",
            "template": f"return {value};",
            "returns": f"if (x > 3) return x; for (int j = 0; j < x; ++j) {{ if (j == 2) return j; }} return {value};",
            "recursive": f"return x < 1 ? 0 : {name}(x - 1, y);",
            "reference": f"x += 1; return {value};",
        }[shape]
        first = "int& x" if shape == "reference" else "int x"
        start = "template <typename T> " if shape == "template" else ""
        second = "T" if shape == "template" else "float"
        self.helpers.append(name)
        body = re.sub(r"\b[ab]\[i\]|\bs\b", "y", re.sub(r"\b[in]\b", "x", body))
        return f"{start}{self.device}int {name}({first}, {second} y) {{ {body} }}\n"

    def file(self) -> str:
        r = self.rng
        parts = ["#define N 64\n#define IDX(x, y) ((x) * N + (y))\n"]
        if self.dialect == "bang":
            parts.append("#include <bang.h>\n#include <cnrt.h>\n")
        elif self.dialect == "vnni":
            parts.append("#include <immintrin.h>\n#include <math.h>\n")
        parts += [self.helper() for _ in range(r.randrange(3))]
        if self.simt and self.odds(0.3):
            parts.append("__constant__ float table[16];\n__device__ int counter = 3;\n")
        parts.append(self.kernel())
        if self.dialect in ("cuda", "hip", "bang") and (self.template or self.odds(0.6)):
            parts.append(self.host())
        return "".join(parts)

    def kernel(self) -> str:
        params = "const float* a, float* b, int* c, int n"
        body = self.block(2 + self.rng.randrange(6))[1:]
        match self.dialect:
            case "cuda" | "hip":
                index = self.rng.choice([
                    "blockIdx.x * blockDim.x + threadIdx.x", "threadIdx.x", "blockIdx.y * N + threadIdx.x % 32",
                ])
                start = self.rng.choice(["", "", "template <int W> ", "template <typename T, int W> "])
                self.template = "<3>" if start.startswith("template <int") else "<float, 4>" if start else ""
                head = f"{start}__global__ void k({params})"
                guard = self.rng.choice(['if (i >= n) return;', ''])
                return f"{head} {{\n  float s = 0; int i = {index};\n  {guard}{body}\n"
            case "bang":
                head = f"__mlu_entry__ void k({params})"
                return f"{head} {{\n  __nram__ float nr[256]; float s = 0; int i = taskId;{body}\n"
            case _:
                link = 'extern "C" ' if self.dialect == "vnni" else ""
                return f"{link}void k({params}) {{\n  float s = 0; for (int i = 0; i < n; ++i) {{{body}\n}}\n"

    def host(self) -> str:
        if self.dialect == "bang":
            return (
                'extern "C" void run(float* a, float* b, int* c, int n) {\n  float *da, *db; int* dc;\n'
                "  cnrtMalloc((void**)&da, 4096);\n  cnrtMalloc((void**)&db, 4096);\n  cnrtMalloc((void**)&dc, 4096);\n"
                "  cnrtMemcpy(da, a, 4096, cnrtMemcpyHostToDev);\n  cnrtQueue_t q;\n  cnrtQueueCreate(&q);\n"
                "  cnrtDim3_t d = {16, 1, 1};\n  k<<<d, cnrtFuncTypeBlock, q>>>(da, db, dc, n);\n  cnrtQueueSync(q);\n"
                "  cnrtMemcpy(b, db, 4096, cnrtMemcpyDevToHost);\n}\n"
            )
        api, r = self.dialect, self.rng
        size = r.choice(["n * sizeof(float)", "N * 4", "n * 4", "(n + 3) / 4 * 16", "1 << 12", self.whole(2)])
        args = self.template if self.odds(0.9) else r.choice(["<3>", "<float, 4>", ""])
        grid = r.choice(["(n + 255) / 256", "1", "dim3(2, 2)", "n", self.whole(2)])
        launch = f"k{args}<<<{grid}, {r.choice(['256', '32', 'dim3(8, 4)', '64', 'n'])}>>>(da, db, dc, n);"
        if self.odds(0.2):
            times = r.choice(['3', 'n', '0'])
            launch = f"for (int t = 0; t < {times}; ++t) {{ {launch} float* w = da; da = db; db = w; }}"
        return (
            f'extern "C" void run(float* a, float* b, int* c, int n) {{\n  float *da, *db; int* dc;\n'
            f"  {api}Malloc(&da, {size});\n  {api}Malloc((void**)&db, {size});\n  {api}Malloc(&dc, {size});\n"
            f"  {api}Memcpy(da, a, {size}, {api}MemcpyHostToDevice);\n"
            f"  {r.choice(['', f'{api}Memset(db, 0, {size});'])}\n  {launch}\n"
            f"  {api}Memcpy(b, db, {size}, {api}MemcpyDeviceToHost);\n  {api}Free(da);\n"
            f"  {r.choice(['', f'{api}Free(db);'])}\n}}\n"
        )


def make(rng: Random) -> tuple[str, str]:
    """The text of a file and its suffix."""
    dialect = rng.choice(["cuda", "cuda", "cuda", "hip", "bang", "vnni", "c"])
    return Maker(rng, dialect).file(), SUFFIXES[dialect]
