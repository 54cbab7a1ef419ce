"""Texts called natively: arguments arrive, guards hold, and nothing else is reached."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from xpiler.emulate.workshop import Caged, workshop
from xpiler.ir.nodes import Buffer, Param, Var
from xpiler.ir.types import DType
from xpiler.platforms.bang import toolchain as bang
from xpiler.platforms.c import toolchain as c
from xpiler.platforms.cuda import toolchain as cuda
from xpiler.platforms.device import Argument, Entry, Failed, Loaded, Ran, cpu, run
from xpiler.platforms.hip import toolchain as hip
from xpiler.platforms.toolchain import Rejected, Unavailable
from xpiler.platforms.vnni import toolchain as vnni

pytestmark = pytest.mark.skipif(not shutil.which("gcc") or not shutil.which("g++"), reason="no gcc or g++ on PATH")
needs_avx512 = pytest.mark.skipif(isinstance(vnni.device(), Unavailable), reason="this CPU has no AVX-512")

X, Y = Buffer("x", DType.F32, None, const=True), Buffer("y", DType.F32, None)
N = Var("n", DType.I32)
Call = Callable[..., Ran | Failed | Unavailable | Rejected]


@pytest.fixture(scope="module")
def shop(cache: Path) -> Caged:
    return workshop(cache)


@pytest.fixture
def call(shop: Caged, tmp_path: Path) -> Call:
    def called(
        text: str, params: tuple[Param, ...], arguments: Mapping[str, Argument], *, on: str = "c", seconds: float = 10.0
    ) -> Ran | Failed | Unavailable | Rejected:
        toolchain = {"c": c, "vnni": vnni}[on]
        loaded = toolchain.load(text, Entry("f", params), tmp_path, shop, 60.0)
        return run(loaded, arguments, shop, seconds) if isinstance(loaded, Loaded) else loaded

    return called


def _ran(answer: object) -> Mapping[str, np.ndarray]:
    assert isinstance(answer, Ran), answer
    assert answer.seconds >= 0
    return answer.arrays


@pytest.mark.parametrize("on", ["c", pytest.param("vnni", marks=needs_avx512)])
def test_every_type_of_argument_arrives(call: Call, on: str) -> None:
    numbers: list[tuple[DType, str, int | float]] = [
        (DType.BOOL, "bool", 1), (DType.I8, "int8_t", -128), (DType.U8, "uint8_t", 255), (DType.I16, "int16_t", -32768),
        (DType.U16, "uint16_t", 65535), (DType.I32, "int", -7), (DType.U32, "unsigned int", 4294967295),
        (DType.I64, "long long", -(1 << 50)), (DType.U64, "uint64_t", 1 << 50), (DType.F32, "float", 0.1),
        (DType.F64, "double", 0.1),
    ]
    params: tuple[Param, ...] = (Buffer("out", DType.F64, None), *(Var(f"a{i}", t) for i, (t, _, _) in enumerate(numbers)))
    declared = ", ".join(f"{name} a{i}" for i, (_, name, _) in enumerate(numbers))
    body = " ".join(f"out[{i}] = (double)a{i};" for i in range(len(numbers)))
    extern = 'extern "C" ' if on == "vnni" else ""
    text = f"#include <stdint.h>\n#include <stdbool.h>\n{extern}void f(double* out, {declared}) {{ {body} }}\n"
    arguments = {"out": np.zeros(len(numbers)), **{f"a{i}": v for i, (_, _, v) in enumerate(numbers)}}
    out = _ran(call(text, params, arguments, on=on))["out"]
    expected = [float(np.float32(v)) if t is DType.F32 else v for t, _, v in numbers]
    assert out.tolist() == expected


@pytest.mark.parametrize("dtype", [np.float16, np.uint16, np.int8, np.float64])
def test_arrays_keep_their_bytes(call: Call, dtype: type) -> None:
    kinds = {np.float16: (DType.F16, "_Float16"), np.uint16: (DType.BF16, "unsigned short"), np.int8: (DType.I8, "signed char"),
             np.float64: (DType.F64, "double")}
    t, name = kinds[dtype]
    x = np.arange(77).astype(dtype)
    params = (Buffer("x", t, None, const=True), Buffer("y", t, None))
    text = f"void f(const {name}* x, {name}* y) {{ for (int i = 0; i < 77; ++i) y[76 - i] = x[i]; }}"
    out = _ran(call(text, params, {"x": x, "y": np.zeros(77, dtype)}))
    assert np.array_equal(out["y"], x[::-1])
    assert out["y"].dtype == dtype


@pytest.mark.parametrize(("body", "said"), [
    ("y[n] = 1;", "memory beside `y`"), ("y[-1] = 1;", "memory beside `y`"), ("y[1 << 20] = 1;", "signal 11"),
    ("((float*)x)[0] += 1;", "`x` is const"), ("exit(0);", "before the entry returned"), ("abort();", "signal 6"),
    ("_exit(0);", "before the entry returned"),
])
def test_misbehaviour_is_a_failure(call: Call, body: str, said: str) -> None:
    text = f"#include <stdlib.h>\n#include <unistd.h>\nvoid f(const float* x, float* y, int n) {{ {body} }}\n"
    answer = call(text, (X, Y, N), {"x": np.ones(50, np.float32), "y": np.zeros(50, np.float32), "n": 50})
    assert isinstance(answer, Failed)
    assert said in answer.what


def test_arrays_too_large_for_the_answer_are_no_verdict(call: Call) -> None:
    answer = call("#include <signal.h>\nvoid f(float* y) { raise(SIGXFSZ); }", (Y,), {"y": np.zeros(1, np.float32)})
    assert isinstance(answer, Unavailable) and "one file" in answer.reason


def test_a_call_that_does_not_end_is_no_verdict(call: Call) -> None:
    answer = call("void f(float* y) { volatile int on = 1; while (on) y[0] += 1; }", (Y,), {"y": np.zeros(1, np.float32)},
                  seconds=0.5)
    assert isinstance(answer, Unavailable)
    assert "did not end" in answer.reason


def test_nothing_but_the_arguments_is_reached(call: Call, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    text = f"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
void f(float* y) {{
  y[0] = fopen("{secret}", "r") != 0;
  y[1] = fopen("{tmp_path}/made", "w") != 0;
  y[2] = socket(AF_INET, SOCK_STREAM, 0) >= 0;
  y[3] = fork() >= 0;
  y[4] = getenv("PATH") != 0;
  y[5] = system("true") == 0;
}}
"""
    out = _ran(call(text, (Y,), {"y": np.full(6, -1, np.float32)}))
    assert out["y"].tolist() == [0.0] * 6
    assert not (tmp_path / "made").exists()


def test_a_text_may_have_its_own_main(call: Call) -> None:
    text = "void f(float* y) { y[0] = 2; }\nint main(void) { float y; f(&y); return 0; }\n"
    assert _ran(call(text, (Y,), {"y": np.zeros(1, np.float32)}))["y"].tolist() == [2.0]


def test_a_text_of_cpp_on_the_platform_of_c(call: Call) -> None:
    text = 'template <class T> static T two() { return T(2); }\nextern "C" void f(float* y) { y[0] = two<float>(); }\n'
    assert _ran(call(text, (Y,), {"y": np.zeros(1, np.float32)}))["y"].tolist() == [2.0]


def test_a_number_that_cannot_be_passed_is_no_verdict(call: Call) -> None:
    params = (Y, Var("h", DType.F16))
    assert isinstance(call("void f(float* y, _Float16 h) {}", params, {"y": np.zeros(1, np.float32), "h": 1.0}), Unavailable)


# ---------------------------------------------------------------- what the machine has


@needs_avx512
@pytest.mark.parametrize("has", [True, False])
def test_instructions_the_cpu_lacks_are_refused_by_the_compiler(call: Call, monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    name, flags = cpu()
    if has and "avx512_vnni" not in flags:
        pytest.skip("this CPU has no VNNI")
    monkeypatch.setattr(vnni, "cpu", lambda: (name, flags if has else flags - {"avx512_vnni", "avx512_bf16", "avx512_fp16"}))
    text = """#include <immintrin.h>
extern "C" void f(const unsigned char* x, int* y) {
  __m512i s = _mm512_setzero_si512();
  _mm512_storeu_si512(y, _mm512_dpbusd_epi32(s, _mm512_loadu_si512(x), _mm512_set1_epi8(-1)));
}
"""
    params = (Buffer("x", DType.U8, None, const=True), Buffer("y", DType.I32, None))
    x = np.arange(64, dtype=np.uint8) + np.uint8(190)
    answer = call(text, params, {"x": x, "y": np.zeros(16, np.int32)}, on="vnni")
    if has:
        assert np.array_equal(_ran(answer)["y"], -x.astype(np.int32).reshape(16, 4).sum(axis=1))
    else:
        assert isinstance(answer, Rejected)
        assert "without VNNI" in str(vnni.device())


def test_a_cpu_without_avx512_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vnni, "cpu", lambda: ("old", frozenset({"sse2"})))
    answer = vnni.device()
    assert isinstance(answer, Unavailable)
    assert "avx512f" in answer.reason


def test_the_cpu_is_read_from_the_system(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: sse2 avx512f\n\n")
    assert cpu(told) == ("Some CPU", frozenset({"sse2", "avx512f"}))
    assert cpu(tmp_path / "nothing") == ("", frozenset())


@pytest.mark.parametrize(("toolchain", "node"), [(cuda, "/dev/nvidia0"), (hip, "/dev/kfd"), (bang, "/dev/cambricon_dev0")])
def test_a_machine_without_the_accelerator_says_so(toolchain: object, node: str) -> None:
    if Path(node).exists():
        pytest.skip(f"there is {node}")
    answer = toolchain.device()  # type: ignore[attr-defined]
    assert isinstance(answer, Unavailable)
    assert "there is no" in answer.reason


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc on PATH")
def test_a_gpu_text_is_linked_with_its_caller(shop: Caged, tmp_path: Path) -> None:
    """All that can be tried without a GPU: it links, and says that there is none instead of giving numbers."""
    text = (Path(__file__).parents[2] / "examples" / "relu_runtime.cu").read_text()
    loaded = cuda.load(text, Entry("relu", (X, Y, N)), tmp_path, shop, 120.0)
    assert isinstance(loaded, Loaded)
    if isinstance(cuda.device(), Unavailable):
        arguments: dict[str, Argument] = {"x": np.ones(5, np.float32), "y": np.zeros(5, np.float32), "n": 5}
        answer = run(Loaded(loaded.program, loaded.entry, loaded.how, ("/dev/null",)), arguments, shop, 30.0)
        assert isinstance(answer, Unavailable)
        assert "cannot be used" in answer.reason


