"""Reads an agent's journal, also while its writer goes on: what is torn, damaged or pruned is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from qms_tui.keeper.journal.files import file_name, numbers, open_segment
from qms_tui.keeper.journal.records import (
    HEADER_SIZE,
    Damaged,
    Ended,
    Fact,
    Header,
    Output,
    Record,
    Resized,
    Snapshot,
    Started,
    decode_header,
    read_record,
)
from qms_tui.terminal import Terminal

MOST_REPLAYED = 8 * 2**20  # bytes of output after a snapshot: a second's work; the writer makes 2 MiB of it
Say = Callable[[str], None]


class Segment(Struct, frozen=True):
    """One file of a journal, and its clocks when it began."""

    folder: Path
    number: int
    header: Header


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact, its wall clock time (seconds since the epoch), and a clock that never jumps (seconds)."""

    wall: float
    clock: float
    fact: Fact


class Latest(Struct, frozen=True):
    """The newest state that can be had, and what came since; `wall` is when the last of that was."""

    terminal: Terminal
    entries: tuple[Entry, ...]
    wall: float

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What came since, without its times."""
        return tuple(entry.fact for entry in self.entries)


def nothing(_: str) -> None:
    """Say nothing."""


def read_segments(folder: Path) -> list[Segment]:
    """The files of a journal, oldest first; foreign ones and those that vanish are left out.

    Raises OSError if the folder cannot be read; a folder that is not there has no files.
    """
    try:
        found = numbers(folder)
    except FileNotFoundError:
        return []
    segments = ((number, _header(folder, number)) for number in found)
    return [Segment(folder, number, header) for number, header in segments if header]


def read_records(segment: Segment, say: Say = nothing) -> Iterator[Record]:
    """The records of one file without those that are damaged; none if it has vanished."""
    name = file_name(segment.number)
    try:
        with open(open_segment(segment.folder, segment.number), "rb") as file:
            file.seek(HEADER_SIZE)
            yield from _undamaged(file, lambda text: say(f"{name}: {text}"))
    except FileNotFoundError:
        return  # pruned meanwhile
    except OSError as error:
        say(f"{name}: {error}; the rest of it is left out")


def _undamaged(file: BinaryIO, say: Say) -> Iterator[Record]:
    """Records without damaged ones; after two in a row nobody knows where the next one begins."""
    was_damaged = False
    while True:
        try:
            record = read_record(file)
        except Damaged as error:
            say(f"{error}; {'the rest of it' if was_damaged else 'it'} is left out")
            if was_damaged:
                return
            was_damaged = True
            continue
        if record is None:
            return
        was_damaged = False
        yield record


def read_entries(segments: list[Segment], say: Say = nothing) -> Iterator[Entry]:
    """Everything in these files as one stream."""
    clock, last = 0.0, None
    for segment in segments:
        header = segment.header
        clock += _between(last, header)
        time = 0.0
        for record in read_records(segment, say):
            time = record.time
            if record.fact is not None:
                yield Entry(header.wall + time, clock + time, record.fact)
        clock += time
        last = Header(header.run, header.wall + time, header.clock + time)


def since(folder: Path, wall: float) -> list[Segment]:
    """The files to read for what was from then on: the first of them begins before, if there is such."""
    segments = read_segments(folder)
    later = [at for at, segment in enumerate(segments) if at and segment.header.wall > wall]
    return segments[later[0] - 1 :] if later else segments[-1:]


def latest(folder: Path, say: Say = nothing) -> Latest | None:
    """What a keeper that begins anew replays; None if there is nothing to go on from."""
    segments = read_segments(folder)
    for at in reversed(range(len(segments))):
        entries = list(_tail(segments[at:], say))
        for index in reversed(range(len(entries))):
            terminal = restored(entries[index].fact, say)
            if terminal is not None:
                return Latest(terminal, tuple(entries[index + 1 :]), entries[-1].wall)
        if sum(len(entry.fact.data) for entry in entries if isinstance(entry.fact, Output)) > MOST_REPLAYED:
            break
    return None


def restored(fact: Fact, say: Say = nothing) -> Terminal | None:
    """The terminal that a snapshot is of; None for what is none, or for none that can be used."""
    if not isinstance(fact, Snapshot):
        return None
    try:
        terminal = Terminal.restored(fact.state)
    except ValueError as error:
        say(f"a saved screen cannot be used: {error}")
        return None
    terminal.muted = True
    return terminal


def apply(terminal: Terminal, fact: Fact) -> None:
    """Let output, sizes, a program's start and end act on a terminal; gaps do not."""
    match fact:
        case Output(data):
            terminal.feed(data)
        case Resized(columns, lines):
            terminal.resize(columns, lines)
        case Started():
            terminal.forget_status()
        case Ended():
            terminal.end_program()


def replay(terminal: Terminal, entries: Iterable[Entry]) -> None:
    """Let all that is recorded act on a terminal, at the times at which it was."""
    for entry in entries:
        terminal.clock = partial(float, entry.wall)
        apply(terminal, entry.fact)


def _tail(segments: list[Segment], say: Say) -> Iterator[Entry]:
    """What these files hold; only the first of them may have a snapshot that is needed."""
    for number, segment in enumerate(segments):
        for entry in read_entries([segment], say):
            if number == 0 or not isinstance(entry.fact, Snapshot):
                yield entry


def _between(last: Header | None, header: Header) -> float:
    """Seconds between the last record of one file and the beginning of the next one."""
    if last is None:
        return 0.0
    if last.run == header.run:
        return max(0.0, header.clock - last.clock)
    return max(0.0, header.wall - last.wall)


def _header(folder: Path, number: int) -> Header | None:
    try:
        with open(open_segment(folder, number), "rb") as file:
            return decode_header(file.read(HEADER_SIZE))
    except OSError:
        return None
