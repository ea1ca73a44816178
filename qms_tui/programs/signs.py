"""What an agent's terminal shows of its program, for whoever judges what that does."""

from __future__ import annotations

from typing import Protocol

from qms_tui.programs.values import Activity

SLACK = 0.05  # seconds between a container's start and the clock that its program reads


class Signs(Protocol):
    """Times are seconds since 1970; 0 if what they are of never was."""

    @property
    def began(self) -> float:
        """When the program did."""

    @property
    def title(self) -> str:
        """Of its terminal."""

    @property
    def title_at(self) -> float:
        """When the title changed."""

    @property
    def works_since(self) -> float:
        """When its title began to show work, if it does."""

    @property
    def rang_at(self) -> float:
        """When its bell rang, if the human has not looked since."""

    @property
    def silent_since(self) -> float:
        """Since when somebody who looks again and again has missed its pulse."""

    @property
    def read_at(self) -> float:
        """When its own files were read last."""

    @property
    def reported(self) -> Activity | None:
        """What it reports of itself in its terminal (OSC 7501); None if it reports nothing."""

    @property
    def wants_login(self) -> bool:
        """Whether it reports that it waits for a login of its own."""

    @property
    def background_work(self) -> str:
        """Which of its children work, as it reports; empty if none does."""
