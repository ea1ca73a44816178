"""A journal as the keeper makes it: what is fed to a terminal is written, by clocks of the test's own."""

from __future__ import annotations

from pathlib import Path

from qms_tui.keeper.journal import Entry, JournalWriter, apply, latest, read_entries, read_segments
from qms_tui.terminal import Terminal

NOON = 1_795_348_800.0  # seconds since the epoch


class Tape:
    """A terminal of `size` columns x lines and its journal; `wait` moves the clocks."""

    def __init__(
        self,
        folder: Path,
        *,
        size: tuple[int, int] = (40, 10),
        scrollback: int = 5000,
        limit: int = 64 * 2**20,
        segment: int = 2**21,
    ) -> None:
        self.folder = folder
        self.now, self.wall = 1000.0, NOON
        self.terminal = Terminal(*size, scrollback=scrollback)
        self.terminal.muted = True
        self.writer = JournalWriter(
            folder, limit=limit, segment=segment, clock=lambda: self.now, wall=lambda: self.wall
        )
        self.writer.open(self.terminal.save())

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds
        self.wall += seconds

    def say(self, data: bytes | str, seconds: float = 0.0) -> None:
        """The program writes, some time after what was before."""
        self.wait(seconds)
        content = data.encode() if isinstance(data, str) else data
        self.writer.output(content)
        self.terminal.feed(content)
        if self.writer.full:
            self.writer.rotate(self.terminal.save())

    def resize(self, columns: int, lines: int) -> None:
        """The terminal gets another size."""
        self.writer.size(columns, lines)
        self.terminal.resize(columns, lines)

    @property
    def entries(self) -> list[Entry]:
        """All that can be read."""
        return [*read_entries(read_segments(self.folder))]

    @property
    def facts(self) -> list[object]:
        """The same without times."""
        return [entry.fact for entry in self.entries]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


def replayed(folder: Path) -> Terminal:
    """What a keeper that begins anew has."""
    found = latest(folder)
    assert found is not None
    for fact in found.facts:
        apply(found.terminal, fact)
    return found.terminal


def screen(terminal: Terminal) -> list[object]:
    """What is to be seen, and what decides what keys do."""
    rows = [terminal.styled(y) for y in range(terminal.lines)]
    return [terminal.display, rows, terminal.cursor, terminal.modes, terminal.title]
