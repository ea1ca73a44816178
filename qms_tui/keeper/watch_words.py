"""What the keeper and a watch say to each other of agents: values, as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from qms_tui.keeper.programs import decoded
from qms_tui.keeper.protocol import Kind, ProtocolError, message, read_message
from qms_tui.terminal.shapes import checked

MOST_NOTES = 16  # remarks of an agent that wait for somebody who does not hear of them yet
_NOTE = {"text": str, "holds": bool, "again": bool}
_LEADER = {"ours": bool, "name": str}
_SHAPES = {
    "terminal": {"id": str, "alive": bool},
    "title": {"text": str, "at": float},
    "rang_at": float,
    "status": dict,
    "leader": _LEADER,
    "remark": str,
    "typed": {"at": float, "moment": float, "keys": int},
    "printed": bool,
    "notes": [_NOTE],
}
_REQUEST = {"agent": str, "terminal": str, "number": int}


class News(Struct, frozen=True):
    """What is so of an agent by now; what is not new is not there.

    `terminal` (what the keeper names it by, and whether its program runs), `title` (and since when),
    `rang_at`, `status` (a ProgramStatus), `leader`, `remark` (what holds), `typed` (when a human did last, by
    the clock and by the monotonic one, and how many pieces so far), `printed`, `notes` (remarks as they were
    made).
    """

    agent: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """As a frame; the status is encoded already."""
        return message(Kind.NEWS, {"agent": self.agent, **self.facts})


def read_news(body: bytes) -> News:
    """The news of a NEWS frame. Raises ProtocolError."""
    content = read_message(body)
    try:
        agent = checked(content.pop("agent", None), str)
        facts = {name: checked(content[name], shape) for name, shape in _SHAPES.items() if name in content}
        if "status" in facts:
            facts["status"] = decoded(facts["status"])
    except (ValueError, LookupError, TypeError) as error:
        raise ProtocolError(f"news of an odd shape: {error}") from error
    return News(agent, facts)


class Look(Struct, frozen=True):
    """Show what an agent shows, if that terminal is still its own."""

    agent: str
    terminal: str
    number: int

    def encode(self) -> bytes:
        """As a frame."""
        return message(Kind.LOOK, {"agent": self.agent, "terminal": self.terminal, "number": self.number})


def read_look(body: bytes) -> Look:
    """The question of a LOOK frame. Raises ProtocolError."""
    return Look(**_request(read_message(body), _REQUEST))


class Type(Struct, frozen=True):
    """Give a program bytes that are no human's, unless a human has typed since so many pieces."""

    agent: str
    terminal: str
    number: int
    keys: int
    data: bytes

    def encode(self) -> bytes:
        """As a frame."""
        head = {"agent": self.agent, "terminal": self.terminal, "number": self.number, "keys": self.keys}
        return message(Kind.TYPE, head | {"data": self.data.decode("latin-1")})


def read_type(body: bytes) -> Type:
    """What a TYPE frame brings. Raises ProtocolError."""
    content = _request(read_message(body), {**_REQUEST, "keys": int, "data": str})
    try:
        return Type(**{**content, "data": content["data"].encode("latin-1")})
    except UnicodeEncodeError as error:
        raise ProtocolError("bytes that are none") from error


def _request(content: dict[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(checked(content, shape))
    except ValueError as error:
        raise ProtocolError(f"a request of an odd shape: {error}") from error
