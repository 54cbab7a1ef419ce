"""Other translators are run as they are and judged like anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler import engine
from xpiler.bench import matrix, peers
from xpiler.fault import Fault

ROOT = Path(__file__).parent.parent.parent
# A translator of one header, a prefix and nothing else, and one that forgets the upper half.
RENAMES = "sed -e 's,cuda_runtime.h,hip/hip_runtime.h,' -e s/cuda/hip/g"


def test_commands_are_named_with_a_direction_or_known() -> None:
    found = {p.name: p for p in peers.peers(["HIPIFY=perl -w hipify-perl", "own:bang:cuda=x"])}
    assert found["HIPIFY"] == peers.Peer("HIPIFY", "cuda", "hip", ("perl", "-w", "hipify-perl"))
    assert found["own"].target == "cuda" and not found["PPCG"].command
    for wrong in ("HIPIFY", "other=x", "own:cuda=x", "own:cuda:hip="):
        with pytest.raises(Fault, match="names no other translator"):
            peers.peers([wrong])
    with pytest.raises(Fault, match="riscv"):
        peers.peers(["own:cuda:riscv=x"])


def test_one_that_fails_says_why() -> None:
    peer = peers.Peer("own", "cuda", "hip", ("sh", "-c", "echo no such thing >&2; exit 3"))
    assert peers.translated(peer, "k.cu", "") == ("", "status 3: no such thing")
    assert peers.translated(peers.Peer("own", "cuda", "hip", ("true",)), "k.cu", "")[1] == "status 0: it printed nothing"
    assert "no-such-program" in peers.translated(peers.Peer("own", "cuda", "hip", ("no-such-program",)), "k.cu", "")[1]


@pytest.mark.slow
def test_all_are_judged_alike(cache: Path) -> None:
    items = matrix.chosen(ROOT / "benchmarks", [("cuda", "hip")], "add", "add_4_4_4_64")
    right, wrong = peers.peers([f"right:cuda:hip={RENAMES}", f"wrong:cuda:hip={RENAMES} -e 's/ + reg_b.x//;s/ + b/ - b/'"])[2:]
    tries = [peers.Try(i, who) for i in items for who in (right, wrong, None)]
    results = peers.measure(tries, 1, engine.Options(seeds=1, cache=cache))
    assert [r.outcome for r in results] == ["confirmed", "refuted", "confirmed"]
    table = peers.rows([right, wrong, peers.Peer("third", "c", "cuda")], results)
    assert [(r[0], r[3], r[5]) for r in table] == [
        ("right", "1", "100.0"), ("xpiler", "1", "100.0"), ("wrong", "1", "0.0"), ("xpiler", "1", "100.0"),
        ("third", "not installed", "")]
