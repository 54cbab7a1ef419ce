"""What every test may ask for: where things are, and a seeded source of numbers."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from xpiler.emulate.store import default_folder

ROOT = Path(__file__).parent.parent


# The same random cases every time, so that a run says something of the change it is made for;
# HYPOTHESIS_PROFILE=hunt looks for new ones, and for more of them.
settings.register_profile("steady", derandomize=True)
settings.register_profile("hunt")
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "steady")
settings.load_profile(PROFILE)


def random_cases(number: int) -> int:
    """How many random cases a slow test tries: `number`, which are the same every time, or four times as many in a hunt."""
    return 4 * number if PROFILE == "hunt" else number


def cpu_flags() -> frozenset[str]:
    """The feature flags of this machine's first CPU, empty where /proc does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), ":")
    return frozenset(flags.split(":", 1)[1].split())


MISSING = {
    "needs_cuda": None if shutil.which("nvcc") else "no nvcc on PATH",
    "needs_hip": None if shutil.which("hipcc") else "no hipcc on PATH",
    "needs_vnni": None if "avx512_vnni" in cpu_flags() else "this CPU has no AVX-512 VNNI",
    "needs_model": None if os.environ.get("XPILER_MODEL_URL") else "XPILER_MODEL_URL is not set",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, and say why; of a sampled test all cases but every n-th are slow."""
    seen: Counter[str] = Counter()
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled is not None:
            name = item.nodeid.partition("[")[0]
            if seen[name] % sampled.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[name] += 1
        for mark, reason in MISSING.items():
            if reason is not None and item.get_closest_marker(mark) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cache() -> Path:
    """Where the program keeps its own builds, by all that they follow from: a platform's header is compiled once for all
    tests, whether they name a folder or not. What is kept, and when, is tested in folders of their own."""
    return default_folder()


@pytest.fixture
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240)
