"""A connection to the spawner, as the spawner has it."""

from __future__ import annotations

import socket

from qms_tui.keeper.spawner.messages import Message, Reader, encode
from qms_tui.keeper.spawner.program import Program


class Visitor:
    """A connection. One that does not read what it asked for is let go: nothing here ever waits."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.reader = Reader(connection)
        self.holds: Program | None = None
        self.waits: Program | None = None
        self.watches = False

    def tell(self, message: Message, descriptor: int = -1) -> None:
        """Send, or raise OSError."""
        data = encode(message)
        sent = socket.send_fds(self.connection, [data], [descriptor] if descriptor >= 0 else [])
        if sent < len(data):
            raise BlockingIOError

    def close(self) -> None:
        """Let go."""
        self.reader.close()
        self.connection.close()
