"""`python -m fuzz --minutes 30 --seed 0 --target read|run|check`: see README.md."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.bench import LIMITS, Bench
from fuzz.cases import Case, Corpus, case, corpus, load
from fuzz.minimise import minimise
from fuzz.outcome import Outcome


@dataclass
class Campaign:
    """One target and seed: how far it is, which outcomes it has seen, what it found."""

    target: str
    seed: int
    home: Path
    done: int = 0
    seconds: float = 0.0
    shapes: dict[str, int] = field(default_factory=dict)
    finds: dict[str, int] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.home / f"state-{self.seed}.json"

    def load(self) -> None:
        """Go on where an earlier call stopped."""
        if self.state.exists():
            kept = json.loads(self.state.read_text())
            self.done, self.seconds = kept["done"], kept["seconds"]
            self.shapes, self.finds = kept["shapes"], kept["finds"]

    def save(self) -> None:
        keep = {"done": self.done, "seconds": self.seconds, "shapes": self.shapes, "finds": self.finds}
        self.state.write_text(json.dumps(keep, indent=1))

    def take(self, number: int, tried: Case, outcome: Outcome, known: Corpus, bench: Bench, patience: float) -> None:
        """Count an outcome; keep the text when the outcome is new, and minimise it when it is a find."""
        shape = outcome.shape
        new = shape not in self.shapes
        self.shapes[shape] = self.shapes.get(shape, 0) + 1
        if not outcome.is_find:
            if new:
                known.add(number, tried)
            return
        key = hashlib.sha256(f"{outcome.kind} {outcome.what}".encode()).hexdigest()[:8]
        find = f"{key} {outcome.kind} {outcome.what}"
        self.finds[find] = self.finds.get(find, 0) + 1
        folder = self.home / "finds" / key
        if folder.exists():
            return
        folder.mkdir(parents=True)
        tried.write(folder / f"case{tried.suffix}")
        (folder / "report.txt").write_text(f"{outcome.kind}: {outcome.what}\ncase {number}\n\n{outcome.detail}\n")
        print(f"case {number}: {outcome.kind}: {outcome.what} -> {folder}", flush=True)
        small = minimise(bench, tried, outcome, patience)
        small.write(folder / f"small{tried.suffix}")


def main() -> None:
    """Run a campaign, or (`--replay`) one file."""
    p = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    p.add_argument("--minutes", type=float, default=30.0)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--target", choices=sorted(LIMITS), default="read")
    p.add_argument("--corpus", type=Path, default=Path("build/fuzz"), help="where texts and finds are kept")
    p.add_argument("--patience", type=float, default=30.0, help="seconds for making one find smaller")
    p.add_argument("--replay", type=Path, help="try this one file and say what becomes of it")
    chosen = p.parse_args()
    home = chosen.corpus.resolve() / chosen.target
    home.mkdir(parents=True, exist_ok=True)
    bench = Bench(chosen.target, home / f"bench-{chosen.seed}")
    try:
        if chosen.replay is not None:
            outcome = bench.attempt(load(chosen.replay))
            print(f"{outcome.kind}: {outcome.what}\n{outcome.detail}")
            raise SystemExit(int(outcome.is_find))
        campaign(Campaign(chosen.target, chosen.seed, home), bench, chosen.minutes * 60, chosen.patience)
    finally:
        bench.close()


def campaign(c: Campaign, bench: Bench, seconds: float, patience: float) -> None:
    """Try cases until the time is over; the exit status is 1 if there were finds."""
    c.load()
    known = corpus(c.home / "corpus")
    began = last = time.monotonic()
    before = c.seconds
    try:
        while time.monotonic() - began < seconds:
            tried = case(c.seed, c.done, known)
            outcome = bench.attempt(tried)
            c.take(c.done, tried, outcome, known, bench, patience)
            c.done, c.seconds = c.done + 1, before + time.monotonic() - began
            if time.monotonic() - last > 15:
                last = time.monotonic()
                c.save()
    finally:
        c.save()
        print(f"{c.target}: {c.done} cases in {c.seconds / 60:.1f} min, {len(c.shapes)} outcomes, {len(c.finds)} finds")
        for find, count in sorted(c.finds.items()):
            print(f"  {count:5d}x {find}")
    raise SystemExit(int(bool(c.finds)))


main()
