"""Where an agent's terminal is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """As far as whoever decides about the agent says.

    `keeper` is the socket of whoever holds it; `terminal` what that names it by while the program is held.
    `reachable`: it is, or may be again: keys wait for it. `ended`: the program has. `starting`: another one
    is about to begin.
    """

    terminal: str = ""
    keeper: Path | None = None
    reachable: bool = False
    ended: bool = False
    starting: bool = False
