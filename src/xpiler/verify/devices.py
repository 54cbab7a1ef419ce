"""The rung of the real machine: the text, compiled as its owner would, run on what it is written for.

The emulator, device.h and their rules have no part in it. Inputs, outputs and the comparison are those of the tests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xpiler.emulate.entry import Limits
from xpiler.emulate.workshop import workshop
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Program
from xpiler.platforms.device import Entry, Failed, Loaded, Ran, run
from xpiler.platforms.platform import Platform
from xpiler.platforms.toolchain import Rejected, Toolchain, Unavailable, Workshop
from xpiler.verify.runs.agree import Agreement
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.kinds import NOT_FINITE
from xpiler.verify.runs.observe import Case, Reference, counted
from xpiler.verify.pairing import pair
from xpiler.verify.signature import Signature, signature
from xpiler.verify.verdict import Evidence, Proved, Refuted, Unknown, Verdict, Witness

DEVICE = "equal on the device"


def on_device(
    reference: Reference, text: str, platform: Platform, program: Program, *, seconds: float = 10.0,
    cache: Path | None = None, kernel: str = "", pairs: Mapping[str, str] | None = None,
) -> Evidence:
    """Whether the target's own machine, where it is this one, gives what the source gave, on the same inputs.

    Unknown without the device, without host code to call, and when `seconds` end before the first run does. Inputs
    that the time does not suffice for are left out, and the scope says how many were run."""
    start = time.monotonic()
    toolchain: Toolchain = import_module(f"xpiler.platforms.{platform.name}.toolchain")
    verdict = _verdict(reference, text, program, toolchain, start + seconds, cache, kernel, pairs)
    return Evidence(DEVICE, verdict, time.monotonic() - start)


def _verdict(
    reference: Reference, text: str, program: Program, toolchain: Toolchain, deadline: float, cache: Path | None,
    kernel: str, pairs: Mapping[str, str] | None,
) -> Verdict:
    device = toolchain.device()
    if isinstance(device, Unavailable):
        return Unknown(device.reason)
    sig = signature(program, kernel)
    if sig.is_kernel:
        return Unknown("the file has no host code, so there is nothing to call on the device")
    if not reference.cases:
        return Unknown("the source gave nothing to compare with")
    pairing = pair(reference.signature.params, sig.params, pairs)
    if pairing.clash:
        return Unknown(pairing.clash)
    try:
        shop = workshop(cache)
    except Fault as fault:
        return Unknown(f"nothing was run: {fault}")
    with TemporaryDirectory(prefix="xpiler-device-") as name:
        loaded = toolchain.load(
            text, Entry(sig.name, sig.params), Path(name).resolve(), shop, deadline - time.monotonic())
        match loaded:
            case Unavailable(reason):
                return Unknown(reason)
            case Rejected(message, compiler):
                lines = message.splitlines()
                what = next((line for line in lines if "error" in line), lines[0])
                return Unknown(f"{compiler or 'the compiler'} does not compile it for {device}: {what}")
            case Loaded():
                return _Trials(reference, sig, pairing.names, loaded, shop, deadline).verdict(device)
    raise TypeError(f"not a toolchain's answer: {loaded!r}")


@dataclass
class _Trials:
    """The text on one case after another."""

    reference: Reference
    signature: Signature
    names: Mapping[str, str]
    loaded: Loaded
    shop: Workshop
    deadline: float
    worst: float = 0.0
    notes: dict[str, None] = field(default_factory=dict)
    tried: list[Case] = field(default_factory=list)

    def verdict(self, device: str) -> Verdict:
        left = max(self.deadline - time.monotonic(), 1.0)
        agreement = Agreement(self.reference, Limits(seconds=left))
        for case in self.reference.cases:
            ended = self._case(case, device, agreement)
            if ended is not None:
                return ended
        if not self.tried:
            return Unknown(f"no run on {device} ended in time")
        many = len(self.reference.cases)
        part = f" (of {many} there are)" if len(self.tried) < many else ""
        exact = f"largest relative error {self.worst:.1e}" if self.worst else "bit for bit"
        scope = f"{device}, {self.loaded.how}; {counted(self.tried)}{part}, {exact}"
        return Proved("; ".join([scope, *self.notes]))

    def _case(self, case: Case, device: str, agreement: Agreement) -> Verdict | None:
        """What ends it: a difference, a failure, or nothing to be had. None to go on."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            return None
        arguments = {self.names[k]: v for k, v in case.inputs.items()} | {
            self.names[k]: v for k, v in case.point.scalars.items()}
        match run(self.loaded, arguments, self.shop, left):
            case Unavailable() if time.monotonic() >= self.deadline:
                return None
            case Unavailable(reason):
                return Unknown(f"on {device}: {reason}")
            case Failed(what):
                if case.point.kind in NOT_FINITE:
                    self.notes[f"on {case.point.kind.value}: {what}"] = None
                    return None
                return Refuted(Witness(f"on {device}: {what}", case.seed, case.point.scalars))
            case Ran(arrays, _):
                return self._compared(case, arrays, device, agreement)
        raise TypeError("not a device's answer")

    def _compared(
        self, case: Case, arrays: Mapping[str, Values], device: str, agreement: Agreement
    ) -> Verdict | None:
        const = {p.name for p in self.signature.params if isinstance(p, Buffer) and p.const}
        outputs: dict[str, Values | Number] = {
            a: case.inputs[a] if b in const or not isinstance(case.inputs[a], np.ndarray) else arrays[b]
            for a, b in self.names.items()
        }
        seen = agreement.compare(case, outputs)
        if seen.witness is not None:
            w = seen.witness
            what = f"on {device}: {w.what}"
            return Refuted(Witness(what, w.seed, w.sizes, w.buffer, w.index, w.expected, w.actual))
        self.tried.append(case)
        self.worst = max(self.worst, seen.error)
        self.notes |= {seen.note: None} if seen.note else {}
        return None
