"""How public suites lay out their files, and what the numbers in their file names mean.

A suite's file name carries an operator and its shape; its launchers take some of that shape as run-time scalars.
The tables below say which. They know benchmarks, nothing else in the project does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from typing import Any

from xpiler.fault import Fault
from xpiler.platforms.platform import Platform


@dataclass(frozen=True)
class Case:
    """One source file of a suite with the values its launcher is to be called with."""

    path: Path
    operator: str
    let: Mapping[str, Any] = field(default_factory=dict)

    prelude: str = ""  # what the suite's own harness puts before a text; one line, so that lines keep their numbers

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def text(self) -> str:
        """The text to translate; an empty file stays empty."""
        text = self.path.read_text()
        return self.prelude + text if text.strip() else text


# Folder of a dialect in the suite.
QIMENG_FOLDERS = {"cuda": "cuda_code_test", "hip": "hip_code_test", "vnni": "dlboost_code_test", "c": "cpp_code_test"}

_WINDOW = "batch_size input_H . channels kernel_size . stride ."
# Operator -> the launcher's name for every number of the file name; a dot is a number no launcher asks for.
QIMENG_NAMES = {
    "gemm": "m k n",
    "gemv": "m n",
    "bmm": "b m k n",
    "conv1d": "output_size input_size",
    "conv2d": "batch_size input_height . input_channels output_channels kernel_height . . stride .",
    "conv2dnchw": "batch_size input_channels input_height . output_channels . kernel_height . stride .",
    "depthwiseconv": "input_height kernel_size input_channels",
    "layernorm": "batch_size seq_length d_model",
    "mha": "batch_size seq_len num_heads head_dim",
    "maxpool": _WINDOW, "avgpool": _WINDOW, "minpool": _WINDOW, "sumpool": _WINDOW,
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
            known: dict[str, int | tuple[int, ...]] = {**_scalars(operator, dims), **QIMENG_DATA.get(operator, {})}
            prelude = "using namespace nvcuda; " if "wmma" in words and "nvcuda" not in words else ""
            yield Case(path, operator, {k: v for k, v in known.items() if k in words}, prelude)


def _scalars(operator: str, dims: list[int]) -> dict[str, int]:
    names = QIMENG_NAMES.get(operator)
    if names is not None:
        return {n: d for n, d in zip(names.split(), dims, strict=False) if n != "."}
    # Operators on a plain tensor: all elements, or rows and the last dimension.
    rows, last = math.prod(dims[:-1]), dims[-1]
    return {"size": rows * last, "size1": rows, "size2": last, "size_1": rows, "size_2": last}


LAYOUTS = {"qimeng": qimeng}
