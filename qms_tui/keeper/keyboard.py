"""What is typed into a program whose terminal the keeper has: INPUT frames, written and read.

A body is a byte that says whether it is urgent (keys and replies, which still fit where a paste does not),
then the bytes for the program.
"""

from __future__ import annotations

from qms_tui.ipc.stream import Stream
from qms_tui.keeper.protocol import Kind, ProtocolError, frame

_URGENT, _ORDINARY = b"\x01", b"\x00"


def input_frame(data: bytes, *, urgent: bool) -> bytes:
    """An INPUT frame."""
    return frame(Kind.INPUT, (_URGENT if urgent else _ORDINARY) + data)


def read_input(body: bytes) -> tuple[bytes, bool]:
    """The bytes of an INPUT frame, and whether they are urgent. Raises ProtocolError."""
    if body[:1] not in (_URGENT, _ORDINARY):
        raise ProtocolError("input that is neither urgent nor not")
    return body[1:], body[:1] == _URGENT


class Keyboard:
    """An interface's way to the program, through its connection to the keeper."""

    def __init__(self, connection: Stream) -> None:
        self._connection = connection

    def has_room(self, size: int, *, urgent: bool = False) -> bool:
        """Whether so many bytes would be sent on."""
        return self._connection.has_room(size, urgent=urgent)

    def write(self, data: bytes, *, urgent: bool = False) -> bool:
        """Send bytes on; False if they do not fit."""
        return self._connection.write(input_frame(data, urgent=urgent), urgent=urgent)
