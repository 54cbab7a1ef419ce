"""A loop is closed: what its symbolic iteration leaves becomes what all of its iterations leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xpiler.facts import ring, sym
from xpiler.facts.apart import never_meet
from xpiler.facts.decided import settled
from xpiler.facts.reductions import Advance, Turn, begun, first_and_later, reduction, uses
from xpiler.facts.rescaled import Relative, relative
from xpiler.facts.running import located, mean, place, spread
from xpiler.facts.sym import FALSE, ONE, TRUE, ZERO, Sym
from xpiler.facts.shaping import digits, normal
from xpiler.facts.solving import solve
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import For
from xpiler.ir.types import DType

if TYPE_CHECKING:
    from xpiler.facts.state import State


@dataclass
class Loop:
    """One loop being closed: the state after a symbolic iteration k, to be quantified over k."""

    machine: State
    level: int
    k: Sym
    first: Sym
    trips: Sym
    guard: Sym
    loop: For
    after: dict[str, Sym]
    writes: dict[str, list[Write]]
    steps: dict[str, Advance | Turn]
    lost: frozenset[str]  # arrays of which nothing is known after a loop within
    asked: set[str] = field(default_factory=set)  # arrays for whose content an answer is being sought
    path: Sym = field(init=False)  # what holds around the loop

    def __post_init__(self) -> None:
        self.path = self.machine.path

    def close(self) -> tuple[dict[str, Sym], dict[str, list[Write] | None]]:
        scalars: dict[str, Sym] = {}
        folds: dict[str, tuple[str, Sym]] = {}
        anew: set[str] = set()  # of the folds, those that the first iteration begins
        relatives: dict[str, tuple[str, Relative]] = {}
        places = self._places()
        means = self._means()
        spreads = self._spreads(means)
        for name, value in self.after.items():
            old = self.machine.scalars[name]
            if name in self.steps:
                total = self.steps[name].at(old, self.trips)
                if self.guard is not TRUE:
                    scalars[name] = poison(value.dtype)
                else:  # of a loop that starts at 0, no size makes the number of iterations negative
                    scalars[name] = total if self.first.hi <= 0 else self._if_any(total, old)
            elif value.op == "prev" and value.data == at_level(name, self.level):
                continue
            elif not self._carried(value):
                scalars[name] = self._last(value, old)
            else:
                before = sym.previous(at_level(name, self.level), value.dtype)
                form = reduction(value, before)
                if form is not None and not self._carried(form[1]):
                    folds[name] = form
                    continue
                form = self._begun(value, before)
                if form is not None and not self._carried(form[1]):
                    folds[name] = form
                    anew.add(name)
                    continue
                if name in means or name in spreads or name in places:
                    continue
                found = self._relative(name, value)
                if found is None:
                    raise Unsummarised(f"`{name}` is carried between iterations", self.loop.span)
                relatives[name] = found
        self._answer_previous()
        for name, value in list(scalars.items()):
            if name not in self.steps and value.op != "poison":
                scalars[name] = self._last(self.after[name], self.machine.scalars[name])
        for name, (op, term) in folds.items():
            term, old = self._ready(term), self.machine.scalars[name]
            scalars[name] = self._anew(op, term, old) if name in anew else self._fold(op, term, old)
        for name, (top, kept) in relatives.items():
            if top not in folds:
                raise Unsummarised(f"`{name}` is carried between iterations", self.loop.span)
            before, after, init = self.machine.scalars[top], scalars[top], self.machine.scalars[name]
            term = self._ready(kept.at(after))
            scalars[name] = self._fold("+", term, kept.moved(init, before, after))
        for name, (of, compared, e) in places.items():
            scalars[name] = self._where(name, of, compared, e, folds[of], scalars[of])
        for name, x in means.items():
            scalars[name] = self._if_any(self._mean(x), self.machine.scalars[name])
        for name, (of, x) in spreads.items():
            far = sym.binary("-", self._ready(x), self._mean(means[of]), x.dtype)
            scalars[name] = self._fold("+", sym.binary("*", far, far, x.dtype), self.machine.scalars[name])
        return scalars, {name: self._quantify(name) for name in self.writes}

    def _places(self) -> dict[str, tuple[str, str, Sym]]:
        """The scalars that say where the largest or smallest so far was: of which scalar, and what they are set to."""
        out: dict[str, tuple[str, str, Sym]] = {}
        if self.loop.kind == "parallel":
            return out
        for top, new in self.after.items():
            before = sym.previous(at_level(top, self.level), new.dtype)
            form = reduction(new, before) if new.dtype.is_float and top not in self.steps else None
            if form is None or form[0] not in ("max", "min") or self._carried(form[1]):
                continue
            for name, value in self.after.items():
                old = sym.previous(at_level(name, self.level), value.dtype)
                found = None if value.dtype is not DType.I32 else place(value, old, before, new, *form)
                if found is not None and not self._carried(found[1]):
                    out[name] = top, *found
        return out

    def _where(self, name: str, of: str, compared: str, e: Sym, form: tuple[str, Sym], extreme: Sym) -> Sym:
        """e in the first iteration that has the extreme, or the last, if that goes beyond what there was.

        Where an iteration looks for it in a loop of its own, both are looked through as one."""
        op = "min" if compared in ("<", ">") else "max"
        none = sym.identity_of(op, DType.I32)
        term, e = self._ready(form[1]), self._ready(e)
        loops, test, at = [self.k], sym.compare("==", term, extreme), self.k
        within = [f for f in sym.collect(e, lambda n: n.op == "fold" and n.dtype is DType.I32) if f.has & {"ld", "pld"}]
        inner = located(within[0], op, term) if len(within) == 1 else None
        if inner is not None:
            w, test = inner
            test = sym.rewrite(test, lambda n: extreme if n is term else None)
            loops, at = [self.k, w], sym.add(sym.mul(self.k, sym.extent_of(w)), w)
        here = sym.make("sel", (sym.conjoin(self.guard, test), at, none), None, DType.I32)
        found = sym.fold(op, loops, here, none, DType.I32)
        places = {self.k: found}
        if inner is not None:
            last = sym.fresh("w", sym.extent_of(inner[0]))
            e = sym.rewrite(e, lambda n: last if n is within[0] else None)
            places = {self.k: sym.div(found, sym.extent_of(last)), last: sym.mod(found, sym.extent_of(last))}
        if e.has & {"ld", "pld"}:  # nothing is read at a place that may be none
            raise Unsummarised(f"`{name}` is carried between iterations", self.loop.span)
        e = sym.substitute(e, places)
        beyond = sym.compare(compared, extreme, self.machine.scalars[of])
        return sym.select(beyond, e, self.machine.scalars[name])

    def _means(self) -> dict[str, Sym]:
        """The scalars that are means of what has come in, and what comes in."""
        if self.guard is not TRUE or self.loop.kind == "parallel":
            return {}
        found = ((n, mean(v, sym.previous(at_level(n, self.level), v.dtype), self.k))
                 for n, v in self.after.items() if n not in self.steps and v.dtype.is_float)
        return {n: x for n, x in found if x is not None and not self._carried(x)}

    def _spreads(self, means: dict[str, Sym]) -> dict[str, tuple[str, Sym]]:
        """The scalars that are sums of squared distances from one of these means."""
        out: dict[str, tuple[str, Sym]] = {}
        for of, x in means.items():
            before = sym.previous(at_level(of, self.level), self.after[of].dtype)
            for n, v in self.after.items():
                old = sym.previous(at_level(n, self.level), v.dtype)
                if n != of and "prev" in v.has and spread(v, old, before, self.after[of]) is x:
                    out[n] = of, x
        return out

    def _mean(self, x: Sym) -> Sym:
        """The mean of what all iterations bring."""
        total = self._fold("+", self._ready(x), sym.identity_of("+", x.dtype))
        return sym.binary("/", total, sym.cast(self.trips, x.dtype), x.dtype)

    def _relative(self, name: str, value: Sym) -> tuple[str, Relative] | None:
        """The running maximum that a scalar is kept relative to, and what an iteration adds."""
        old = sym.previous(at_level(name, self.level), value.dtype)
        for top, new in self.after.items():
            before = sym.previous(at_level(top, self.level), new.dtype)
            form = reduction(new, before) if top != name and new.dtype.is_float else None
            if form is None or form[0] != "max" or self._carried(form[1]):
                continue
            found = relative(value, old, before, new)
            if found is not None and not self._carried(found.rest):
                return top, found
        return None

    def _carried(self, value: Sym) -> bool:
        """A value needs what a scalar held when this iteration began."""
        return "prev" in value.has and bool(
            sym.collect(value, lambda n: n.op == "prev" and _name(n, self.level) is not None))

    def _scratch(self, name: str) -> bool:
        """Nobody outside the kernel sees this array."""
        return self.machine.arrays[name].base in ("undef", "lost") or name in self.machine.inner

    def _last(self, value: Sym, old: Sym) -> Sym:
        """A value that every iteration sets anew, after the loop; `old` where there was none."""
        if self.guard is not TRUE or value.has & {"pld"} or old.op == "poison":
            return poison(value.dtype)
        return self._if_any(sym.substitute(value, {self.k: sym.sub(self.trips, ONE)}), old)

    def _runs(self) -> Sym:
        """There is an iteration. A parallel loop whose iterations write the same elements is a grid: launching none is
        an error of its caller's."""
        if self.loop.kind == "parallel":
            return TRUE
        return self.machine.here(sym.compare("<", ZERO, self.trips))

    def _if_any(self, value: Sym, old: Sym) -> Sym:
        """`value` if there is an iteration; nobody may ask for what was never set."""
        return value if old.op == "undef" else sym.select(self._runs(), value, old)

    def _begun(self, value: Sym, old: Sym) -> tuple[str, Sym] | None:
        """What is accumulated into a value that the first iteration sets, where none is left out."""
        return begun(value, old, self.k) if self.guard is TRUE and self.loop.kind != "parallel" else None

    def _anew(self, op: str, term: Sym, old: Sym) -> Sym:
        return self._if_any(self._fold(op, term, sym.identity_of(op, term.dtype)), old)

    def _fold(self, op: str, term: Sym, init: Sym) -> Sym:
        if self.guard is not TRUE:
            term = sym.select(self.guard, term, sym.identity_of(op, init.dtype))
        return sym.fold(op, [self.k], term, init, init.dtype)

    def _answer_previous(self) -> None:
        """Replace reads of an array's content before the iteration by reads of its content before the loop."""
        for name in self.writes:
            self.after = {n: self._ready(v, name) if n not in self.steps else v
                          for n, v in self.after.items()}

    def _ready(self, value: Sym, only: str | None = None) -> Sym:
        if "pld" not in value.has:
            return value

        def rule(n: Sym) -> Sym | None:
            name = _name(n, self.level) if n.op == "pld" else None
            if name in self.writes and only in (None, name):
                return self._before(str(name), n.args[0])
            return None

        try:
            return sym.rewrite(value, rule)
        except Unsummarised:
            return self._ready_where_chosen(value, rule)

    def _ready_where_chosen(self, value: Sym, rule: Callable[[Sym], Sym | None]) -> Sym:
        """`_ready` where what no iteration leaves is asked for in a choice that is never taken in any that asks, as the
        first element of a row is that has none."""
        outer = self.machine.path

        def either(n: Sym) -> Sym | None:
            if n.op != "sel" or "pld" not in n.has or not n.args[0].free <= value.free:
                return rule(n)
            cond = sym.rewrite(n.args[0], either)
            sides = []
            for side, holds in zip(n.args[1:], (cond, sym.negate(cond)), strict=True):
                before, self.machine.path = self.machine.path, sym.conjoin(self.machine.path, holds)
                try:
                    sides.append(sym.rewrite(side, either))
                finally:
                    self.machine.path = before
            return sym.select(cond, *sides)

        try:
            return sym.rewrite(value, either)
        finally:
            self.machine.path = outer

    def _asked_for(self, w: Write) -> Sym:
        """The value of a write, which nobody asks for where it does not happen."""
        happens = sym.conjoin(w.guard, *(sym.compare("<", ZERO, sym.extent_of(v)) for v in w.vars))
        outer = self.machine.path
        self.machine.path = sym.conjoin(outer, happens)
        try:
            return self._ready(sym.assume(w.value, happens))
        finally:
            self.machine.path = outer

    def _before(self, name: str, index: Sym) -> Sym:
        """What name[index] held when this iteration began, in terms of the state before the loop."""
        if name in self.lost:
            raise Unsummarised(f"what `{name}` holds after a loop has no closed form", self.loop.span)
        if self.loop.kind != "parallel":
            handed = self._handed_on(name, index)
            if handed is not None:
                return handed
            if not all(self._untouched(w, index) for w in self.writes[name]):
                raise Unsummarised(f"`{name}` carries values between iterations", self.loop.span)
        return self.machine.read(name, index)

    def _handed_on(self, name: str, index: Sym) -> Sym | None:
        """What an earlier iteration left in name[index], the last one to write there: the one before, which fetched
        ahead, or where slots of a ring take turns, the one whose turn it was."""
        latest = self._latest(name, index) if name not in self.asked else None
        if latest is None:
            return None
        w, back = latest
        written, read = ring.forward(w.index), ring.forward(index)
        e, at = sym.fresh("e", self.trips), sym.add(self.k, sym.scale(back, -1))  # iteration e + back asks
        try:
            cond, mapping = solve(Write(w.vars, sym.substitute(written, {self.k: e}), TRUE, ZERO),
                                  sym.substitute(read, {self.k: sym.add(e, back)}), self.machine.path)
        except Unsummarised:  # whether it is written at all is asked in another way
            return None
        if self.machine.here(cond) is not TRUE:
            return None
        there = {self.k: at, **{v: sym.substitute(x, {e: at}) for v, x in mapping.items()}}
        later = sym.compare("<=", ZERO, at)
        value, guard = self._of_earlier(name, w)
        known = sym.conjoin(later, self.machine.path)
        happens = sym.assume(sym.substitute(guard, there), known)
        if self._carried(value) or settled(happens, known) is not TRUE:
            return None
        first = self.machine.read(name, index)
        handed = sym.substitute(value, there)
        early = [{self.k: sym.integer(n)} for n in range(int(back.hi))]  # iterations that none may have written for
        if all(sym.substitute(handed, k) is sym.substitute(first, k) for k in early):
            return handed
        return sym.select(later, handed, first)

    def _of_earlier(self, name: str, w: Write) -> tuple[Sym, Sym]:
        """The value and the condition of a write as of an iteration that did it, of which nothing else is known."""
        outer, self.machine.path = self.machine.path, self.path
        self.asked.add(name)
        try:
            return self._asked_for(w), self._ready(w.guard)
        finally:
            self.asked.discard(name)
            self.machine.path = outer

    def _latest(self, name: str, index: Sym) -> tuple[Write, Sym] | None:
        """The write of earlier iterations that came last of those to name[index], if it is one of a fixed number of
        iterations before, and that number."""
        found: tuple[Write, Sym] | None = None
        for w in self.writes[name]:
            if self._meets_never(w, index):
                continue
            slot = self.k in w.index.free
            back = ring.turns_ago(ring.forward(w.index), ring.forward(index), self.k) if slot else ONE
            if back is None or found is not None and not sym.is_const(sym.sub(back, found[1])):
                return None
            if found is None or sym.sub(back, found[1]).hi <= 0:
                found = w, back
        return found

    def _meets_never(self, w: Write, index: Sym) -> bool:
        apart = {v: sym.fresh("v", sym.extent_of(v)) for v in (self.k, *w.vars)}
        return never_meet(sym.substitute(w.index, apart), index, self.machine.path)

    def _untouched(self, w: Write, index: Sym) -> bool:
        """No earlier iteration wrote index."""
        if sym.conjoin(self.machine.path, *(sym.compare("<", ZERO, sym.extent_of(v)) for v in w.vars)) is FALSE:
            return True
        earlier = sym.fresh("e", self.trips)
        apart = {v: sym.fresh("v", sym.extent_of(v)) for v in w.vars}
        if never_meet(sym.substitute(w.index, {self.k: earlier, **apart}), index, self.machine.path):
            return True
        vars_, number = digits(w, self.k) or ((earlier,), earlier)
        there = w.at({self.k: number})
        cond, mapping = solve(Write((*vars_, *w.vars), there.index, there.guard, ZERO), index, self.machine.path)
        if cond is FALSE:
            return True
        if not mapping.keys() >= {*vars_}:
            return False
        return sym.compare("<", sym.substitute(number, mapping), self.k) is FALSE

    def _quantify(self, name: str) -> list[Write] | None:
        """The writes of the whole loop; None if what a scratch array holds afterwards has no closed form."""
        if name in self.lost:
            return None
        try:
            return self._quantified(name)
        except Unsummarised:
            if self._scratch(name):
                return None
            raise

    def _quantified(self, name: str) -> list[Write]:
        found = self._merged(name)
        self._in_order(name, [w for w, _ in found])
        out = []
        for w, form in found:
            if isinstance(form, _Kept):
                out.append(self._kept_relative(name, w, form))
                continue
            if isinstance(form, _Anew):
                value = self._fold(form.op, self._ready(form.term), sym.identity_of(form.op, w.value.dtype))
                out.append(normal(Write(w.vars, w.index, sym.conjoin(w.guard, self._runs()), value)))
                continue
            if form is not None:
                out.append(self._accumulated(name, w, *form))
                continue
            value, guard = self._asked_for(w), self._ready(w.guard)
            if self._carried(value) or self._carried(guard):
                raise Unsummarised("a stored value is carried between iterations", self.loop.span)
            index = self._ready(w.index)
            if self.k in index.free:
                only = self._pinned(guard)
                guard = guard if only is None else sym.conjoin(guard, self._among(only))
                whole = Write((*w.vars, self.k), index, guard, value)
                whole = ring.slots(whole, self.k, self.trips) or whole
                made = normal(whole)
                same = made.vars == whole.vars and made.index is index
                out.append(replace(made, more=self._more(name, w)) if same else made)
            else:
                out.append(self._overwritten(Write(w.vars, index, guard, value)))
        return out

    def _more(self, name: str, w: Write) -> tuple[str, Sym] | None:
        """What each iteration adds to an element of its own that the iteration around has written before."""
        array = self.machine.arrays[name]
        if not self.machine.level or array.base != "prev" or not array.writes:
            return None
        old = sym.previous_load(at_level(name, self.level), w.index, w.value.dtype)
        form = reduction(w.value, old)
        if form is None or self._ready(old) is not self.machine.read(name, w.index):
            return None
        return form[0], self._ready(form[1])

    def _merged(self, name: str) -> list[tuple[Write, _Form]]:
        """The writes of an iteration, with (op, term) where they accumulate: those into the same elements as one.

        Each value is in terms of what the iteration found, so where a later one is made, it has the earlier in it."""
        out: list[tuple[Write, _Form]] = []
        for w in self.writes[name]:
            w = _over(out[-1][0].vars, out[-1][0].index, w) if out else w
            form: _Form = None
            if self.k not in w.index.free:
                form = reduction(w.value, sym.previous_load(at_level(name, self.level), w.index, w.value.dtype))
                if form is not None and not self._elsewhere(name, form[1]):
                    form = None
                form = form or self._kept_to(name, w) or self._set_anew(name, w)
            n = _earlier(out, w)
            before, earlier = out[n] if n is not None else (w, None)
            if n is not None and isinstance(earlier, tuple) and w.more is not None and earlier[0] == w.more[0]:
                op, dtype = w.more[0], w.value.dtype
                nothing = sym.identity_of(op, dtype)
                first = sym.select(before.guard, earlier[1], nothing)
                term = sym.combine(op, first, sym.select(w.guard, w.more[1], nothing), dtype)
                out[n] = replace(w, guard=TRUE, more=None), (op, term)
            elif n is not None and isinstance(form, tuple) and isinstance(earlier, tuple) and earlier[0] == form[0]:
                op, dtype = form[0], w.value.dtype
                either = sym.select(before.guard, earlier[1], sym.identity_of(op, dtype))
                out[n] = replace(w, guard=TRUE), (op, sym.select(w.guard, form[1], either))
            elif n is not None and earlier is None and (both := self._set_anew(name, over := _then(before, w, self.k))):
                out[n] = over, both
            else:
                out.append((w, form))
        return out

    def _set_anew(self, name: str, w: Write) -> _Anew | None:
        """What iterations accumulate into elements that the first one sets."""
        form = None
        if self.k not in w.guard.free and self.k not in w.index.free:
            form = self._begun(w.value, sym.previous_load(at_level(name, self.level), w.index, w.value.dtype))
        return None if form is None or not self._elsewhere(name, form[1]) else _Anew(*form)

    def _elsewhere(self, name: str, term: Sym) -> bool:
        """What a term reads of the array it is accumulated into is never written by the loop."""
        fresh = [{v: sym.fresh("v", sym.extent_of(v)) for v in (self.k, *w.vars)} for w in self.writes[name]]
        apart = [sym.substitute(w.index, m) for w, m in zip(self.writes[name], fresh, strict=True)]
        read = sym.collect(term, lambda n: n.op == "pld" and n.data == at_level(name, self.level))
        return all(never_meet(index, n.args[0]) for n in read for index in apart)

    def _kept_to(self, name: str, w: Write) -> _Kept | None:
        """The running maximum, of a scalar or of an array's elements, that the elements of a write are relative to."""
        old = sym.previous_load(at_level(name, self.level), w.index, w.value.dtype)
        if "call" not in w.value.has:
            return None
        for before in sym.collect(w.value, lambda n: n.op in ("prev", "pld") and n.dtype.is_float and n is not old):
            top = _name(before, self.level)
            if before.op == "prev" and top in self.after:
                new, init = self.after[top], self.machine.scalars[top]
            elif before.op == "pld" and top in self.writes:
                made = self._made(top, before.args[0], w)
                if made is None:
                    continue
                new, init = made, self.machine.read(top, before.args[0])
            else:
                continue
            form = reduction(new, before)
            if form is None or form[0] != "max" or uses(form[1], before):
                continue
            found = relative(w.value, old, before, new)
            if found is not None and not _mentions(found.rest, "pld", at_level(name, self.level)):
                return _Kept(found, init, form[1])
        return None

    def _made(self, name: str, index: Sym, along: Write) -> Sym | None:
        """What an iteration writes to one element, the same one each time, if a single write does, and does so in the
        iterations in which `along` writes."""
        made = None
        for w in self.writes[name]:
            cond, mapping = solve(w, index, along.guard)
            if sym.assume(cond, along.guard) is FALSE:
                continue
            here = [c for c in sym.conjuncts(cond) if self.k in c.free]
            there = [c for c in sym.conjuncts(along.guard) if self.k in c.free]
            always = sym.assume(cond, along.guard) is TRUE and {*here} <= {*there}
            if not always or made is not None or self.k in w.index.free:
                return None
            made = sym.substitute(w.value, mapping)
            if {*here} != {*there} and w.guard is not along.guard:
                return None
        return made

    def _kept_relative(self, name: str, w: Write, form: _Kept) -> Write:
        mine = sym.conjoin(*(c for c in sym.conjuncts(w.guard) if self.k in c.free))
        rest = sym.conjoin(*(c for c in sym.conjuncts(w.guard) if self.k not in c.free))
        if self._carried(form.form.rest) or self._carried(mine):
            raise Unsummarised("a sum relative to a maximum that is carried between iterations", self.loop.span)
        init = self.machine.read(name, w.index)
        if "undef" in (init.op, form.init.op) or self._carried(form.term):
            raise Unsummarised(f"`{name}` is accumulated into before it is set", self.loop.span)

        def over(op: str, term: Sym, start: Sym) -> Sym:
            term = self._ready(term)
            term = term if mine is TRUE else sym.select(mine, term, sym.identity_of(op, start.dtype))
            return sym.fold(op, [self.k], term, start, start.dtype)

        top = over("max", form.term, form.init)
        return normal(Write(w.vars, w.index, rest, over("+", form.form.at(top), form.form.moved(init, form.init, top))))

    def _in_order(self, name: str, writes: list[Write]) -> None:
        """All iterations of a write may come before all of a later one in the body: none undoes what the later one did
        in an iteration before."""
        if self.loop.kind == "parallel":
            return
        for n, w in enumerate(writes):
            if not all(self._untouched(later, w.index) for later in writes[n + 1 :]):
                raise Unsummarised(f"iterations write to `{name}` over each other's elements", self.loop.span)

    def _accumulated(self, name: str, w: Write, op: str, term: Sym) -> Write:
        mine = [c for c in sym.conjuncts(w.guard) if self.k in c.free]
        rest = [c for c in sym.conjuncts(w.guard) if self.k not in c.free]
        term = self._ready(term)
        if mine:
            term = sym.select(sym.conjoin(*mine), term, sym.identity_of(op, w.value.dtype))
        init = self.machine.read(name, w.index)
        if init.op == "undef":
            raise Unsummarised(f"`{name}` is accumulated into before it is set", self.loop.span)
        value = sym.fold(op, [self.k], term, init, w.value.dtype)
        return normal(Write(w.vars, w.index, sym.conjoin(*rest), value))

    def _pinned(self, guard: Sym) -> Sym | None:
        """The one iteration in which a condition can hold, if it says so itself."""
        for c in sym.conjuncts(guard):
            if c.op == "eq" and self.k in c.free:
                const, terms = sym.terms_of(c.args[0])
                if terms.get(self.k) in (1, -1):
                    return sym.scale(sym.linear(const, {a: f for a, f in terms.items() if a is not self.k}),
                                     -terms[self.k])
        return None

    def _among(self, iteration: Sym) -> Sym:
        """There is such an iteration."""
        if iteration is ZERO:
            return self._runs()
        return self.machine.here(sym.conjoin(
            sym.compare("<=", ZERO, iteration), sym.compare("<", iteration, self.trips)))

    def _overwritten(self, w: Write) -> Write:
        """Every iteration writes the same elements: the last one counts."""
        fixed = {c for c in sym.conjuncts(w.guard) if self.k in c.free}
        if not fixed:
            last = w.at({self.k: sym.sub(self.trips, ONE)})
            return Write(last.vars, last.index, sym.conjoin(last.guard, self._runs()), last.value)
        only = self._pinned(w.guard)
        if only is not None:
            w = w.at({self.k: only})
            return normal(replace(w, guard=sym.conjoin(w.guard, self._among(only))))
        if self.loop.kind == "parallel" and self.k not in w.value.free:
            raise Unsummarised("iterations write the same element", self.loop.span)
        raise Unsummarised("which iteration writes last is not known", self.loop.span)


@dataclass(frozen=True)
class _Kept:
    """Elements that are relative to a running maximum: what an iteration adds, what the maximum begins with, and the
    term each iteration brings to it."""

    form: Relative
    init: Sym
    term: Sym


@dataclass(frozen=True)
class _Anew:
    """Elements that the first iteration sets and all combine with their term."""

    op: str
    term: Sym


_Form = tuple[str, Sym] | _Kept | _Anew | None


def _then(first: Write, second: Write, k: Sym) -> Write:
    """Two writes of an iteration k to the same elements, one after the other, as one."""
    mine, theirs = (dict.fromkeys(sym.conjuncts(w.guard)) for w in (second, first))
    both = [c for c in mine if c in theirs]
    here, there = (sym.conjoin(*(c for c in cs if c not in both)) for cs in (mine, theirs))
    value = sym.select(here, second.value, first.value)
    either = sym.disjoin(here, there)
    always = first_and_later(either, k) == (TRUE, TRUE)
    return Write(second.vars, second.index, sym.conjoin(*both, TRUE if always else either), value)


def _earlier(found: list[tuple[Write, Any]], w: Write) -> int | None:
    """The last of some writes to the elements that w writes, if none after it touches any of these."""
    for n in range(len(found) - 1, -1, -1):
        before = found[n][0]
        if before.vars == w.vars and before.index is w.index and before.value.dtype is w.value.dtype:
            return n
        if before.vars or w.vars or not sym.is_const(gap := sym.sub(before.index, w.index)) or gap is ZERO:
            return None
    return None


def _over(vars_: tuple[Sym, ...], index: Sym, w: Write) -> Write:
    """w in terms of these variables, where that makes it a write to this index; else w."""
    if w.vars == vars_ or len(w.vars) != len(vars_):
        return w
    if any(sym.extent_of(a) is not sym.extent_of(b) for a, b in zip(w.vars, vars_, strict=True)):
        return w
    names = dict(zip(w.vars, vars_, strict=True))
    if sym.substitute(w.index, names) is not index:
        return w
    more = None if w.more is None else (w.more[0], sym.substitute(w.more[1], names))
    return Write(vars_, index, sym.substitute(w.guard, names), sym.substitute(w.value, names), more)


def at_level(name: str, level: int) -> str:
    """What a scalar or an array is called as it was when an iteration of a loop this deep began."""
    return f"{name}@{level}"


def _name(n: Sym, level: int) -> str | None:
    """The scalar or array that a "prev" or "pld" of a loop this deep is about; None for one of another loop."""
    name, _, deep = str(n.data).rpartition("@")
    return name if deep == str(level) else None


def _mentions(x: Sym, op: str, data: str) -> bool:
    return op in x.has and bool(sym.collect(x, lambda n: n.op == op and n.data == data))


def poison(dtype: DType) -> Sym:
    return sym.make("poison", (), None, dtype)
