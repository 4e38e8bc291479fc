"""The command line: one thin file per verb that parses, calls and prints. Results to stdout, progress to stderr."""

from penchant.cli.app import main

__all__ = ["main"]
