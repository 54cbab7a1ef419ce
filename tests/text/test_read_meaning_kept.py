"""Reading keeps what a program computes: g++ runs a function as written and as read and written back."""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.text.read import read
from xpiler.text.write import write

TRICKY = r"""
static int find(const int* p, int n, int key) {
  for (int i = 0; i < n; i++) {
    if (p[i] == key) return i;
    if (p[i] > 90) break;
  }
  return -1;
}
static void order(int& lo, int& hi) { if (lo > hi) { int t = lo; lo = hi; hi = t; } }
static unsigned mix(unsigned h, unsigned v) { h ^= v; h *= 16777619u; return h >> 3; }
static int grade(int v) {
  switch (v & 7) {
    case 0: return 10;
    case 1:
    case 2: v += 5; break;
    default: v -= 1;
  }
  return v;
}
void k(int* a, int* out, int n) {
  int at = 0;
  const int* p = a;
  for (int i = n - 1; i >= 0; i -= 3) out[at++] = a[i] - *p++;
  int j, found = find(a, n, a[n / 2]);
  for (j = 0; j < n; j++) { if (a[j] == 17 && ++found > 3) break; }
  out[at++] = j; out[at++] = found;
  int lo = a[0], hi = a[1];
  order(lo, hi);
  out[at++] = lo; out[at++] = hi;
  unsigned h = 2166136261u;
  for (unsigned i = 0; i < (unsigned)n; i++) h = mix(h, a[i]);
  out[at++] = (int)h;
  int s = n;
  do { s = s % 2 ? 3 * s + 1 : s / 2; if (s > 50) continue; out[at] = s; } while (s > 4);
  at++;
  for (int w = 16; w > 0; w >>= 1) out[at++] = grade(a[w % n]) + (w > 3 || a[w % n]-- > 5);
  int t[3][2] = {{1, 2}, {3}};
  t[2][at % 2] += a[2];
  int c = 3, d;
  d = c = 5, c--;
  out[at++] = t[0][1] + t[1][0] * t[2][1] + t[2][0] + (c, d);
  out[at++] = a[0] > 20 ? c++ : --d;
  out[at++] = c * d;
  signed char b = (signed char)(a[3] * 37);
  out[at++] = b >> 1; out[at++] = (unsigned char)b / 3; out[at++] = -7 / (a[4] % 5 + 6) + -7 % 4;
}
"""


def built(text: str, folder: Path, name: str) -> ctypes.CDLL:
    source, library = folder / f"{name}.cpp", folder / f"{name}.so"
    source.write_text(text)
    flags = ["-x", "c++", "-O1", "-fwrapv", "-fpermissive", "-w", "-fPIC", "-shared"]
    subprocess.run(["g++", *flags, "-o", str(library), str(source)], check=True, timeout=60)
    return ctypes.CDLL(str(library))


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_a_tricky_function_computes_the_same(tmp_path: Path) -> None:
    platform = platforms.get("c")
    text = TRICKY.replace("void k", 'extern "C" void k')
    again = write(read(text, platform, "k.c"), platform)
    before = built(text, tmp_path, "before").k
    after = built(again, tmp_path, "after").k
    source = random.Random(7)
    for _ in range(50):
        n = source.randrange(6, 30)
        values = [source.randrange(-20, 100) for _ in range(n)]
        results = []
        for f in (before, after):
            a, out = (ctypes.c_int * n)(*values), (ctypes.c_int * 64)()
            f(a, out, n)
            results.append((list(a), list(out)))
        assert results[0] == results[1]
