"""Lines of hosts that the compiler could not resolve: left out only where they cannot bear on a launch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.ir.show import show
from xpiler.text.read import read

pytestmark = pytest.mark.slow  # each text with an error is parsed twice

KERNEL = "__global__ void k(float* y, int n) { y[blockIdx.x * blockDim.x + threadIdx.x] = n; }\n"


def launcher(body: str, before: str = "") -> str:
    return f"{KERNEL}{before}extern \"C\" void run(float* a, float* b, int n) {{\n  int g = n / 64;\n  {body}\n}}\n"


def main(body: str, before: str = "") -> str:
    return (
        f"{KERNEL}{before}int main() {{\n  const int n = 640; int g = n / 64; float *a, *h = (float*)malloc(n * 4);\n"
        f"  cudaMalloc(&a, n * 4);\n  {body}\n  cudaMemcpy(h, a, n * 4, cudaMemcpyDeviceToHost);\n  return 0;\n}}\n"
    )


LAUNCH = "k<<<g, 64>>>(a, n);"
BEARS = {
    "a pointer": f"unknown_swap(a, b); {LAUNCH}",
    "a pointer of a namespace": f"std::unknown_swap(a, b); {LAUNCH}",
    "a size": f"g = unknown_size(n); {LAUNCH}",
    "a size made in steps": f"int m = n; m = unknown_size(); g = m / 2; {LAUNCH}",
    "a size by address": f"unknown_size(&g); {LAUNCH}",
    "a new variable": "auto m = unknown_size(3); k<<<m, 64>>>(a, n);",
    "the launch": "k<<<unknown_size(n), 64>>>(a, n);",
    "an argument": "k<<<g, 64>>>(a, unknown_size(n));",
    "a choice of launches": f"if (unknown_flag) {{ {LAUNCH} }}",
    "a choice without braces": f"if (unknown_flag) {LAUNCH}",
    "a loop of launches": f"for (int i = 0; i < unknown_size(3); i++) {{ {LAUNCH} }}",
    "an early return": f"if (unknown_flag) return; {LAUNCH}",
    "a break": f"for (int i = 0; i < n; i++) {{ if (unknown_flag) break; {LAUNCH} }}",
    "an else": f"if (unknown_flag) {{ }} else {{ g = 2; }} {LAUNCH}",
    "printing that counts": f'printf("%d", unknown_size(g++)); {LAUNCH}',
    "printing by another function": f'printf("%d", unknown_size(g)); {LAUNCH}',
    "a macro": f"STEPS(n) {LAUNCH}",
    "a function that launches": "go(a, unknown_size(n));",
    "inside a function that launches": "bad(a, n);",
    "inside a function that counts": f"g = counted(n); {LAUNCH}",
}
BEFORE = (
    "#define STEPS(n) g = unknown_size(n);\n"
    "static void go(float* a, int n) { k<<<1, 64>>>(a, n); }\n"
    "static void bad(float* a, int n) { n = unknown_size(n); k<<<1, 64>>>(a, n); }\n"
    "static int counted(int n) { int r = n; unknown_change(r); return r; }\n"
)


def needed(body: str) -> str:
    """The lines that a body uses."""
    return "".join(x for x in BEFORE.splitlines(keepends=True) if x.split("(")[0].split()[-1] + "(" in body)


IN_MAIN = ("a size made in steps", "a new variable", "a choice of launches", "a break", "printing that counts")


@pytest.mark.parametrize(("name", "make"), [*((n, launcher) for n in BEARS), *((n, main) for n in IN_MAIN)])
def test_what_may_bear_on_a_launch_is_a_fault(name: str, make: Callable[[str, str], str]) -> None:
    with pytest.raises(Fault, match="`g`" if name == "inside a function that counts" else "unknown_"):
        read(make(BEARS[name], needed(BEARS[name])), platforms.get("cuda"), "k.cu")


LEFT_OUT = {
    "a clock": "auto t = unknown_clock(); {} auto s = unknown_clock() - t;",
    "printing": 'printf("%d %d", n, unknown_version); {}',
    "printing what is on the way": 'printf("%d %p", g, (void*)a, unknown_version); {}',
    "a stream": "std::cout << n << unknown_manipulator << g << std::endl; {}",
    "printing of a library": 'fmt::print("{{}} {{}}", n, g); {}',
    "names that do not matter": "int q = 3; q = unknown_size(q); {}",
    "a block that times": "{{ unknown_timer t; t.start(); }} {}",
}


@pytest.mark.parametrize("make", [launcher, main])
def test_timing_and_printing_is_left_out(make: Callable[[str], str]) -> None:
    plain = show(read(make(LAUNCH), platforms.get("cuda"), "k.cu"))
    for lines in LEFT_OUT.values():
        assert show(read(make(lines.format(LAUNCH)), platforms.get("cuda"), "k.cu")) == plain


def test_a_function_that_checks_is_left_out_whole() -> None:
    check = "static bool fine(const float* x, int n) { return unknown_close(x[n - 1], 1.0f); }\n"
    before = read(main(LAUNCH), platforms.get("cuda"), "k.cu")
    text = main(LAUNCH, check).replace("  return 0;", '  printf("%d", fine(h, n));\n  return 0;')
    assert show(read(text, platforms.get("cuda"), "k.cu")) == show(before)


def test_bytes_before_the_line_do_not_move_it() -> None:
    text = launcher(f"/* äöü — ≤ */ unknown_swap(a, b); {LAUNCH}")
    with pytest.raises(Fault, match="unknown_swap"):
        read(text, platforms.get("cuda"), "k.cu")
    text = launcher(f'printf("äöü — ≤"); unknown_clock(); {LAUNCH}')
    assert read(text, platforms.get("cuda"), "k.cu").launcher is not None
