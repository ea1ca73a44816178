"""What clients ask of the process around the core."""

from __future__ import annotations

from typing import Protocol

from qms_tui.api.commands import Held, Hold, Status
from qms_tui.runtime.caller import Caller


class Host(Protocol):
    """The process. Methods raise QmsTuiError."""

    def status(self) -> Status:
        """How it does; `clients` is the server's."""

    def come(self, caller: Caller) -> None:
        """A client brings this environment."""

    def ask(self, agent: str, caller: Caller | None) -> None:
        """A client, with what it has brought, asks for a start of the agent."""

    async def hold(self, wish: Hold, caller: Caller | None) -> Held:
        """Hold these agents from now on."""

    async def path_inside(self, agent: str, path: str) -> str | None:
        """Where the agent sees a file of this machine; None if it does not, or gets paths as they are."""

    async def reload(self) -> None:
        """Read again what is configured."""
