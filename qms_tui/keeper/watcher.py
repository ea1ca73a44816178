"""What the keeper tells an interface that follows an agent."""

from __future__ import annotations

from typing import Protocol

from qms_tui.runtime import Size

ANOTHER_USER = "another user"  # who leads an agent that they have started, while nobody types here


class Watcher(Protocol):
    """An interface that follows an agent."""

    leads: bool
    size: Size

    @property
    def name(self) -> str:
        """What a human knows it by."""

    @property
    def interface(self) -> str:
        """The same of all that one screen shows."""

    @property
    def palette(self) -> str:
        """The colours of its screen, as `replies.write_palette` has them."""

    @property
    def rank(self) -> tuple[int, int]:
        """Whoever has the highest leads."""

    @property
    def typed(self) -> bool:
        """Whether a human has typed into it."""

    def send_output(self, data: bytes) -> None:
        """The program printed this."""

    def send_size(self, size: Size) -> None:
        """The terminal has this size from here on."""

    def send_leader(self, leader: Watcher | None) -> None:
        """This one leads from here on, or none: another user does."""

    def send_state(self) -> None:
        """The terminal became another one."""

    def send_remark(self, text: str, *, holds: bool, again: bool = False) -> None:
        """A human should know this; what `holds` does so until a remark that does not.

        `again`: it is told also where another remark holds already.
        """

    def send_end(self) -> None:
        """The program's end of the terminal closed."""
