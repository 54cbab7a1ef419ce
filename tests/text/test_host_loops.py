"""Loops, swaps and references of hosts: what is read launches the same, in the same order, as the text would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.fault import Fault
from xpiler.ir.nodes import (
    Addr, Assign, Binary, Call, Cast, Const, Expr, For, If, Launch, Let, Program, Select, Stmt, Unary, Var, While,
)
from xpiler.passes.plain.specialize import specialize
from xpiler.text.read import read

HEAD = """
#include <cstdlib>
__global__ void step(const int* x, int* y, int n, int d) { y[threadIdx.x] = x[threadIdx.x] * 3 + d; }
__global__ void add(int* y, int d) { y[threadIdx.x] += d; }
__global__ void plus(int* y, const int* x) { y[threadIdx.x] += x != nullptr ? x[threadIdx.x] : 1; }
namespace deep {
struct Pair { long long n; int d; };
__global__ void both(int* y, Pair p) { y[threadIdx.x] += p.n * p.d; }
}
static void check(cudaError_t e) { if (e != cudaSuccess) exit(1); }
class Held {
 public:
  explicit Held(int n) : n_(n) { check(cudaMalloc(&p_, n * sizeof(int))); }
  ~Held() { if (p_) cudaFree(p_); }
  Held(const Held&) = delete;
  int* get() const { return p_; }
  operator int*() const { return p_; }
  bool ok() const { return p_ != nullptr && state_ == cudaSuccess; }
  int size() const { return n_; }
  void grow(int by) { this->n_ += by; }
 private:
  int* p_ = nullptr;
  int n_ = 0;
  cudaError_t state_ = cudaSuccess;
};
static void add_to(const Held& h, int d) { add<<<1, 64>>>(h.get(), d + h.size()); }
struct State { int *p, *q; int d; };
static int file_wide = 1;
static void double_it() { file_wide *= 2; }
static void twice(int& d) { d = d * 2; }
static void twice_at(int* d) { *d = *d * 2; }
static void flip(int*& x, int*& y) { int* t = x; x = y; y = t; }
static void flip_at(int** x, int** y) { int* t = *x; *x = *y; *y = t; }
static void turn(State& s) { std::swap(s.p, s.q); s.d += 4; }
static int log_of(int n) { int r = 0; while (n > 1) { n >>= 1; r++; } return r; }
static int found(int n) { for (int i = 1; i < 100; i++) { if (i * i >= n) return i; } return -1; }
static int pick(int n) { if (n > 20) return 3; if (n > 10) return 4; return 5; }
"""
STEP, ADD = "step<<<1, 64>>>(a, b, n, d);", "add<<<1, 64>>>(a, d);"
Trace = list[tuple[Any, ...]]


def host(body: str, name: str = "cuda") -> Program:
    text = f'{HEAD}extern "C" void run(int* a, int* b, int n) {{\n{body}\n}}\n'
    return read(text, platforms.get(name), "k.cu")


# ---------------------------------------------------------------- an interpreter of launchers


def number(e: Expr, env: dict[str, Any]) -> Any:
    match e:
        case Const(value):
            return value
        case Var(name):
            return env[name]
        case Cast(a, dtype):
            found = number(a, env)
            return float(found) if dtype.is_float else int(found)
        case Unary(op, a):
            found = number(a, env)
            return {"-": -found, "!": not found, "~": ~int(found)}[op]
        case Select(cond, a, b):
            return number(a if number(cond, env) else b, env)
        case Call("min" | "max" as name, args):
            return {"min": min, "max": max}[name](number(a, env) for a in args)
        case Binary(op, a, b):
            return operated(op, number(a, env), lambda: number(b, env))
    raise AssertionError(e)


def operated(op: str, x: Any, later: Callable[[], Any]) -> Any:
    if op == "&&":
        return bool(x) and bool(later())
    if op == "||":
        return bool(x) or bool(later())
    y = later()
    if op in ("/", "%") and isinstance(x, int):
        quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
        return quotient if op == "/" else x - quotient * y
    return {
        "+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y, "<<": lambda: x << y,
        ">>": lambda: x >> y, "&": lambda: x & y, "|": lambda: x | y, "^": lambda: x ^ y, "<": lambda: x < y,
        ">": lambda: x > y, "<=": lambda: x <= y, ">=": lambda: x >= y, "==": lambda: x == y, "!=": lambda: x != y,
    }[op]()


def launches(body: tuple[Stmt, ...], env: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The launches that a launcher's body makes: the buffers and numbers each is given."""
    for s in body:
        match s:
            case Let(var, None):
                env.pop(var.name, None)
            case Let(var, value) | Assign(var, value):
                assert value is not None
                env[var.name] = number(value, env)
            case If(cond, then, orelse):
                yield from launches(then if number(cond, env) else orelse, env)
            case While(cond, inner):
                while number(cond, env):
                    yield from launches(inner, env)
            case For(var, start, stop, step, inner):
                for k in range(number(start, env), number(stop, env), number(step, env)):
                    env[var.name] = k
                    yield from launches(inner, env)
            case Launch(_, args):
                yield tuple(a.buffer if isinstance(a, Addr) else number(a, env) for a in args)
            case _:
                raise AssertionError(s)


def trace(program: Program, n: int) -> Trace:
    assert program.launcher is not None
    return list(launches(program.launcher.body, {"n": n}))


# ---------------------------------------------------------------- what C++ does, said in Python


def growing(n: int, change: Callable[[int], int], start: int = 1, once: bool = False) -> Trace:
    found, d = [], start
    while d < n or once:
        once = False
        found.append(("a", d))
        d = change(d)
    return found


def swapping(n: int, values: list[int]) -> Trace:
    return [(*(("a", "b") if k % 2 == 0 else ("b", "a")), n, d) for k, d in enumerate(values)]


def powers(n: int) -> list[int]:
    return [1 << k for k in range(20) if 1 << k < n]


def fibonacci(n: int) -> Trace:
    found, d, e = [], 1, 1
    while d < n:
        found.append(("a", d))
        d, e = d + e, d
    return found


def halves(n: int) -> list[int]:
    return [n >> k for k in range(20) if n >> k]


READ: dict[str, tuple[str, Callable[[int], Trace]]] = {
    "a step that doubles": (f"for (int d = 1; d < n; d <<= 1) {{ {ADD} }}", lambda n: growing(n, lambda d: 2 * d)),
    "a step by itself": (f"for (int d = 1; d < n; d += d) {{ {ADD} }}", lambda n: growing(n, lambda d: 2 * d)),
    "a step assigned": (
        f"for (int d = 1; d < n; d = d * 3 + 1) {{ {ADD} }}", lambda n: growing(n, lambda d: 3 * d + 1)),
    "a bound that moves": (
        "for (int d = 1, e = n; d < e; d *= 2, e -= 1) add<<<1, 64>>>(a, d + e);",
        lambda n: [("a", (1 << k) + n - k) for k in range(20) if 1 << k < n - k]),
    "a comma that counts": (
        "int c = 0; for (int d = 1; d < n; d *= 2, ++c) add<<<1, 64>>>(a, c);",
        lambda n: [("a", k) for k in range(len(powers(n)))]),
    "while": (f"int d = 1; while (d < n) {{ {ADD} d = d * 2; }}", lambda n: growing(n, lambda d: 2 * d)),
    "do": (f"int d = 1; do {{ {ADD} d *= 2; }} while (d < n);", lambda n: growing(n, lambda d: 2 * d, once=True)),
    "a scan": (f"for (int d = 1; d < n; d <<= 1) {{ {STEP} std::swap(a, b); }}", lambda n: swapping(n, powers(n))),
    "a swap in while": (
        f"int d = 1; while (d < n) {{ {STEP} std::swap(a, b); d *= 2; }}", lambda n: swapping(n, powers(n))),
    "downwards": (
        f"for (int d = n; d > 0; d /= 2) {{ {STEP} std::swap(a, b); }}", lambda n: swapping(n, halves(n))),
    "a swap by reference": (
        f"for (int d = 0; d < n; d++) {{ {STEP} flip(a, b); }}", lambda n: swapping(n, list(range(n)))),
    "a swap by address": (
        f"for (int d = 0; d < n; d++) {{ {STEP} flip_at(&a, &b); }}", lambda n: swapping(n, list(range(n)))),
    "an exchange": (
        f"for (int d = 0; d < n; d++) {{ {STEP} a = std::exchange(b, a); }}", lambda n: swapping(n, list(range(n)))),
    "other names": (
        "int*& p = a; int*& q = b; for (int d = 0; d < n; d++) { step<<<1, 64>>>(p, q, n, d); std::swap(p, q); }",
        lambda n: swapping(n, list(range(n)))),
    "turns that go on": (
        "State s; s.p = a; s.q = b; for (int d = 0; d < n; d++) { step<<<1, 64>>>(s.p, s.q, n, d); "
        "std::swap(s.p, s.q); } a = s.p; b = s.q; int d = 7; " + STEP,
        lambda n: swapping(n, [*range(n), 7])),
    "a structure by reference": (
        "State s; s.p = a; s.q = b; s.d = 1; turn(s); step<<<1, 64>>>(s.p, s.q, n, s.d);",
        lambda n: [("b", "a", n, 5)]),
    "a reference": (f"int d = 1; while (d < n) {{ {ADD} twice(d); }}", lambda n: growing(n, lambda d: 2 * d)),
    "an address": (f"int d = 1; while (d < n) {{ {ADD} twice_at(&d); }}", lambda n: growing(n, lambda d: 2 * d)),
    "a name for it": (
        f"int d = 1; int& r = d; while (d < n) {{ {ADD} r *= 2; }}", lambda n: growing(n, lambda d: 2 * d)),
    "its address kept": (
        f"int d = 1; int* r = &d; while (d < n) {{ {ADD} *r *= 2; }}", lambda n: growing(n, lambda d: 2 * d)),
    "a variable of the file": (
        "while (file_wide < n) { add<<<1, 64>>>(a, file_wide); double_it(); }", lambda n: growing(n, lambda d: 2 * d)),
    "an assignment's value": (
        "int d, e; d = e = n; d += e -= 2; add<<<1, 64>>>(a, d * 3 + e);", lambda n: [("a", (2 * n - 2) * 3 + n - 2)]),
    "two that depend": (
        f"int d = 1, e = 1; while (d < n) {{ {ADD} int t = d + e; e = d; d = t; }}", fibonacci),
    "numbers swapped": (
        "int d = 3, e = n; for (int i = 0; i < n; i++) { add<<<1, 64>>>(a, d * 2 + e * 3); std::swap(d, e); }",
        lambda n: [("a", 2 * d + 3 * e) for k in range(n) for d, e in [(3, n) if k % 2 == 0 else (n, 3)]]),
    "a loop of numbers alone": (f"int d = log_of(n); {ADD}", lambda n: [("a", n.bit_length() - 1)]),
    "another that assigns": (f"int d = 1; while (d < n) d = d * 3; {ADD}",
                             lambda n: [("a", next(3**k for k in range(20) if 3**k >= n))]),
    "returns": (f"int d = pick(n); {ADD}", lambda n: [("a", 3 if n > 20 else 4 if n > 10 else 5)]),
    "what may not be reached": (
        f"int d = 3; bool q = n > 10 && (d = 5); d = n > 20 ? (d = 7, d + 1) : d; {ADD}",
        lambda n: [("a", 8 if n > 20 else 5 if n > 10 else 3)]),
    "loops in loops": (
        "for (int k = 2; k <= n; k <<= 1) for (int d = k >> 1; d > 0; d >>= 1) add<<<1, 64>>>(a, d + k);",
        lambda n: [("a", d + k) for k in powers(n + 1)[1:] for d in halves(k // 2)]),
    "what the body declares": (
        "int c = 1; for (int d = 0; d < n; d++) { int e = c; c = c + 3; add<<<1, 64>>>(a, e); } add<<<1, 64>>>(a, c);",
        lambda n: [*(("a", 1 + 3 * k) for k in range(n)), ("a", 1 + 3 * n)]),
    "pointers that a branch swaps": (
        f"int d = 3; if (n > 20) std::swap(a, b); {STEP}",
        lambda n: [("b", "a", n, 3) if n > 20 else ("a", "b", n, 3)]),
    "a pointer that a branch sets": (
        "int* p = nullptr; if (n > 10) p = a; plus<<<1, 64>>>(b, p);",
        lambda n: [("b", "a") if n > 10 else ("b",)]),
    "a null pointer": ("plus<<<1, 64>>>(b, a); plus<<<1, 64>>>(b, nullptr);", lambda n: [("b", "a"), ("b",)]),
    "another name of what a branch sets": (
        "int*& p = a; if (n > 10) a = b; add<<<1, 64>>>(p, n);", lambda n: [("b" if n > 10 else "a", n)]),
    "a lambda behind a branch": (
        "auto run = [&](int d) { add<<<1, 64>>>(a, d); }; if (n > 10) a = b; run(n);",
        lambda n: [("b" if n > 10 else "a", n)]),
    "a lambda that changes": (
        f"int d = 1; auto grow = [&]() {{ d *= 2; }}; grow(); {ADD} grow(); {ADD}", lambda n: [("a", 2), ("a", 4)]),
    "a lambda in a loop": (
        f"int d = 1; auto grow = [&]() {{ d *= 2; }}; while (d < n) {{ {ADD} grow(); }}",
        lambda n: growing(n, lambda d: 2 * d)),
    "a lambda with copies": (
        "int d = 1, e = 2; auto get = [=, &e]() { return d * 10 + e; }; d = n; e = 5; add<<<1, 64>>>(a, get() + d);",
        lambda n: [("a", 15 + n)]),
    "objects that hold memory": (
        "Held h(n * 64), g{64}; if (!h.ok() || !g.ok()) return; add<<<1, 64>>>(h, h.size()); g.grow(2); add_to(g, n);",
        lambda n: [("h", n * 64), ("g", n + 66)]),
    "a structure of a namespace": (
        "const deep::Pair p{static_cast<long long>(n) * 2, 3}; deep::both<<<1, 64>>>(a, p);",
        lambda n: [("a", 2 * n, 3)]),
}


@pytest.mark.parametrize("name", READ)
def test_a_host_launches_what_its_text_launches(name: str) -> None:
    body, expected = READ[name]
    program = host(body)
    for n in (2, 3, 13, 24):
        assert trace(program, n) == expected(n)


NOT_FOLLOWED = {
    "continue": "for (int d = 0; d < n; d++) { if (d % 3 == 1) continue; ADD; }",
    "break": "for (int d = 0; d < n; d++) { if (d == 5) break; ADD; }",
    "break behind": "int d = 0; for (;;) { ADD; d++; if (d >= n) break; }",
    "goto": "int d = 0; again: ADD; d++; if (d < n) goto again;",
    "a pointer that branches in branches change": "int* p = a; if (n > 3) { if (n > 20) p = nullptr; } plus<<<1, 64>>>(b, p);",
    "one pointer or another": "int d = 3; int* p = n > 20 ? a : b; add<<<1, 64>>>(p, d);",
    "turns inside turns": "for (int k = 2; k <= n; k <<= 1) for (int d = k; d > 0; d >>= 1) { STEP; std::swap(a, b); }",
    "a swap some of the times": "for (int d = 0; d < n; d++) { STEP; if (d % 3 == 0) std::swap(a, b); }",
    "an object that a branch changes": "Held h(n); if (n > 3) h.grow(2); add<<<1, 64>>>(a, h.size());",
    "a step that swaps": "for (int d = 1; d < n; d *= 2, std::swap(a, b)) { STEP; }",
    "a pointer of the head": "int d = 3; for (int* p = a; p < a + n; p++) add<<<1, 64>>>(p, d);",
    "a loop that returns a size": "int d = found(n); ADD;",
    "a loop of numbers that is left": "int d = 0; for (int i = 0; i < n; i++) { if (i * i > n) break; d = d + i; } ADD;",
    "what stays from call to call": "static int d = 1; ADD; d++;",
    "an array of the host": "int sizes[3] = {1, 2, 3}; for (int i = 0; i < 3; i++) add<<<1, 64>>>(a, sizes[i]);",
    "a flag from the device": "int* f; cudaMalloc(&f, 4); int h = 1; while (h) { add<<<1, 64>>>(f, 1); "
                              "cudaMemcpy(&h, f, 4, cudaMemcpyDeviceToHost); }",
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_what_is_not_followed_is_a_fault(name: str) -> None:
    with pytest.raises(Fault) as caught:
        host(NOT_FOLLOWED[name].replace("ADD;", ADD).replace("STEP;", STEP))
    assert caught.value.code in ("XP1005", "XP1009") and caught.value.source_line


STORED = {
    "what only a run would give": "for (int i = 0; i < n; i++) a[i] = rand();",
    "a file": 'fread(a, 4, n, fopen("x", "r"));',
    "the library": "std::sort(a, a + n);",
    "a function": "filled(a, n);",
    "a lambda": "auto f = [&](int i) { a[i] = i; }; for (int i = 0; i < n; i++) f(i);",
}


@pytest.mark.parametrize("name", STORED)
def test_a_launcher_does_not_write_its_callers_arrays(name: str) -> None:
    fill = "static void filled(int* x, int n) { for (int i = 0; i < n; i++) x[i] = rand() % 7; }\n"
    text = f'{HEAD}{fill}extern "C" void run(int* a, int* b, int n) {{\n{STORED[name]}\nint d = 1; {ADD}\n}}\n'
    with pytest.raises(Fault, match="vocabulary"):
        read(text, platforms.get("cuda"), "k.cu")


def test_reading_its_callers_arrays_is_left_out() -> None:
    body = 'double s = 0; for (int i = 0; i < n; i++) s += a[i]; printf("%f", s); int d = 1; '
    assert trace(host(body + ADD), 3) == [("a", 1)]


@pytest.mark.parametrize(("zeros", "said"), [("1, 0, 0", "XP1005"), ("0, 1, 0", "XP1005"), ("0, 0, n", "XP1010")])
def test_matrix_operations_are_read_in_their_plain_form_alone(zeros: str, said: str) -> None:
    text = (
        "typedef float f4 __attribute__((ext_vector_type(4)));\n"
        "__global__ void k(const float* a, float* c, int n) {\n  f4 d = {0, 0, 0, 0};\n"
        "  d = __builtin_amdgcn_mfma_f32_16x16x4f32(a[threadIdx.x], a[threadIdx.x], d, 0, 0, 0);\n"
        "  c[threadIdx.x] = d[0];\n}\n"
        'extern "C" void run(const float* a, float* c, int n) { k<<<1, 64>>>(a, c, n); }\n'
    )
    assert read(text, platforms.get("hip"), "k.hip").launcher is not None
    with pytest.raises(Fault) as caught:
        read(text.replace("0, 0, 0)", zeros + ")"), platforms.get("hip"), "k.hip")
    assert (caught.value.code, caught.value.where.line) == (said, 4)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["hip", "c"])
def test_a_scan_of_any_size_is_translated(target: str) -> None:
    text = HEAD + (
        'extern "C" void scan(const int* in, int* out, int n) {\n  int *a, *b;\n  cudaMalloc(&a, n * 4);\n'
        "  cudaMalloc(&b, n * 4);\n  cudaMemcpy(a, in, n * 4, cudaMemcpyHostToDevice);\n"
        "  for (int d = 1; d < n; d <<= 1) {\n    hop<<<(n + 127) / 128, 128>>>(a, b, n, d);\n    std::swap(a, b);\n  }\n"
        "  cudaMemcpy(out, a, n * 4, cudaMemcpyDeviceToHost);\n}\n"
    )
    kernel = (
        "__global__ void hop(const int* x, int* y, int n, int d) { int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
        "  if (i < n) y[i] = i >= d ? x[i] + x[i - d] : x[i]; }\n"
    )
    result = translate(kernel + text, platforms.get("cuda"), platforms.get(target), file="scan.cu",
                       options=Options(seeds=1))
    assert result.confirmed


def test_a_variable_that_changes_between_launches_stays_an_argument() -> None:
    host = (
        'extern "C" void run(int* a, int n) {\n  int d = 1, e = 8;\n'
        "  for (; d < n; d <<= 1) add<<<1, 32>>>(a, d + e);\n}\n"
    )
    kernel = specialize(read(HEAD + host, platforms.get("cuda"), "k.cu")).kernel("add")
    assert [p.name for p in kernel.params] == ["y", "d"]
