"""The judge must kill every mutant and spare every honest rewrite.

Each mutant is what a careless translation gives. A judge that spares one is a failing test."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort, Reference, observe
from xpiler.verify.verdict import Evidence, confirmed, refuted

CUDA = platforms.get("cuda")
EFFORT = Effort(seeds=2)


def launcher(kernel: str, params: str, sizes: dict[str, str], out: str, grid: str, block: str, scalars: str) -> str:
    """A CUDA file: the kernel, and a host function that allocates, copies, launches and frees."""
    lines = [kernel, f'extern "C" void entry({params}) {{']
    for name, size in sizes.items():
        ctype = params.split(f"*{name}")[0].split(",")[-1].strip()
        lines += [f"  {ctype} *d_{name};", f"  cudaMalloc(&d_{name}, {size} * sizeof({ctype}));"]
        if name != out:
            lines.append(f"  cudaMemcpy(d_{name}, {name}, {size} * sizeof({ctype}), cudaMemcpyHostToDevice);")
    args = ", ".join([*(f"d_{n}" for n in sizes), *filter(None, scalars.split())])
    lines.append(f"  dim3 grid({grid});\n  dim3 block({block});\n  k<<<grid, block>>>({args});")
    ctype = params.split(f"*{out}")[0].split(",")[-1].strip()
    lines.append(f"  cudaMemcpy({out}, d_{out}, {sizes[out]} * sizeof({ctype}), cudaMemcpyDeviceToHost);")
    return "\n".join([*lines, *(f"  cudaFree(d_{n});" for n in sizes), "}", ""])


def transpose(body: str, grid: str = "(m + 15) / 16, (n + 15) / 16") -> str:
    kernel = f"__global__ void k(float *a, float *c, int n, int m) {{\n{body}\n}}"
    return launcher(
        kernel, "float *a, float *c, int n, int m", {"a": "n * m", "c": "n * m"}, "c", grid, "16, 16", "n m"
    )


AT = "int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;"
BACK = "  cudaMemcpy(a, d_a, n * m * sizeof(float), cudaMemcpyDeviceToHost);"
TRANSPOSE = transpose(f"{AT}\nif (x < m && y < n) c[x * n + y] = a[y * m + x];")
TRANSPOSE_MUTANTS = {
    "zeros": transpose(f"{AT}\nif (x < m && y < n) c[x * n + y] = 0.0f;"),
    "input copied": transpose(f"{AT}\nif (x < m && y < n) c[y * m + x] = a[y * m + x];"),
    "nothing written": transpose(f"{AT}\nif (x < 0) c[0] = a[0];"),
    "dropped tail": transpose(f"{AT}\nif (x < m / 16 * 16 && y < n) c[x * n + y] = a[y * m + x];"),
    "off-by-one bound": transpose(f"{AT}\nif (x < m - 1 && y < n) c[x * n + y] = a[y * m + x];"),
    "one too many": transpose(f"{AT}\nif (x <= m && y < n) c[x * n + y] = a[y * m + x] + 1.0f - 1.0f;"),
    "missing guard": transpose(f"{AT}\nc[x * n + y] = a[y * m + x];"),
    "swapped grid axes": transpose(
        f"{AT}\nif (x < m && y < n) c[x * n + y] = a[y * m + x];", "(n + 15) / 16, (m + 15) / 16"
    ),
    "swapped indices": transpose(f"{AT}\nif (x < m && y < n) c[x * m + y] = a[y * m + x];"),
    "input changed": transpose(
        f"{AT}\nif (x < m && y < n) {{ c[x * n + y] = a[y * m + x]; a[y * m + x] = 0.0f; }}"
    ).replace("  cudaFree(d_a);", f"{BACK}\n  cudaFree(d_a);"),
}
TRANSPOSE_HONEST = {
    "itself": TRANSPOSE,
    "another geometry": transpose(
        "for (int i = blockIdx.x * 256 + threadIdx.y * 16 + threadIdx.x; i < n * m; i += 256 * gridDim.x)\n"
        "  c[i % m * n + i / m] = a[i];", "3"
    ),
}


def reduction(*parts: str) -> str:
    body = "\n".join(("__shared__ float s[128];", "int t = threadIdx.x;", *parts))
    kernel = f"__global__ void k(float *a, float *c, int n) {{\n{body}\n}}"
    return launcher(kernel, "float *a, float *c, int n", {"a": "n", "c": "1"}, "c", "1", "128", "n")


LOAD = "s[t] = 0.0f;\nfor (int i = t; i < n; i += 128) s[t] += a[i] * a[i];"
STEPS = "for (int h = 64; h > 0; h /= 2)"
ADD = "if (t < h) s[t] += s[t + h];"
SYNC = "__syncthreads();"
TREE = f"{STEPS} {{ {ADD} {SYNC} }}"
STORE = "if (t == 0) c[0] = s[0];"
ONE_ADDS = "if (t == 0) { float v = 0.0f; for (int i = 0; i < 128; ++i) v += s[i]; c[0] = v; }"
REDUCTION = reduction(LOAD, SYNC, TREE, STORE)
REDUCTION_MUTANTS = {
    "missing barrier in the tree": reduction(LOAD, SYNC, f"{STEPS} {ADD}", STORE),
    "missing barrier before it": reduction(LOAD, TREE, STORE),
    "no barrier at all": reduction(LOAD, f"{STEPS} {ADD}", STORE),
    "half the tree": reduction(LOAD, SYNC, TREE.replace("h > 0", "h > 1"), STORE),
    "divergent barrier": reduction(LOAD, SYNC, f"{STEPS} if (t < h) {{ s[t] += s[t + h]; {SYNC} }}", SYNC, STORE),
    "one term dropped": reduction(LOAD.replace("i < n", "i < n - 1"), SYNC, TREE, STORE),
}
REDUCTION_HONEST = {"itself": REDUCTION, "one thread adds": reduction(LOAD, SYNC, ONE_ADDS)}


def dot(a: str = "unsigned char", b: str = "signed char", guard: str = "i < m") -> str:
    kernel = (
        "__global__ void k(unsigned char *a, signed char *b, int *c, int n, int m) {\n"
        "int i = blockIdx.x * 64 + threadIdx.x;\n"
        f"if ({guard}) {{\nint v = 0;\n"
        f"for (int j = 0; j < n; ++j) v += (int)({a})a[i * n + j] * (int)({b})b[j];\nc[i] = v;\n}}\n}}"
    )
    return launcher(
        kernel, "unsigned char *a, signed char *b, int *c, int n, int m", {"a": "m * n", "b": "n", "c": "m"}, "c",
        "(m + 63) / 64", "64", "n m",
    )


DOT_MUTANTS = {
    "signed for unsigned": dot(a="signed char"),
    "unsigned for signed": dot(b="unsigned char"),
    "dropped tail": dot(guard="i < m - m % 4 - 1"),
}
DOT_HONEST = {"itself": dot()}

CASES = {
    "transpose": (TRANSPOSE, TRANSPOSE_MUTANTS, TRANSPOSE_HONEST),
    "reduction": (REDUCTION, REDUCTION_MUTANTS, REDUCTION_HONEST),
    "dot": (dot(), DOT_MUTANTS, DOT_HONEST),
}


@cache
def reference(name: str) -> Reference:
    source = CASES[name][0]
    seen = observe(source, CUDA, read(source, CUDA, f"{name}.cu"), effort=EFFORT)
    assert refuted([seen.evidence]) is None, str(seen.evidence)
    return seen


def judged(name: str, text: str) -> tuple[Evidence, ...]:
    source = CASES[name][0]
    program = read(source, CUDA, f"{name}.cu")
    return confirm(
        source, CUDA, text, CUDA, program, reference=reference(name), effort=EFFORT, file="target.cu", level=Level.TESTS
    )


def named(which: int) -> list[tuple[str, str]]:
    return [(case, name) for case, parts in CASES.items() for name in parts[which]]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("case", "name"), named(1))
def test_a_mutant_is_refuted(case: str, name: str) -> None:
    evidence = judged(case, CASES[case][1][name])
    found = refuted(evidence)
    assert found is not None, evidence
    assert not confirmed(evidence)


@pytest.mark.parametrize(("case", "name"), named(2))
def test_an_honest_rewrite_is_confirmed(case: str, name: str) -> None:
    evidence = judged(case, CASES[case][2][name])
    assert confirmed(evidence), evidence


def test_a_witness_names_the_place_and_the_inputs() -> None:
    found = refuted(judged("transpose", TRANSPOSE_MUTANTS["zeros"]))
    assert found is not None and found.rung == "equal on tests"
    witness = found.to_json()["witness"]
    assert isinstance(witness, dict)
    assert witness["buffer"] == "c" and witness["actual"] == 0.0 and witness["expected"] != 0.0
    assert set(witness["sizes"]) == {"n", "m"} and witness["seed"] == 0


def test_a_source_out_of_bounds_at_given_sizes_is_a_defective_source() -> None:
    bad = TRANSPOSE_MUTANTS["missing guard"]
    seen = observe(bad, CUDA, read(bad, CUDA, "bad.cu"), let={"n": 20, "m": 20}, effort=EFFORT)
    found = refuted([seen.evidence])
    assert found is not None and found.rung == "source runs clean"
    assert "bad.cu:" in str(found.verdict)


def test_a_text_that_does_not_compile_is_refuted_with_its_line(tmp_path: Path) -> None:
    found = refuted(judged("dot", dot().replace("int v = 0;", "int v = w;")))
    assert found is not None and "target.cu:4" in str(found.verdict)


def test_another_entry_is_refuted() -> None:
    found = refuted(judged("reduction", dot()))
    assert found is not None and "the entries differ" in str(found.verdict)


ADD = (Path(__file__).parents[2] / "examples" / "add.cu").read_text()


def test_a_sum_of_what_lies_past_the_ends_is_refuted() -> None:
    """The vector path taken by the thread at the end of arrays whose size is no multiple of its four elements."""
    mutant = ADD.replace("i + 3 < n", "i < n")
    assert mutant != ADD
    found = refuted(confirm(ADD, CUDA, mutant, CUDA, read(ADD, CUDA, "add.cu"), let={"n": 1003}, effort=EFFORT,
                            level=Level.TESTS))
    assert found is not None and "element 1003" in str(found.verdict)
