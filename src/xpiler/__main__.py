"""`python -m xpiler`."""

from xpiler.supervised import main

main()
