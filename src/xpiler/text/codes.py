"""The numbers of the messages a reader of kernels may see, and what each means in one line."""

from __future__ import annotations

CODES: dict[str, str] = {
    "XP1001": "the file is empty",
    "XP1002": "the file has no kernel",
    "XP1003": "the text is not legal in its dialect",
    "XP1004": "a function or intrinsic that the platform does not know",
    "XP1005": "a construct the reader does not support",
    "XP1006": "the launch geometry is not known",
    "XP1007": "a pointer that may point into two buffers",
    "XP1008": "recursion on the device",
    "XP1009": "a host statement outside the vocabulary of launchers",
    "XP1010": "a value that must be known when the text is read is not",
    "XP1011": "memory is read or written as another type",
    "XP1013": "the platform's own header is broken",
    "XP1021": "the file is nested too deeply, or takes too much time or memory to read",
}
