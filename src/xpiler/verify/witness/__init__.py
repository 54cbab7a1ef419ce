"""A refutation made small, blamed on a line, and kept."""
