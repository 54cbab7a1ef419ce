"""xpiler pass: the program changes that translation is made of, to read about and to apply by hand."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import getdoc

import typer

from xpiler import by_hand, passes, show
from xpiler.commands.options import File, From, Json
from xpiler.commands.terminal import print_json
from xpiler.given import program_of

app = typer.Typer(no_args_is_help=True, help="The program changes that translation is made of.")


@app.command("list")
def pass_list(as_json: Json = False) -> None:
    """The passes: what each changes, as a picture, and its parameters."""
    pages = list(_pages())
    if as_json:
        print_json([vars(p) for p in pages])
    else:
        print("\n\n".join(show.page(p) for p in pages))


@app.command(
    "apply", context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="`xpiler pass apply split kernel.cu --loop k --factor 32`",
)
def pass_apply(context: typer.Context, name: str, file: File, from_: From = "") -> None:
    """Apply one pass to the sequential program of a file, and print it as C. The pass's parameters are options."""
    step = by_hand.made(name, context.args)
    source, _, program = program_of(file, from_, (), (), "", "", "", "")
    print(by_hand.applied(step, program, source), end="")


def _pages() -> Iterator[show.Page]:
    """One page a file of passes that has classes with `apply`: its docstring, and each class's own."""
    for module in pkgutil.iter_modules(passes.__path__):
        found = import_module(f"{passes.__name__}.{module.name}")
        steps = {
            f"{name}({', '.join(f.name for f in fields(made))})": getdoc(made) or ""
            for name, made in vars(found).items()
            if isinstance(made, type) and is_dataclass(made) and hasattr(made, "apply")
            and made.__module__ == found.__name__
        }
        if steps:
            yield show.Page(module.name, getdoc(found) or "", steps)
