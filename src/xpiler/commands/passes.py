"""xpiler pass: the program changes that translation is made of, to read about, to enumerate and to apply by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from xpiler import before_after, by_hand, platforms, show
from xpiler.commands.options import Block, From, Grid, Json, Let, Named, Tasks
from xpiler.commands.terminal import cache, err, out, print_json
from xpiler.fault import Fault
from xpiler.given import program_of
from xpiler.platforms.platform import Platform
from xpiler.text.library import library

app = typer.Typer(no_args_is_help=True, help="The program changes that translation is made of.")

Stage = Annotated[str, typer.Option(help="Where on the road to apply it: read, detensorized, sequential, pivot.")]
To = Annotated[str, typer.Option(help="The machine it is for, the language of the result: c, cuda, hip, bang, vnni.")]


@app.command("list", epilog="`xpiler pass list split`")
def pass_list(
    name: Annotated[str, typer.Argument(help="Only this one, with all that its file says.")] = "", as_json: Json = False
) -> None:
    """The passes: what each changes, as a picture, and its parameters."""
    pages = [p for p in _pages() if name in ("", p.name)]
    if not pages:
        by_hand.of_name(name)
    if as_json:
        print_json([vars(p) for p in pages])
    elif name:
        print(show.page(pages[0]))
    else:
        print(_overview(pages))


@app.command(
    "apply", context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="`xpiler pass apply split kernel.cu --loop k --factor 32 --diff`",
)
def pass_apply(
    context: typer.Context, name: Annotated[str, typer.Argument(help="The pass, as `xpiler pass list` names it.")],
    given: Annotated[list[str], typer.Argument(metavar="FILE [--PARAMETER VALUE]...",
                                               help="The source file, and the parameters of the pass.")],
    from_: From = "", to: To = "", stage: Stage = "", kernel: Named = "",
    diff: Annotated[bool, typer.Option("--diff", help="Print what changed instead of the whole result.")] = False,
    ir: Annotated[bool, typer.Option("--ir", help="Print in the notation of the program's own form.")] = False,
    let: Let = [],  # noqa: B006
    grid: Grid = "", block: Block = "", tasks: Tasks = "", as_json: Json = False,
) -> None:
    """Apply one pass to a file and print the result. The pass's parameters are options too.

    It is applied to the clean sequential program of the file, or where --stage says: `read` is the program as it is
    written, parallel loops and all. The result is C where C has words for it, else the language of --to or the file.
    """
    kind = by_hand.of_name(name)
    file, options = _split(name, [*given, *context.args])
    source, _, program, _ = program_of(file, from_, let, (), grid, block, tasks, "")
    plain = platforms.get(platforms.NAMES[0])
    target = _machine(context, to) if to else plain
    stage = stage or getattr(kind, "stage", "pivot")
    at = by_hand.stand(program, source, stage, target)
    step = by_hand.made(name, options, at.machine)
    became = by_hand.applied(name, step, at, kernel)
    languages = [target] if to else [source] if stage == "read" else [plain, source]
    made = before_after.notation(at, became) if ir else before_after.texts(at, became, languages, asked=bool(to))
    if made.why:
        err.print(f"note: in the notation of the program's own form: {made.why}", markup=False, soft_wrap=True)
    if diff and not made.before:
        made = before_after.notation(at, became)
    said = f"{name} {by_hand.words(step)}".strip()
    if as_json:
        print_json({"pass": name, "parameters": _parameters(step), "stage": stage, "language": made.language or "ir",
                    "kernels": list(became), "before": made.before, "after": made.after, "diff": made.diff(said)})
    elif diff:
        _print_diff(made.diff(said))
    else:
        print(made.after, end="")


@app.command("space", epilog="`xpiler pass space split kernel.cu --to bang`")
def pass_space(
    context: typer.Context, name: Annotated[str, typer.Argument(help="The pass, as `xpiler pass list` names it.")],
    file: Annotated[Path, typer.Argument(help="A source file; its suffix names the language unless --from does.")],
    from_: From = "", to: To = "", stage: Stage = "", kernel: Named = "", let: Let = [],  # noqa: B006
    grid: Grid = "", block: Block = "", tasks: Tasks = "", as_json: Json = False,
) -> None:
    """Where a pass applies in a file: its instances for the machine, the most promising first."""
    kind = by_hand.of_name(name)
    source, _, program, _ = program_of(file, from_, let, (), grid, block, tasks, "")
    target = _machine(context, to) if to else platforms.get(platforms.NAMES[0])
    at = by_hand.stand(program, source, stage or getattr(kind, "stage", "pivot"), target)
    found = [(k.name, s) for k, s in by_hand.all_instances(name, at) if kernel in ("", k.name)]
    if as_json:
        print_json([{"kernel": k, "pass": name, "parameters": _parameters(s)} for k, s in found])
        return
    for k in dict.fromkeys(k for k, _ in found):
        print(f"{k}:")
        for s in (s for owner, s in found if owner == k):
            print(f"  {name} {by_hand.words(s)}".rstrip())
    if not found:
        where = "as it is read" if at.stage == "read" else f"at the stage `{at.stage}`"
        print(f"`{name}` applies nowhere in {file} {where} on {at.machine.title}")


# ---------------------------------------------------------------- what was given


def _split(name: str, words: Sequence[str]) -> tuple[Path, list[str]]:
    """The file among the words, and the others, `--key=value` as two."""
    files: list[str] = []
    options: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            files.append(word)
            continue
        key, equals, value = word.partition("=")
        options.append(key)
        if equals:
            options.append(value)
        elif (after := next(rest, None)) is not None:
            options.append(after)
    if len(files) != 1:
        said = " and ".join(f"`{f}`" for f in files) or "no file"
        raise Fault("XP3007", f"`pass apply {name}` is for one file, not {said}",
                    why="each option is followed by its value",
                    try_=f"xpiler pass apply {name} FILE {by_hand.usage(by_hand.of_name(name))}".rstrip())
    return Path(files[0]), options


def _machine(context: typer.Context, name: str) -> Platform:
    """A platform with what its header offers."""
    found = platforms.get(name)
    return replace(found, intrinsics=library(found, cache(context)))


def _parameters(step: object) -> dict[str, object]:
    return {n: getattr(step, n) for n in by_hand.parameters(type(step))}


def _print_diff(text: str) -> None:
    """A diff, in colours on a terminal."""
    if not out().is_terminal:
        print(text, end="")
        return
    styles = {"+": "green", "-": "red", "@": "cyan"}
    shown = Text()
    for line in text.splitlines():
        shown.append(line + "\n", style=styles.get(line[:1], ""))
    out().print(shown, end="", soft_wrap=True)


# ---------------------------------------------------------------- pages


def _overview(pages: Sequence[show.Page]) -> str:
    """Each pass that a person can choose an instance of with its picture and its options; the others a line each."""
    chosen, known = {n.partition(".")[0] for n in by_hand.enumerating()}, by_hand.found()
    parts: list[str] = []
    for p in pages:
        if p.name in chosen:
            options = f"  {p.name} {by_hand.usage(known[p.name])}".rstrip()
            parts.append("\n".join([f"{p.name}: {p.title}", *(f"  {line}".rstrip() for line in p.picture), options]))
    width = max((len(p.name) for p in pages), default=0)
    others = [f"  {p.name:{width}}  {p.title}" for p in pages if p.name not in chosen]
    parts.append("\n".join(["Steps of the road without a choice, and parts of the passes above:", *others]))
    parts.append("`xpiler pass list NAME` says more of one, `xpiler pass space NAME FILE` where it applies.")
    return "\n\n".join(parts)


def _pages() -> Iterator[show.Page]:
    """One page a file of passes that has classes with `apply`: its docstring, and each class's own."""
    for name, module in by_hand.files().items():
        held = {
            f"{made.__name__}({', '.join(f.name for f in fields(made))})": getdoc(made) or ""
            for made in by_hand.steps(module)
        }
        if held:
            yield show.Page(name, (import_module(module).__doc__ or "").strip(), held)
