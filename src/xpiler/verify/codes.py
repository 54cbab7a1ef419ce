"""The numbers of the messages of running and checking, and what each means in one line."""

from __future__ import annotations

CODES: dict[str, str] = {
    "XP2001": "a launch geometry names an axis the platform does not have",
    "XP2002": "an argument of the entry has no value",
    "XP2010": "no sizes were found that suit the source; give the named scalars with --let",
    "XP2011": "the size of an array is not known; give it with --size, or the scalars it depends on with --let",
    "XP2012": "the scalars given make an array empty",
    "XP2013": "which kernel is meant is not clear",
    "XP2020": "the run did not end in time",
    "XP2021": "the run asked for more memory than it may have",
    "XP2022": "the run crashed without breaking a rule that is checked",
    "XP2101": "memory was touched that belongs to no array, or is past the end of one",
    "XP2102": "an array declared in the text was indexed outside its bounds",
    "XP2103": "the program crashed",
    "XP2104": "an array was written outside its elements",
    "XP2110": "divergent barrier: the threads of a block do not all meet at the same place",
    "XP2111": "a lane takes part in an exchange whose mask leaves it out",
    "XP2120": "an instruction's rule was broken: a space, an alignment or a size",
    "XP2121": "a launch with a geometry the platform does not allow",
    "XP2130": "a copy or a free of memory that is not what it says",
    "XP2140": "an integer division by zero",
    "XP2141": "this CPU lacks an instruction the program needs",
    "XP2150": "an input that was promised not to change was changed",
    "XP2160": "the program tried something a kernel has no business with",
    "XP2165": "the program aborted",
    "XP2170": "the program overran its stack",
    "XP2190": "the run was still going when its time was over",
    "XP2191": "the run asked for more memory than it may have",
    "XP2199": "the emulator failed, not the program",
}
