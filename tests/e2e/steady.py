"""Prints numbered lines at a steady rate; says each number that is typed, in a line and as the title.

`python3 -SE steady.py`, in a container or on this machine. Begins with `g,`, and ends printing with `stop,`.
`steady.py pinned` begins at once, and the newest number stays in the terminal's first row, for whoever sees
no more of it than a few rows. Standard library only.
"""

import os
import select
import sys
import time
import tty

RATE = 200_000  # bytes a second
LINE = 50  # bytes
TURN = 0.02  # seconds
MOST = 400  # lines at once: who was held up does not make up for all of it


def say(text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(1, data) :]


class Steady:
    """Numbers of lines count from 0."""

    def __init__(self, pinned: bool) -> None:
        self.pinned = pinned
        self.typed = b""
        self.number = 0
        self.owed = 0.0
        self.streams = pinned

    def listen(self) -> None:
        if not select.select([0], [], [], TURN)[0]:
            return
        *words, self.typed = (self.typed + os.read(0, 65536)).split(b",")
        for word in map(bytes.decode, words):
            self.streams = (self.streams or word == "g") and word != "stop"
            say(f"key {word}\r\n\x1b]2;key {word}\x07")
            if self.pinned:
                say(f"\x1b7\x1b[2;r\x1b[1;1H<{word}>\x1b[K\x1b8")

    def go_on(self, seconds: float) -> None:
        self.owed = min(self.owed + seconds * RATE / LINE, MOST) if self.streams else 0
        lines = int(self.owed)
        self.owed -= lines
        say("".join(f"{self.number + n:09} {'x' * (LINE - 12)}\r\n" for n in range(lines)))
        self.number += lines


def main() -> None:
    tty.setraw(0)
    say(f"begun by {os.getpid()}\r\n")
    steady, before = Steady("pinned" in sys.argv), time.monotonic()
    while True:
        steady.listen()
        now = time.monotonic()
        steady.go_on(now - before)
        before = now


if __name__ == "__main__":
    main()
