"""`python -m punchin` is the command `punchin`."""

from punchin.cli import main

main()
