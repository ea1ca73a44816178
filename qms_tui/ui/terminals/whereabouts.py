"""Where an agent's terminal is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """As far as whoever decides about the agent says.

    `terminal` is what the keeper names it by while the program is held. `reachable`: it is, or may be again:
    keys wait for it. `ended`: the program has. `starting`: another one is about to begin.
    """

    terminal: str = ""
    reachable: bool = False
    ended: bool = False
    starting: bool = False
