"""Nobody has to trust what proposes: judges work without it, and catch it when it is wrong.

Each planted fault makes one part of the road lie: a pass, a fact, the proposer's idea of an intrinsic, a rule of the
writer. The text that comes of it must be refuted. docs/evidence.md lists which rung caught which fault."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from xpiler import engine, platforms, to_pivot, to_target
from xpiler.facts.offers import Offer
from xpiler.ir.nodes import Barrier, Binary, Const, Expr, For, Kernel, Meaning, Program, Stmt
from xpiler.ir.types import DType
from xpiler.ir.walk import map_exprs, map_stmts
from xpiler.passes.contract import Contract
from xpiler.passes.machine import rehost, share
from xpiler.passes.plain.ranges import Range
from xpiler.passes.recover import Recover
from xpiler.platforms.platform import Platform
from xpiler.text.writing.expr import Speller, Spelled
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.verdict import Evidence, Refuted, confirmed, refuted

EXAMPLES = ROOT / "examples"
Patch = pytest.MonkeyPatch

# ---------------------------------------------------------------- without the proposing half


ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[:2] in [["xpiler", room] for room in ("facts", "passes", "propose", "search", "engine", "to_pivot", "to_target")]:
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Refuse())
from pathlib import Path
from xpiler import platforms
from xpiler.text.read import read
from xpiler.verify.confirm import confirm
from xpiler.verify.ladder import Level
from xpiler.verify.verdict import confirmed

def side(name):
    path = Path(sys.argv[1]) / name
    platform = platforms.of_file(path)
    return path.read_text(), platform, read(path.read_text(), platform, name)

for a, b, same in (("softmax.cu", "softmax.mlu", True), ("add.cu", "softmax.cu", False), ("add.hip", "add.cpp", True)):
    (ta, pa, ga), (tb, pb, gb) = side(a), side(b)
    found = confirm(ta, pa, tb, pb, ga, target_program=gb, seeds=1, level=Level.FULL, every=True)
    assert confirmed(found) is same, (a, b, found)
    print(a, b, len(found))
"""


@pytest.mark.slow
def test_judges_work_where_the_proposing_half_is_not_there() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", ALONE, str(EXAMPLES)], env=environment, capture_output=True, text=True,
                          timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 3


# ---------------------------------------------------------------- with one part of it lying


@dataclass(frozen=True)
class Fault:
    """A lie, how it is planted, and a file and a target whose translation it spoils."""

    part: str
    lie: str
    plant: Callable[[Patch], None]
    source: str
    to: str


def _floor(n: Expr, by: int) -> Expr:
    return Binary("/", n, Const(by, DType.I32), DType.I32)


def _first_row_twice(kernel: Kernel) -> Kernel:
    """The first serial loop misses its last iteration."""
    done: list[For] = []

    def shorter(s: Stmt) -> Stmt:
        if isinstance(s, For) and s.kind == "serial" and not done:
            done.append(s)
            return replace(s, stop=Binary("-", s.stop, Const(1, DType.I32), DType.I32))
        return s

    return replace(kernel, body=map_stmts(kernel.body, shorter))


def after(change: Callable[[Any], Any], of: type, name: str) -> Callable[[Patch], None]:
    """A method whose result is changed."""
    sound = getattr(of, name)
    return lambda patch: patch.setattr(of, name, lambda self, *a, **k: change(sound(self, *a, **k)))


def before(change: Callable[[Any], Any], of: type, name: str) -> Callable[[Patch], None]:
    """A method whose first argument is changed."""
    sound = getattr(of, name)
    return lambda patch: patch.setattr(of, name, lambda self, x, *a, **k: sound(self, change(x), *a, **k))


def _without_barriers(kernel: Kernel) -> Kernel:
    return replace(kernel, body=map_stmts(kernel.body, lambda s: () if isinstance(s, Barrier) else s))


def _every_other_task(kernel: Kernel) -> Kernel:
    def wider(s: Stmt) -> Stmt:
        wide = isinstance(s, For) and s.kind == "serial" and isinstance(s.step, Const) and int(s.step.value) > 1
        return replace(s, step=Const(2 * int(s.step.value), DType.I32)) if wide else s  # type: ignore[union-attr]

    return replace(kernel, body=map_stmts(kernel.body, wider))


def _swapped_offers(patch: Patch) -> None:
    """Of every two intrinsics with the same parameters the proposer takes each for the other."""
    sound = to_target.offers

    def lying(*args: Any) -> tuple[Offer, ...]:
        known = sound(*args)
        shape = [tuple(type(p) for p in o.meaning.params) + tuple(p.dtype for p in o.meaning.params) for o in known]
        out = list(known)
        for i, o in enumerate(known):
            twin = next((j for j, s in enumerate(shape) if s == shape[i] and known[j].value != o.value
                         and known[j].width == o.width and known[j].count == o.count), None)
            out[i] = o if twin is None else replace(o, meaning=known[twin].meaning)
        return tuple(out)

    patch.setattr(to_target, "offers", lying)


def _one_more(patch: Patch) -> None:
    """Arrays whose sizes nobody states have an element more than is ever reached."""
    sound = to_pivot.launcher_ranges

    def lying(*args: Any) -> dict[str, Range]:
        return {name: replace(r, extent=Binary("+", r.extent, Const(1, DType.I32), DType.I32))
                for name, r in sound(*args).items()}

    patch.setattr(to_pivot, "launcher_ranges", lying)


def _plus_for_times(patch: Patch) -> None:
    """The proposer believes of every intrinsic that multiplies that it adds, and the other way round."""
    sound = to_target.library
    turned = {"+": "*", "*": "+"}

    def change(e: Expr) -> Expr:
        real = isinstance(e, Binary) and e.op in turned and e.dtype.is_float
        return replace(e, op=turned[e.op]) if real else e  # type: ignore[union-attr]

    def lying(platform: Platform, cache: Path | None = None) -> tuple[Meaning, ...]:
        return tuple(replace(m, body=map_exprs(m.body, change)) for m in sound(platform, cache))

    patch.setattr(to_target, "library", lying)
    patch.setattr(to_target, "shelf", lambda *a: None)


def _bare(spelled: Spelled, least: int) -> str:
    return spelled.text


def _at_most(patch: Patch) -> None:
    sound = Speller.spell

    def lying(self: Speller, e: Expr) -> Spelled:
        less = isinstance(e, Binary) and e.op == "<"
        return sound(self, replace(e, op="<=") if less else e)  # type: ignore[type-var]

    patch.setattr(Speller, "spell", lying)


def _nothing_back(patch: Patch) -> None:
    sound = rehost.on_device_memory

    def lying(*args: Any) -> Program:
        out = sound(*args)
        assert out.launcher is not None
        held = tuple(replace(b, copy_in=True, copy_out=False) for b in out.launcher.buffers)
        return replace(out, launcher=replace(out.launcher, buffers=held))

    patch.setattr(to_target, "on_device_memory", lying)


FAULTS = (
    Fault("pass", "bind rounds the number of blocks down", lambda p: p.setattr(share, "rounded", _floor), "add.cpp", "cuda"),
    Fault("pass", "bind lets every other chunk go", after(_every_other_task, share.BindTasks, "shared"), "relu_runtime.cu", "bang"),
    Fault("pass", "recover forgets the barriers", before(_without_barriers, Recover, "apply"), "gemm.cu", "c"),
    Fault("pass", "contract loses the last term of a sum", after(_first_row_twice, Contract, "apply"), "gemm.cu", "vnni"),
    Fault("fact", "intrinsics of the same form are taken for each other", _swapped_offers, "layernorm.cu", "bang"),
    Fault("fact", "arrays are taken to have an element more", _one_more, "add.cpp", "cuda"),
    Fault("meaning", "the proposer takes adding for multiplying", _plus_for_times, "layernorm.cu", "vnni"),
    Fault("writer", "parentheses are left out", lambda p: p.setattr(Speller, "_held", staticmethod(_bare)), "layernorm.cu", "c"),
    Fault("writer", "< is written as <=", _at_most, "add.cpp", "cuda"),
    Fault("host", "results are not copied back", _nothing_back, "add.cpp", "hip"),
)


class Seen(Exception):
    """The first text that a lie gave was judged."""


def caught(fault: Fault, patch: Patch, level: Level) -> tuple[Evidence, ...]:
    """The evidence of every rung on the first text that a lie gave."""
    seen: list[tuple[Evidence, ...]] = []

    def watching(*args: Any, **more: Any) -> tuple[Evidence, ...]:
        seen.append(confirm(*args, **(more | {"level": level, "every": True})))
        raise Seen

    patch.setattr(to_target, "_units", {})
    fault.plant(patch)
    patch.setattr(engine, "confirm", watching)
    path = EXAMPLES / fault.source
    platform = platforms.of_file(path)
    assert platform is not None
    with pytest.raises(Seen):
        engine.translate(path.read_text(), platform, platforms.get(fault.to), file=fault.source,
                         options=engine.Options(seeds=2, level=Level.TESTS))
    return seen[0]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.lie.replace(" ", "-"))
def test_a_lie_is_caught(fault: Fault, monkeypatch: Patch) -> None:
    evidence = caught(fault, monkeypatch, Level.USUAL)
    assert refuted(evidence) is not None, "the lie was believed"
    assert not confirmed(evidence)
    table = (ROOT / "docs" / "evidence.md").read_text().splitlines()
    row = next((r for r in table if r.startswith(f"| {fault.part} | {fault.lie} |")), None)
    assert row is not None, f"docs/evidence.md does not tell of: {fault.lie}"
    for e in evidence:
        if isinstance(e.verdict, Refuted):
            assert e.rung in row, f"{fault.lie}: caught by `{e.rung}` too, which docs/evidence.md does not say"
