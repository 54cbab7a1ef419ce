"""Programs executed: on which inputs and sizes, and how what they gave is compared."""
