"""Programs written: from the IR to lines of a dialect."""
