"""`python -m xpiler`."""

from xpiler.cli import main

main()
