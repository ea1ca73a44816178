"""What a hostile agent does to the gateway: `python -m tests.bench.mcp_attacks NAME SOCKET`.

Over and over, in a process of its own, until standard input ends; it prints how often it tried.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.mcp.test_hostile import (
    endless_line,
    greeted,
    hello_to,
    knock,
    large_lines,
    nested,
    unread_sessions,
    values,
)

COMPUTING = "two that compute"  # to compare with: what processors that are busy cost
MOST_HELD = 900  # connections: as many descriptors as a process usually may have
AT_ONCE = 4  # connections that do the same
PAUSE = 1.0  # seconds that sessions stay which do not read, or read slowly
TINY = 20_000  # messages in one piece
PROGRESS = 20_000  # notifications for one call
LARGEST_HELLO = 250 * 1024  # bytes
Done = threading.Event


def connections(path: Path, done: Done) -> int:
    """Open one after the other, hold as many as go."""
    held: list[socket.socket] = []
    tried = 0
    while not done.is_set():
        tried += 1
        try:
            held.append(knock(path))
        except OSError:  # refused by the kernel, which costs the gateway nothing
            while len(held) > MOST_HELD:
                held.pop(0).close()
    for each in held:
        each.close()
    return tried


def gigabyte(path: Path) -> None:
    """A line of a gigabyte, as far as it gets."""
    endless_line(path, "http")


def many_values(path: Path) -> None:
    """A request of 16 MB that is millions of empty objects."""
    values(path, "http")


def unread(path: Path, done: Done) -> int:
    """24 sessions whose large answers nobody reads."""
    with contextlib.ExitStack() as stack:
        for each in unread_sessions(path, 24, "stdio"):
            stack.enter_context(each)
        done.wait(PAUSE)
    return 1


def slow_readers(path: Path, done: Done) -> int:
    """Sessions that read a few bytes of large answers now and then."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(each) for each in unread_sessions(path, 8, "odd")]
        for _ in range(100):
            for each in held:
                each.recv(100)
            if done.wait(PAUSE / 100):
                break
    return 1


def tiny_messages(path: Path) -> None:
    """Notifications that nobody wants, and requests that are answered at once."""
    with greeted(path, hello_to("odd")) as connection:
        connection.sendall(
            b"".join(b'%d 0 {"jsonrpc":"2.0","method":"x","id":%d}\n' % (n, n) for n in range(1, TINY))
        )


def dropped_sessions(path: Path) -> None:
    """A session that is left at once, never the same."""
    greeted(path, hello_to("odd", os.urandom(8).hex())).close()


def large_hellos(path: Path) -> None:
    """As large as a hello may be."""
    hello = {**json.loads(hello_to("odd", os.urandom(8).hex())), "client": {"x": "y" * LARGEST_HELLO}}
    greeted(path, json.dumps(hello).encode()).close()


def _call(path: Path, tool: str, arguments: Mapping[str, Any], times: int) -> None:
    """Calls with a progress token, whose answers are read without looking at them."""
    params = {"name": tool, "arguments": dict(arguments), "_meta": {"progressToken": 1}}
    with greeted(path, hello_to("odd", os.urandom(8).hex())) as connection:
        for number in range(1, times + 1):
            body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            connection.sendall(f"{number} 0 {json.dumps(body)}\n".encode())
        connection.settimeout(PAUSE)
        while connection.recv(2**20):
            pass


def progress_flood(path: Path) -> None:
    """Calls whose server says without end how far it is."""
    _call(path, "progress", {"count": PROGRESS}, 4)


def server_flood(path: Path) -> None:
    """A server that says much to one client."""
    _call(path, "talk", {"count": PROGRESS}, 1)


def large_answers(path: Path) -> None:
    """Answers as large as may be, that are read."""
    _call(path, "big", {"size": 31 * 2**20}, 4)


def odd_answers(path: Path) -> None:
    """Large answers that take long to be read: half characters, escapes, as many values as may be."""
    _call(path, "costly", {"size": 8 * 2**20}, 8)


def computing(path: Path, done: Done) -> int:
    """No attack: what two processes do to everybody that only compute."""
    command = [sys.executable, "-c", "while True: pass"]
    with greeted(path, hello_to("odd")):
        burning = [subprocess.Popen(command) for _ in range(2)]
        done.wait()
    for each in burning:
        each.kill()
        each.wait()
    return 1


def _again(attack: Callable[[Path], None], count: int = 1) -> Callable[[Path, Done], int]:
    """The same over and over, from so many connections at the same time."""

    def go(path: Path, done: Done) -> int:
        tried = 0
        while not done.is_set():
            tried += 1
            with contextlib.suppress(OSError, AssertionError):  # it was shown out: it comes back
                attack(path)
        return tried

    def together(path: Path, done: Done) -> int:
        with ThreadPoolExecutor(count) as pool:
            return sum(pool.map(lambda _number: go(path, done), range(count)))

    return together


def _until_done(attack: Callable[[Path, Done], int]) -> Callable[[Path, Done], int]:
    def go(path: Path, done: Done) -> int:
        tried = 0
        while not done.is_set():
            with contextlib.suppress(OSError, AssertionError):
                tried += attack(path, done)
        return tried

    return go


ATTACKS: Mapping[str, Callable[[Path, Done], int]] = MappingProxyType(
    {
        COMPUTING: computing,
        "connections": connections,
        "a line of 1 GB": _again(gigabyte),
        "millions of values": _again(many_values, AT_ONCE),
        "unread sessions": _until_done(unread),
        "slow readers": _until_done(slow_readers),
        "large requests": _again(partial(large_lines, server="odd"), AT_ONCE),
        "large answers": _again(large_answers),
        "odd answers": _again(odd_answers),
        "tiny messages": _again(tiny_messages, AT_ONCE),
        "dropped sessions": _again(dropped_sessions),
        "large hellos": _again(large_hellos, AT_ONCE),
        "deep nesting": _again(partial(nested, server="odd"), AT_ONCE),
        "progress flood": _again(progress_flood),
        "server flood": _again(server_flood),
    }
)


def main() -> None:
    """Attack until told to stop."""
    _, name, path = sys.argv
    done = Done()

    def stop() -> None:
        sys.stdin.read()
        done.set()

    threading.Thread(target=stop, daemon=True).start()
    print(ATTACKS[name](Path(path), done), flush=True)


if __name__ == "__main__":
    main()
