"""How long something took, whatever else the machine does."""

from __future__ import annotations

import resource


def worked() -> float:
    """Seconds that processors worked for this process, and for those it started that have ended."""
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in of)
