"""`python -m lilliput` is the command line."""

from lilliput.app.cli import main

main()
