"""What a pass is, and how it says that it does not apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import Kernel


class NotApplicable(Exception):
    """A pass cannot be applied here: `why`, and the place that stood in its way."""

    def __init__(self, why: str, span: Span = NOWHERE) -> None:
        super().__init__(why)
        self.why, self.span = why, span


class Pass(Protocol):
    """A transformation of one kernel. Its fields are its parameters; it never judges its own result."""

    def apply(self, kernel: Kernel) -> Kernel:
        """The transformed kernel; raises NotApplicable."""
        ...


P = TypeVar("P", bound=Pass)


def applying(kernel: Kernel, step: P) -> Iterator[P]:
    """The step, where it applies: what a `space` gives of what it thought of."""
    try:
        step.apply(kernel)
    except NotApplicable:
        return
    yield step
