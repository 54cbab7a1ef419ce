"""Near memory: what is copied in and out of it, how much at once, and how early."""
