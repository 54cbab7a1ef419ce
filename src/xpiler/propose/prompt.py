"""Prompts from their files: what a model is told, which a person can read, paste and compare by version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from xpiler.ir.nodes import Buffer, Launcher, Param
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.propose.exchange import Message

FOLDER = files("xpiler.propose") / "prompts"
# How the C of a platform spells a type that it gives no name of its own.
_C = {
    DType.BOOL: "bool", DType.I8: "int8_t", DType.U8: "uint8_t", DType.I16: "int16_t", DType.U16: "uint16_t",
    DType.I32: "int", DType.U32: "unsigned int", DType.I64: "long long", DType.U64: "unsigned long long",
    DType.F32: "float", DType.F64: "double", DType.F16: "half", DType.BF16: "bfloat16",
}
_MOST_TEXT = 60_000  # characters of a witness or a program that a prompt repeats


@dataclass(frozen=True)
class Prompt:
    """A template, its version, and the placeholders it fills."""

    name: str
    version: int
    placeholders: frozenset[str]
    body: str

    def filled(self, **values: str) -> str:
        """The text; KeyError where a placeholder has no value."""
        return Template(self.body).substitute(values)


@cache
def prompt(name: str) -> Prompt:
    """The prompt of file `name`.md."""
    head, _, body = (FOLDER / f"{name}.md").read_text(encoding="utf-8").partition("\n---\n")
    said = dict(line.split(": ", 1) for line in head.splitlines())
    return Prompt(name, int(said["version"]), frozenset(said["placeholders"].split()), body)


def names() -> list[str]:
    """Every prompt there is."""
    return sorted(p.name.removesuffix(".md") for p in FOLDER.iterdir() if p.name.endswith(".md"))


def versions() -> dict[str, int]:
    """Name -> version, for records."""
    return {name: prompt(name).version for name in names()}


# ---------------------------------------------------------------- what they are filled with


@dataclass(frozen=True)
class Shot:
    """An example: a program before and after, made by our own passes and accepted by the judge."""

    before: str
    after: str
    source: str  # the title of the language it is in
    target: str


@dataclass(frozen=True)
class Task:
    """A program to be moved from one language to another, and the entry that callers know."""

    text: str
    source: Platform
    target: Platform
    launcher: Launcher
    manual: tuple[str, ...] = ()  # passages that somebody found to be of use

    @property
    def entry(self) -> str:
        """The entry's declaration in the target's C."""
        params = ", ".join(_declared(p, self.target) for p in self.launcher.params)
        return self.target.linkage.format(function=f"void {self.launcher.name}({params});")


def _declared(p: Param, platform: Platform) -> str:
    spelled = platform.types.get(p.dtype) or _C[p.dtype]
    if not isinstance(p, Buffer):
        return f"{spelled} {p.name}"
    return f"{'const ' if p.const else ''}{spelled}* {p.name}"


def whole(task: Task, shots: Sequence[Shot] = ()) -> tuple[Message, ...]:
    """A whole program at once: zero-shot, or few-shot where there are examples."""
    return _asked(task, prompt("whole").filled(
        source=task.source.title, target=task.target.title, text=task.text.strip(), entry=task.entry,
        facts=facts(task.target) if shots else "", examples=_examples(shots), manual=_manual(task)))


def of_pass(
    name: str, about: str, task: Task, shots: Sequence[Shot] = (), knobs: Sequence[str] = ()
) -> tuple[Message, ...]:
    """The meta-prompt of one pass: `about` is its docstring with the picture, `knobs` its instances in words."""
    listed = prompt("knobs").filled(list="\n".join(f"- {k}" for k in knobs)) if knobs else ""
    return _asked(task, prompt("pass").filled(
        name=name, about=about.strip(), source=task.source.title, target=task.target.title, text=task.text.strip(),
        entry=task.entry, facts=facts(task.target), examples=_examples(shots), knobs=listed, manual=_manual(task)))


def debugged(asked: Sequence[Message], answer: str, witness: str) -> tuple[Message, ...]:
    """The same conversation, one turn on: the refuted program and what refuted it."""
    return (*asked, Message("assistant", f"```cpp\n{answer[:_MOST_TEXT].rstrip()}\n```"),
            Message("user", prompt("debug").filled(witness=witness[:_MOST_TEXT].strip())))


def asked_again(asked: Sequence[Message], answer: str, why: str) -> tuple[Message, ...]:
    """The same conversation after an answer that held no program."""
    return (*asked, Message("assistant", answer[:_MOST_TEXT] or "(nothing)"),
            Message("user", prompt("again").filled(why=why)))


def facts(platform: Platform) -> str:
    """A platform's axes, memories and limits in words, from its description."""
    lines = [f"- headers: {', '.join(platform.includes)}"] if platform.includes else []
    if platform.kernel_qualifier:
        lines.append(f"- a kernel is marked {platform.kernel_qualifier}")
    lines += [f"- {a.kind}: index `{a.index}`, number `{a.extent}`, at most {a.limit}" for a in platform.axes]
    for s in platform.spaces:
        limits = [f"one for each {s.scope}"] + ([f"{s.capacity} bytes"] if s.capacity else [])
        limits += [f"aligned to {s.align} bytes"] if s.align > 1 else []
        lines.append(f"- memory {s.name}{f' ({s.qualifier})' if s.qualifier else ''}: {', '.join(limits)}")
    lines += [f"- barrier of a {scope}: {spelled}" for scope, spelled in platform.barriers.items() if spelled]
    lines += [f"- vectors of {platform.vector_bits} bits"] if platform.vector_bits else []
    lines += [f"- warps of {platform.warp}"] if platform.warp > 1 else []
    return prompt("facts").filled(target=platform.title, list="\n".join(lines)) if lines else ""


def _examples(shots: Sequence[Shot]) -> str:
    return "".join(prompt("example").filled(
        source=s.source, target=s.target, before=s.before.strip(), after=s.after.strip()) for s in shots)


def _manual(task: Task) -> str:
    if not task.manual:
        return ""
    return prompt("manual").filled(target=task.target.title, passages="\n\n".join(task.manual))


def _asked(task: Task, text: str) -> tuple[Message, ...]:
    rules = prompt("rules").filled(target=task.target.title)
    return (Message("system", rules.strip()), Message("user", text.strip()))


def shown(messages: Sequence[Message]) -> str:
    """A conversation for a person, to read or to paste."""
    return "\n\n".join(f"[{m.role}]\n{m.text}" for m in messages) + "\n"


def as_json(messages: Sequence[Message]) -> list[Mapping[str, str]]:
    """The same as chat endpoints take it."""
    return [{"role": m.role, "content": m.text} for m in messages]
