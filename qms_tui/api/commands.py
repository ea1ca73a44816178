"""What a daemon can be asked for: each command's name, parameters and result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from qms_tui.api.inbox import InboxItem, ItemKind, ItemPreview
from qms_tui.api.snapshot import Snapshot

MAJOR, MINOR = 1, 1
P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Version:
    """Of the API. The same `major` understands each other; a higher `minor` knows more."""

    major: int = MAJOR
    minor: int = MINOR

    def understands(self, other: Version) -> bool:
        """Whether the two can talk."""
        return self.major == other.major

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


VERSION = Version()


@dataclass(frozen=True, slots=True)
class Hello:
    """Who asks, in a few words for logs, and in which version."""

    version: Version
    client: str = ""


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who answers: its version of the API, of qms-tui, and the folder of the project."""

    version: Version
    program: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No parameters."""


@dataclass(frozen=True, slots=True)
class Done:
    """It was done, or is under way: deltas say how it goes on."""


@dataclass(frozen=True, slots=True)
class OfAgent:
    """Which agent."""

    agent: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Which agent; a `fresh` one does not go on with its conversation."""

    agent: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Wake:
    """Which agent is to be told of which items in its inbox, by their ids; of all if there are none."""

    agent: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LookAt:
    """Which agent the human looks at; empty for none."""

    agent: str = ""


@dataclass(frozen=True, slots=True)
class Resize:
    """In how many columns and lines a screen shows an agent: its next program starts with that size."""

    agent: str
    columns: int
    lines: int


@dataclass(frozen=True, slots=True)
class ShowServers:
    """Whether the human sees how the MCP servers stand."""

    in_view: bool


@dataclass(frozen=True, slots=True)
class Send:
    """A message of the human's."""

    recipients: tuple[str, ...]
    subject: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class OfItem:
    """Which item that waits in which agent's inbox, by its id."""

    agent: str
    item: str


@dataclass(frozen=True, slots=True)
class FindItems:
    """Which items: of this agent, of this kind, with all of these words; what is empty does not narrow."""

    agent: str = ""
    kind: ItemKind | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """The newest first, and how many older ones there are `more`."""

    items: tuple[InboxItem, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source says of an agent, and when; 0 if it never did."""

    source: str
    said: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an agent's state is what it is."""

    sources: tuple[SourceReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Agents, or whoever else can be written to."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A path on the daemon's machine."""

    path: str


@dataclass(frozen=True, slots=True)
class Command(Generic[P, R]):
    """A name with the types of its parameters and of its result."""

    name: str
    parameters: type[P]
    result: type[R]


HELLO = Command("hello", Hello, Welcome)
SUBSCRIBE = Command("subscribe", Nothing, Snapshot)
ROSTER = Command("roster", Nothing, Names)
ADD = Command("add", OfAgent, Done)
OPEN = Command("open", OfAgent, Done)
RESTART = Command("restart", Restart, Done)
REBUILD = Command("rebuild", OfAgent, Done)
STOP = Command("stop", OfAgent, Done)
UNPAUSE = Command("unpause", OfAgent, Done)
WAKE = Command("wake", Wake, Done)
LOOK_AT = Command("look_at", LookAt, Done)
RESIZE = Command("resize", Resize, Done)
SHOW_SERVERS = Command("show_servers", ShowServers, Done)
EXPLAIN = Command("explain", OfAgent, Explanation)
RECIPIENTS = Command("recipients", Nothing, Names)
SEND = Command("send", Send, Done)
FIND_ITEMS = Command("find_items", FindItems, Items)
PREVIEW = Command("preview", OfItem, ItemPreview)
PUT_AWAY = Command("put_away", OfItem, Place)
INBOX_FOLDER = Command("inbox_folder", OfAgent, Place)
ITEM_FILE = Command("item_file", OfItem, Place)

_ALL: tuple[Command[Any, Any], ...] = (
    *(HELLO, SUBSCRIBE),
    *(ROSTER, ADD, OPEN, RESTART, REBUILD, STOP, UNPAUSE, WAKE, LOOK_AT, RESIZE, SHOW_SERVERS, EXPLAIN),
    *(RECIPIENTS, SEND, FIND_ITEMS, PREVIEW, PUT_AWAY, INBOX_FOLDER, ITEM_FILE),
)
COMMANDS: Mapping[str, Command[Any, Any]] = MappingProxyType({each.name: each for each in _ALL})
"""All of them, by name."""
