"""Running a text natively: its entry is called once, in a process of its own, on arrays that are given.

The text is compiled as it is, with a caller behind it, and linked with device_main.c, which has the arrays lie between
guards. Nothing of device.h or of the emulator takes part."""

from __future__ import annotations

import secrets
import signal
import struct
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from xpiler.ir.nodes import Buffer, Param
from xpiler.ir.types import DType
from xpiler.platforms.toolchain import Checked, Compiler, Done, Rejected, Unavailable, Workshop, compile_in

Array = npt.NDArray[np.generic]
Argument = Array | int | float

_MAIN = Path(__file__).with_name("device_main.c")
_ANSWER = struct.Struct("<4Q224s")
_DONE, _NOT_READY, _TROUBLE, _OUTSIDE = range(4)
_NO_MEMORY, _ILLEGAL_INSTRUCTION = 4, -4
_TOO_LARGE_A_FILE = -signal.SIGXFSZ
_NOT_STARTED = (126, 127)  # by the cage, or the loader that misses a library
# Numbers as the caller passes them; the language converts to the type the text declares.
_NUMBERS: Mapping[DType, tuple[str, str]] = {
    DType.BOOL: ("unsigned char", "B"), DType.I8: ("signed char", "b"), DType.U8: ("unsigned char", "B"),
    DType.I16: ("short", "h"), DType.U16: ("unsigned short", "H"), DType.I32: ("int", "i"),
    DType.U32: ("unsigned int", "I"), DType.I64: ("long long", "q"), DType.U64: ("unsigned long long", "Q"),
    DType.F32: ("float", "f"), DType.F64: ("double", "d"),
}


@dataclass(frozen=True)
class Entry:
    """The host function to call."""

    name: str
    params: tuple[Param, ...]


@dataclass(frozen=True)
class Ready:
    """How a device is made ready and waited for: bodies of functions that return NULL or a message."""

    begin: str = "return 0;"
    end: str = "return 0;"


@dataclass(frozen=True)
class Loaded:
    """A text that can be called. `how` names the compiler and its flags in words."""

    program: Path
    entry: Entry
    how: str
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ran:
    """The arrays as the call left them, by parameter name, and the seconds it took."""

    arrays: Mapping[str, Array]
    seconds: float


@dataclass(frozen=True)
class Failed:
    """The text misbehaved on the device."""

    what: str


# ---------------------------------------------------------------- loading


def load(
    compiler: Compiler, args: Sequence[str], text: str, suffix: str, entry: Entry, folder: Path, *, shop: Workshop,
    seconds: float, how: str, language: str = "c++", ready: Ready = Ready(), devices: Sequence[str] = (),
    libraries: Sequence[str] = (), by_suffix: bool = False,
) -> Loaded | Rejected | Unavailable:
    """Compile and link `text` in `folder`; a compiler's refusal is of this text with its caller.

    `by_suffix`: the compiler tells languages apart by suffixes alone."""
    odd = next((p for p in entry.params if not isinstance(p, Buffer) and p.dtype not in _NUMBERS), None)
    if odd is not None:
        return Unavailable(f"`{odd.name}` is a number of type {odd.dtype.value}, which cannot be passed from here")
    source, main, program = folder / f"kernel{suffix}", folder / _MAIN.name, folder / "program"
    renamed = f"#define main xp_user_main\n#line 1 \"{source.name}\"\n"
    source.write_text(renamed + text + caller(entry, language, ready))
    main.write_text(_MAIN.read_text())
    words = [*args, "-o", str(program), str(source), *(() if by_suffix else ("-x", "c")), str(main), *libraries]
    outcome = compile_in(folder, compiler, words, "linked", shop, seconds)
    return Loaded(program, entry, how, tuple(devices)) if isinstance(outcome, Checked) else outcome


def caller(entry: Entry, language: str, ready: Ready) -> str:
    """What goes behind the text: three functions with C's names."""
    if language == "c":
        extern, slot, head = "", "at[{}]", ""
    else:
        extern, slot = 'extern "C" ', "xp_slot{{at[{}]}}"
        head = ("struct xp_slot {\n  void* at;\n"
                "  template <class T> operator T*() const { return (T*)at; }\n};\n")
    passed = (
        slot.format(i) if isinstance(p, Buffer) else f"*(const {_NUMBERS[p.dtype][0]}*)at[{i}]"
        for i, p in enumerate(entry.params)
    )
    return (
        f'\n#line 1 "caller"\n{head}'
        f"{extern}const char* xp_begin(void) {{ {ready.begin} }}\n"
        # Called as from another file: g++ 12 drops stores of loops that it inlines here under -fwrapv.
        f"static __typeof__(&{entry.name}) volatile xp_entry = &{entry.name};\n"
        f"{extern}void xp_call(void* const* at) {{ xp_entry({', '.join(passed)}); }}\n"
        f"{extern}const char* xp_end(void) {{ {ready.end} }}\n"
    )


# ---------------------------------------------------------------- running


def run(
    loaded: Loaded, arguments: Mapping[str, Argument], shop: Workshop, seconds: float
) -> Ran | Failed | Unavailable:
    """One call. Arrays are copied in and out; one that the entry promises not to write and did write is a failure."""
    params = loaded.entry.params
    data = [_bytes(p, arguments[p.name]) for p in params]
    token = secrets.randbits(63)
    with TemporaryDirectory(prefix="xpiler-device-") as name, ExitStack() as stack:
        folder = Path(name).resolve()
        with (folder / "in").open("wb") as f:
            f.write(struct.pack(f"<2Q{len(data)}Q", token, len(data), *map(len, data)))
            for d in data:
                f.write(d)
        given = stack.enter_context((folder / "in").open("rb")).fileno()
        answer = stack.enter_context((folder / "out").open("wb")).fileno()
        command = [str(loaded.program), str(given), str(answer)]
        done = shop.program(command, folder, seconds, (given, answer), loaded.devices)
        said = (folder / "out").read_bytes()
    return _answered(done, said, token, loaded, arguments, data, seconds)


def _answered(
    done: Done, said: bytes, token: int, loaded: Loaded, arguments: Mapping[str, Argument], data: list[bytes],
    seconds: float,
) -> Ran | Failed | Unavailable:
    if done.late:
        return Unavailable(f"the call did not end within {seconds:g} s")
    if done.code == _ILLEGAL_INSTRUCTION:
        return Unavailable("the text uses an instruction that this CPU does not have")
    if done.code == _NO_MEMORY:
        return Unavailable("there is not enough memory for the arguments")
    if done.code == _TOO_LARGE_A_FILE:
        return Unavailable("its arrays are more than may be handed back in one file")
    if done.code in _NOT_STARTED and not said:
        return Unavailable(f"the program cannot be started: {done.stderr.strip()[-200:]}")
    if done.code < 0:
        return Failed(f"the program ended with signal {-done.code}")
    if len(said) < _ANSWER.size:
        return Failed(f"the program ended with status {done.code} before the entry returned")
    status, echoed, nanoseconds, slot, raw = _ANSWER.unpack_from(said)
    message = raw.split(b"\0")[0].decode(errors="replace")
    params = loaded.entry.params
    if status == _NOT_READY:
        return Unavailable(f"the device cannot be used: {message}")
    if echoed != token:
        return Failed("the program ended before the entry returned")
    if status == _TROUBLE:
        return Unavailable(message) if "memory" in message and "out of" in message else Failed(message)
    if status == _OUTSIDE:
        return Failed(f"memory beside `{params[slot].name}` was written")
    arrays, at = {}, _ANSWER.size
    for p, before in zip(params, data, strict=True):
        after = said[at : at + len(before)]
        at += len(before)
        value = arguments[p.name]
        if not isinstance(p, Buffer) or not isinstance(value, np.ndarray):
            continue
        if p.const and after != before:
            return Failed(f"`{p.name}` is const, and was written")
        arrays[p.name] = np.frombuffer(after, value.dtype).reshape(value.shape).copy()
    return Ran(arrays, nanoseconds * 1e-9)


def _bytes(p: Param, value: Argument) -> bytes:
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value).tobytes()
    kind = _NUMBERS[p.dtype][1]
    return struct.pack(f"<{kind}", float(value) if kind in "fd" else int(value))


# ---------------------------------------------------------------- this machine's CPU


@cache
def cpu(path: Path = Path("/proc/cpuinfo")) -> tuple[str, frozenset[str]]:
    """The CPU's name and its feature flags, both empty where the system does not say."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return "", frozenset()
    said = {k.strip(): v.strip() for line in lines if ":" in line for k, v in [line.split(":", 1)]}
    return said.get("model name", ""), frozenset(said.get("flags", "").split())
