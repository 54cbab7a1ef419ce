"""What was published of others, in percent of 168 cases a direction, to print beside ours.

QiMeng-Xpiler (OSDI 2025), tables of computation and compilation accuracy; HIPIFY and PPCG as that paper measured them.
"""

from __future__ import annotations

from collections.abc import Mapping

METHOD = "QiMeng-Xpiler"
# (from, to) -> method -> computation accuracy
COMPUTES: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("cuda", "bang"): {"GPT-4 few-shot": 7.7, "o1 few-shot": 48.2, "passes without SMT": 54.2, METHOD: 91.7},
    ("cuda", "hip"): {"GPT-4 few-shot": 96.4, "o1 few-shot": 98.2, "passes without SMT": 98.2, METHOD: 100.0},
    ("cuda", "vnni"): {"GPT-4 few-shot": 30.4, "o1 few-shot": 55.4, "passes without SMT": 58.3, METHOD: 95.2},
    ("bang", "cuda"): {"GPT-4 few-shot": 6.5, "o1 few-shot": 10.1, "passes without SMT": 77.4, METHOD: 95.8},
    ("bang", "hip"): {"GPT-4 few-shot": 6.5, "o1 few-shot": 7.7, "passes without SMT": 78.6, METHOD: 97.0},
    ("bang", "vnni"): {"GPT-4 few-shot": 13.1, "o1 few-shot": 23.2, "passes without SMT": 41.1, METHOD: 95.2},
    ("hip", "cuda"): {"GPT-4 few-shot": 97.0, "o1 few-shot": 98.2, "passes without SMT": 97.6, METHOD: 100.0},
    ("hip", "bang"): {"GPT-4 few-shot": 5.4, "o1 few-shot": 9.0, "passes without SMT": 52.4, METHOD: 86.9},
    ("hip", "vnni"): {"GPT-4 few-shot": 24.4, "o1 few-shot": 30.4, "passes without SMT": 57.1, METHOD: 96.4},
    ("vnni", "cuda"): {"GPT-4 few-shot": 14.3, "o1 few-shot": 51.2, "passes without SMT": 83.9, METHOD: 98.2},
    ("vnni", "bang"): {"GPT-4 few-shot": 6.0, "o1 few-shot": 10.7, "passes without SMT": 58.3, METHOD: 88.7},
    ("vnni", "hip"): {"GPT-4 few-shot": 12.5, "o1 few-shot": 96.4, "passes without SMT": 85.7, METHOD: 99.4},
}
# QiMeng-Xpiler's compilation accuracy: 100 in all directions but one.
COMPILES: Mapping[tuple[str, str], float] = {d: 99.4 if d == ("vnni", "bang") else 100.0 for d in COMPUTES}
# Rules alone, on the same cases: HIPIFY CUDA -> HIP, PPCG C -> CUDA.
RULES: Mapping[tuple[str, str], tuple[str, float]] = {("cuda", "hip"): ("HIPIFY", 85.7), ("c", "cuda"): ("PPCG", 47.6)}
