"""The command line: `cordee serve`, `load`, `bill`."""

from cordee.cli.application import main

__all__ = ["main"]
