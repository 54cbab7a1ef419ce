"""A model's answer -> the one text it proposes."""

from __future__ import annotations

import re

from xpiler.propose.exchange import NoProposal, Reply

LARGEST = 100_000  # characters a proposed text may have
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)  # what reasoning models say to themselves comes first
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`]*?)[ \t]*\r?$")


def text_of(reply: Reply) -> str | NoProposal:
    """The largest fenced block of a reply; nothing else of it counts."""
    if reply.ended == "length":
        return NoProposal("the answer was cut off: it is longer than the tokens it may have")
    blocks = _blocks(_THOUGHT.sub("", reply.text))
    if isinstance(blocks, NoProposal):
        return blocks
    if not blocks:
        said = " ".join(reply.text.split())[:120]
        return NoProposal(f"no fenced block of code in the answer: {said!r}")
    text = max(blocks, key=len)
    if any(other != text and len(other) == len(text) for other in blocks):
        return NoProposal("several blocks of code in the answer, none the largest")
    return _unfit(text) or text


def _unfit(text: str) -> NoProposal | None:
    if not text.strip():
        return NoProposal("an empty block of code")
    if len(text) > LARGEST:
        return NoProposal(f"a block of {len(text)} characters; at most {LARGEST} are read")
    odd = next((c for c in text if not (c.isprintable() or c in "\n\t\r")), None)
    if odd is not None:  # control characters, lone surrogates, marks that turn the direction of writing
        return NoProposal(f"the character U+{ord(odd):04X} in the code")
    return None


def _blocks(text: str) -> list[str] | NoProposal:
    """The fenced blocks in order, as CommonMark closes them: by a fence of the same kind, at least as long."""
    found: list[str] = []
    inside: list[str] | None = None
    mark = ""
    for line in text.split("\n"):
        m = _FENCE.match(line)
        if inside is None:
            if m:
                inside, mark = [], m[1]
        elif m and m[1].startswith(mark) and not m[2]:
            found.append("".join(part + "\n" for part in inside))
            inside = None
        else:
            inside.append(line.rstrip("\r"))
    if inside is not None:
        return NoProposal("the answer's last block of code has no end")
    return found
