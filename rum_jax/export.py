"""Command: writes a finished campaign in the layout of other people's files (`cli/export.py`)."""

import sys

from rum_jax.cli.export import command

if __name__ == "__main__":
    sys.exit(command(sys.argv))
