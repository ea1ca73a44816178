"""How fast the terminal takes a program's output, beside pyte and tmux.

All engines take turns on each input; the best round of each counts. tmux shows `cat` of the same file,
repeated to at least 8 MB, in a pane of the same size, with an attached client that is drained: its figure
includes its PTY, cat and the client; ours and pyte's do not.
"""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import shutil
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pyte

from qms_tui.terminal import Terminal
from tests.bench.inputs import CAPTION, inputs, size
from tests.bench.table import Bar, Bench, Line, row

CHUNK = 4096  # bytes: what a PTY hands out at most
ROUND = 0.5  # seconds
TMUX_BYTES = 8_000_000
BARS = {"a": 0.6, "b1": 0.2, "b2": 0.35, "c": 0.35, "d": 0.8, "e": 0.8}  # of tmux's figure
REPORTS = tuple(
    b"\x1b]7501;" + pairs + b"\x07"
    for pairs in (
        b"state=working:app=claude-code",
        b"state=blocked:kind=permission:app=claude-code:msg=" + base64.b64encode(b"approve Bash: touch x"),
        b"state=working:app=claude-code:id=be0hnf17y:title=" + base64.b64encode(b"Sleep a while"),
        b"state=clear:id=be0hnf17y",
        b"state=done:app=claude-code",
    )
)

Engine = Callable[[str, bytes], float]


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
    columns, lines = size(name)
    return timed(pyte.ByteStream(pyte.HistoryScreen(columns, lines, history=5000)).feed, data)


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


def _feed(name: str, bench: Bench) -> Iterator[Line]:
    """Ours, tmux and both screens of pyte in turns on one input."""
    rounds = bench.times(3, 1)
    engines: list[Engine] = [ours, stock, history, *([tmux] if shutil.which("tmux") else [])]
    data = _inputs()[name]
    best = dict.fromkeys(engines, 0.0)
    for _ in range(rounds):
        for engine in engines:
            best[engine] = max(best[engine], engine(name, data))
    columns, lines = size(name)
    what = f"{CAPTION[name]} fed to the terminal, {columns}x{lines}, in chunks of {CHUNK} bytes"
    note = "tmux's figure includes its PTY, cat and a drained client, ours does not"
    mine, bar = best[ours], Bar(BARS[name], at_least=True, of_ratio=True)
    yield Line(f"feed {name}", f"{what}, best of {rounds}; {note}", "MB/s", mine, best.get(tmux), bar=bar)
    yield Line(f"feed {name}, pyte alone", "the same run", "MB/s", mine, best[stock], "pyte.Screen")
    yield Line(
        f"feed {name}, pyte with history", "the same run", "MB/s", mine, best[history], "HistoryScreen"
    )


@row("feed-reports")
def _feed_reports(bench: Bench) -> Iterator[Line]:
    """A client's session with what it reports of itself (OSC 7501), far more often than it does."""
    session = _inputs()["e"]
    chunks = [session[at : at + CHUNK] for at in range(0, len(session), CHUNK)]
    mixed = b"".join(chunk + REPORTS[at % len(REPORTS)] for at, chunk in enumerate(chunks))
    rounds, with_reports, without = bench.times(5, 1), 0.0, 0.0
    for _ in range(rounds):
        with_reports = max(with_reports, ours("e", mixed) * len(session) / len(mixed))
        without = max(without, ours("e", session))
    what = f"{CAPTION['e']} with a report after each {CHUNK} bytes of it, best of {rounds}"
    bar = Bar(0.9, at_least=True, of_ratio=True)  # it costs 2 %; the clock is that of the wall
    yield Line("feed e, reports", what, "MB/s", with_reports, without, "the same without", bar=bar)
    terminal, flood = Terminal(*size("e")), b"".join(REPORTS) * (10_000 // len(REPORTS))
    start = time.process_time()
    terminal.feed(flood)
    terminal.take_events()
    taken = 1000 * (time.process_time() - start)
    yield Line("flood of reports", "processor time for 10,000 of them", "ms", taken, bar=Bar(300))


@cache
def _inputs() -> dict[str, bytes]:
    return inputs()


for _name in BARS:
    row(f"feed-{_name}")(partial(_feed, _name))
