"""Running an executable on numpy arrays, in the sandbox, and reading back what happened."""

from __future__ import annotations

import json
import os
import secrets
import signal
import struct
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from xpiler.emulate import sandbox
from xpiler.emulate.caller import geometry
from xpiler.emulate.caret import caret
from xpiler.emulate.entry import Array, Entry, Executable, Finding, Limits, Run, Seen, Writer
from xpiler.emulate.failing import on_this_machine
from xpiler.emulate.locate import user_place, variable
from xpiler.emulate.lowered.element import ELEMENT, REAL
from xpiler.emulate.prepare import TEXT
from xpiler.emulate.repeated import PAGE, Repeated, repeated
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Const, Var
from xpiler.ir.types import DType

HEAD = struct.Struct("<16QdQ")
RECORD = struct.Struct("<QQQQdq48s")
_BUFFER, _INTEGER, _REAL, _ASK, PICK, WANT = range(6)
_CONST, _DEVICE, _DATA, _TURNS = 1, 2, 4, 8
_EXIT_FINDING, EXIT_MEMORY, EXIT_TIMEOUT, _EXIT_CAGE = 86, 87, 88, 126
_STAYS = 256 << 20  # bytes of an output that is not read into memory
_FORBIDDEN = "the program asked the system for something kernels may not do"
_NUMPY = {
    DType.BOOL: np.bool_, DType.I8: np.int8, DType.U8: np.uint8, DType.I16: np.int16, DType.U16: np.uint16,
    DType.I32: np.int32, DType.U32: np.uint32, DType.I64: np.int64, DType.U64: np.uint64, DType.F16: np.float16,
    DType.BF16: np.uint16, DType.F32: np.float32, DType.F64: np.float64,
}


def element(dtype: DType, real: str = "f32") -> np.dtype[np.generic]:
    """How a buffer's elements lie in memory; bf16 as its 16 bits, exact numbers as records."""
    if real == REAL and dtype.is_float:
        return ELEMENT
    return np.dtype(np.float64 if real == "f64" and dtype is DType.F32 else _NUMPY[dtype])


@on_this_machine()
def run(
    executable: Executable, entry: Entry, inputs: Mapping[str, Array | int | float], limits: Limits = Limits(),
    *, flush: bool = False, share: int = 1, ask: Sequence[tuple[str, int]] = (), backwards: bool = False,
    in_turns: bool = False, calls: int = 1, picks: Mapping[int, int] | None = None,
) -> Run:
    """Call the entry on `inputs`: an array for every buffer, a number for every scalar.

    `flush` puts the ends of host buffers exactly at their guard pages, where the text does not count on alignment:
    accesses past an end are found where they happen, instead of by the red zone after the run. `share`: a watched run
    looks at about one access in so many; `Run.looked_at` says which. `ask`: elements of buffers whose last writer a
    watched run is to tell. `backwards`: the last block and the last thread start first. `in_turns`: at an atomic
    operation threads let the others come to theirs. `calls`: so many calls, each of which but the last finds the floats
    of its buffers from behind; the last one counts. `picks`: what `xp::pick(k)` is in a text that leaves choices open,
    0 for those not named.
    A buffer of known size that has no array starts as 0xFF bytes. bf16 arrays are float32 or raw uint16."""
    records, blobs, buffers = arguments(executable, entry, inputs)
    asked = ask if executable.watched else ()
    records += [RECORD.pack(_ASK, index, 0, 0, 0.0, 0, name.encode()[:47]) for name, index in asked]
    records += [RECORD.pack(PICK, k, 0, 0, 0.0, choice, b"") for k, choice in (picks or {}).items()]
    token = secrets.randbits(63)  # so that a text cannot say by chance, or easily, that it came to its end
    with tempfile.TemporaryDirectory(prefix="xpiler-run-") as name:
        folder = Path(name)
        align = 1 if flush and executable.loose else 64
        head = HEAD.pack(len(records), align, *geometry(entry), token, share, backwards, in_turns, calls, 0, 0.0,
                         0)
        done = called(executable, folder, head, records, blobs, limits)
        lines = lines_of(folder / "findings")
        names = {str(line["renamed"]): str(line["to"]) for line in lines if "renamed" in line}
        lines = [line | {"buffer": names.get(str(line["buffer"]), line["buffer"])} if "buffer" in line else line
                 for line in lines]
        told = [(line, _finding(executable, line)) for line in lines if "code" in line]
        findings = tuple(f for line, f in told if f and "noted" not in line)
        noted = tuple(dict.fromkeys(f for line, f in told if f and "noted" in line))
        untouched = {str(line["untouched"]): int(str(line["bytes"])) for line in lines if "untouched" in line}
        launches = frozenset((str(x["launched"]), int(str(x["threads"]))) for x in lines if "launched" in x)
        looked_at = next((_looked_at(line) for line in lines if "stretches" in line), "")
        writers = tuple(_writer(executable, line) for line in lines if "written" in line)
        if done.code == -signal.SIGSYS and not findings:
            findings = (Finding("XP2160", _FORBIDDEN, executable.file),)
        seconds = next((float(str(line["done"])) for line in lines if "done" in line), 0.0)
        finished = done.code == 0 and any(line.get("token") == token for line in lines if "done" in line)
        outputs = outputs_in(folder / "out", buffers) if finished and not findings else {}
        seen = _seen(folder / "out", sum(a.nbytes for _, a in buffers)) if finished and not findings else {}
    status = _status(done, finished, findings)
    return Run(outputs, findings, status, seconds, done.stderr, done.stdout, noted, untouched, launches, looked_at,
               writers, seen)


def called(
    executable: Executable, folder: Path, head: bytes, records: Sequence[bytes], blobs: Sequence[Array],
    limits: Limits, ask: float = 0.0,
) -> sandbox.Finished:
    """The program run in a folder, on an input file of these parts; its output and its findings lie beside it."""
    with (folder / "in").open("wb") as f:
        f.write(head)
        f.write(b"".join(records))
        for blob in blobs:
            part = _part(blob)
            if part is not None:
                f.seek(-f.tell() % PAGE, os.SEEK_CUR)
            f.write((blob if part is None else part).data)
    with ExitStack() as stack:
        modes = (("in", "rb"), ("out", "wb"), ("findings", "ab"))
        files = [stack.enter_context((folder / name).open(mode)).fileno() for name, mode in modes]
        command = [str(executable.path.absolute()), *map(str, files)]
        return sandbox.call(command, folder, limits, cage=executable.cage, files=files, ask=ask)


def _status(done: sandbox.Finished, finished: bool, findings: tuple[Finding, ...]) -> str:
    if done.late or done.code == EXIT_TIMEOUT:
        return "timeout"
    if done.code in (EXIT_MEMORY, -signal.SIGXFSZ):  # or more was written than may be
        return "memory"
    if findings:
        return "finding"
    if finished:
        return "ok"
    untold = done.code == _EXIT_FINDING  # there was no room to write it down
    outside = done.code == -signal.SIGKILL  # as by a system that has no memory left
    return "machine" if untold or outside or done.code == _EXIT_CAGE else "crash"


def arguments(
    executable: Executable, entry: Entry, inputs: Mapping[str, Array | int | float]
) -> tuple[list[bytes], list[Array], list[tuple[Buffer, Array]]]:
    records, blobs, outputs = [], [], []
    for p in entry.params:
        name = p.name.encode()[:47]
        match p:
            case Var():
                value = inputs.get(p.name)
                if not isinstance(value, int | float | np.integer | np.floating | np.bool_):
                    raise Fault("XP2002", f"`{entry.name}` needs a number for `{p.name}`")
                kind = _REAL if p.dtype.is_float else _INTEGER
                whole = 0 if p.dtype.is_float else int(value)
                records.append(RECORD.pack(kind, 0, 0, 0, float(value), _signed(whole), name))
            case Buffer():
                data, given = _contents(executable, entry, p, inputs.get(p.name))
                flags = _CONST * (p.const and given) | _DEVICE * (entry.kernel or p.space == "device") | _DATA * given
                flags |= _TURNS * p.dtype.is_float
                part = _part(data)
                period = 0 if part is None else part.nbytes
                records.append(RECORD.pack(_BUFFER, data.nbytes, data.itemsize, flags, 0.0, period, name))
                if given:
                    blobs.append(data)
                if not flags & _CONST:
                    outputs.append((p, data))
    return records, blobs, outputs


def _signed(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _contents(
    executable: Executable, entry: Entry, p: Buffer, value: Array | int | float | None
) -> tuple[Array, bool]:
    dtype = element(p.dtype, executable.real)
    if isinstance(value, Repeated) and value.part is not None:
        if value.part.dtype == dtype:
            return value, True
        if dtype.kind == "f":
            return repeated(value.part.astype(dtype), value.size), True
    if isinstance(value, np.ndarray):
        if p.dtype is DType.BF16 and value.dtype.kind == "f":
            return to_bf16(value), True
        return np.ascontiguousarray(value, dtype=dtype), True
    if value is None and isinstance(p.extent, Const):
        return np.empty(int(p.extent.value), dtype), False
    raise Fault("XP2002", f"`{entry.name}` needs an array for `{p.name}`")


def _part(data: Array) -> Array | None:
    """What a buffer repeats, for the driver to map; None where it has to be written out."""
    part = data.part if isinstance(data, Repeated) else None
    return part if data.nbytes % PAGE == 0 else None


def to_bf16(values: Array) -> Array:
    """float -> the 16 bits of the nearest bfloat16 (ties to even)."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)
    return np.where(np.isnan(np.asarray(values, np.float32)), np.uint16(0x7FC0), rounded)


def from_bf16(bits: Array) -> Array:
    """The 16 bits of bfloat16 numbers -> float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def outputs_in(path: Path, buffers: list[tuple[Buffer, Array]], at: int = 0) -> dict[str, Array]:
    """The buffers in the order they were written, from a byte on; large ones stay in the file, which goes when they
    do."""
    out = dict[str, Array]()
    for p, shape in buffers:
        if shape.nbytes >= _STAYS:
            flat = np.memmap(path, shape.dtype, "c", at, shape.shape).view(np.ndarray)
        else:
            flat = np.fromfile(path, shape.dtype, shape.size, offset=at).reshape(shape.shape)
        out[p.name] = from_bf16(flat) if flat.dtype == np.uint16 and p.dtype is DType.BF16 else flat
        at += shape.nbytes
    return out


def _seen(path: Path, at: int) -> dict[int, Seen]:
    """What stands behind the outputs: of every place its number, how often it was met, its stride, and values."""
    out, end = dict[int, Seen](), path.stat().st_size
    while at < end:
        site, met, stride, kept = (int(n) for n in np.fromfile(path, np.uint64, 4, offset=at))
        out[site] = Seen(met, stride, np.fromfile(path, np.float64, kept, offset=at + 32))
        at += 32 + 8 * kept
    return out


def _looked_at(told: Mapping[str, object]) -> str:
    """What a watched run looked at, in words; "" where that was everything."""
    blocks, of, stretches = (int(str(told[key])) for key in ("groups", "of", "stretches"))
    some = f"{blocks} of {of} blocks" if blocks < of else ""
    return " and ".join(filter(None, (some, f"one access in {stretches}" if stretches > 1 else "")))


def lines_of(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    lines = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def one_place(raw: Mapping[str, object], line: int, also: int) -> bool:
    """Whether a finding is but a suspicion that two places are apart, and the lines do not bear it out."""
    return "soft" in raw and (line == also or not line or not also)


def _finding(executable: Executable, raw: Mapping[str, object]) -> Finding | None:
    """The finding at the user's line; None for a suspicion that the lines do not bear out."""
    own = raw.get("file") == TEXT
    line, column = int(str(raw.get("line", 0))), int(str(raw.get("column", 0)))
    if not own:
        line, column = user_place(executable.path, _addresses(raw, "pcs"), executable.text, executable.cage)
    also, _ = user_place(executable.path, _addresses(raw, "pcs2"), executable.text, executable.cage)
    if one_place(raw, line, also):
        return None
    buffer, index = str(raw.get("buffer", "")), raw.get("index")
    if "address" in raw:
        buffer, index = variable(executable.path, int(str(raw["address"])), int(str(raw["bytes"])), executable.cage)
    place = f"element {index} of `{buffer}`" if buffer else "memory"
    lines = executable.text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    return Finding(
        code=str(raw["code"]), message=str(raw["message"]).replace("{place}", place), file=executable.file, line=line,
        column=caret(shown, column, str(raw["message"]).startswith("read")), where=str(raw["where"]), buffer=buffer,
        index=index if isinstance(index, int) else None, also=also, source_line=shown,
    )


def _writer(executable: Executable, told: Mapping[str, object]) -> Writer:
    text, cage = executable.text, executable.cage
    line, column = user_place(executable.path, _addresses(told, "pcs"), text, cage)
    made, _ = user_place(executable.path, _addresses(told, "pcs2"), text, cage)
    return Writer(str(told["written"]), int(str(told["index"])), line, column, str(told["where"]), made)


def _addresses(raw: Mapping[str, object], key: str) -> list[int]:
    value = raw.get(key)
    return [a for a in value if isinstance(a, int)] if isinstance(value, list) else []
