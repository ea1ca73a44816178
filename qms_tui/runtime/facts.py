"""What a terminal tells, as values, in the order in which it happened: to whoever shows it, and to whoever
decides what is done about its agent.

Times are seconds since 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qms_tui.runtime.size import Size

if TYPE_CHECKING:
    from qms_tui.terminal import ProgramStatus


class Received(Struct, frozen=True):
    """The program's output; chunks are bounded."""

    data: bytes


class Restored(Struct, frozen=True):
    """The terminal's state (`Terminal.save`) up to here, in place of whatever came before."""

    state: bytes


class Resized(Struct, frozen=True):
    """From here on the program's terminal has this size."""

    size: Size


class Led(Struct, frozen=True):
    """From here on we lead, or follow somebody, whose name is for the human."""

    ours: bool
    leader: str = ""


class Remarked(Struct, frozen=True):
    """Something about the terminal or its program that the human should know.

    What is `serious` (output may be lost, the program is stopped) holds until a remark that is not. The human
    reads it once, and `again` if it says so: else only its details are new. One that is `quiet` is shown and
    not told: whoever shows the terminal has told it.
    """

    text: str
    serious: bool = False
    again: bool = False
    quiet: bool = False


class Closed(Struct, frozen=True):
    """The last fact. `over` if the program seems to have ended, else the connection to it was lost; `why`
    is what the human has to do something about.
    """

    over: bool = True
    why: str = ""


Fact = Received | Restored | Resized | Led | Remarked | Closed
"""What is told to whoever shows a terminal."""


class Titled(Struct, frozen=True):
    """The program has this title, since `at`."""

    text: str
    at: float


class Rang(Struct, frozen=True):
    """The program rang its bell."""

    at: float


class Reported(Struct, frozen=True):
    """The program reports this of itself."""

    status: ProgramStatus


class Printed(Struct, frozen=True):
    """There is output; told at most some times a second."""


class Typed(Struct, frozen=True):
    """A human has typed `keys` pieces so far, the last one `at`, which is `moment` of the monotonic clock."""

    at: float
    moment: float
    keys: int


News = Titled | Rang | Reported | Printed | Typed | Led | Remarked | Closed
"""What is told to whoever decides."""
