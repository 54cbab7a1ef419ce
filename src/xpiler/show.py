"""What results look like on a terminal: tables of evidence, of outputs, and of suites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from xpiler.verify.ladder import meanings
from xpiler.verify.runs.once import Once
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown
from xpiler.verify.witness.witness import Explained


def message(told: str, first: str = "bold red") -> Text:
    """One or several messages in their four parts, the `first` line of each in its style, the advice green."""
    out = Text()
    for i, line in enumerate(told.splitlines()):
        style = "green" if line.startswith("  try ") else "" if line.startswith("  ") else first
        out.append(("\n" if i else "") + line, style=style)
    return out


def evidence(
    items: Iterable[Evidence], *, details: bool = True, means: Mapping[str, str] | None = None
) -> RenderableType:
    """One row a rung: what was decided, on what scope, in what time, with `means` what that says; below, with
    `details`, what refuted it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    notes: list[Text] = []
    for e in items:
        match e.verdict:
            case Proved(scope):
                mark, text = Text("yes", style="green"), scope
            case Unknown(reason):
                mark, text = Text("?", style="yellow"), reason
            case Refuted(witness):
                mark, text = Text("NO", style="bold red"), str(witness).splitlines()[0]
                notes += [Text("     " + line) for line in str(witness).splitlines()[1:]]
        table.add_row(Text(e.rung), mark, Text(text), Text(f"{e.seconds:.2f} s", style="dim"))
        if means is not None:
            table.add_row("", "", Text(means.get(e.rung, ""), style="dim"), "")
    return Group(table, *notes) if details else table


def smallest(found: Explained) -> Text:
    """The smallest failing input that was found, and the line to blame."""
    first, *rest = str(found).splitlines()
    out = Text("the smallest input found: " + first, style="bold")
    for line in rest:
        out.append("\n  " + line, style="not bold")
    return out


def report(told: Mapping[str, Any]) -> RenderableType:
    """A whole record for a person: what was asked, every rung with what it means, and what was not tried."""
    means = meanings()
    parts: list[RenderableType] = [_asked(told), Text(""), evidence(told["evidence"], means=means)]
    missing = told.get("not_tried", ())
    if missing:
        parts += [Text(""), Text("Not tried: " + "; ".join(f"{m} ({means.get(m, '')})" for m in missing))]
    parts += [Text(f"note: {note}") for note in told.get("notes", ())]
    if told.get("trace"):
        parts += [Text(""), road(told["trace"])]
    parts += [Text(f"tried {a['road']}: {a['why']}", style="dim") for a in told.get("attempts", ())]
    parts += [Text(""), Text("'yes' holds on the scope it names and nothing more; '?' decides nothing.", style="dim")]
    return Group(*parts)


def _asked(told: Mapping[str, Any]) -> Text:
    good = "confirmed" if told.get("confirmed") else "NOT CONFIRMED"
    if "to" in told:
        what = f"{told['file']}, translated from {told['from']} to {told['to']}"
    else:
        what = " against ".join(told["files"]) + (f" against {told['spec']}" if told.get("spec") else "")
    return Text(f"{what}: {good}", style="bold")


def outputs(run: Once) -> RenderableType:
    """One row an output array of a checked run."""
    table = Table(box=None, pad_edge=False)
    table.add_column("output")
    for name in ("elements", "mean", "min", "max", "checksum", "NaN", "untouched"):
        table.add_column(name, justify="right")
    for o in run.outputs:
        numbers = (f"{x:.6g}" for x in (o.mean, o.least, o.most, o.checksum))
        table.add_row(f"{escape(o.name)} {o.dtype}", str(o.elements), *numbers, str(o.nans), str(o.untouched))
    return table


def road(trace: Sequence[str]) -> Text:
    """The steps of a translation in order, without the kernels they were applied to."""
    taken = [step.split("(")[0] for step in trace if not step.startswith("--")]
    return Text("road: " + ", ".join(dict.fromkeys(taken)))


@dataclass(frozen=True)
class Page:
    """The manual page of one file of passes: its text with the picture, and its steps with what each does."""

    name: str
    text: str
    steps: Mapping[str, str]

    @property
    def title(self) -> str:
        """What it changes, without the name it begins with."""
        first = " ".join(self.text.partition("\n\n")[0].split())
        named, _, said = first.partition(": ")
        return said if said and len(named.split()) < 3 else first

    @property
    def picture(self) -> list[str]:
        """The lines of the first indented part of the text."""
        lines = self.text.splitlines()
        start = next((n for n, line in enumerate(lines) if line.startswith("    ")), len(lines))
        ends = (n for n, line in enumerate(lines) if n > start and line and not line.startswith("    "))
        return [line[4:] for line in "\n".join(lines[start : next(ends, len(lines))]).rstrip().splitlines()]


def page(p: Page) -> str:
    """A page as plain text: the file's own words, then one paragraph a step."""
    title, _, rest = p.text.partition("\n")
    lines = [f"{p.name}.  {title}", *rest.splitlines()]
    for step, text in p.steps.items():
        lines += ["", f"  {step}", *(f"    {line}" for line in text.splitlines())]
    return "\n".join(line.rstrip() for line in lines)


def columns(header: tuple[str, ...], rows: Iterable[tuple[str, ...]], words: bool = False) -> Table:
    """A plain table; all but the first column to the right, as numbers stand, unless they are `words`."""
    table = Table(box=None, pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(name, justify="left" if words or i == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(c) for c in row))
    return table


def print_sizes(console: Console, scalars: Mapping[str, object]) -> None:
    """The values a run chose, so that a person can fix them with --let."""
    if scalars:
        console.print("with " + " ".join(f"{k}={v}" for k, v in scalars.items()), style="dim")
