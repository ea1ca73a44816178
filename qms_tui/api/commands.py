"""What a daemon can be asked for: each command's name, parameters and result."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from msgspec import Struct

from qms_tui.api.inbox import InboxItem, ItemKind, ItemPreview
from qms_tui.api.snapshot import Snapshot
from qms_tui.text.search import has_words

MAJOR, MINOR = 1, 1
LONGEST_SEARCH = 200  # characters: each word is looked for in every item
P = TypeVar("P")
R = TypeVar("R")


class Version(Struct, frozen=True):
    """Of the API. The same `major` understands each other; a higher `minor` knows more."""

    major: int = MAJOR
    minor: int = MINOR

    def understands(self, other: Version) -> bool:
        """Whether the two can talk."""
        return self.major == other.major

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


VERSION = Version()


class Hello(Struct, frozen=True):
    """Who asks, in a few words for logs, and in which version."""

    version: Version
    client: str = ""


class Welcome(Struct, frozen=True):
    """Who answers: its version of the API, of qms-tui, and the folder of the project."""

    version: Version
    program: str = ""
    project: str = ""


class Variable(Struct, frozen=True):
    """Of an environment; its `repr` leaves the value out."""

    name: str
    value: str = ""

    def __repr__(self) -> str:
        return f"Variable({self.name!r})"


class Environment(Struct, frozen=True):
    """What agents inherit whose start the client asks for from now on.

    The `names` were looked at: those that are not among the `variables` are not set. If it is `whole`, no
    others are set. `folder` is where the client stands.
    """

    variables: tuple[Variable, ...] = ()
    names: tuple[str, ...] = ()
    whole: bool = False
    umask: int = 0o022
    folder: str = "/"


class Hold(Struct, frozen=True):
    """Which agents are to be held, and what the human says of them beside the configuration.

    `runtime`, `command` and `image` are as they were typed, and kept for later starts of these agents;
    `config_file` is read in place of the user's own. `start` has them started also where the configuration
    leaves that to a task. Without `open` their programs are looked for only once the client opens them: a
    screen knows their sizes a moment later. A `trial` only says whether they could be held. `again` is for
    what this client has had held before, by another daemon: policies act no more than they did.
    """

    agents: tuple[str, ...]
    runtime: str | None = None
    command: str | None = None
    image: str | None = None
    config_file: str = ""
    start: bool = False
    open: bool = True
    trial: bool = False
    again: bool = False


class Held(Struct, frozen=True):
    """What a human should know of agents that are held: whose logins they share, which wishes are ignored."""

    remarks: tuple[str, ...] = ()


class Status(Struct, frozen=True):
    """How the daemon does. Times: seconds since 1970, 0 for never.

    `environment_at` is when a client brought the environment that policies start agents with.
    """

    pid: int
    program: str
    since: float = 0.0
    armed: bool = False
    environment_at: float = 0.0
    clients: int = 0
    agents: tuple[str, ...] = ()


class Nothing(Struct, frozen=True):
    """No parameters."""


class Done(Struct, frozen=True):
    """It was done, or is under way: deltas say how it goes on."""


class OfAgent(Struct, frozen=True):
    """Which agent."""

    agent: str


class Add(Struct, frozen=True):
    """Which agent of the roster is to be one of the agents; also `open` it, unless that comes by itself."""

    agent: str
    open: bool = True


class Restart(Struct, frozen=True):
    """Which agent; a `fresh` one does not go on with its conversation."""

    agent: str
    fresh: bool = False


class Wake(Struct, frozen=True):
    """Which agent is to be told of which items in its inbox, by their ids; of all if there are none."""

    agent: str
    items: tuple[str, ...] = ()


class LookAt(Struct, frozen=True):
    """Which agent the human looks at; empty for none."""

    agent: str = ""


class Resize(Struct, frozen=True):
    """In how many columns and lines a screen shows an agent: its next program starts with that size."""

    agent: str
    columns: int
    lines: int


class Color(Struct, frozen=True):
    """Of a screen. `key` is 0 to 255 for the palette, or 1000 and the code of OSC 10 to 19."""

    key: int
    red: int
    green: int
    blue: int


class ShowColors(Struct, frozen=True):
    """The colours of a screen: programs hear of them that ask before a screen shows them."""

    colors: tuple[Color, ...] = ()


class ShowServers(Struct, frozen=True):
    """Whether the human sees how the MCP servers stand."""

    in_view: bool


class Send(Struct, frozen=True):
    """A message of the human's; without a subject, it has the first words of its body for one."""

    recipients: tuple[str, ...]
    subject: str
    body: str = ""


class OfItem(Struct, frozen=True):
    """Which item in which agent's inbox, by its id."""

    agent: str
    item: str


class Answer(Struct, frozen=True):
    """To whom an answer to an item goes, and its subject."""

    recipient: str
    subject: str


class FindItems(Struct, frozen=True):
    """Which items: of this agent, of this kind, with all of these words; what is empty does not narrow."""

    agent: str = ""
    kind: ItemKind | None = None
    words: str = ""

    def takes(self, item: InboxItem) -> bool:
        """Whether it is one of them."""
        if (self.agent and item.agent != self.agent) or (self.kind and item.kind is not self.kind):
            return False
        texts = item.headline, item.agent, item.sender, item.document, item.name
        return not self.words or has_words(self.words, *texts)


class Items(Struct, frozen=True):
    """The newest first, and how many older ones there are `more`."""

    items: tuple[InboxItem, ...] = ()
    more: int = 0


class SourceReport(Struct, frozen=True):
    """What one source says of an agent, and when; 0 if it never did."""

    source: str
    said: str = ""
    at: float = 0.0


class Explanation(Struct, frozen=True):
    """Why an agent's state is what it is."""

    sources: tuple[SourceReport, ...] = ()


class Names(Struct, frozen=True):
    """Agents, or whoever else can be written to."""

    names: tuple[str, ...] = ()


class Outside(Struct, frozen=True):
    """A file on the daemon's machine, which an agent may see; the path is percent-encoded."""

    agent: str
    path: str


class Inside(Struct, frozen=True):
    """The path by which the agent sees it, percent-encoded; empty if it does not."""

    path: str = ""


class Place(Struct, frozen=True):
    """A path on the daemon's machine."""

    path: str


class Command(Struct, Generic[P, R], frozen=True):
    """A name with the types of its parameters and of its result."""

    name: str
    parameters: type[P]
    result: type[R]


HELLO = Command("hello", Hello, Welcome)
SUBSCRIBE = Command("subscribe", Nothing, Snapshot)
STATUS = Command("status", Nothing, Status)
SET_ENVIRONMENT = Command("set_environment", Environment, Done)
HOLD = Command("hold", Hold, Held)
RELOAD = Command("reload", Nothing, Done)
PING = Command("ping", Nothing, Done)
ROSTER = Command("roster", Nothing, Names)
ADD = Command("add", Add, Done)
OPEN = Command("open", OfAgent, Done)
FIND = Command("find", OfAgent, Done)
RESTART = Command("restart", Restart, Done)
REBUILD = Command("rebuild", OfAgent, Done)
STOP = Command("stop", OfAgent, Done)
UNPAUSE = Command("unpause", OfAgent, Done)
WAKE = Command("wake", Wake, Done)
LOOK_AT = Command("look_at", LookAt, Done)
RESIZE = Command("resize", Resize, Done)
SHOW_SERVERS = Command("show_servers", ShowServers, Done)
SHOW_COLORS = Command("show_colors", ShowColors, Done)
EXPLAIN = Command("explain", OfAgent, Explanation)
RECIPIENTS = Command("recipients", Nothing, Names)
SEND = Command("send", Send, Done)
FIND_ITEMS = Command("find_items", FindItems, Items)
ANSWER_TO = Command("answer_to", OfItem, Answer)
PREVIEW = Command("preview", OfItem, ItemPreview)
PUT_AWAY = Command("put_away", OfItem, Place)
INBOX_FOLDER = Command("inbox_folder", OfAgent, Place)
ITEM_FILE = Command("item_file", OfItem, Place)
PATH_INSIDE = Command("path_inside", Outside, Inside)

_ALL: tuple[Command[Any, Any], ...] = (
    *(HELLO, SUBSCRIBE, PING, STATUS, SET_ENVIRONMENT, HOLD, RELOAD),
    *(ROSTER, ADD, OPEN, FIND, RESTART, REBUILD, STOP, UNPAUSE, WAKE, LOOK_AT, RESIZE, SHOW_SERVERS, EXPLAIN),
    SHOW_COLORS,
    *(RECIPIENTS, SEND, FIND_ITEMS, ANSWER_TO, PREVIEW, PUT_AWAY, INBOX_FOLDER, ITEM_FILE, PATH_INSIDE),
)
COMMANDS: Mapping[str, Command[Any, Any]] = MappingProxyType({each.name: each for each in _ALL})
"""All of them, by name."""
