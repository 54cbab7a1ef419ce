"""Names: what values, loops and places in arrays are called, and what gets a name of its own."""
