"""The addresses on an agent's terminal, whole again where they were cut into rows. http and https only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qms_tui.terminal import Terminal

MOST_ROWS = 500  # rows that are looked at, from the bottom up
MOST = 30  # addresses that are shown
LONGEST = 4096  # characters of an address; a login's has about 500
EDGE = 2  # columns that a program which breaks lines itself leaves free at most

_URL_CHARACTERS = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%"
_URL = re.compile(rf"https?://[{_URL_CHARACTERS}]+", re.ASCII)
_REST = re.compile(rf"[ │|]{{0,8}}([{_URL_CHARACTERS}]+)(?=[ │|]|$)", re.ASCII)
_BEHIND = ".,;:!?'\""


@dataclass(frozen=True, slots=True)
class Line:
    """A row's text, whether the terminal broke it, and the addresses that its program put on it."""

    text: str
    wrapped: bool
    links: tuple[str, ...] = ()


def addresses(terminal: Terminal) -> list[str]:
    """What can be opened, newest first, each once."""
    first = max(-terminal.history_length, terminal.lines - MOST_ROWS)
    lines = [_line(terminal, row) for row in range(first, terminal.lines)]
    return list(dict.fromkeys(reversed(list(_found(lines, terminal.columns)))))[:MOST]


def _line(terminal: Terminal, row: int) -> Line:
    runs = terminal.styled(row)
    links = tuple(dict.fromkeys(run.style.link for run in runs if run.style.link))
    return Line("".join(run.text for run in runs), terminal.is_wrapped(row), links)


def _found(lines: Sequence[Line], columns: int) -> Iterator[str]:
    for number, line in enumerate(lines):
        for link in line.links:
            if _URL.fullmatch(link):
                yield link[:LONGEST]
        for match in _URL.finditer(line.text):
            url = match[0]
            if match.end() == len(line.text.rstrip()):
                url += "".join(_rest(lines, number, columns))
            yield _without_what_follows(url[:LONGEST])


def _rest(lines: Sequence[Line], number: int, columns: int) -> Iterator[str]:
    """The pieces of an address in the rows below, as far as each row is full.

    The terminal knows which rows it broke; a program that breaks lines itself fills them to the edge.
    """
    while number + 1 < len(lines) and _is_full(lines[number], columns):
        number += 1
        piece = _REST.match(lines[number].text)
        if piece is None or _URL.match(piece[1]):
            return
        yield piece[1]
        if piece.end() < len(lines[number].text.rstrip()):
            return


def _is_full(line: Line, columns: int) -> bool:
    return line.wrapped or len(line.text.rstrip()) >= columns - EDGE


def _without_what_follows(url: str) -> str:
    """Without punctuation of the sentence around it."""
    while url[-1] in _BEHIND or any(url.endswith(b) and url.count(a) < url.count(b) for a, b in ("()", "[]")):
        url = url[:-1]
    return url
