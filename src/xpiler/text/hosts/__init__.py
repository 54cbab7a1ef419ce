"""Host functions: device memory, copies and launches, followed as far as they say what kernels are called with."""
