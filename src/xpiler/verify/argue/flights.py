"""What is under way: copies, and a core's vector instructions, from where they are issued to the wait that covers them.

Until then they may read and write at any moment. `alone` looks at one thread, which may touch what it moves too early;
otherwise every interval between barriers that a copy lives to see has its accesses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Barrier, Intrinsic, Program, Stmt
from xpiler.ir.walk import statements
from xpiler.platforms.platform import Platform
from xpiler.verify.argue.terms import FALSE, TRUE, ZERO, Cond, Poly, at_most, negate, negate_plain, number, parts
from xpiler.verify.argue.touched import READ, Access, Early

COMPUTE = "compute"  # the queue of a core's vector instructions
ANY = "?"  # a queue that nobody told us: only a wait for all of them is for it too


@dataclass(frozen=True, eq=False)
class Flying:
    """An access that is still to come, on conditions; `batches` have been closed since, its own included.

    `marks` are those of the loops in whose first iterations that were looked at it was there already."""

    access: Access
    queue: str
    batches: int = 0
    conds: tuple[Cond, ...] = ()
    marks: frozenset[object] = frozenset()


class Flights:
    """What is under way at a place of a walk."""

    def __init__(self, program: Program, platform: Platform, alone: bool | None) -> None:
        """`alone` None: nobody asks."""
        self.platform, self.queues, self.alone = platform, platform.queues, bool(alone)
        self.any = alone is not None and any(self.late(s) for k in program.kernels for s in statements(k))
        self.flying: list[Flying] = []
        self.issued: list[Flying] = []  # by the instruction we are in
        self.queue = ""  # of the instruction we are in

    # ------------------------------------------------------------ what statements are

    def late(self, s: Stmt) -> bool:
        return isinstance(s, Intrinsic) and bool(self.platform.late) and bool(re.search(self.platform.late, s.name))

    def computes(self, s: Stmt) -> bool:
        pattern = self.queues.compute
        return isinstance(s, Intrinsic) and bool(pattern) and not self.late(s) and bool(re.search(pattern, s.name))

    def waits(self, s: Stmt) -> bool:
        match s:
            case Barrier(scope):
                return scope == "core" or bool(self.queues.spaces)
            case Intrinsic(name):
                return name == self.queues.arrived or self.blocks(s)
        return False

    def blocks(self, s: Intrinsic) -> bool:
        """A copy at once, behind what its queue and the instructions before it do."""
        return bool(self.queues.spaces) and s.name == self.platform.copy

    def closes(self, s: Stmt) -> bool:
        return isinstance(s, Intrinsic) and bool(self.queues.batch) and s.name == self.queues.batch

    def copying(self, body: tuple[Stmt, ...]) -> bool:
        """Whether statements issue copies, or are carried out while some are under way."""
        return self.any and (any(f.access.late for f in self.flying) or any(self.late(s) for s in statements(body)))

    def waited(self, body: tuple[Stmt, ...]) -> bool:
        return any(self.waits(s) for s in statements(body))

    def closed(self, body: tuple[Stmt, ...]) -> bool:
        return any(self.closes(s) for s in statements(body))

    # ------------------------------------------------------------ events

    def queue_of(self, spaces: frozenset[str], named: Poly | None) -> str:
        """The queue of a copy between spaces; of one that names its queue, that."""
        if not self.queues.spaces:
            return "0" if named is None else ANY if named.known is None else str(named.known)
        return next((q for q, ends in self.queues.spaces.items() if ends & spaces), self.queues.others)

    def touched(self, a: Access) -> list[Early]:
        """An access of the thread's; what it collides with on its own way."""
        if not self.any:
            return []
        under_way = bool(a.late) or (self.alone and self.queue == COMPUTE)
        if under_way:
            closed = 1 if self.queues.spaces else 0  # nobody closes batches of a core's queues
            self.issued.append(Flying(a, self.queue, closed))
        if not self.alone:
            return []
        return [Early(f.access, a, f.conds, f.queue == ANY or self.queue == ANY) for f in self.flying
                if f.access.memory is a.memory and {f.access.kind, a.kind} != {READ} and not self._ordered(f.queue)]

    def _ordered(self, queue: str) -> bool:
        """Whether what we are in comes after what is in a queue."""
        if not self.queues.spaces:
            return False
        return self.queue == queue != ANY or (queue == COMPUTE and not self.queue)

    def done(self) -> None:
        """The instruction we were in has been issued."""
        self.flying += self.issued
        self.issued, self.queue = [], ""

    def close(self, queue: str) -> None:
        self.flying = [replace(f, batches=f.batches + 1) if f.queue == queue and f.access.late else f
                       for f in self.flying]

    def arrived(self, queue: str | None = None, left: Poly = ZERO) -> None:
        """A wait: for all, or for all but the last batches of a queue."""
        if queue is None:
            self.flying = []
            return
        kept = []
        for f in self.flying:
            c = at_most(number(f.batches), left) if f.queue == queue and f.batches else TRUE
            kept += on_flights([f], c)
        self.flying = kept


def on_flights(flying: Iterable[Flying], c: Cond) -> list[Flying]:
    """Flights on a further condition; those it rules out are dropped."""
    if c in (TRUE, FALSE):
        return list(flying) if c == TRUE else []
    against = [negate_plain(x) for x in parts(c)]
    return [replace(f, conds=(*f.conds, c)) for f in flying
            if not any(x in against for said in (*f.access.conds, *f.conds) for x in parts(said))]


def either_way(c: Cond, then: list[Flying], orelse: list[Flying]) -> list[Flying]:
    """What is under way behind a branch."""
    same = {id(f) for f in then} & {id(f) for f in orelse}
    out = [f for f in then if id(f) in same]
    out += on_flights((f for f in then if id(f) not in same), c)
    return out + on_flights((f for f in orelse if id(f) not in same), negate(c))
