"""A request of a client, from when it has come until it is answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qms_tui.mcp.jsonrpc import Message, notification, progress_token

if TYPE_CHECKING:
    from qms_tui.mcp.session import Session


class Call:
    """A request of a client on its way."""

    def __init__(self, session: Session, number: int, message: Message) -> None:
        self.session = session
        self.number = number  # by which the bridge knows it
        self.id = message["id"]
        self.method = str(message["method"])
        self.params = message.get("params")
        self.token = progress_token(self.params)
        self.forwarded = 0  # by which the server knows it; 0: it has not got it
        self.task: asyncio.Task[None] | None = None
        self._held = 0  # bytes of memory

    def hold(self, size: int) -> None:
        """So many bytes are held for it until it is over."""
        self._held += size
        self.session.usage.add(size)

    def let_go(self) -> None:
        """It is over."""
        self.session.usage.remove(self._held)
        self._held = 0

    def tell_progress(self, params: Message) -> None:
        """How far it is, if the client wants to hear that."""
        if self.token is not None:
            self.session.send(notification("notifications/progress", {**params, "progressToken": self.token}))
