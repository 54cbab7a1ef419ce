"""Running the `main` of a text as it stands, in the sandbox, and what it printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Finding, Limits
from xpiler.emulate.run import run
from xpiler.platforms.platform import Platform

_MASKED = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_MAIN = re.compile(r"\b(int|void)(\s+)main\s*\([^)]*\)\s*\{")
_EXIT = re.compile(r"(?:\bstd\s*::\s*|(?<!:)::\s*)?\bexit\s*\(")
_ENDED = "xpiler: main ended with "
_BEHIND = """
template <class F>
int xp_call(F f) {
  static char name[] = "main";
  static char* argv[] = {name, nullptr};
  if constexpr (std::is_invocable_v<F>) return f();
  else return f(1, argv);
}
static void xp_run_main() {
  int status = 0;
  try {
    status = xp_call(xp_user_main);
  } catch (int ended) {
    status = ended;
  }
  std::fflush(stdout);
  std::fprintf(stderr, "%s%d", "WORDS", status);
}
"""


@dataclass(frozen=True)
class Whole:
    """How a program went: its exit status (None where it did not end by itself), its output, and its findings."""

    code: int | None
    stdout: str
    stderr: str
    status: str
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def clean(self) -> bool:
        return self.code == 0 and not self.findings


def has_main(text: str) -> bool:
    """Whether a text has a main that can be run."""
    return _MAIN.search(_masked(text)) is not None


def whole(
    text: str, platform: Platform, *, file: str = "", cache: Path | None = None, limits: Limits = Limits(),
    watch: bool = False,
) -> Whole:
    """Build a text and run its main without arguments. Fault XP4002 where it does not compile."""
    entry = Entry("xp_run_main", ())
    made = build(_callable(text), platform, entry, file=file, cache=cache, watch=watch)
    done = run(made, entry, {}, limits)
    said, _, code = done.stderr.rpartition(_ENDED)
    ended = bool(code) and code.lstrip("-").isdigit() and _ENDED in done.stderr
    return Whole(
        int(code) & 0xFF if ended else None, done.stdout, said if ended else done.stderr, done.status,
        (*done.findings, *(f for f in getattr(done, "noted", ()))), done.seconds,
    )


def _masked(text: str) -> str:
    """The text with comments and strings blanked."""
    return _MASKED.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def _callable(text: str) -> str:
    """The text with a main that returns a status, and leaves by returning; lines stay where they were."""
    masked = _masked(text)
    m = _MAIN.search(masked)
    edits = [(e.start(), e.end(), "throw (int)(") for e in _EXIT.finditer(masked)]
    if m is not None:
        close = _closing(masked, m.end())
        edits += [(m.start(1), m.end(1), "int"), (close, close, " return 0; ")]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text + _BEHIND.replace("WORDS", _ENDED)


def _closing(masked: str, at: int) -> int:
    """Where the brace opened before `at` closes."""
    depth = 1
    for i in range(at, len(masked)):
        depth += {"{": 1, "}": -1}.get(masked[i], 0)
        if not depth:
            return i
    return len(masked)
