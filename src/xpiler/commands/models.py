"""The options about language models, and what is asked with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from xpiler import shots
from xpiler.commands.terminal import Settings
from xpiler.fault import Fault
from xpiler.neural_road import Neural, Stage
from xpiler.platforms.platform import Platform
from xpiler.propose.budget import Budget, Price
from xpiler.propose.client import Client
from xpiler.propose.exchange import Ask
from xpiler.propose.neural import Meta, Model, PerPass, WholeProgram
from xpiler.propose.prompt import Task
from xpiler.propose.tape import Recorder, played
from xpiler.written import check_writable

Proposer = Annotated[
    str, typer.Option(help="Who proposes: `symbolic` (rules alone), `auto` (a model where rules find nothing), "
                           "`neural` (a model first).")]
Ways = Annotated[
    str, typer.Option("--ask", help="What a model is asked for: zero-shot, few-shot, per-pass; several with commas.")]
Named = Annotated[str, typer.Option("--model", help="The model's name; else $XPILER_MODEL.")]
Address = Annotated[
    str, typer.Option("--base-url", help="An OpenAI-compatible endpoint; else $XPILER_BASE_URL, $OPENAI_BASE_URL.")]
Tape = Annotated[Path | None, typer.Option("--tape", help="Keep every exchange with the model here.")]
Replay = Annotated[Path | None, typer.Option("--replay", help="Take the answers from a tape; no model is asked.")]
Tokens = Annotated[int, typer.Option(min=1, help="Tokens a model may take in all, questions and answers.")]
Money = Annotated[float, typer.Option(min=0.0, help="Money a model may cost, with --price; 0 is no limit.")]
PriceOf = Annotated[str, typer.Option("--price", help="Money for a million tokens read, and written: `0.5,1.5`.")]
Tries = Annotated[int, typer.Option(min=1, help="Answers to ask for; each after the first has the witness.")]
Patience = Annotated[float, typer.Option("--model-time", min=1.0, help="Seconds for all that is asked of a model.")]
Temperature = Annotated[float, typer.Option(min=0.0, help="How much a model's answers vary.")]
Shots = Annotated[int, typer.Option("--shots", min=0, help="Examples in a prompt, made by our own passes.")]
Examples = Annotated[
    Path | None, typer.Option("--examples", help="A folder of programs to make examples from; else the project's own.")]

Passages = Annotated[int, typer.Option(
    "--passages", min=0, help="Passages of the target's manual for each step of a loop nest; 0 is none.")]

PROPOSERS = ("symbolic", "auto", "neural")
WAYS = ("zero-shot", "few-shot", "per-pass")
_CHECKOUT = Path(__file__).parents[3] / "examples"


@dataclass(frozen=True)
class Asked:
    """What was said of the model on the command line."""

    proposer: str = "symbolic"
    ways: str = "few-shot"
    model: str = ""
    base_url: str = ""
    tape: Path | None = None
    replay: Path | None = None
    tokens: int = 200_000
    money: float = 0.0
    price: str = ""
    tries: int = 3
    patience: float = 600.0
    temperature: float = 0.0
    shots: int = 1
    examples: Path | None = None
    passages: int = 5


def folder(given: Path | None) -> Path | None:
    """Where examples are made from: the folder that was named, or the checkout's own; None where there is neither."""
    if given is not None and not given.is_dir():
        raise Fault("XP1020", f"cannot read {given}", why="it is no folder", try_="--examples with a folder of kernels")
    return given or (_CHECKOUT if _CHECKOUT.is_dir() else None)


def neural(
    asked: Asked, settings: Settings, plain: Platform, source: Platform, target: Platform
) -> Neural | None:
    """Who is asked in a translation; None for the rules alone. Faults XP5002 and XP5004."""
    if asked.proposer not in PROPOSERS:
        raise _unknown(f"--proposer {asked.proposer}", PROPOSERS)
    if asked.proposer == "symbolic":
        return None
    names = ways_of(asked)
    ways = tuple(way(w, asked, settings.cache, plain, source, target) for w in names)
    return Neural(model_of(asked, settings), ways, asked.proposer == "neural", asked.tries, asked.patience,
                  passages=asked.passages)


def ways_of(asked: Asked) -> list[str]:
    """What a model is asked for, in order."""
    names = [w.strip() for w in asked.ways.split(",")]
    for name in names:
        if name not in WAYS:
            raise _unknown(f"--ask {name}", WAYS)
    return names


def model_of(asked: Asked, settings: Settings) -> Model:
    """Who is asked, within one budget."""
    name = asked.model or settings.model
    if not name:
        raise Fault("XP5002", "no model is named", why="an endpoint has several", try_="--model NAME, or XPILER_MODEL")
    return Model(name, _ask(asked, settings), asked.temperature)


def _ask(asked: Asked, settings: Settings) -> Ask:
    if asked.replay is not None:
        return played(asked.replay)
    if asked.tape is not None:
        check_writable(asked.tape)
    budget = Budget(asked.tokens, asked.money or None, _price(asked))
    address = asked.base_url or settings.base_url
    if not address:
        raise Fault("XP5002", "no endpoint is named", why="there is no model without one",
                    try_="--base-url http://localhost:8000/v1, or XPILER_BASE_URL")
    client = Client(address, settings.key, budget=budget).ready()
    return client.ask if asked.tape is None else Recorder(client.ask, asked.tape, (settings.key,))


def _price(asked: Asked) -> Price:
    try:
        numbers = [float(p) for p in asked.price.split(",")] if asked.price else []
    except ValueError:
        numbers = [-1.0]
    if len(numbers) not in (0, 2) or any(not 0 <= n < float("inf") for n in numbers) or (asked.money and not numbers):
        raise Fault("XP5002", f"cannot understand `--price {asked.price}`", why="money is counted by two prices, for a "
                    "million tokens read and for a million written", try_="--price 0.5,1.5")
    return Price(*numbers)


def way(
    name: str, asked: Asked, cache: Path, plain: Platform, source: Platform, target: Platform
) -> tuple[Stage, ...]:
    """The stages of one way: a whole program is one; by passes the way is down to plain C, then up to the target."""
    examples = folder(asked.examples)
    if name == "per-pass":
        def meta(of: str, task: Task) -> Meta:
            return shots.meta(of, task.text, task.source, task.target, examples, asked.shots, cache)

        *before, last = up(target)
        return (*(Stage(PerPass(p, meta), plain) for p in down(source)),
                *(Stage(PerPass(p, meta), target) for p in before), Stage(PerPass(last, meta)))
    if name == "zero-shot" or not asked.shots:
        return (Stage(WholeProgram()),)
    if examples is None:
        raise Fault("XP3004", "no folder of examples", why="few-shot asks with examples, and only a checkout has some",
                    try_="--examples FOLDER, or --ask zero-shot")
    return (Stage(WholeProgram(
        lambda task: shots.translated(task.text, task.source, task.target, examples, asked.shots, cache))),)


def down(source: Platform) -> tuple[str, ...]:
    """The passes from a language to the clean sequential program; those that say nothing of it left out."""
    vectors = ("detensorize",) if source.vector_bits or source.vector_space else ()
    axes = ("recover",) if source.model != "serial" else ()
    return (*vectors, *axes, "contract")


def up(target: Platform) -> tuple[str, ...]:
    """The passes from the sequential program to a language: parallel axes, then what has instructions of its own."""
    axes = ("bind",) if target.model != "serial" else ()
    vectors = ("tensorize",) if target.vector_bits or target.vector_space else ()
    return (*axes, *vectors) or ("contract",)


def _unknown(said: str, known: tuple[str, ...]) -> Fault:
    return Fault("XP3004", f"cannot understand `{said}`", why=f"there are {', '.join(known)}")
