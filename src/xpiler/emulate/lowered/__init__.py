"""Programs written as C++ from their IR, with exact numbers for floats, and run like any text."""
