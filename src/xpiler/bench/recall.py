"""How well the manual is searched: recall at 5 of the right passage, for intrinsics and for the suite's operators.

Intrinsics, "by meaning": the query is what the symbolic annotator says of the intrinsic's own body (its name and
comment have no part in it); right is the intrinsic's own passage, or in the weaker count that of one of which it says
the very same. "By passage", the other way: the query is the passage, the texts are what is said of all bodies, and
right is the intrinsic's own. Operators: the queries are those of the steps of every loop nest of the sequential form;
right is the passage of an intrinsic that computes something in the program that our first road to the target makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xpiler import platforms, to_pivot, to_target
from xpiler.annotated import pivot_text
from xpiler.bench import suite
from xpiler.bench.case import Case
from xpiler.facts.writes import Unsummarised
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Const, Intrinsic, Kernel, Meaning, Program, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import statements
from xpiler.passes.contract import nests_of
from xpiler.passes.machine.host import with_host
from xpiler.platforms.platform import Platform
from xpiler.propose.annotate import SymbolicAnnotator, computed, every_loop
from xpiler.propose.manual import manual
from xpiler.propose.retrieval import Index, Ranked
from xpiler.propose.structure import Computation, computation
from xpiler.text.library import library
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.text.writing.error import NotExpressible


@dataclass(frozen=True)
class Sought:
    """One search: who it was for, the query, and whether the right passage was found; `alike` by the weaker count,
    `back` the other way. A query of "" is an intrinsic of which nothing can be said: it counts as not found."""

    platform: str
    name: str
    query: str
    found: bool = False
    alike: bool = False
    back: bool = False


@dataclass(frozen=True)
class Operator:
    """What was found for an operator on a target: of the intrinsics `used`, those whose passages came up; `why` there
    is no sequential form of it."""

    target: str
    name: str
    used: tuple[str, ...]
    found: tuple[str, ...]
    why: str = ""


INTRINSICS = ("platform", "intrinsics", "described", "by meaning", "or its like", "of described", "by passage")
OPERATORS = ("target", "cases", "left out", "use intrinsics", "one found", "intrinsics used", "of them found")


# ---------------------------------------------------------------- intrinsics


def meaning_of(m: Meaning) -> Computation | None:
    """What the body of an intrinsic computes; None where it has no closed form."""
    params, body = m.params, m.body
    if isinstance(m.result, Buffer):
        params = (*params, m.result)
    elif isinstance(m.result, Var):
        params = (*params, Buffer("result", m.result.dtype, Const(1, DType.I32)))
        body = (*body, Store("result", Const(0, DType.I32), m.result))
    try:
        return computation(nests_of(Kernel(m.name, params, body)),
                           frozenset(p.name for p in params if isinstance(p, Buffer) and p.ctype))
    except (Unsummarised, TypeError, KeyError):  # as facts.offers does: no pattern, no description
        return None


def described(platform: Platform, cache: Path | None) -> dict[str, str]:
    """Each intrinsic -> the query that the first of its overloads with a closed form makes, "" where none has one."""
    out: dict[str, str] = {}
    for m in library(platform, cache):
        if not out.get(m.name):
            found = meaning_of(m)
            out[m.name] = found.query if found is not None else ""
    return out


def intrinsics(platform: Platform, cache: Path | None) -> list[Sought]:
    """The searches for every intrinsic of a platform, both ways."""
    queries = described(platform, cache)
    if not queries:
        return []
    index = Index(manual(platform))
    passages = {p.title: p for p in index.passages if p.is_intrinsic}
    texts = sorted({q for q in queries.values() if q})
    said = Ranked(texts)
    out = []
    for name, query in queries.items():
        if not query:
            out.append(Sought(platform.name, name, ""))
            continue
        top = [p.title for p in index.search(query)]
        alike = any(queries.get(t) == query for t in top)
        back = query in [texts[n] for n in said.search(passages[name].whole)]
        out.append(Sought(platform.name, name, query, name in top, alike, back))
    return out


# ---------------------------------------------------------------- operators


def operators(directory: Path, target: Platform, cache: Path | None) -> Iterator[Operator]:
    """The first shape of every operator, and its first in narrow types, from a dialect of another kind than the
    target's."""
    source = next(p for p in map(platforms.get, platforms.NAMES)
                  if p.model != target.model and (directory / p.name).is_dir())
    annotator = SymbolicAnnotator(Index(manual(target)), bits=target.vector_bits)
    copies = {m.name for m in library(target, cache)
              if (c := meaning_of(m)) is None or all(s.kind == "copy" for s in c.steps)}
    for case in _sample(suite.suite(directory, source, "*", 0)):
        try:
            program = read(case.text, source, case.path.name, let=dict(case.let) or None)
            _, pivot = pivot_text(program, source)
            used = _used(program, source, target, cache) - copies
        except Fault as e:
            yield Operator(target.name, case.name, (), (), e.what)
            continue
        steps = [s for kernel in pivot.kernels for _, loop in every_loop(replace(pivot, kernels=(kernel,)))
                 if (c := computed(kernel, loop)) is not None for s in c.steps]
        top = {p.title for s in dict.fromkeys(steps) for p in annotator.passages(s)}
        yield Operator(target.name, case.name, tuple(sorted(used)), tuple(sorted(used & top)))


def _sample(cases: Iterable[Case]) -> Iterator[Case]:
    """The first case of each operator and of each of its kinds of types."""
    seen: set[tuple[str, str]] = set()
    for case in cases:
        key = (case.operator, case.name.removesuffix(case.shape))
        if key not in seen:
            seen.add(key)
            yield case


def _used(program: Program, source: Platform, target: Platform, cache: Path | None) -> set[str]:
    """The intrinsics in the first program for the target that can be written; it is not confirmed here."""
    hosted = with_host(program)
    pivot, steps = to_pivot.sequential(hosted, source)
    pivot = to_pivot.with_extents(pivot, to_pivot.accesses(hosted))
    suited, _ = to_target.suited_to(target, pivot)
    for road in to_target.roads(hosted, suited, steps, source, target, [], cache):
        try:
            write(road.program, target)
        except NotExpressible:
            continue
        return {s.name for k in road.program.kernels for s in statements(k.body) if isinstance(s, Intrinsic)}
    return set()


# ---------------------------------------------------------------- tables


def of_intrinsics(results: Sequence[Sought]) -> list[tuple[str, ...]]:
    """A row a platform; shares are of all its intrinsics, "of described" of those with a query."""
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys(r.platform for r in results):
        mine = [r for r in results if r.platform == name]
        told = [r for r in mine if r.query]
        rows.append((name, str(len(mine)), str(len(told)), _share(mine, lambda r: r.found),
                     _share(mine, lambda r: r.alike), _share(told, lambda r: r.found),
                     _share(mine, lambda r: r.back)))
    return rows


def of_operators(results: Sequence[Operator]) -> list[tuple[str, ...]]:
    """A row a target; shares are of the cases that use intrinsics, and of the intrinsics that these use."""
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys(r.target for r in results):
        mine = [r for r in results if r.target == name]
        using = [r for r in mine if r.used]
        used = sum(len(r.used) for r in using)
        found = sum(len(r.found) for r in using)
        one = sum(bool(r.found) for r in using)
        left = sum(bool(r.why) for r in mine)
        rows.append((name, str(len(mine)), str(left), str(len(using)), _part(one, len(using)), str(used),
                     _part(found, used)))
    return rows


def missed(sought: Iterable[Sought], operators: Iterable[Operator]) -> Iterator[str]:
    """What was not found, in a line each."""
    for s in sought:
        if not s.found:
            yield f"{s.platform}: {s.name}: {s.query or 'no closed form'}"
    for o in operators:
        if o.why or o.used != o.found:
            yield f"{o.target}: {o.name}: {o.why or ', '.join(n for n in o.used if n not in o.found)}"


def _share(results: Sequence[Sought], want: Callable[[Sought], bool]) -> str:
    return _part(sum(map(want, results)), len(results))


def _part(some: int, all_: int) -> str:
    return f"{some} ({100 * some / all_:.1f} %)" if all_ else "-"
