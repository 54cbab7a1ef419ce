"""xpiler translates tensor kernels between accelerator languages and says what it proved or tested."""
