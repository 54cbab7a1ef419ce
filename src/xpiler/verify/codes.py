"""The numbers of the messages of running and checking, and what each means in one line."""

from __future__ import annotations

CODES: dict[str, str] = {
    "XP2010": "no sizes were found that suit the source; give the named scalars with --let",
    "XP2011": "the size of an array is not known; give it with --size, or the scalars it depends on with --let",
    "XP2012": "the scalars given make an array empty",
    "XP2013": "which kernel is meant is not clear",
    "XP2020": "the run did not end in time",
    "XP2021": "the run asked for more memory than it may have",
    "XP2022": "the run crashed without breaking a rule that is checked",
}
