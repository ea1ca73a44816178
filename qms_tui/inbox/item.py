"""What arrives in an inbox, as a value that can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an item asks for; the value is the word for humans."""

    REVIEW = "review"
    APPROVAL = "approval"
    MESSAGE = "message"
    NOTICE = "notice"
    UNKNOWN = "unknown"


Counts = Mapping[Kind, int]
"""How many items of each kind; kinds that do not occur are missing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file a name stands for, whatever is in it and whenever it was touched."""

    device: int
    inode: int

    @classmethod
    def of(cls, numbers: object) -> Identity:
        """From what `numbers` was written as JSON. Raises ValueError for anything else."""
        if not isinstance(numbers, list) or [type(number) for number in numbers] != [int, int]:
            raise ValueError("not a file's identity")
        return cls(*numbers)

    @property
    def numbers(self) -> list[int]:
        """To be written as JSON."""
        return [self.device, self.inode]


@dataclass(frozen=True, slots=True)
class Item:
    """What can be trusted of a file in an inbox.

    All texts are one line without control and bidi characters, of bounded length, and no markup: show them
    as they are. `file` is the exception: the name as the system has it (os.fsdecode), for paths only.

    Attributes:
        agent: whose inbox it is in.
        name: the file's name to show.
        headline: `New task: Review CR-056`, `Message from claude: Note on CR-056`.
        document: the document's id, or "".
        sender: who assigned or wrote it, as the file claims; an agent's name, or "".
        arrived: seconds of wall time.
    """

    agent: str
    name: str
    kind: Kind
    headline: str
    document: str
    sender: str
    arrived: float
    identity: Identity
    file: str = field(repr=False)
