"""A program that writes a colourful log at a steady rate: `python stream.py BYTES_PER_SECOND FILE`.

FILE always says how many bytes the terminal took, and in how many seconds: whether the reader keeps up.
"""

import os
import sys
import time

TICK = 0.02  # seconds: at 200 kB/s one tick is what a pseudo-terminal hands out at once
LINE = "\x1b[2m{:09.3f}\x1b[0m \x1b[32mINFO\x1b[0m item \x1b[1;34m{:06d}\x1b[0m done in {:4d} ms\r\n"


def main(rate: int, file: str) -> None:
    """Write until the terminal goes away."""
    start, sent, number, due = time.monotonic(), 0, 0, time.monotonic()
    with open(file, "wb", buffering=0) as told:
        while True:
            chunk = b""
            while sent + len(chunk) < (time.monotonic() - start + TICK) * rate and len(chunk) < rate:
                number += 1
                chunk += LINE.format(time.monotonic() - start, number, number * 7919 % 10_000).encode()
            for at in range(0, len(chunk), 4096):
                sent += os.write(1, chunk[at : at + 4096])
            os.pwrite(told.fileno(), b"%d %.6f\n" % (sent, time.monotonic() - start) + b" " * 8, 0)
            due = max(due + TICK, time.monotonic() - TICK)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
