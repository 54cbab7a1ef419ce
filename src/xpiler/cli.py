"""The command line. The only file that reads the environment; it asks the engine and prints."""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from xpiler import by_hand, engine, passes, platforms, show
from xpiler.bench import checked, specs
from xpiler.bench import corpus as bench_corpus
from xpiler.bench.layouts import Case
from xpiler.bench.progress import go_through
from xpiler.codes import CODES, page
from xpiler.emulate.entry import Limits
from xpiler.fault import Fault, Span
from xpiler.given import geometry_of, integers, pairs, platform_of, program_of, runs_as_it_is, text_of, values
from xpiler.ir.nodes import Program
from xpiler.platforms.platform import Platform
from xpiler.verify.against import against, check_names
from xpiler.verify.against import sized as sizes_known
from xpiler.verify.confirm import confirm
from xpiler.verify.observe import Effort, observe
from xpiler.verify.once import Once, once
from xpiler.verify.own_spec import own
from xpiler.verify.sane import sane
from xpiler.verify.signature import signature
from xpiler.verify.spec import Spec
from xpiler.verify.whole import has_main, whole
from xpiler.verify.verdict import Proved, confirmed, refuted
from xpiler.written import check_writable, write_whole

app = typer.Typer(
    name="xpiler", no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False,
    add_completion=False, context_settings={"help_option_names": ["-h", "--help"]},
    help="""Translate tensor kernels between CUDA C, HIP, Cambricon BANG C, C with AVX-512 VNNI and plain C,
and run and check them on this CPU, without the hardware.

**The main job:** `xpiler translate softmax.cu --to bang -o softmax.mlu`

**Is this kernel sane?** `xpiler check softmax.cu` runs it with bounds, address spaces, capacities and barriers checked.

**Are these two the same?** `xpiler check softmax.cu softmax.mlu`

Exit status: 0 done and confirmed, 1 not confirmed, 2 a mistake in the input or the call, 130 interrupted.""",
)
passes_app = typer.Typer(no_args_is_help=True, help="The program changes that translation is made of.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure xpiler on suites of kernels.")
app.add_typer(passes_app, name="pass")
app.add_typer(bench_app, name="bench")

err = Console(stderr=True, highlight=False)

File = Annotated[Path, typer.Argument(help="A source file; its suffix names the language unless --from does.")]
From = Annotated[str, typer.Option("--from", help="Language of the file: c, cuda, hip, bang, vnni.")]
Let = Annotated[
    list[str],
    typer.Option("--let", help="A run-time scalar, `--let n=1000`, or a small array's contents, `--let shape=84,117`."),
]
Grid = Annotated[str, typer.Option(help="Blocks of a kernel without host code: `x`, `x,y` or `x,y,z`.")]
Block = Annotated[str, typer.Option(help="Threads of a block of a kernel without host code, likewise.")]
Tasks = Annotated[str, typer.Option(help="Tasks of a kernel without host code, on task platforms.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout instead of tables.")]
Seeds = Annotated[int, typer.Option(min=1, help="Random inputs to try at every choice of sizes.")]
Budget = Annotated[float, typer.Option(min=1.0, help="Seconds for running the source, and again the result.")]
Timeout = Annotated[float, typer.Option(min=0.05, help="Seconds one run of a kernel may take.")]
Named = Annotated[str, typer.Option(help="The kernel that is meant, where a file without host code has several.")]
Bind = Annotated[
    list[str], typer.Option(help="Which array is which argument of --spec: `--bind a=A`, where it is not clear."),
]
Size = Annotated[list[str], typer.Option(help="Elements of an array nothing in the file allocates: `--size a=1024`.")]


# ---------------------------------------------------------------- the commands


@app.command()
def translate(
    file: File,
    to: Annotated[str, typer.Option(help="Language to write: c, cuda, hip, bang, vnni.")] = "",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Where to write; stdout without it.")] = None,
    from_: From = "",
    let: Let = [],  # noqa: B006  (typer's way to say "may be repeated")
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    kernel: Named = "",
    seeds: Seeds = 3,
    budget: Budget = 60.0,
    keep: Annotated[bool, typer.Option("--keep", help="Write the text even when it was not confirmed.")] = False,
    pivot: Annotated[bool, typer.Option("--pivot", help="Write the clean sequential C program instead.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Also print the steps that were taken.")] = False,
    as_json: Json = False,
) -> None:
    """Translate FILE and confirm, by running both, that the result does the same.

    Nothing is written unless it was confirmed (or --keep says so).

        xpiler translate softmax.cu --to bang -o softmax.mlu

        xpiler translate add.cu --to hip --let n=1000

        xpiler translate kernel_only.cu --to bang --grid 32 --block 256 --let n=8000
    """
    source = platform_of(file, from_)
    if pivot:
        to = next(p.name for p in map(platforms.get, platforms.NAMES) if p.model == "serial" and not p.vector_bits)
    if not to:
        raise Fault("XP3005", "no target language", why="`translate` needs one", try_="--to bang")
    target = platforms.get(to)
    text = text_of(file)
    if out is not None:
        check_writable(out)
    with _progress() as progress:
        result = engine.translate(
            text, source, target, file=str(file), progress=progress,
            options=engine.Options(
                let=values(let), geometry=geometry_of(source, grid, block, tasks), seeds=seeds, budget=budget,
                cache=_cache(), size=integers(size), kernel=kernel,
            ),
        )
    good = confirmed(result.evidence)
    written = bool(result.text) and (good or keep)
    if written:
        if out is not None:
            write_whole(out, result.text)
        elif not as_json:
            print(result.text, end="")
    if as_json:
        _print_json({
            "file": str(file), "from": source.name, "to": target.name, "confirmed": good,
            "text": result.text if written else None, "trace": list(result.trace),
            "notes": list(result.notes), "attempts": [vars(a) for a in result.attempts],
            "evidence": [e.to_json() for e in result.evidence], "seconds": round(result.seconds, 3),
        })
    else:
        if trace:
            err.print("\n".join(result.trace), markup=False)
        err.print(show.evidence(result.evidence))
        if good:
            err.print(show.road(result.trace))
        for note in result.notes:
            err.print(f"note: {note}", markup=False)
        if not good:
            for attempt in result.attempts:
                err.print(f"tried {attempt.road}: {attempt.why}", style="dim", markup=False)
            err.print("not confirmed" + ("" if written else "; nothing was written"), style="bold red")
    raise typer.Exit(0 if good else 1)


@app.command()
def run(
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
        _run_main(file, from_, timeout, as_json)
    try:
        platform, text, program = program_of(file, from_, let, size, grid, block, tasks, kernel)
    except Fault as fault:
        if not runs_as_it_is(file, fault, (let, size, grid, block, tasks, kernel)):
            raise
        _say_as_it_is(file, fault)
        _run_main(file, from_, timeout, as_json)
    _say_notes(program)
    if not kernel:
        _say_fixed(program, grid, block, tasks)
    with _progress() as progress:
        result = once(
            text, platform, program, file=str(file), let=values(let), kernel=kernel, seed=seed,
            effort=_effort(1, timeout), cache=_cache(), progress=progress,
        )
    trial = result.trial
    if trial.status in ("timeout", "memory") or (not trial.clean and not trial.findings):
        raise _unfinished(file, result, timeout)
    if as_json:
        _print_json({
            "file": str(file), "entry": result.signature.name, "scalars": dict(result.point.scalars), "seed": seed,
            "status": trial.status, "findings": [f.to_json() for f in trial.found],
            "seconds": round(trial.seconds, 4),
            "outputs": [vars(o) for o in result.outputs],
        })
    else:
        show.print_sizes(err, result.point.scalars)
        if trial.clean:
            _out().print(show.outputs(result))
        for finding in trial.findings:
            err.print(show.message(finding), soft_wrap=True)
    raise typer.Exit(0 if trial.clean else 2)


@app.command()
def check(
    a: Annotated[Path, typer.Argument(metavar="A", help="A source file.")],
    b: Annotated[Path | None, typer.Argument(metavar="[B]", help="A second one, to compare with the first.")] = None,
    from_: From = "",
    to: Annotated[str, typer.Option(help="Language of B, where its suffix does not say.")] = "",
    let: Let = [],  # noqa: B006
    size: Size = [],  # noqa: B006
    grid: Grid = "",
    block: Block = "",
    tasks: Tasks = "",
    kernel: Named = "",
    seeds: Seeds = 3,
    timeout: Timeout = 60.0,
    spec: Annotated[str, typer.Option(help="Compare A with an operator, `--spec gemm`, or `--spec mine.py`.")] = "",
    bind: Bind = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Is A sane? With B: do A and B compute the same? With --spec: does A compute what it should?

        xpiler check softmax.cu

        xpiler check softmax.cu softmax.mlu --let n=1000

        xpiler check gemm.cu --spec gemm --bind a=A
    """
    if spec:
        geometry, effort = (grid, block, tasks), _effort(seeds, timeout)
        _check_spec(a, b, spec, from_, let, size, geometry, kernel, pairs(bind), effort, as_json)
    try:
        platform, text, program = program_of(a, from_, let, size, grid, block, tasks, kernel)
    except Fault as fault:
        if b is not None or not runs_as_it_is(a, fault, (let, size, grid, block, tasks, kernel)):
            raise
        _say_as_it_is(a, fault)
        _run_main(a, from_, timeout, as_json, watch=True)
    effort = _effort(seeds, timeout)
    second = None if b is None else program_of(b, to, let, size, grid, block, tasks, "")
    if not kernel:
        _say_fixed(program, grid, block, tasks)
    _say_notes(program)
    if second is None:
        _check_one(a, text, platform, program, let, kernel, effort, as_json)
        return
    with _progress() as progress:
        reference = observe(
            text, platform, program, file=str(a), let=values(let), kernel=kernel, effort=effort,
            cache=_cache(), progress=progress,
        )
        evidence = confirm(
            text, platform, second[1], second[0], program, target_program=second[2], reference=reference,
            effort=effort, cache=_cache(), file=str(b), progress=progress,
        )
    good = confirmed(evidence)
    if as_json:
        _print_json({"files": [str(a), str(b)], "confirmed": good, "evidence": [e.to_json() for e in evidence]})
    else:
        _out().print(show.evidence(evidence))
    raise typer.Exit(0 if good else 1)


def _say_as_it_is(file: Path, fault: Fault) -> None:
    what = f"no launcher was found in {file} ({fault.where.line}: {fault.what}); its main is run as it is"
    err.print(f"note: {what}", markup=False, soft_wrap=True)


def _run_main(file: Path, from_: str, timeout: float, as_json: bool, watch: bool = False) -> NoReturn:
    """The program's own output, and findings behind it; `watch` looks at every access."""
    if not has_main(text_of(file)):
        raise Fault("XP2013", f"no main in {file}", Span(str(file)), "only a `main` with a body can be run as it is",
                    "xpiler run without --main")
    with _progress() as progress:
        progress("running main")
        result = whole(text_of(file), platform_of(file, from_), file=str(file), cache=_cache(),
                       limits=Limits(seconds=timeout), watch=watch)
    if as_json:
        _print_json({
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
        why = {"timeout": late, "memory": full}
        raise Fault("XP2022", "main did not come to its end", Span(str(file)),
                    why.get(result.status, f"it ended with {result.status}"), "--timeout, or smaller sizes")
    raise typer.Exit(2 if result.findings else 1 if result.code else 0)


def _check_one(
    file: Path, text: str, platform: Platform, program: Program, let: Sequence[str], kernel: str, effort: Effort,
    as_json: bool,
) -> None:
    """`check FILE`: every finding, then the warnings, then the verdict."""
    with _progress() as progress:
        result = sane(
            text, platform, program, file=str(file), let=values(let), kernel=kernel, effort=effort, cache=_cache(),
            progress=progress,
        )
    good = refuted((result.evidence,)) is None
    if as_json:
        _print_json({
            "files": [str(file)], "confirmed": good, "entry": result.signature.name,
            "findings": [f.to_json() for f in result.findings], "warnings": [f.to_json() for f in result.warnings],
            "notes": list(result.notes), "evidence": [result.evidence.to_json()],
        })
    else:
        for f in result.findings:
            err.print(show.message(str(f)), soft_wrap=True)
        for f in result.warnings:
            err.print(show.message(f"warning: {f}", "bold yellow"), soft_wrap=True)
        for note in result.notes:
            err.print(f"note: {note}", markup=False)
        _out().print(show.evidence((result.evidence,), details=False))
    raise typer.Exit(0 if good else 1)


@app.command("platforms")
def list_platforms(as_json: Json = False) -> None:
    """The languages xpiler reads and writes, with their suffixes and memory spaces."""
    known = [platforms.get(name) for name in platforms.NAMES]
    if as_json:
        _print_json([{"name": p.name, "title": p.title, "suffixes": p.suffixes, "model": p.model} for p in known])
        return
    rows = [(p.name, p.title, " ".join(p.suffixes), p.model, " ".join(s.name for s in p.spaces)) for p in known]
    _out().print(show.columns(("name", "title", "suffixes", "model", "spaces"), rows, words=True))


@app.command()
def explain(
    code: Annotated[str, typer.Argument(help="The code in brackets at the end of a message: XP2010.")],
    as_json: Json = False,
) -> None:
    """What a message means, an example that gives it, and what to do.

        xpiler explain XP2101
    """
    name = code.upper().strip("[]")
    meaning = CODES.get(name)
    if meaning is None:
        raise Fault("XP3006", f"no message has the code `{code}`")
    if as_json:
        _print_json({"code": name, "meaning": meaning, "page": page(name)})
    else:
        print(page(name), end="")


@passes_app.command("list")
def pass_list(as_json: Json = False) -> None:
    """The passes: what each changes, as a picture, and its parameters."""
    pages = list(_pages())
    if as_json:
        _print_json([vars(p) for p in pages])
    else:
        print("\n\n".join(show.page(p) for p in pages))


@passes_app.command(
    "apply", context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="`xpiler pass apply split kernel.cu --loop k --factor 32`",
)
def pass_apply(context: typer.Context, name: str, file: File, from_: From = "") -> None:
    """Apply one pass to the sequential program of a file, and print it as C. The pass's parameters are options."""
    step = by_hand.made(name, context.args)
    source, _, program = program_of(file, from_, (), (), "", "", "", "")
    print(by_hand.applied(step, program, source), end="")


@bench_app.command("corpus")
def bench_corpus_command(
    directory: Annotated[Path, typer.Argument(help="The suite's data directory.")],
    from_: Annotated[str, typer.Option("--from", help="Source language.")],
    to: Annotated[str, typer.Option(help="Target language; without one the files are checked, not translated.")] = "",
    layout: Annotated[str, typer.Option(help="How the suite is laid out: qimeng, polybench, hipcpu.")] = "qimeng",
    limit: Annotated[int, typer.Option(min=0, help="At most so many files of an operator; 0 is all.")] = 0,
    only: Annotated[str, typer.Option(help="Only files whose name matches this pattern.")] = "*",
    jobs: Annotated[int, typer.Option(min=1, help="Kernels translated or checked at the same time.")] = 2,
    seeds: Seeds = 2,
    budget: Budget = 30.0,
    out: Annotated[Path | None, typer.Option(help="Keep results here, and go on from them the next time.")] = None,
    as_json: Json = False,
) -> None:
    """Check every file of a public suite, or translate it, and count what came of it.

        xpiler bench corpus benchmark/data --from cuda

        xpiler bench corpus benchmark/data --from cuda --to bang --limit 1
    """
    cases = bench_corpus.cases(directory, layout, platforms.get(from_), only, limit)
    if not to:
        _check_corpus(cases, platforms.get(from_), jobs, seeds, budget, out, as_json)
        return
    with _progress() as progress:
        results = bench_corpus.measure(
            cases, platforms.get(from_), platforms.get(to), jobs,
            engine.Options(seeds=seeds, budget=budget, cache=_cache()), progress,
        )
    if as_json:
        _print_json([r.to_json() for r in results])
    else:
        _out().print(show.columns(bench_corpus.HEADER, bench_corpus.rows(results)))
        for r in results:
            if r.outcome != "confirmed":
                err.print(f"{r.name}: {r.outcome}: {r.why}", markup=False, soft_wrap=True)


def _check_corpus(
    cases: Sequence[Case], platform: Platform, jobs: int, seeds: int, budget: float, out: Path | None, as_json: bool
) -> None:
    effort = Effort(seeds=seeds, budget=2 * budget, limits=checked.limits(budget), double=False)
    with _progress() as progress:
        results = go_through(cases, lambda case: checked.check(case, platform, effort, _cache()), jobs, out, progress)
    if as_json:
        _print_json([r.to_json() for r in results])
        return
    _out().print(show.columns(checked.HEADER, checked.rows(results)))
    _out().print(show.columns(checked.KINDS, checked.kinds(results), words=True))
    for r in results:
        if r.outcome != checked.CORRECT:
            err.print(f"{r.name}: {r.outcome}: {r.why}", markup=False, soft_wrap=True)


# ---------------------------------------------------------------- the pieces


def _check_spec(
    file: Path, other: Path | None, name: str, from_: str, let: Sequence[str], size: Sequence[str],
    geometry: tuple[str, str, str], kernel: str, bound: dict[str, str], effort: Effort, as_json: bool,
) -> NoReturn:
    """`check --spec`: print whether a file computes a specification, and leave."""
    if other is not None:
        raise Fault("XP3004", "`--spec` compares one file", why=f"there are two: {file} and {other}")
    own_text = text_of(Path(name)) if name.endswith(".py") else ""
    found: list[Spec] = []

    def sized(program: Program) -> Program:
        entry = signature(program, kernel)
        found.append(own(own_text, name, entry, effort.limits) if own_text else specs.named(name))
        check_names(found[0], entry, values(let))
        return sizes_known(program, found[0], kernel, values(let), bound)

    platform, text, program = program_of(file, from_, let, size, *geometry, kernel, sized)
    if not kernel:
        _say_fixed(program, *geometry)
    scalars = {p.name for p in signature(program, kernel).params}
    with _progress() as progress:
        watched = sane(
            text, platform, program, file=str(file), let={k: v for k, v in values(let).items() if k in scalars},
            kernel=kernel, effort=effort, cache=_cache(), progress=progress,
        )
        _, evidence = against(
            text, platform, program, found[0], file=str(file), let=values(let), pairs=bound, kernel=kernel,
            effort=effort, cache=_cache(), progress=progress,
        )
    evidence = (watched.evidence, *evidence)
    good = all(isinstance(e.verdict, Proved) for e in evidence)
    if as_json:
        found_ = [e.to_json() for e in evidence]
        _print_json({"files": [str(file)], "spec": name, "confirmed": good, "evidence": found_})
    else:
        _out().print(show.evidence(evidence))
    raise typer.Exit(0 if good else 1)


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


def _say_notes(program: Program) -> None:
    for note in program.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)


def _say_fixed(program: Program, grid: str, block: str, tasks: str) -> None:
    """A launch that the file's own host code fixes is not changed by an option; say so."""
    named = [o for o, text in (("--grid", grid), ("--block", block), ("--tasks", tasks)) if text]
    if program.launcher is not None and named:
        what = f"{' and '.join(named)} not used: `{program.launcher.name}` says itself how its kernels are launched"
        err.print(f"note: {what}", markup=False)


def _effort(seeds: int, timeout: float) -> Effort:
    return Effort(seeds=seeds, limits=Limits(seconds=timeout))


def _cache() -> Path:
    """Where builds are kept: $XPILER_CACHE, else the user's cache directory."""
    named = os.environ.get("XPILER_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xpiler"


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


def _out() -> Console:
    """Where results go; into a pipe or a file, tables are not folded at 80 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(console.width, 160))


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str))


@contextmanager
def _progress() -> Iterator[Any]:
    """A spinner on a terminal that says the stage; silent elsewhere."""
    if not err.is_terminal:
        yield lambda stage: None
        return
    with err.status("reading") as status:
        yield lambda stage: status.update(stage)


# ---------------------------------------------------------------- the way in and the ways out


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status: 2 for a Fault, 128 and more for an interrupt."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    try:
        app(args=args)
    except Fault as fault:
        tell(fault, sys.argv[1:] if args is None else args)
        raise SystemExit(2) from None
    except (RecursionError, MemoryError) as e:
        tell(_too_much(e), sys.argv[1:] if args is None else args)
        raise SystemExit(2) from None


def tell(fault: Fault, args: Sequence[str]) -> None:
    """Print a Fault, as JSON too where the arguments ask for it."""
    for f in fault.every:
        f.source_line = f.source_line or _line_of(f.where)
    if "--json" in args:
        _print_json({"error": fault.to_json(), "errors": [f.to_json() for f in fault.every]})
    err.print(show.message(str(fault)), soft_wrap=True)


def _line_of(where: Span) -> str:
    """The line of a file that a place is in, "" where there is none to show."""
    try:
        lines = Path(where.file).read_text().splitlines() if where.line else []
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[where.line - 1] if where.line <= len(lines) and lines else ""


def _too_much(e: RecursionError | MemoryError) -> Fault:
    what = "is nested too deeply" if isinstance(e, RecursionError) else "needs more memory than there is"
    return Fault("XP1021", f"the text {what}", why="a limit of this process was met", try_="a smaller text")


def _interrupted(number: int, frame: object) -> None:
    """Leave at once, but through every `finally` on the way: nothing half-done stays. Being told twice is once."""
    signal.signal(number, signal.SIG_IGN)  # told twice, by the terminal and by the watching process
    raise SystemExit(128 + number)
