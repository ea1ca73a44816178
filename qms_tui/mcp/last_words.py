"""What a server's program said last on its standard error, made printable. Pure."""

from __future__ import annotations

import re

from qms_tui.text.printable import plain

LINES = 5  # the end of a traceback, or of the words of a package runner
LONGEST = 500  # characters of them
_KEPT = 8192  # bytes
_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class LastWords:
    """The last lines of what has come, however it comes."""

    def __init__(self) -> None:
        self._end = b""

    def add(self, data: bytes) -> None:
        """What comes next."""
        self._end = (self._end + data)[-_KEPT:]

    def __str__(self) -> str:
        text = _SEQUENCES.sub("", self._end.decode(errors="replace"))
        shown = (line.rstrip().rpartition("\r")[2] for line in text.split("\n"))  # a bar draws over itself
        lines = [plain(line.strip()) for line in shown if line.strip()][-LINES:]
        said = " | ".join(lines)
        return said if len(said) <= LONGEST else "…" + said[-LONGEST:]

    def after(self, how: str) -> str:
        """How the program ended, and these words, if there are any."""
        said = str(self)
        return f"{how}: {said}" if said else how
