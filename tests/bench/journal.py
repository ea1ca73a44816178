"""What the journal costs while it is written, and how soon the present is known from it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from qms_tui.keeper.journal import JournalWriter, apply, latest, read_entries, read_segments, text_lines
from qms_tui.keeper.journal.writer import SEGMENT
from qms_tui.terminal import Terminal
from tests.bench.inputs import inputs
from tests.bench.table import Bench, Line, row

CHUNK = 4096  # bytes of one read
WRITTEN = 16 * 2**20  # bytes
SIZE = (160, 50)  # columns, lines


@row("journal")
def journal(bench: Bench) -> Iterator[Line]:
    """Writing, cutting, coming back, reading as text."""
    data = (inputs()["a"] * (WRITTEN // len(inputs()["a"]) + 1))[:WRITTEN]
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    times = bench.times(5, 2)
    ours = median(_seconds(lambda: _journalled(bench, chunks)) for _ in range(times))
    peer = median(_seconds(lambda: _plain(bench, chunks)) for _ in range(times))
    what = (
        f"16 MiB in reads of {CHUNK} bytes, all in one file; peer: write(2) of the same; medians of {times}"
    )
    yield Line("journal, writing", what, "ms/MB", ours / WRITTEN * 1e9, peer / WRITTEN * 1e9, "write(2)")
    folder = bench.fresh("journal")
    terminal, writer = Terminal(*SIZE), JournalWriter(folder)
    terminal.feed(data[: 2 * SEGMENT])
    writer.open(terminal.save())
    cut = median(_seconds(lambda: writer.rotate(terminal.save())) for _ in range(times))
    yield Line(
        "journal, a new file",
        "the state of a terminal with 5,000 rows of history and its file",
        "ms",
        cut * 1e3,
    )
    for chunk in chunks[: SEGMENT // CHUNK]:
        writer.output(chunk)
    back = median(_seconds(lambda: _replay(folder)) for _ in range(times))
    what = f"the newest state and all that a full file has after it, 2 MiB; median of {times}"
    yield Line("journal, coming back", what, "s", back)
    text = _seconds(lambda: sum(1 for _ in text_lines(read_entries(read_segments(folder)))))
    yield Line("journal, as text", "`qms-tui log` of 2 MiB of lines", "s", text)


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _journalled(bench: Bench, chunks: list[bytes]) -> None:
    writer = JournalWriter(bench.fresh("journal"), segment=2 * WRITTEN)
    writer.open(b"")
    for chunk in chunks:
        writer.output(chunk)
    writer.close()


def _plain(bench: Bench, chunks: list[bytes]) -> None:
    file = os.open(bench.fresh("plain") / "file", os.O_WRONLY | os.O_CREAT)
    for chunk in chunks:
        os.write(file, chunk)
    os.close(file)


def _replay(folder: Path) -> None:
    found = latest(folder)
    assert found is not None
    for fact in found.facts:
        apply(found.terminal, fact)
