"""Runs the command as `python -m penchant`, for systems where `penchant` is not on the path."""

from penchant.cli import main

if __name__ == "__main__":
    main()
