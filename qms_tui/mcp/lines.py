"""Lines as they come, in pieces: none is copied into one object for being long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_END = 100  # bytes of either end of a line that is too long


@dataclass(frozen=True, slots=True)
class Line:
    """Without its end. Of one that is not whole the first and last bytes are there."""

    pieces: tuple[bytes, ...]
    size: int
    whole: bool = True

    @property
    def text(self) -> bytes:
        """All of it."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    def start(self, size: int) -> bytes:
        """So many bytes of its beginning, or what there is."""
        return b"".join(piece[:size] for piece in self.pieces[:size])[:size]

    def after(self, size: int) -> tuple[bytes, ...]:
        """What follows them."""
        found = []
        for piece in self.pieces:
            found.append(piece[size:])
            size = max(0, size - len(piece))
        return tuple(piece for piece in found if piece)

    @property
    def ends(self) -> bytes:
        """Enough to see whose it is: all of it if that is short, else both ends."""
        if len(self.pieces) == 1 and self.size <= 2 * LONGEST_END:
            return self.pieces[0]
        last = b"".join(self.pieces[-2:])[-LONGEST_END:] if self.size > LONGEST_END else self.text
        return _first(self.pieces) + last


class LineBuffer:
    """What has come of lines that are at most so long; of a longer one only its ends are kept."""

    def __init__(self, longest: int) -> None:
        self.size = 0  # bytes of the unfinished line
        self._longest = longest
        self._pieces: list[bytes] = []
        self._ends = b""  # once it is too long

    def add(self, data: bytes) -> list[Line]:
        """The lines that are complete now."""
        *ended, rest = data.split(b"\n")
        lines = []
        for piece in ended:
            self._add_piece(piece)
            lines.append(self._taken())
        self._add_piece(rest)
        return lines

    def clear(self) -> None:
        """Forget the unfinished line."""
        self._taken()

    def _add_piece(self, piece: bytes) -> None:
        self.size += len(piece)
        if piece:
            self._pieces.append(piece)
        if self.size > self._longest:
            first = self._ends[:LONGEST_END] or _first(self._pieces)
            self._ends = first + b"".join([self._ends[LONGEST_END:], *self._pieces[-2:]])[-LONGEST_END:]
            self._pieces.clear()

    def _taken(self) -> Line:
        whole = self.size <= self._longest
        line = Line(tuple(self._pieces) or (b"",) if whole else (self._ends,), self.size, whole)
        self.size, self._pieces, self._ends = 0, [], b""
        return line


def _first(pieces: tuple[bytes, ...] | list[bytes]) -> bytes:
    return b"".join(piece[:LONGEST_END] for piece in pieces[:LONGEST_END])[:LONGEST_END]
