"""Towards the plain sequential program: loops that only count, what holds where a kernel is launched, sections."""
