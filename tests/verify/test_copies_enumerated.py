"""Buffers filled ahead, correct or with a slip, against a count of who touches what when: the argument agrees."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from tests.conftest import random_cases
from tests.verify.test_races import THREAD, launched
from xpiler.verify.verdict import Proved, Refuted


@dataclass(frozen=True)
class Do:
    """copy: slot (i + k) % slots, if `ahead` is 0 or k + ahead < m. wait: all but n batches. read: slot (n + k) % slots,
    of the thread's own element or of another's."""

    what: str
    n: int = 0
    ahead: int = 0
    own: bool = False


@dataclass(frozen=True)
class Ring:
    slots: int
    ahead: int
    body: tuple[Do, ...]

    @property
    def text(self) -> str:
        lines = [f"__shared__ float s[{self.slots}][128]; float sum = 0;"]
        lines += [f"for (int q = 0; q < {self.ahead}; ++q) {{ __pipeline_memcpy_async(&s[q][t], &x[q * 128 + t], 4);"
                  " __pipeline_commit(); }", "for (int k = 0; k < m; ++k) {", *map(self._line, self.body), "}"]
        return "\n".join([*lines, "y[i] = sum;"])

    def _line(self, d: Do) -> str:
        slot = f"s[(k + {d.n}) % {self.slots}]"
        match d.what:
            case "copy":
                guard = f"if (k + {d.ahead} < m) " if d.ahead else ""
                return f"{guard}__pipeline_memcpy_async(&{slot}[t], &x[(k + {d.n}) * 128 + t], 4);"
            case "commit":
                return "__pipeline_commit();"
            case "wait":
                return f"__pipeline_wait_prior({d.n});"
            case "meet":
                return "__syncthreads();"
        return f"sum += {slot}[{'t' if d.own else '127 - t'}];"

    def races(self, m: int) -> bool:
        """Whether a copy meets another of the same slot, a read of its own thread before the wait that covers it, or one
        of another thread in an interval between barriers in which it is under way."""
        flying = [[q, self.ahead - q, 0] for q in range(self.ahead)]  # slot, batches closed since, interval of issue
        spans: list[tuple[int, int, int]] = []
        reads: list[tuple[int, int]] = []
        interval = 0
        for k in range(m):
            for d in self.body:
                slot = (k + d.n) % self.slots
                match d.what:
                    case "copy" if not d.ahead or k + d.ahead < m:
                        if any(f[0] == slot for f in flying):
                            return True
                        flying.append([slot, 0, interval])
                    case "commit":
                        flying = [[f[0], f[1] + 1, f[2]] for f in flying]
                    case "wait":
                        spans += [(f[0], f[2], interval) for f in flying if f[1] > d.n]
                        flying = [f for f in flying if f[1] <= d.n]
                    case "meet":
                        interval += 1
                    case "read" if d.own:
                        if any(f[0] == slot for f in flying):
                            return True
                    case "read":
                        reads.append((slot, interval))
        spans += [(f[0], f[2], interval) for f in flying]
        return any(s == slot and first <= at <= last for s, first, last in spans for slot, at in reads)


def made(seed: int) -> Ring:
    """A ring of slots that is right, and in most cases one or two slips."""
    r = random.Random(seed)
    ahead = r.randint(1, 3)
    slots = max(2, ahead + r.randint(0, 2))
    copy = [Do("copy", ahead, r.choice([0, ahead])), Do("commit")]
    read, meet = Do("read", own=r.random() < 0.3), Do("meet")
    body = r.choice([
        [Do("wait", ahead - 1), meet, read, meet, *copy], [Do("wait", ahead - 1), meet, read, *copy],
        [*copy, Do("wait", ahead), meet, read, meet], [Do("wait", ahead - 1), read, *copy],
    ])
    for _ in range(r.choice([0, 1, 1, 2])):
        at = r.randrange(len(body))
        d = body[at]
        if len(body) > 1 and r.random() < 0.35:
            del body[at]
        elif d.what in ("wait", "copy", "read"):
            body[at] = Do(d.what, max(0, d.n + r.choice([-1, 1])), d.ahead, d.own)
        else:
            other = r.randrange(len(body))
            body[at], body[other] = body[other], d
    return Ring(slots, ahead, tuple(body))


def agrees(seed: int) -> type:
    ring = made(seed)
    found = [m for m in range(1, 9) if ring.races(m)]
    verdict = launched(THREAD + ring.text)
    assert not (isinstance(verdict, Proved) and found), (ring.text, found)
    assert not (isinstance(verdict, Refuted) and not found), (ring.text, verdict)
    return type(verdict)


def test_a_few() -> None:
    assert {agrees(seed) for seed in range(5)} >= {Proved, Refuted}


@pytest.mark.slow  # minutes
@pytest.mark.parametrize("start", range(5, 5 + random_cases(48), 24))
def test_many(start: int) -> None:
    verdicts = [agrees(seed) for seed in range(start, start + 24)]
    assert sum(v in (Proved, Refuted) for v in verdicts) >= 20
