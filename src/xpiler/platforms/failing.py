"""Whether a compiler failed for want of something on this machine, which says nothing about the text it was given."""

from __future__ import annotations

import re

# What the system calls a want of room, memory or processes (errno(3)), and what drivers of compilers print when a part
# of theirs was ended, did not start or crashed.
_WORDS = re.compile(
    r"No space left on device|Disk quota exceeded|Read-only file system|Input/output error|Stale file handle"
    r"|Cannot allocate memory|Not enough space|virtual memory exhausted|out of memory|\bbad_alloc\b|memory exhausted"
    r"|Too many open files|Resource temporarily unavailable|File too large|File size limit exceeded"
    r"|signal terminated program|terminated by signal|died due to signal|\(core dumped\)|(?:^|: )Killed\b"
    r"|internal compiler error|PLEASE submit a bug report|error trying to exec|cannot execute|posix_spawn"
)
# A line of the text that is shown under a message quotes the text, whatever its strings and comments say.
_QUOTED = re.compile(r"^\s*(?:\d+\s*\||\||\s)")


def machine_failed(said: str) -> str:
    """The line of a compiler's messages that says so, "" where there is none."""
    lines = (line for line in said.splitlines() if not _QUOTED.match(line))
    return next((line.strip()[:300] for line in lines if _WORDS.search(line)), "")
