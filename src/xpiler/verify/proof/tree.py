"""A flat body with parents, and what each part of it writes: what a walk backwards needs to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xpiler.fault import Span
from xpiler.ir.nodes import (
    PLAIN, Alloc, Atomic, Barrier, Binary, Buffer, Const, Expr, For, If, Let, Load, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, defines, expressions, operands, unwidened
from xpiler.verify.proof.flatten import at_line
from xpiler.verify.proof.solver import Outside

# Barriers after which every thread of a block sees what the others wrote, and those that say nothing about data.
MEETING, ORDERING = frozenset({"block", "warp"}), frozenset({"core"})


@dataclass(eq=False)
class Node:
    """A statement in its place. `writes`: the buffers and scalars it may change; `meets`: a barrier is in it.

    `divergent`: threads may differ in whether, or how often, they run what is inside."""

    stmt: Stmt
    block: Block
    position: int
    number: int
    blocks: tuple[Block, ...] = ()
    writes: frozenset[str] = frozenset()
    meets: bool = False
    exchanges: int = 0  # the width of a warp whose lanes exchange values in it
    divergent: bool = False
    threads: tuple[Node, ...] = ()  # the thread loops around it, outermost first

    @property
    def span(self) -> Span:
        return self.stmt.span

    @property
    def loop(self) -> For:
        assert isinstance(self.stmt, For)
        return self.stmt

    @property
    def is_thread(self) -> bool:
        return isinstance(self.stmt, For) and self.stmt.kind.startswith("thread")

    @property
    def is_axis(self) -> bool:
        """Whether iterations run side by side, so that none may depend on another."""
        return isinstance(self.stmt, For) and (self.stmt.kind not in PLAIN or self.stmt.kind == "parallel")


@dataclass(eq=False)
class Block:
    """Statements one after another, and the loop or branch they are the body of."""

    owner: Node | None
    nodes: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Tree:
    """A body with, for every name, the node that declares it and its element type."""

    root: Block
    declared: Mapping[str, Node]
    types: Mapping[str, DType]
    buffers: frozenset[str]


def plant(body: Body, given: Mapping[str, DType], arrays: frozenset[str]) -> Tree:
    """The tree of a body; `given` are the types of what is declared outside, `arrays` those of them with elements."""
    maker = _Planter(dict(given), set(arrays))
    root = maker.block(body, None, ())
    _mark(root, _tainted(root, Alike()), False)
    lanes = _alike(root)
    _lanes(root, lanes, _tainted(root, lanes), False)
    return Tree(root, maker.declared, maker.types, frozenset(maker.buffers))


class _Planter:
    def __init__(self, types: dict[str, DType], buffers: set[str]) -> None:
        self.declared: dict[str, Node] = {}
        self.types = types
        self.buffers = buffers
        self.count = 0

    def block(self, body: Body, owner: Node | None, threads: tuple[Node, ...]) -> Block:
        made = Block(owner)
        for s in body:
            made.nodes.append(self.node(s, made, threads))
        return made

    def node(self, s: Stmt, block: Block, threads: tuple[Node, ...]) -> Node:
        self.count += 1
        node = Node(s, block, len(block.nodes), self.count, threads=threads)
        match s:
            case For(v, body=body):
                self.declared[v.name] = node
                self.types[v.name] = v.dtype
                inside = (*threads, node) if node.is_thread else threads
                node.blocks = (self.block(body, node, inside),)
            case If(_, then, orelse):
                node.blocks = (self.block(then, node, threads), self.block(orelse, node, threads))
            case While():
                raise Outside(f"a loop with a condition{at_line(s.span)}")
            case Let(v):
                self.declared[v.name] = node
                self.types[v.name] = v.dtype
            case Alloc(b):
                self.declared[b.name] = node
                self.types[b.name] = b.dtype
                self.buffers.add(b.name)
            case Barrier(scope) if scope not in MEETING | ORDERING:
                raise Outside(f"a barrier between blocks{at_line(s.span)}")
            case Barrier(scope):
                node.meets = scope in MEETING
            case Shuffle(warp=warp):
                node.exchanges = warp
        node.writes = _written(s).union(*(n.writes for b in node.blocks for n in b.nodes))
        node.exchanges = max([node.exchanges, *(n.exchanges for b in node.blocks for n in b.nodes)])
        node.meets = node.meets or any(n.meets for b in node.blocks for n in b.nodes)
        return node


def _written(s: Stmt) -> frozenset[str]:
    match s:
        case Store(b) | Atomic(buffer=b):
            result = s.result if isinstance(s, Atomic) else None
            return frozenset({b} | ({result.name} if result is not None else set()))
        case Alloc(Buffer(b)):
            return frozenset({b})
        case For():
            return frozenset()
    v = defines(s)
    return frozenset({v.name}) if v is not None else frozenset()


def nodes(block: Block) -> Iterator[Node]:
    """Every node of a block, outside in, in the order of the text."""
    for n in block.nodes:
        yield n
        for b in n.blocks:
            yield from nodes(b)


@dataclass(frozen=True)
class Alike:
    """What is alike although threads differ in it: for all lanes of one warp of `warp`, where that is asked.

    `numbers`: names of the number that counts threads on, warp after warp."""

    warp: int = 0
    numbers: frozenset[str] = frozenset()

    def row(self, n: Node) -> bool:
        """Whether a loop over threads is around others, of which there are whole warps: a row's number is alike."""
        return bool(self.warp) and _is_row(n)

    def parts(self, e: Expr) -> bool:
        """Whether an expression tells whole warps apart: `tid / 64`, `tid >> 5`, `tid < 32`."""
        match e:
            case Binary(op, a, Const(c)) if self._number(a):
                at = {"/": c, ">>": 1 << int(c), "<": c, ">=": c, ">": c + 1, "<=": c + 1}.get(op)
                return at is not None and at % self.warp == 0
        return False

    def _number(self, e: Expr) -> bool:
        e = unwidened(e, natural=True)
        return isinstance(e, Var) and e.name in self.numbers


def _alike(root: Block) -> Alike:
    """What is the same for all lanes of a warp."""
    every = list(nodes(root))
    warp = max((n.exchanges for n in every), default=0)
    innermost = [n for n in every if n.is_thread and not any(m.is_thread for m in n.blocks[0].nodes)]
    if not warp or any(len(n.threads) and not _whole(n, warp) for n in innermost):
        return Alike(warp)
    given: dict[str, list[Expr | None]] = {}
    for n in every:
        if (v := defines(n.stmt)) is not None and not isinstance(n.stmt, For):
            given.setdefault(v.name, []).append(n.stmt.value if isinstance(n.stmt, Let) else None)
    found = Alike(warp, frozenset(n.loop.var.name for n in innermost))
    for name, values in given.items():
        if len(values) == 1 and values[0] is not None and found._number(values[0]):
            found = Alike(warp, found.numbers | {name})
    return found


def _whole(n: Node, warp: int) -> bool:
    stop = n.loop.stop
    return isinstance(stop, Const) and int(stop.value) % warp == 0


def _tainted(root: Block, alike: Alike) -> frozenset[str]:
    """Scalars that threads of a block may see differently: those of a thread's number, of memory, of such a branch; but
    for what is alike."""
    found: set[str] = set()
    grown = True
    while grown:
        grown = False
        stack: list[tuple[Block, bool]] = [(root, False)]
        while stack:
            block, apart = stack.pop()
            for n in block.nodes:
                differs = apart or (n.is_thread and not alike.row(n))
                differs = differs or any(_differs(e, found, alike) for e in expressions(n.stmt))
                v = defines(n.stmt)
                if v is not None and v.name not in found and (differs or isinstance(n.stmt, Shuffle)):
                    found.add(v.name)
                    grown = True
                # The loop over threads is how often a block runs, not what one thread decides.
                stack += [(b, apart or (differs and not n.is_thread)) for b in n.blocks]
    return frozenset(found)


def _is_row(n: Node) -> bool:
    """Whether a loop over threads is around others, of which there are whole warps."""
    inner = n.blocks[0].nodes[0] if n.blocks[0].nodes else None
    while inner is not None and inner.is_thread:
        inside = inner.blocks[0].nodes
        if not inside or not inside[0].is_thread:
            stop = inner.loop.stop
            return isinstance(stop, Const) and bool(inner.exchanges) and int(stop.value) % inner.exchanges == 0
        inner = inside[0]
    return False


def _lanes(block: Block, alike: Alike, tainted: frozenset[str], apart: bool) -> None:
    for n in block.nodes:
        if apart and isinstance(n.stmt, Shuffle):
            raise Outside(f"an exchange that not all lanes may take part in{at_line(n.span)}")
        branches = isinstance(n.stmt, For | If) and not n.is_thread and bool(n.threads)
        differs = branches and any(_differs(e, tainted, alike) for e in expressions(n.stmt))
        for b in n.blocks:
            _lanes(b, alike, tainted, apart or differs)


def _differs(e: Expr, tainted: set[str] | frozenset[str], alike: Alike) -> bool:
    if alike.parts(e):
        return False
    own = isinstance(e, Load) or (isinstance(e, Var) and e.name in tainted)
    return own or any(_differs(x, tainted, alike) for x in operands(e))


def _mark(block: Block, tainted: frozenset[str], divergent: bool) -> None:
    for n in block.nodes:
        n.divergent = divergent
        inside = divergent
        if isinstance(n.stmt, For | If) and n.threads and not n.is_thread:
            inside = divergent or any(_differs(e, tainted, Alike()) for e in expressions(n.stmt))
            if inside and n.meets:
                raise Outside(f"threads may not all reach what they meet at{at_line(n.span)}")
        for b in n.blocks:
            _mark(b, tainted, inside)
