"""Small CUDA files around one kernel body, for tests of judges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from xpiler import platforms
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.text.read import read
from xpiler.verify.runs.judge import judge
from xpiler.verify.runs.observe import Effort, Reference, observe
from xpiler.verify.verdict import EQUAL, Evidence, Proved, Refuted, refuted

CUDA = platforms.get("cuda")
EFFORT = Effort(seeds=1)


@dataclass(frozen=True)
class Side:
    text: str
    platform: Platform
    program: Program
    file: str
    kernel: str = ""


def each(body: str, x: str = "float", y: str = "float", before: str = "") -> str:
    """`body` for every i below n, from `x` to `y`."""
    return _file(f"int i = blockIdx.x * 64 + threadIdx.x;\n  if (i < n) {{\n    {body}\n  }}", x, y, before)


def row(body: str, x: str = "float", y: str = "float") -> str:
    """`body` in one thread, for arrays of n elements."""
    return _file(f"if (blockIdx.x == 0 && threadIdx.x == 0) {{\n    {body}\n  }}", x, y, "")


def _file(body: str, x: str, y: str, before: str) -> str:
    return f"""{before}
__global__ void k(const {x}* x, {y}* y, int n) {{
  {body}
}}
extern "C" void run(const {x}* x, {y}* y, int n) {{
  {x}* dx;
  {y}* dy;
  cudaMalloc(&dx, n * sizeof({x}));
  cudaMalloc(&dy, n * sizeof({y}));
  cudaMemcpy(dx, x, n * sizeof({x}), cudaMemcpyHostToDevice);
  k<<<(n + 63) / 64, 64>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof({y}), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}}
"""


def side(text: str, file: str = "b.cu") -> Side:
    return Side(text, CUDA, read(text, CUDA, file), file)


@cache
def observed(text: str, effort: Effort = EFFORT) -> Reference:
    a = side(text, "a.cu")
    seen = observe(a.text, CUDA, a.program, file=a.file, effort=effort)
    assert refuted([seen.evidence]) is None, str(seen.evidence)
    return seen


def judged(source: str, target: str, effort: Effort = EFFORT) -> tuple[Evidence, ...]:
    b = side(target)
    return judge(observed(source, effort), b.text, CUDA, b.program, file=b.file, effort=effort)


def scope(source: str, target: str) -> str:
    """What was tried, of two that agree."""
    evidence = judged(source, target)
    assert refuted(evidence) is None, str(evidence)
    last = next(e for e in evidence if e.rung == EQUAL)
    assert isinstance(last.verdict, Proved)
    return last.verdict.scope


def complaint(source: str, target: str) -> str:
    """How a refutation begins."""
    found = refuted(judged(source, target))
    assert found is not None, "not refuted"
    assert isinstance(found.verdict, Refuted)
    return str(found.verdict.witness)
