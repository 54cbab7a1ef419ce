"""While loops that count become for loops; what else advances with them follows from the counter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.passes.random_kernels import same
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Const, While
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.plain.count import Count
from xpiler.text.read import read

HEAD = "void k(const float* x, float* y, int n) {"
TEXTS = {
    "two counters": f"{HEAD} for (int i = 2, j = 1; i <= 9; i += 3, j += 2) y[j] = x[i]; }}",
    "a step by another name": f"{HEAD} int step = 4, i = 1; while (i < 15) {{ y[i] = x[i]; i += step; }} y[0] = i; }}",
    "a place that goes on from one loop to the next": f"""{HEAD}
      int at = 0;
      for (int r = 0; r < 3; ++r)
        for (int c = 0; c < 4; ++c, ++at) y[at] = x[r * 4 + c];
      y[15] = at; }}""",
    "a place that advances by what changes": f"""{HEAD}
      int at = 0, by = 1;
      for (int r = 0; r < 3; ++r) {{ for (int c = 0; c < 2; ++c, at += by) y[at] = x[c]; by = 2; }} }}""",
    "no iteration": f"{HEAD} int i = 9, j = 3; while (i + 2 <= 3) {{ y[j] = x[i]; i += 2; j += 1; }} y[i] = x[0]; y[j] = x[1]; }}",
    "counters that feed each other": f"{HEAD} for (int i = 0, j = 0; i < 4; i += 1, j += i) y[j] = x[i]; }}",
    "a step that changes": f"{HEAD} int i = 0, j = 1; while (i < 12) {{ y[i] = x[j]; i += j; j += 1; }} }}",
    "down to the last": f"{HEAD} int i = 11; while (i > 0) {{ y[i] = x[i]; --i; }} y[i] = x[12]; }}",
    "down in steps": f"{HEAD} int n_ = 13, j = 0; while (n_ >= 4) {{ y[j] = x[n_]; n_ -= 4; j += 2; }} y[14] = x[n_]; y[15] = x[j]; }}",
    "never down": f"{HEAD} int i = 3; while (i >= 4) {{ y[i] = x[i]; i -= 4; }} y[i] = x[i + 1]; }}",
    "advanced between": f"{HEAD} int i = 0, j = 15; while (i != 7) {{ y[i] = x[j]; j -= 2; ++i; y[i + 8] = x[j]; }} }}",
    "long and without a sign": f"{HEAD} unsigned long i = 9, j = 1; while (i >= 4) {{ y[j] = x[i]; i -= 3; j += 1; }} y[i] = x[j]; }}",
    "long and short of one": f"{HEAD} unsigned long i = 3; while (i + 8 <= 7) {{ y[i] = x[i]; i += 8; }} y[i] = x[0]; }}",
    "a last step that is shorter": f"""{HEAD} int at = 1, rest = n; while (rest > 0) {{ int now = rest < 4 ? rest : 4;
      for (int j = 0; j < now; ++j) y[at + j] = x[j]; at += now; rest -= now; }} }}""",
    "as long as there is some": f"""{HEAD} int at = 0; while (at < n) {{ int now = n - at > 4 ? 4 : n - at;
      for (int j = 0; j < now; ++j) y[at + j] = x[j]; at += now; }} }}""",
    "a last step that is asked for": f"""{HEAD} int at = 1, rest = n; while (rest > 0) {{ int now = rest < 4 ? rest : 4;
      y[at] = x[now]; at += now; rest -= now; }} y[at + 1] = x[0]; }}""",
    "until none is left": f"""{HEAD} int at = 1, rest = n; while (rest != 0) {{ int now = rest < 4 ? rest : 4;
      for (int j = 0; j < now; ++j) y[at + j] = x[j]; at += now; rest -= now; }} }}""",
    "a rest without a sign": f"""{HEAD} int at = 1; unsigned rest = n; while (rest > 0) {{ unsigned now = rest < 4 ? rest : 4;
      for (int j = 0; j < (int)now; ++j) y[at + j] = x[j]; at += (int)now; rest -= now; }} }}""",
    "run-time length": f"{HEAD} int j = 5; int i = 0; while (i < n) {{ y[i] = x[j]; i += 1; j += 1; }} y[15] = j; }}",
}


LEFT = {"a step that changes", "a last step that is asked for", "until none is left", "a rest without a sign"}


@pytest.mark.parametrize("name", TEXTS)
def test_counted(name: str) -> None:
    kernel = read(TEXTS[name], platforms.get("c"), "k.c").kernels[0]
    sized = replace(kernel, params=tuple(
        replace(p, extent=Const(16, DType.I32)) if isinstance(p, Buffer) else p for p in kernel.params))
    after = Count().apply(sized)
    left = any(isinstance(s, While) for s in statements(after))
    assert left is (name in LEFT)
    same(sized, after)
