"""A program against a specification of what it should compute."""
