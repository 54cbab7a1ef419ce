"""Asynchronous copies in the argument about races: whoever uses what a copy moves waits for it first."""

from __future__ import annotations

import pytest

from tests.verify.test_races import THREAD, launched
from xpiler.verify.verdict import Proved

GROUP = "auto g = cooperative_groups::this_thread_block(); __shared__ float s[128];"
LATE = {
    "zeros behind it": "__pipeline_memcpy_async(&s[t], &x[i], 4, 0); __pipeline_commit();",
    "a group's copy": "cooperative_groups::memcpy_async(g, s, x, 512);",
    "a copy of a pipeline": "auto p = cuda::make_pipeline(); cuda::memcpy_async(s + t, x + i, 4, p); p.producer_commit();",
}


@pytest.mark.parametrize("name", LATE)
def test_no_form_of_a_copy_is_taken_to_be_done_at_once(name: str) -> None:
    assert not isinstance(launched(THREAD + GROUP + LATE[name] + "__syncthreads(); y[i] = s[127 - t];"), Proved)
