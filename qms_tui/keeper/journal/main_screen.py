"""The lines of a terminal's main screen, each told once: when it scrolls off, or before it is erased."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from qms_tui.keeper.journal.lines import is_trivial
from qms_tui.terminal import Terminal

HISTORY = (
    20_000  # rows; more than a piece of output can scroll off, and room for narrower ones after a resize
)
_KEPT = 2000  # rows of history that stay when the size changes, some of which may come back to the screen
_LONGEST = 1000  # rows of one line that are joined
_REMEMBERED = 2000  # lines that a program which clears everything may write once more


class MainScreen:
    """Follows the main screen of a terminal.

    A line that was told while it was still on the screen, or came back to it, or is written anew right after
    the screen was cleared, is expected once more, and not told again.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)
        self._expected: list[str] = []
        self._misses = 0
        self._is_repaint = False
        self.follow(terminal)

    def follow(self, terminal: Terminal) -> None:
        """Go on with another terminal: what has scrolled off there is known, and what both show."""
        self._terminal = terminal
        terminal.keep_history(HISTORY)
        terminal.take_damage()
        self._begun = self._unfinished()
        shown = set(self._on_screen())
        self._expected = [line for line in self._expected if line in shown]

    def history(self) -> Iterator[str]:
        """All lines that have scrolled off and still are there."""
        yield from _joined(self._rows(self._terminal.history_length), [])[0]

    def scrolled(self, rows: int) -> Iterator[str]:
        """The new ones among the lines of so many rows that have just scrolled off."""
        lines, self._begun = _joined(self._rows(rows), self._begun)
        for line in lines:
            yield from self._told(line)

    def visible(self, *, erased: bool) -> Iterator[str]:
        """The new ones among the lines on the screen, which is about to be left or erased."""
        lines = self._on_screen()
        for line in lines:
            yield from self._told(line)
        self._expected = [*self._recent] if erased else lines
        self._is_repaint, self._misses = erased, 0

    def pause(self) -> None:
        """What follows is no repaint."""
        if self._is_repaint:
            self._expected, self._is_repaint = [], False

    def resize(self, columns: int, lines: int) -> Iterator[str]:
        """Take a new size; lines may scroll off or come back."""
        self._terminal.keep_history(_KEPT)
        self._terminal.keep_history(HISTORY)
        before = [*self.history()]
        self._terminal.resize(columns, lines)
        self._terminal.take_damage()
        after = [*self.history()]
        self._begun = self._unfinished()
        self._expected = before[len(after) :] + self._expected
        for line in after[len(before) :]:
            yield from self._told(line)

    def _told(self, line: str) -> Iterator[str]:
        if not self._is_expected(line):
            self._recent.append(line)
            yield line

    def _is_expected(self, line: str) -> bool:
        if not self._expected:
            return False
        if line == self._expected[0]:
            del self._expected[0]
            return True
        if not is_trivial(line):
            if line in self._expected:
                del self._expected[: self._expected.index(line) + 1]
                return True
            self._misses += 1
            if self._misses > 2 * self._terminal.lines:  # they must have scrolled off by now
                self._expected = []
        return False

    def _on_screen(self) -> list[str]:
        terminal = self._terminal
        rows = [(text, terminal.is_wrapped(y)) for y, text in enumerate(terminal.display)]
        while rows and not rows[-1][0].strip():
            rows.pop()
        lines, rest = _joined(rows, self._begun)
        return lines + (["".join(rest).rstrip()] if rest else [])

    def _rows(self, count: int) -> list[tuple[str, bool]]:
        """The newest rows of the history, with whether their line goes on in the next."""
        terminal = self._terminal
        count = min(count, terminal.history_length)
        return [(terminal.history[-n], terminal.is_wrapped(-n)) for n in range(count, 0, -1)]

    def _unfinished(self) -> list[str]:
        """The newest rows of the history, as many as belong to a line that goes on on the screen."""
        terminal, count = self._terminal, 0
        while count < min(terminal.history_length, _LONGEST) and terminal.is_wrapped(-count - 1):
            count += 1
        return [text for text, _ in self._rows(count)]


def _joined(rows: Sequence[tuple[str, bool]], begun: list[str]) -> tuple[list[str], list[str]]:
    """Rows as lines, the first of which has begun already; and the rows of a last one that goes on."""
    lines, parts = [], [*begun]
    for text, wrapped in rows:
        parts.append(text)
        if not wrapped or len(parts) >= _LONGEST:
            lines.append("".join(parts).rstrip())
            parts = []
    return lines, parts
