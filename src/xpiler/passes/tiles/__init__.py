"""Tiles: sums of products by tiles, in shared memory, of matrix units, or of a weight memory."""
