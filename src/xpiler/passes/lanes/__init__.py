"""Lanes: loops over consecutive elements become instructions on vectors, in registers or in memory."""
