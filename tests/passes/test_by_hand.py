"""Passes applied by hand from the command line: what the pages show, which passes there are, and what is said of mistakes."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.passes.golden import golden
from tests.passes.programs import F, array, assign, kernel, let, load, loop, store, threads, var
from tests.passes.random_parallel import TURN
from tests.passes import toy
from tests.passes.programs import BARRIER
from xpiler import by_hand, cli, platforms
from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, Intrinsic
from xpiler.ir.types import DType
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.recover import Recover
from xpiler.passes.lanes.vectors import VectorLoops

FOLDER = ROOT / "docs" / "passes"
PAGES = sorted(p for p in FOLDER.glob("*.md") if p.name != "README.md")
FENCE = re.compile(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDEX = re.compile(r"^\| \[(\w+)\]\((\w+)\.md\) \| (.+) \|$", re.MULTILINE)
ADD = ROOT / "examples" / "add.c"
SOFTMAX = ROOT / "examples" / "softmax.cu"
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command line here, in a folder of its own: its status, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(a) for a in args])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out + said.err

    return run


# ---------------------------------------------------------------- the pages


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_what_a_page_shows_is_what_is_printed(page: Path, call: Call, tmp_path: Path) -> None:
    text = page.read_text()
    blocks = list(FENCE.finditer(text))
    for b in blocks:
        if b[2]:
            (tmp_path / b[2]).write_text(b[3])
    for b in reversed(blocks):
        command, _, says = b[3].partition("\n")
        if b[1] != "console" or not command.startswith("$ xpiler pass "):
            continue
        _, said = call(*shlex.split(command)[2:])
        if os.environ.get("XPILER_GOLDEN") == "write":
            text = text[: b.start(3)] + f"{command}\n{said}" + text[b.end(3):]
            page.write_text(text)
        else:
            assert said == says, command


def test_every_pass_with_choices_has_a_page_and_a_line_in_the_index() -> None:
    passes = {name.partition(".")[0] for name in by_hand.enumerating()}
    assert passes == {p.stem for p in PAGES}
    index = INDEX.findall((FOLDER / "README.md").read_text())
    assert {name for name, _, _ in index} == {p.stem for p in PAGES}
    assert all(name == link and said for name, link, said in index)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_has_its_parameters_and_says_when_it_refuses(page: Path) -> None:
    text = page.read_text()
    missing = [f for f in by_hand.parameters(by_hand.found()[page.stem]) if f"`{f}`" not in text]
    assert missing == []
    assert text.startswith(f"# {page.stem}\n") and "refuse" in text


# ---------------------------------------------------------------- which passes there are


def test_a_pass_is_the_class_named_like_its_file_and_lists_its_choices(call: Call) -> None:
    known = by_hand.found()
    assert known["detensorize"] is Detensorize and known["recover"] is Recover
    assert {"split", "reorder", "contract", "count"} <= set(known), "those without facts of a machine too"
    assert "narrow" not in known, "its parameters are no numbers or words, and no facts of a machine"
    status, said = call("pass", "list")
    assert status == 0
    for name, kind in by_hand.enumerating().items():
        assert f"\n  {name.partition('.')[0]} {by_hand.usage(kind)}".rstrip() in said or "." in name
    assert "s[t] = x[t];  barrier;           ->" in said
    status, said = call("pass", "list", "tensorize")
    assert status == 0 and "Use one kind of the machine's instructions" in said and "detensorize" not in said


def test_no_two_files_of_passes_have_one_name() -> None:
    folder = ROOT / "src" / "xpiler" / "passes"
    assert len(by_hand.files()) == len([p for p in folder.rglob("*.py") if p.name != "__init__.py"])


def test_instances_are_listed_as_the_options_that_make_them(call: Call) -> None:
    status, said = call("pass", "space", "detensorize", ROOT / "examples" / "softmax.cpp")
    assert status == 0 and "\n  detensorize\n  detensorize --name _mm512_loadu_ps\n" in said
    status, said = call("pass", "space", "tensorize", ROOT / "examples" / "gemm.c", "--to", "bang", "--json")
    found = json.loads(said)
    assert [f["parameters"]["by"] for f in found][:2] == ["weights", "vectors"]
    for f in found:
        options = [w for k, v in f["parameters"].items() for w in (f"--{k}", str(v))]
        status, said = call("pass", "apply", "tensorize", ROOT / "examples" / "gemm.c", "--to", "bang", *options)
        assert status == 0 and ("__bang_matmul" in said) == (f["parameters"]["by"] == "weights")
    status, said = call("pass", "space", "tensorize", ADD)
    assert status == 0 and "`tensorize` applies nowhere in" in said


# ---------------------------------------------------------------- applied


def test_a_pass_is_applied_at_a_stage_and_in_the_language_that_has_words_for_it(call: Call) -> None:
    loops = {"read": "threadIdx", "sequential": "scratch[4]", "pivot": "fmaxf"}
    for stage, word in loops.items():
        status, said = call("pass", "apply", "split", SOFTMAX, "--stage", stage, "--loop", "zz", "--factor", 2)
        assert status == 2 and "its loops are" in said
        name = re.search(r"its loops are .*?(\w+)$", said.splitlines()[3])
        assert name is not None
        status, said = call("pass", "apply", "split", SOFTMAX, "--stage", stage, "--loop", name[1], "--factor", 2)
        assert status == 0 and word in said and f"{name[1]}_i" in said
        assert ("__global__" in said) == (stage == "read")


def test_a_diff_has_what_was_and_what_became_of_it(call: Call) -> None:
    status, said = call("pass", "apply", "split", "--loop", "i", "--factor=8", ADD, "--diff")
    assert status == 0 and said.startswith("--- before\n+++ after split --loop i --factor 8\n")
    assert "\n-    for (int i = 0; i < n; ++i) {" in said and "\n+    for (int i_o = 0;" in said
    status, said = call("pass", "apply", "recover", SOFTMAX, "--diff")
    assert status == 0 and "shuffle.xor" in said, "in the IR's notation: C has no words for what it was"
    status, said = call("pass", "apply", "split", ADD, "--loop", "i", "--factor", 8, "--json")
    told = json.loads(said)
    assert told["language"] == "c" and told["parameters"] == {"loop": "i", "factor": 8, "tail": "guard"}
    assert told["before"] != told["after"] and told["diff"].startswith("--- before")


@pytest.mark.parametrize(("args", "words"), [
    (("split", ADD, "--loop", "q", "--factor", "8"), ("has no loop `q`; its loops are i", "add.c:")),
    (("split", ADD, "--loop", "i", "--factor", "eight"), ("takes a number for --factor, not `eight`",)),
    (("split", ADD, "--loop", "i"), ("wants --factor", "it takes --loop STR --factor INT [--tail guard]")),
    (("split", "--loop", "i", "--factor", "8"), ("for one file, not no file", "pass apply split FILE --loop STR")),
    (("split", ADD, "--loop", "i", "--factor", "8", "--stage", "top"), ("no stage `top`", "read, detensorized")),
    (("split", ADD, "--loop", "i", "--factor", "8", "--kernel", "sub"), ("no kernel `sub`", "the kernels are add")),
    (("blend", ADD), ("no pass `blend`", "those that can are")),
    (("detensorize", ADD), ("changes nothing in the program as it is read",)),
    (("detensorize", ROOT / "examples" / "add.cpp", "--name", "exp"), ("does not call `exp`; it calls _mm512", "or ")),
    (("tensorize", ADD), ("C has no instructions of the kind `vectors`", "--to with the machine")),
    (("tensorize", ROOT / "examples" / "gemm.c", "--to", "bang", "--by", "tiles"),
     ("BANG C has no instructions of the kind `tiles`; it has weights, vectors", "try      --by weights")),
    (("tensorize", ADD, "--to", "bang", "--by", "magic"), ("`magic` is no kind of instruction",)),
])
def test_a_mistake_is_told_with_what_to_do(call: Call, args: tuple[object, ...], words: tuple[str, ...]) -> None:
    status, said = call("pass", "apply", *args)
    assert status == 2 and "[XP3007]" in said
    for word in words:
        assert word in said, said


# ---------------------------------------------------------------- golden texts


def test_recovery_of_a_barrier_in_a_loop_and_of_a_value_across_it() -> None:
    t, k = var("t"), var("k")
    before = kernel("rounds", "x y", loop(
        "b", 2, array("s", 4, "shared"), threads(
            4, let("mine", load("x", var("b") * 4 + t)), loop(
                "k", 3, store("s", t, var("mine", F) + k), BARRIER,
                assign("mine", load("s", (t + 1) % 4)), BARRIER),
            store("y", var("b") * 4 + t, var("mine", F))), kind="block.x"))
    golden("recover_rounds", before, Recover().apply(before))


def test_detensorizing_a_call_that_writes_over_its_operands() -> None:
    v = Addr("v", Const(0, DType.I32), F)
    before = kernel("turned", "x", Alloc(Buffer("v", F, Const(toy.WIDTH, DType.I32), "local", "vec4")), loop(
        "i", 3, Intrinsic("load", (Addr("x", (var("i") * 4).e, F),), v, "load"),
        Intrinsic("vturn", (v,), v, "vturn"),
        Intrinsic("pfill", (Addr("x", Const(0, DType.I32), F), Const(4, DType.I32), load("x", var("i")).e), None, "pfill"),
        Intrinsic("put", (Addr("x", (var("i") * 4).e, F), v), None, "put")))
    golden("detensorize_overwritten", before,
           Detensorize({**toy.MEANINGS, ("vturn", "vturn"): TURN}).apply(before))


@pytest.mark.parametrize("unit", ["registers", "counted"])
def test_tensorizing_rows(unit: str) -> None:
    i, j, k = var("i"), var("j"), var("k")
    before = kernel("centred", "x y", loop(
        "i", 3, let("s", 0.0), loop("k", 10, assign("s", var("s", F) + load("x", i * 10 + k))),
        loop("j", 10, store("y", i * 10 + j, load("x", i * 10 + j) - var("s", F)))))
    machine = toy.REGISTER_UNIT if unit == "registers" else toy.COUNTED_UNIT
    golden(f"tensorize_{unit}", before, VectorLoops(machine).apply(before))


def test_machines_say_which_axes_meet() -> None:
    assert Recover.of_machine(platforms.get("hip"))["lanes"] == ("thread.x", "thread.y", "thread.z")
    assert Recover.of_machine(platforms.get("bang"))["lanes"] == ("core",)
