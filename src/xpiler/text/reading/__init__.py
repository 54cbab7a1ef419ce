"""Kernels read: from the syntax tree that libclang gives to the IR."""
