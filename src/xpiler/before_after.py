"""A program before and after a pass as text: in a language that has words for it, else in the IR's own notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff

from xpiler import to_pivot
from xpiler.by_hand import Stand
from xpiler.fault import Fault
from xpiler.ir.nodes import Kernel, Program
from xpiler.ir.show import show
from xpiler.passes.machine.rehost import on_device_memory, on_host_memory, split_launches
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform
from xpiler.text.write import write
from xpiler.text.writing.error import NotExpressible

Parts = Mapping[str, tuple[Kernel, ...]]  # what kernels became


@dataclass(frozen=True)
class Texts:
    """`language` is what both are written in, "" for the IR's notation; `why` is why no language was."""

    before: str
    after: str
    language: str
    why: str = ""

    def diff(self, step: str) -> str:
        """What changed, as a unified diff; `step` is what made it."""
        lines = unified_diff(self.before.splitlines(), self.after.splitlines(), "before", f"after {step}", lineterm="")
        return "".join(f"{line}\n" for line in lines)


def texts(at: Stand, became: Parts, languages: Sequence[Platform], *, asked: bool = False) -> Texts:
    """In the first of `languages` that has words for the result; one that was `asked` for is a Fault if it has not."""
    why = ""
    for platform in languages:
        try:
            after = _written(at, became, platform)
        except (NotExpressible, NotApplicable) as e:
            why = why or f"in {platform.title}: {e}"
            if asked:
                raise Fault("XP3007", f"the result cannot be written in {platform.title}", e.span, _why(e),
                            "--ir shows it in the notation of the program's own form") from e
            continue
        try:
            return Texts(_written(at, {}, platform), after, platform.name)
        except (NotExpressible, NotApplicable):
            # What it was has no words there: an emptied page, not a wrong one; a diff is taken in the IR's notation.
            return Texts("", after, platform.name)
    return replace(notation(at, became), why=why)


def notation(at: Stand, became: Parts) -> Texts:
    """Both in the IR's own notation, kernels alone."""
    kernels = [part for k in at.program.kernels for part in became.get(k.name, (k,))]
    before, after = ("\n\n".join(map(show, ks)) + "\n" for ks in (at.program.kernels, kernels))
    return Texts(before, after, "")


def _why(e: NotExpressible | NotApplicable) -> str:
    return f"{e.what}: {e.why}" if isinstance(e, NotExpressible) else e.why


def _written(at: Stand, became: Parts, platform: Platform) -> str:
    """The program as text of a platform: its own, or one its launcher is rewritten for."""
    program = at.program
    parts = {k.name: became.get(k.name, (k,)) for k in program.kernels}
    if program.launcher is None:
        return write(replace(program, kernels=tuple(p for ps in parts.values() for p in ps), platform=platform.name),
                     platform)
    if at.stage in ("read", "detensorized") and platform.name == program.platform:
        out = program
        if any(len(ps) != 1 for ps in parts.values()):
            out = split_launches(program, parts)
        else:
            out = replace(program, kernels=tuple(p for ps in parts.values() for p in ps))
        return write(out, platform)
    out = split_launches(_hosted(to_pivot.with_extents(program), platform), parts)
    return write(replace(out, platform=platform.name), platform)


def _hosted(program: Program, platform: Platform) -> Program:
    """The program with the launcher of such a platform."""
    if platform.model == "serial":
        return on_host_memory(program)
    found = to_pivot.launcher_ranges(program)
    extents = {n: r.extent for n, r in found.items()}
    return on_device_memory(program, extents, lambda n: n in found and found[n].covered)
