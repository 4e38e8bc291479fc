"""`python -m penchant`, where the command itself is not on the path."""

from penchant.cli import main

if __name__ == "__main__":
    main()
