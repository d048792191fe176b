"""``python -m seawall``: the command line."""

from seawall.cli import main

main()
