"""A fuzzer for xpiler: texts that are nearly kernels, and a watch on what reading and running them does."""
