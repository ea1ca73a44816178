"""What a terminal may show, on demand: `python3 /etc/acts.py ACT`. Runs inside the image of `programs.py`.

An act shows something, reads keys, and goes on with each. Standard library only.
"""

from __future__ import annotations

import curses
import os
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

LINES = 12_000  # more than an interface keeps


def say(text: str | bytes) -> None:
    os.write(1, text.encode() if isinstance(text, str) else text)


@contextmanager
def raw() -> Iterator[None]:
    """Each key as it comes, without echo."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)


def key() -> bytes:
    return os.read(0, 64)


def progress() -> None:
    """One line that is written over and over."""
    with raw():
        for percent in range(40, 101):
            say(f"\rstep {percent} %\x1b[K \x1b[32m{'#' * (percent // 4)}\x1b[0m")
            key()


def lines() -> None:
    """More lines than are kept, styled now and then, then an echo."""
    for number in range(LINES):
        style = f"\x1b[{31 + number % 6};1m" if number % 5 == 0 else ""
        say(f"{style}line {number:06}\x1b[0m of {LINES} {'wide ' * (number % 25)}\r\n")
    say("all lines\r\n")
    with raw():
        while True:
            say(b"got " + key() + b"\r\n")


def slowly() -> None:
    """Lines that take some seconds; then, for a key, one without an end."""
    with raw():
        say("ready\r\n")
        key()
        for number in range(2000):
            say(f"line {number:06} \x1b[3{number % 8}mcolour\x1b[0m ä€\r\n")
            time.sleep(0.002)
        key()
        say("all lines")
        key()


def inline() -> None:
    """A prompt with a list below it that is drawn anew with each key; no alternate screen."""
    with raw():
        say("".join(f"earlier {number}\r\n" for number in range(40)))
        typed = ""
        while True:
            rows = [
                f"\x1b[{'7' if n == len(typed) % 4 else '2'}m {n}: {typed or '-'} \x1b[0m" for n in range(4)
            ]
            below = "".join(f"\r\n\x1b[K{row}" for row in rows)
            say(f"\r\x1b[K\x1b[36m%\x1b[0m {typed}{below}\x1b[4A\r\x1b[{2 + len(typed)}C")
            typed += key().decode("utf-8", "replace")


def screen() -> None:
    """Full-screen by curses: keypad, mouse, colours, line drawing."""

    def run(window: curses.window) -> None:
        curses.use_default_colors()
        curses.init_pair(1, curses.COLOR_YELLOW, curses.COLOR_BLUE)
        curses.mousemask(curses.ALL_MOUSE_EVENTS)
        count = 0
        while True:
            window.erase()
            window.box()
            window.addstr(2, 3, "in curses äöü 漢字", curses.color_pair(1) | curses.A_BOLD)
            window.addstr(4, 3, f"keys {count} ")
            window.refresh()
            count += window.getch() != curses.KEY_RESIZE

    curses.wrapper(run)


def held() -> None:
    """In the middle of synchronized output."""
    with raw():
        say("before\r\n\x1b[?2026h\x1b[1;35mhalf of a frame")
        key()
        say(" and the rest\x1b[0m\x1b[?2026l\r\n")
        echo()


def sequence() -> None:
    """In the middle of a control sequence."""
    with raw():
        say("plain \x1b[1;3")
        key()
        say("1mred\x1b[0m\r\n")
        echo()


def character() -> None:
    """In the middle of a character."""
    with raw():
        say("price: \u20ac 5, ".encode() + b"\xe2\x82")
        key()
        say(b"\xac 7\r\n")
        echo()


def string() -> None:
    """In the middle of a title."""
    with raw():
        say("\x1b]2;first title\x07shown\x1b]2;second")
        key()
        say(" title\x07 afterwards\r\n")
        echo()


def asks() -> None:
    """Queries, bells, the clipboard and notifications; then tells every byte that comes in."""
    with raw():
        say(
            "\x07\x1b]52;c;c2VjcmV0\x07\x1b]9;look\x07\x1b]777;notify;a;b\x07\x1b[c\x1b[6n\x1b[5n\x1b]11;?\x07"
        )
        say("\x1b[?1004h\x1b[?2004h\x1b[?1h\x1b[?1002;1006h\x1b[4 q\x1b]2;asks\x07asked\r\n")
        while True:
            say(f"{key().hex()}\r\n")


def sized() -> None:
    """Another program, once its terminal has a size: the engine cannot set one before the start."""
    while not os.get_terminal_size(0).lines:
        pass
    os.execvp(sys.argv[2], sys.argv[2:])


def flood() -> None:
    """So many MB of numbered lines, then an echo."""
    count = int(sys.argv[2]) * 1_000_000 // 50
    with raw():
        say("ready\r\n")
        key()
        for begin in range(0, count, 500):
            numbers = range(begin, min(begin + 500, count))
            say_all("".join(f"{number:09} {'x' * 38}\r\n" for number in numbers).encode())
        say("flooded\r\n")
        echo()


def say_all(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def echo() -> None:
    while True:
        say(b"got " + key() + b"\r\n")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
