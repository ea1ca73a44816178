"""The journal that somebody asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from qms_tui.errors import JournalError, state_remedy
from qms_tui.keeper.journal.reader import Segment, read_entries, read_segments, since
from qms_tui.keeper.journal.records import Snapshot
from qms_tui.keeper.paths import agent_folder, open_private
from qms_tui.text.times import moment as written


class Journal(Struct, frozen=True):
    """The files of an agent's journal that are to be read, from a moment on if there is one (seconds since
    1970); `project` is its folder's name.
    """

    project: str
    agent: str
    segments: list[Segment]
    moment: float | None = None

    @property
    def newest(self) -> float:
        """When its newest file began, in seconds since 1970; 0 without files."""
        return max((segment.header.wall for segment in self.segments), default=0.0)

    def must(self, lines: Iterator[str]) -> Iterator[str]:
        """The same lines. Raises JournalError at once if there is none."""
        first = next(lines, None)
        if first is None:
            raise self._nothing()
        return _chained(first, lines)

    def _nothing(self) -> JournalError:
        """That there is none at all, or none since the moment."""
        nothing = f"nothing is recorded of {self.agent!r} in {self.project}"
        entries = () if self.moment is None else read_entries(self.segments)
        last = max((entry.wall for entry in entries if not isinstance(entry.fact, Snapshot)), default=None)
        if self.moment is None or last is None:
            return JournalError(nothing, hint="what an agent shows is recorded from its start on")
        return JournalError(
            f"{nothing} since {written(self.moment)}", hint=f"the last of it is from {written(last)}"
        )


def find_journal(root: Path, engine: str, agent: str, moment: float | None) -> Journal:
    """Of a project's agent on an engine, from a moment on (seconds since the epoch); it may have no files.

    Raises JournalError if the folder cannot be read or is not the user's own.
    """
    folder = agent_folder(root, engine, agent)
    try:
        os.close(open_private(folder))
        segments = read_segments(folder) if moment is None else since(folder, moment)
    except FileNotFoundError:
        segments = []
    except OSError as error:
        hint = state_remedy(error, "recordings are kept there")
        raise JournalError(f"{folder}: {error.strerror}", hint=hint) from error
    return Journal(root.name or "root", agent, segments, moment)


def _chained(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines
