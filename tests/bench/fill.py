"""A program that fills its terminal's history with lines of full width: `python fill.py LINES`."""

import os
import sys

TEXT = "the quick brown fox jumps over the lazy dog " * 9


def main(lines: int) -> None:
    """Print them, say `filled`, and stay."""
    width = os.get_terminal_size().columns
    for number in range(lines):
        sys.stdout.write(f"\x1b[32m{number:06d}\x1b[0m {TEXT[: width - 7]}\r\n")
    sys.stdout.write("filled")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
