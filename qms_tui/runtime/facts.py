"""What a terminal tells, as values, in the order in which it happened: to whoever shows it, and to whoever
decides what is done about its agent.

Times are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qms_tui.runtime.size import Size

if TYPE_CHECKING:
    from qms_tui.terminal import ProgramStatus


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
    reads it once, and `again` if it says so: else only its details are new. One that is `quiet` is shown and
    not told: whoever shows the terminal has told it.
    """

    text: str
    serious: bool = False
    again: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """The last fact. `over` if the program seems to have ended, else the connection to it was lost; `why`
    is what the human has to do something about.
    """

    over: bool = True
    why: str = ""


Fact = Received | Restored | Resized | Led | Remarked | Closed
"""What is told to whoever shows a terminal."""


@dataclass(frozen=True, slots=True)
class Titled:
    """The program has this title, since `at`."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Rang:
    """The program rang its bell."""

    at: float


@dataclass(frozen=True, slots=True)
class Reported:
    """The program reports this of itself."""

    status: ProgramStatus


@dataclass(frozen=True, slots=True)
class Printed:
    """There is output; told at most some times a second."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A human has typed `keys` pieces so far, the last one `at`, which is `moment` of the monotonic clock."""

    at: float
    moment: float
    keys: int


News = Titled | Rang | Reported | Printed | Typed | Led | Remarked | Closed
"""What is told to whoever decides."""
