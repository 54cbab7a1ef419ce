"""How public suites lay out their files, and what the numbers in their file names mean.

A suite's file name carries an operator and its shape; its launchers take some of that shape as run-time scalars.
The tables below say which. They know benchmarks, nothing else in the project does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

from xpiler.bench.case import Case, Sizes
from xpiler.bench.specs import SPECS
from xpiler.bench.suite import suite
from xpiler.fault import Fault
from xpiler.platforms.platform import Platform
from xpiler.verify.spec.form import evaluated


# Folder of a dialect in the suite.
QIMENG_FOLDERS = {"cuda": "cuda_code_test", "hip": "hip_code_test", "vnni": "dlboost_code_test", "c": "cpp_code_test"}

_POOL = "batch_size:n input_H:h . channels:c kernel_size:k . stride:s ."
# Operator -> for every number of the file name the launcher's name for it and its letter in the specification, either
# of which may be missing; a dot is a number nobody asks for.
QIMENG_NAMES = {
    "gemm": "m:m k:k n:n",
    "gemv": "m:m n:n",
    "bmm": "b:b m:m k:k n:n",
    "conv1d": "output_size: input_size:i",
    "conv2d": "batch_size:n input_height:h :w input_channels:c output_channels:o kernel_height:kh :kw . stride:s .",
    "conv2dnchw": "batch_size:n input_channels:c input_height:h :w output_channels:o . kernel_height:kh :kw stride:s .",
    "depthwiseconv": "input_height:h kernel_size:kh input_channels:c",
    "layernorm": "batch_size:b seq_length:l d_model:c",
    "mha": "batch_size:b seq_len:t num_heads:s head_dim:d",
    "maxpool": _POOL, "avgpool": _POOL, "minpool": _POOL, "sumpool": _POOL,
    "deformable": ":n :m :d :q :l :p",
}
# Letters that follow from others; the suite's attention is over the heads of one place in the sequence.
QIMENG_DERIVED = {
    "conv1d": {"k": "3"}, "layernorm": {"r": "b*l"}, "mha": {"r": "b*t"}, "depthwiseconv": {"kw": "kh", "s": "1"},
    "deformable": {"t": "13101"},
}
QIMENG_SPECS = {"mha": "attention"}
# Sizes small enough to be run at once, where the launcher takes them as scalars.
QIMENG_LESS = {
    "gemm": {"m": 64}, "bmm": {"b": 1}, "mha": {"b": 1, "t": 4}, "rmsnorm": {"r": 1024}, "conv2d": {"n": 1},
    "conv2dnchw": {"n": 1}, "maxpool": {"n": 1}, "avgpool": {"n": 1}, "minpool": {"n": 1}, "sumpool": {"n": 1},
}
# Contents that must fit together: the four levels of a feature pyramid, and where each starts.
QIMENG_DATA = {
    "deformable": {
        "value_spatial_shapes": (84, 117, 42, 59, 21, 30, 11, 15),
        "value_spatial_shapes_": (84, 117, 42, 59, 21, 30, 11, 15),
        "level_start_index": (0, 9828, 12306, 12936),
    }
}


def qimeng(directory: Path, platform: Platform, only: str, limit: int) -> Iterator[Case]:
    """The files of `<dialect>_code_test/<operator>_<numbers>.<suffix>`, at most `limit` of an operator."""
    folder = directory / QIMENG_FOLDERS.get(platform.name, "")
    if platform.name not in QIMENG_FOLDERS or not folder.is_dir():
        raise Fault(
            "XP3020", f"no {platform.name} sources of this layout in {directory}", why=f"{folder} is not a folder",
            try_="the folder that holds cuda_code_test and its like",
        )
    paths = sorted(p for p in folder.iterdir() if p.is_file() and fnmatch(p.name, only))
    for operator, group in groupby(paths, key=lambda p: p.name.split("_")[0]):
        for path in list(group)[: limit or None]:
            dims = [int(d) for d in re.findall(r"_(\d+)", path.stem)]
            words = set(re.findall(r"\w+", path.read_text()))
            data = {k: v for k, v in QIMENG_DATA.get(operator, {}).items() if k in words}
            whole = _known(_sizes(operator, dims, {}), words, operator)
            less = _known(_sizes(operator, dims, QIMENG_LESS.get(operator, {})), words, operator)
            prelude = "using namespace nvcuda; " if "wmma" in words and "nvcuda" not in words else ""
            yield Case(
                path, operator, {**whole.let, **data}, prelude, _spec(operator), whole.letters,
                less if less.let != whole.let and whole.let.keys() == less.let.keys() else None,
            )


def _spec(operator: str) -> str:
    """The name of an operator's specification; "" where there is none."""
    name = QIMENG_SPECS.get(operator, operator)
    return name if name in SPECS else ""


def _known(sizes: Sizes, words: set[str], operator: str) -> Sizes:
    """The scalars the text names, and the letters its specification has."""
    spec = SPECS.get(QIMENG_SPECS.get(operator, operator))
    letters = spec.form.letters if spec is not None and spec.form is not None else ()
    return Sizes({k: v for k, v in sizes.let.items() if k in words},
                 {k: v for k, v in sizes.letters.items() if k in letters})


def _sizes(operator: str, dims: list[int], caps: Mapping[str, int]) -> Sizes:
    """The launcher's scalars and the letters that go with the numbers of a file name, none above its cap."""
    names = QIMENG_NAMES.get(operator)
    let: dict[str, int] = {}
    letters: dict[str, int] = {}
    if names is not None:
        for pair, d in zip(names.split(), dims, strict=False):
            name, _, letter = pair.partition(":")
            value = min(d, caps.get(letter, d))
            if name.strip("."):
                let[name] = value
            if letter:
                letters[letter] = value
        for letter, text in QIMENG_DERIVED.get(operator, {}).items():
            letters[letter] = evaluated(text, letters)
        return Sizes(let, letters)
    # Operators on a plain tensor: all elements, or rows and the last dimension.
    rows, last = min(math.prod(dims[:-1]), caps.get("r", 1 << 40)), dims[-1]
    let = {"size": rows * last, "size1": rows, "size2": last, "size_1": rows, "size_2": last}
    return Sizes(let, {"n": rows * last, "r": rows, "c": last})


def polybench(directory: Path, platform: Platform, only: str, limit: int) -> Iterator[Case]:
    """`CUDA/<group>/.../<name>.cu`, each with its headers beside it and a `main` that compares with the CPU; the
    smallest of the suite's data sets."""
    folder = directory / "CUDA" if (directory / "CUDA").is_dir() else directory
    paths = sorted(p for p in folder.rglob("*.cu") if fnmatch(p.name, only))
    for path in paths[: limit or None]:
        yield Case(
            path, path.parent.name, prelude="#define MINI_DATASET\n",
            says=r"(?:Threshold of \S+ Percent|Number of misses): 0\s",
            folders=(path.parent, folder / "utilities"),
        )


def hipcpu(directory: Path, platform: Platform, only: str, limit: int) -> Iterator[Case]:
    """`tests/hip_*.cpp`, written for the Catch2 framework, for which something of ours stands in."""
    folder = directory / "tests" if (directory / "tests").is_dir() else directory
    paths = sorted(p for p in folder.glob("hip_*.cpp") if fnmatch(p.name, only))
    for path in paths[: limit or None]:
        yield Case(
            path, "_".join(path.stem.split("_")[:2]), says=r"\b0 of [1-9]\d* test cases failed", folders=(folder,),
            instead={"../external/catch2/catch.hpp": Path(__file__).parent / "catch.h"},
        )


def plain(directory: Path, platform: Platform, only: str, limit: int) -> Iterator[Case]:
    """Any folder of kernels: the files with a suffix of the dialect, an operator for each name up to its first `_`."""
    paths = sorted(p for p in directory.iterdir() if p.suffix in platform.suffixes and fnmatch(p.name, only))
    for operator, group in groupby(paths, key=lambda p: p.stem.split("_")[0]):
        for path in list(group)[: limit or None]:
            yield Case(path, operator)


LAYOUTS = {"plain": plain, "suite": suite, "qimeng": qimeng, "polybench": polybench, "hipcpu": hipcpu}
