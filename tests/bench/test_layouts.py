"""What the numbers of a suite's file names become, on files made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.bench.corpus import rows
from xpiler.bench.corpus import Outcome as Counted
from xpiler.bench.layouts import qimeng
from xpiler.fault import Fault


def suite(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "cuda_code_test"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.cu").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "params", "let"),
    [
        ("gemm_1024_128_256", "int m, int k, int n", {"m": 1024, "k": 128, "n": 256}),
        ("relu_12_3_128", "int size", {"size": 4608}),
        ("softmax_12_3_128", "int size1, int size2", {"size1": 36, "size2": 128}),
        ("conv1d_126_128", "int input_size, int output_size", {"input_size": 128, "output_size": 126}),
        (
            "maxpool_16_112_110_64_5_5_3_3", "int batch_size, int channels, int input_H, int kernel_size, int stride",
            {"batch_size": 16, "channels": 64, "input_H": 112, "kernel_size": 5, "stride": 3},
        ),
        (
            "conv2dnchw_16_128_8_9_64_128_2_2_3_0",
            "int batch_size, int input_height, int input_channels, int output_channels, int kernel_height, int stride",
            {"batch_size": 16, "input_height": 8, "input_channels": 128, "output_channels": 64, "kernel_height": 2,
             "stride": 3},
        ),
        ("gemv_3_16", "float *A", {}),
    ],
)
def test_a_file_name_fixes_the_scalars_its_text_names(
    tmp_path: Path, name: str, params: str, let: dict[str, int]
) -> None:
    (case,) = qimeng(suite(tmp_path, **{name: f"void f({params});"}), platforms.get("cuda"), "*", 0)
    assert dict(case.let) == let


def test_at_most_so_many_of_an_operator(tmp_path: Path) -> None:
    folder = suite(tmp_path, add_1="x", add_2="x", add_3="x", relu_1="x", relu_2="x")
    found = [c.name for c in qimeng(folder, platforms.get("cuda"), "*", 2)]
    assert found == ["add_1", "add_2", "relu_1", "relu_2"]
    assert [c.name for c in qimeng(folder, platforms.get("cuda"), "relu*", 0)] == ["relu_1", "relu_2"]


def test_a_folder_that_is_no_suite_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="no cuda sources") as caught:
        list(qimeng(tmp_path, platforms.get("cuda"), "*", 0))
    assert caught.value.code == "XP3020"


def test_rows_count_defective_sources_apart() -> None:
    items = [
        Counted("a_1", "a", "confirmed", "", 1.0), Counted("a_2", "a", "source defective", "", 2.0),
        Counted("b_1", "b", "refuted", "", 9.0), Counted("b_2", "b", "XP1005", "", 1.0),
    ]
    assert rows(items) == [
        ("a", "2", "1", "0", "0", "1", "1.5", "2.0", ""),
        ("b", "2", "0", "1", "0", "0", "5.0", "9.0", "XP1005:1"),
        ("all", "4", "1", "1", "0", "1", "1.5", "9.0", "XP1005:1"),
    ]
