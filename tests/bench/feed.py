#!/usr/bin/env python3
"""feed.py [ROUNDS] [NAME...]: how fast the terminal takes a program's output, beside pyte and tmux, in
MB/s.

All engines take turns on each input, ROUNDS times (3 if not given); the best round counts. Python
engines get chunks of 4,096 bytes, for at least 0.5 s a round. tmux shows `cat` of the same file,
repeated to at least 8 MB, in a pane of the same size, with an attached client that is drained: its
figure includes its PTY, cat and the client, ours does not.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyte
from inputs import inputs, size

sys.path.insert(0, str(Path(__file__).parents[2]))

from qms_tui.terminal import Terminal

CHUNK = 4096
ROUND = 0.5  # seconds
TMUX_BYTES = 8_000_000
BARS = {"a": 0.6, "b1": 0.2, "b2": 0.35, "c": 0.35, "d": 0.8, "e": 0.8}


def timed(feed: Callable[[bytes], object], data: bytes) -> float:
    """MB/s of feeding `data` again and again for one round."""
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    done, start = 0, time.perf_counter()
    while True:
        for chunk in chunks:
            feed(chunk)
            done += len(chunk)
            if (taken := time.perf_counter() - start) > ROUND:
                return done / taken / 1e6


def ours(name: str, data: bytes) -> float:
    """qms-tui's terminal."""
    return timed(Terminal(*size(name)).feed, data)


def stock(name: str, data: bytes) -> float:
    """pyte.Screen."""
    return timed(pyte.ByteStream(pyte.Screen(*size(name))).feed, data)


def history(name: str, data: bytes) -> float:
    """pyte.HistoryScreen."""
    return timed(pyte.ByteStream(pyte.HistoryScreen(*size(name), history=5000)).feed, data)


def tmux(name: str, data: bytes) -> float:
    """tmux with a drained client."""
    columns, lines = size(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "input")
        times = -(-TMUX_BYTES // len(data))
        path.write_bytes(data * times)
        call = ["tmux", "-f", "/dev/null", "-S", f"{folder}/socket"]
        script = f"stty -echo; read go; cat {path}; tmux -S {folder}/socket wait-for -S done; read end"
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        start = [*call, "new-session", "-d", "-x", str(columns), "-y", str(lines), script]
        subprocess.run([*start, ";", "set", "-g", "status", "off"], check=True, env=environment)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        client = subprocess.Popen(
            [*call, "attach"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        drain = threading.Thread(target=_drain, args=(master,))
        drain.start()
        try:
            while not subprocess.run([*call, "list-clients"], capture_output=True, check=True).stdout:
                time.sleep(0.01)
            time.sleep(0.2)
            begin = time.perf_counter()
            subprocess.run([*call, "send-keys", "Enter"], check=True)
            subprocess.run([*call, "wait-for", "done"], check=True)
            return len(data) * times / (time.perf_counter() - begin) / 1e6
        finally:
            subprocess.run([*call, "kill-server"], check=False)
            client.wait()
            drain.join()
            os.close(master)


def _drain(master: int) -> None:
    try:
        while os.read(master, 65536):
            pass
    except OSError:  # EIO: the client is gone
        return


def main(arguments: list[str]) -> None:
    """Measure and print the table."""
    rounds = int(arguments[0]) if arguments else 3
    engines = {"qms-tui": ours, "pyte.Screen": stock, "HistoryScreen": history}
    if shutil.which("tmux"):
        engines["tmux"] = tmux
    print(
        "input",
        *(f"{engine:>14}" for engine in engines),
        f"{'ours/tmux':>10} {'bar':>5} {'ours/History':>13}",
    )
    for name, data in inputs().items():
        if len(arguments) > 1 and name not in arguments[1:]:
            continue
        best = dict.fromkeys(engines, 0.0)
        for _ in range(rounds):
            for engine, measure in engines.items():
                best[engine] = max(best[engine], measure(name, data))
        ratio = best["qms-tui"] / best["tmux"] if "tmux" in best else float("nan")
        row = " ".join(f"{best[engine]:14.2f}" for engine in engines)
        print(f"{name:5} {row} {ratio:10.2f} {BARS[name]:5} {best['qms-tui'] / best['HistoryScreen']:12.0f}x")


if __name__ == "__main__":
    main(sys.argv[1:])
