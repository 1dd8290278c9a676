"""Command: chooses forget sets and says what they are like (`cli/forget_sets.py`)."""

import sys

from rum_jax.cli.forget_sets import command

if __name__ == "__main__":
    sys.exit(command(sys.argv))
