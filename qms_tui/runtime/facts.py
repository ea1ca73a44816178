"""What a held terminal tells its holder, as values, in the order in which it happened."""

from __future__ import annotations

from dataclasses import dataclass

from qms_tui.runtime.size import Size


@dataclass(frozen=True, slots=True)
class Received:
    """The program's output; chunks are bounded."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Restored:
    """The terminal's state (`Terminal.save`) up to here, in place of whatever came before."""

    state: bytes


@dataclass(frozen=True, slots=True)
class Resized:
    """From here on the program's terminal has this size."""

    size: Size


@dataclass(frozen=True, slots=True)
class Led:
    """From here on we lead, or follow somebody, whose name is for the human."""

    ours: bool
    leader: str = ""


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something about the terminal or its program that the human should know.

    What is `serious` (output may be lost, the program is stopped) holds until a remark that is not. The human
    reads it once, and `again` if it says so: else only its details are new.
    """

    text: str
    serious: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """The last fact. `over` if the program seems to have ended, else the connection to it was lost.

    `unsent` was typed, and comes first on the next connection.
    """

    over: bool = True
    unsent: bytes = b""


Fact = Received | Restored | Resized | Led | Remarked | Closed
