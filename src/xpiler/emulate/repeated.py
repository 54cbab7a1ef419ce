"""Arrays that repeat a part of themselves in address space without taking memory for every copy."""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Elements of a part come in multiples of this, so that its copies start at pages whatever its type.
PAGE = mmap.PAGESIZE
# Mappings of one array; a process has some 65000 in all (vm.max_map_count).
MOST_COPIES = 1024

_PRIVATE_NOTHING = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # MAP_NORESERVE
_FIXED = 0x10  # MAP_FIXED


class Repeated(np.ndarray[Any, np.dtype[Any]]):
    """A flat array that nobody may write to; `part` is what it repeats. Slices and results are not repeated."""

    part: NDArray[Any] | None = None


def repeated(part: NDArray[Any], n: int) -> Repeated:
    """`np.resize(part, n)`, where the pages of `part` are mapped again and again.

    Raises ValueError where the part does not fill pages, OSError where the system does not map it."""
    if part.ndim != 1 or not part.nbytes or part.nbytes % PAGE:
        raise ValueError(f"{part.nbytes} bytes do not fill pages")
    bytes_ = n * part.itemsize
    length = -(-bytes_ // PAGE) * PAGE
    part = np.tile(part, max(1, -(-length // (part.nbytes * MOST_COPIES))))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    base = _mapped(libc.mmap(None, length, 0, _PRIVATE_NOTHING, -1, 0))
    memory = (ctypes.c_char * bytes_).from_address(base)
    weakref.finalize(memory, libc.munmap, base, length)
    fd = os.memfd_create("xpiler")
    try:
        with os.fdopen(os.dup(fd), "wb") as f:
            f.write(np.ascontiguousarray(part).data)
        for at in range(0, length, part.nbytes):
            size = min(part.nbytes, length - at)
            _mapped(libc.mmap(base + at, size, mmap.PROT_READ, mmap.MAP_SHARED | _FIXED, fd, 0))
    finally:
        os.close(fd)
    array: Repeated = np.frombuffer(memoryview(memory), part.dtype).view(Repeated)
    array.flags.writeable = False
    array.part = part
    return array


def _mapped(address: int | None) -> int:
    if address is None or address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "the system does not map it")
    return address
