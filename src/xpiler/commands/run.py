"""xpiler run: one text, once, with its platform's rules checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from xpiler import show
from xpiler.commands import options
from xpiler.commands.options import Block, File, From, Grid, Json, Let, Named, Size, Tasks, Timeout
from xpiler.commands.terminal import cache, err, out, print_json, say_fixed, say_notes, working
from xpiler.emulate.entry import Limits
from xpiler.fault import Fault, Span
from xpiler.given import platform_of, program_of, runs_as_it_is, text_of, values
from xpiler.verify.runs.once import Once, once
from xpiler.verify.runs.whole import has_main, whole


def run(
    context: typer.Context,
    file: File,
    from_: From = "",
    let: Let = [],  # noqa: B006
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    kernel: Named = "",
    seed: Annotated[int, typer.Option(min=0, help="Which random inputs.")] = 0,
    timeout: Timeout = 60.0,
    main: Annotated[bool, typer.Option("--main", help="Run the file's own `main` as it is.")] = False,
    as_json: Json = False,
) -> None:
    """Run FILE once on this CPU on random inputs, with its platform's rules checked.

    Where nothing but a `main` can be run, and with --main, that is run as it is.

        xpiler run softmax.cu

        xpiler run kernel_only.mlu --tasks 16 --let n=4096

        xpiler run program.cu --main
    """
    if main:
        run_main(file, from_, timeout, as_json, cache(context))
    try:
        platform, text, program, meant = program_of(file, from_, let, size, grid, block, tasks, kernel)
    except Fault as fault:
        if not runs_as_it_is(file, fault, (let, size, grid, block, tasks, kernel)):
            raise
        say_as_it_is(file, fault)
        run_main(file, from_, timeout, as_json, cache(context))
    say_notes(program)
    if not kernel:
        say_fixed(program, grid, block, tasks)
    with working() as progress:
        result = once(
            text, platform, program, file=str(file), let=values(let), kernel=meant, seed=seed,
            effort=options.effort(1, timeout), cache=cache(context), progress=progress,
        )
    trial = result.trial
    if trial.status in ("timeout", "memory") or (not trial.clean and not trial.findings):
        raise _unfinished(file, result, timeout)
    if as_json:
        print_json({
            "file": str(file), "entry": result.signature.name, "scalars": dict(result.point.scalars), "seed": seed,
            "status": trial.status, "findings": [f.to_json() for f in trial.found],
            "seconds": round(trial.seconds, 4),
            "outputs": [vars(o) for o in result.outputs],
        })
    else:
        show.print_sizes(err, result.point.scalars)
        if trial.clean:
            out().print(show.outputs(result))
        for finding in trial.findings:
            err.print(show.message(finding), soft_wrap=True)
    raise typer.Exit(0 if trial.clean else 2)


def say_as_it_is(file: Path, fault: Fault) -> None:
    what = f"no launcher was found in {file} ({fault.where.line}: {fault.what}); its main is run as it is"
    err.print(f"note: {what}", markup=False, soft_wrap=True)


def run_main(
    file: Path, from_: str, timeout: float, as_json: bool, kept: Path, watch: bool = False
) -> NoReturn:
    """The program's own output, and findings behind it; `watch` looks at every access."""
    if not has_main(text_of(file)):
        raise Fault("XP2013", f"no main in {file}", Span(str(file)), "only a `main` with a body can be run as it is",
                    "xpiler run without --main")
    with working() as progress:
        progress("running main")
        result = whole(text_of(file), platform_of(file, from_), file=str(file), cache=kept,
                       limits=Limits(seconds=timeout), watch=watch)
    if as_json:
        print_json({
            "file": str(file), "entry": "main", "status": result.status, "code": result.code,
            "stdout": result.stdout, "stderr": result.stderr, "findings": [f.to_json() for f in result.findings],
            "seconds": round(result.seconds, 4),
        })
    else:
        print(result.stdout, end="")
        err.print(result.stderr, end="", markup=False, highlight=False, soft_wrap=True)
        for finding in result.findings:
            err.print(show.message(str(finding)), soft_wrap=True)
    if not result.findings and result.code is None:
        late, full = f"it did not end within {timeout:g} s", "it asked for more memory than a run may have"
        why = {"timeout": late, "memory": full, "machine": "it was ended by this machine"}
        raise Fault("XP2022", "main did not come to its end", Span(str(file)),
                    why.get(result.status, f"it ended with {result.status}"), "--timeout, or smaller sizes")
    raise typer.Exit(2 if result.findings else 1 if result.code else 0)


def _unfinished(file: Path, result: Once, timeout: float) -> Fault:
    """The Fault for a run that ended badly without breaking a rule that is checked."""
    name, status = result.signature.name, result.trial.status
    found = [f.splitlines()[0] for f in result.trial.findings]
    match status:
        case "timeout":
            what = f"`{name}` did not end within {timeout:g} s"
            why = "; ".join(found) or "it loops for ever, or the sizes are large"
            return Fault("XP2020", what, Span(str(file)), why=why, try_="--timeout, or smaller sizes with --let")
        case "memory":
            what, why = f"`{name}` asked for more memory than a run may have", "; ".join(found) or "the sizes are large"
            return Fault("XP2021", what, Span(str(file)), why=why, try_="smaller sizes with --let")
    return Fault("XP2022", f"`{name}` ended with {status}", Span(str(file)), why=result.trial.stderr.strip()[-300:])
