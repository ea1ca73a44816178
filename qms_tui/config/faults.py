"""What is wrong in a configuration file: raised, or collected where the rest of the file is wanted.

What starts agents wants a whole file. What stops, lists or looks must work however the file is: the project's
may be a stranger's, or of a newer qms-tui.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qms_tui.errors import ConfigError

OnFault = Callable[[ConfigError], None]
MOST_FAULTS = 20  # of one file; the hint of each takes its time


def refuse(fault: ConfigError) -> None:
    """Want a whole file."""
    raise fault


class Faults:
    """Collects faults; a file may be read several times, and each is there once."""

    def __init__(self) -> None:
        self._found: dict[str, ConfigError] = {}

    def __call__(self, fault: ConfigError) -> None:
        """Take one in."""
        self._found.setdefault(fault.message, fault)

    def __iter__(self) -> Iterator[ConfigError]:
        return iter(self._found.values())
