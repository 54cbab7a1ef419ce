"""One at a time: Z3's terms live in one context for the whole process."""

from __future__ import annotations

import threading

SOLVING = threading.Lock()
