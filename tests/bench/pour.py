"""A program that writes prepared colourful text: `python pour.py BYTES_PER_SECOND`, 0 for all it can."""

import os
import sys
import time

TICK = 0.02  # seconds between two writes at a rate
BLOCK = 65_536  # bytes at once at full speed
LINE = b"\x1b[2m0000.000\x1b[0m \x1b[32mINFO\x1b[0m item \x1b[1;34m000000\x1b[0m done in 0000 ms\r\n"


def main(rate: int) -> None:
    """Write until the terminal goes away."""
    block = LINE * max(1, int(rate * TICK or BLOCK) // len(LINE))
    due = time.monotonic()
    while True:
        for at in range(0, len(block), 4096):
            os.write(1, block[at : at + 4096])
        if rate:
            due += len(block) / rate
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
