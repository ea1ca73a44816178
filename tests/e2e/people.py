"""Several users of one machine and one engine: qms-tui as each of them has it. Only root can be them."""

from __future__ import annotations

from pathlib import Path

from .test_app import App


class Person(App):
    """A user with a home folder of their own; `uid` is their group, too."""

    def __init__(self, root: Path, home: Path, image: str, uid: int) -> None:
        super().__init__(root, home, image, uid)

    def close(self) -> None:
        """End the user's keeper, and all agents."""
        self.run("stop", "--all", "--yes")
