"""What the keeper and the interfaces say to each other over its Unix socket: frames, encoded and decoded.

One connection per agent that an interface shows, and one for whoever decides what is done about agents and
shows nothing: a watch. A frame is its kind (1 byte), the length of its body (4 bytes, big-endian) and the
body: bytes of a terminal, or JSON. The interface begins with HELLO; the keeper answers WELCOME or REFUSED.
From then on everything about a terminal comes in one order, so that every interface makes of it the same
screen as the keeper. A watch hears of all agents, in words of `watch_words.py`.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from qms_tui.terminal.state import VERSION

PROTOCOL = 400 + VERSION  # of the frames, and of the states in them
NEWER_HOLDS = "open the screen again: a newer qms-tui holds the agents"  # the first words fit any pane
OPEN_AGAIN = "open it with the newer qms-tui; agents go on meanwhile"
"""What an older peer is told."""
LARGEST = 64 * 1024 * 1024  # bytes of a body; a terminal's state has 17 million at most (terminal/state.py)
_HEAD = struct.Struct(">BI")
_SIZE = struct.Struct(">HH")
_INPUT = struct.Struct(">IB")  # number of the piece, flags
_URGENT, _HUMAN, _AGAIN = 1, 2, 4
_SIGHT = struct.Struct(">I")  # number of the question
_RECEIPT = struct.Struct(">II")  # number of the piece, bytes of it
_RETURN = struct.Struct(">IB")  # number of the piece, why


class ProtocolError(ValueError):
    """The other side does not speak our protocol."""


class Kind(IntEnum):
    """What a frame says."""

    HELLO = 1  # to the keeper: Hello
    WELCOME = 2  # to the interface: what there is to know, JSON
    REFUSED = 3  # to the interface: message and hint, JSON
    OUTPUT = 4  # to the interface: bytes of the program
    STATE = 5  # to the interface: the terminal's whole state; what it has is outdated
    SIZE = 6  # to the interface: the terminal's size from here on; to the keeper: the size it wants
    LEADER = 7  # to the interface: whether it leads from here on, and else who does, JSON
    REMARK = (
        8  # to the interface: something a human should know, whether it holds on, and is told again, JSON
    )
    END = 9  # to the interface: the program's end of the terminal closed
    LEAD = 10  # to the keeper: a human types here
    PING = 11  # to the keeper: say that you are there
    PONG = 12  # to the interface: so
    INPUT = 13  # to the keeper: bytes for the program
    RECEIPT = 14  # to the interface: so many bytes of a piece have left the keeper; 0 if all wait there
    RETURN = 15  # to the interface: a piece of input was not taken, nor will be
    NEWS = 16  # to a watch: what is so of an agent by now, JSON
    LOOK = 17  # to the keeper, from a watch: show what an agent shows, JSON
    SIGHT = 18  # to a watch: the state of a terminal without its history; none if it is not held
    TYPE = 19  # to the keeper, from a watch: bytes for a program that are no human's, JSON


class Return(IntEnum):
    """Why a piece of input was not taken."""

    NO_WAY = 0  # the engine takes no input now; nor will anything that follows, until it is given AGAIN
    FULL = 1  # the program does not read, and too much waits for it


class Want(IntEnum):
    """What a connection is for."""

    ATTACH = 1  # follow a running agent's terminal
    HOLD = 2  # hold a container that is about to be started; a SIZE follows when it has been
    LAST = 3  # the state of an ended agent's terminal
    STATUS = 4  # who is held and who watches
    STOP = 5  # end the keeper
    PROGRAMS = 6  # what the agents' programs report of themselves
    WATCH = 7  # hear of all agents, and type what is no human's
    TAKE_UP = 8  # hold a container that runs


@dataclass(frozen=True, slots=True)
class Hello:
    """An interface's first words; `interface` is the same on all its connections, `name` is for humans."""

    want: int
    agent: str = ""
    container: str = ""
    interface: str = ""
    name: str = ""
    columns: int = 80
    lines: int = 24
    palette: str = ""
    """The colours of its screen, as `replies.write_palette` has them."""
    protocol: int = PROTOCOL

    def encode(self) -> bytes:
        """As a frame."""
        return message(Kind.HELLO, asdict(self))


def frame(kind: Kind, body: bytes = b"") -> bytes:
    """A frame with a body of bytes."""
    return _HEAD.pack(kind, len(body)) + body


def message(kind: Kind, content: dict[str, Any]) -> bytes:
    """A frame with a JSON object."""
    return frame(kind, json.dumps(content).encode())


def size_frame(columns: int, lines: int) -> bytes:
    """A SIZE frame; sizes beyond 65,535 cells are cut to that."""
    return frame(Kind.SIZE, _SIZE.pack(min(columns, 0xFFFF), min(lines, 0xFFFF)))


def read_size(body: bytes) -> tuple[int, int]:
    """Columns and lines of a SIZE frame, at least 1 each."""
    if len(body) != _SIZE.size:
        raise ProtocolError("a size of the wrong length")
    columns, lines = _SIZE.unpack(body)
    return max(columns, 1), max(lines, 1)


@dataclass(frozen=True, slots=True)
class Input:
    """A piece of what is typed. `human`: a human has pressed keys for it, or pasted it.

    `again`: it was returned, as was all that followed it; that comes now, after this.
    """

    number: int
    data: bytes
    urgent: bool = False
    human: bool = False
    again: bool = False

    def encode(self) -> bytes:
        """As a frame."""
        flags = _URGENT * self.urgent | _HUMAN * self.human | _AGAIN * self.again
        return frame(Kind.INPUT, _INPUT.pack(self.number, flags) + self.data)


def read_input(body: bytes) -> Input:
    """What an INPUT frame brings."""
    if len(body) < _INPUT.size:
        raise ProtocolError("input without its head")
    number, flags = _INPUT.unpack_from(body)
    data = body[_INPUT.size :]
    return Input(number, data, bool(flags & _URGENT), bool(flags & _HUMAN), bool(flags & _AGAIN))


def receipt_frame(number: int, size: int) -> bytes:
    """A RECEIPT frame."""
    return frame(Kind.RECEIPT, _RECEIPT.pack(number, size))


def read_receipt(body: bytes) -> tuple[int, int]:
    """The number of a piece, and how many bytes of it were taken."""
    if len(body) != _RECEIPT.size:
        raise ProtocolError("a receipt of the wrong length")
    number, size = _RECEIPT.unpack(body)
    return number, size


def return_frame(number: int, why: Return) -> bytes:
    """A RETURN frame."""
    return frame(Kind.RETURN, _RETURN.pack(number, why))


def read_return(body: bytes) -> tuple[int, Return]:
    """The number of a piece, and why it was not taken."""
    if len(body) != _RETURN.size:
        raise ProtocolError("a return of the wrong length")
    number, why = _RETURN.unpack(body)
    try:
        return number, Return(why)
    except ValueError as error:
        raise ProtocolError(f"a return of kind {why}") from error


def sight_frame(number: int, state: bytes) -> bytes:
    """A SIGHT frame, for the question of that number."""
    return frame(Kind.SIGHT, _SIGHT.pack(number) + state)


def read_sight(body: bytes) -> tuple[int, bytes]:
    """The number of the question, and the state."""
    if len(body) < _SIGHT.size:
        raise ProtocolError("a sight without its number")
    return _SIGHT.unpack_from(body)[0], body[_SIGHT.size :]


def read_hello(body: bytes) -> Hello:
    """The words of a HELLO frame; unknown ones are left out, so that newer interfaces are understood."""
    content = read_message(body)
    known = {name: content[name] for name in Hello.__slots__ if name in content}
    if any(type(value) is not type(getattr(Hello(0), name)) for name, value in known.items()):
        raise ProtocolError("a hello of odd values")
    if "want" not in known:
        raise ProtocolError("a hello that wants nothing")
    return Hello(**known)


def read_message(body: bytes) -> dict[str, Any]:
    """The JSON object of a frame."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:  # the latter for what is nested too deep
        raise ProtocolError("no JSON") from error
    if not isinstance(content, dict):
        raise ProtocolError("no JSON object")
    return content


class Frames:
    """Cuts a stream of bytes into frames, wherever it is split."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that are complete now, as kind and body. Raises ProtocolError."""
        self._waiting += data
        found, at = [], 0
        while at + _HEAD.size <= len(self._waiting):
            kind, length = _HEAD.unpack_from(self._waiting, at)
            if length > LARGEST:
                raise ProtocolError(f"a frame of {length} bytes")
            end = at + _HEAD.size + length
            if end > len(self._waiting):
                break
            found.append((kind, bytes(self._waiting[at + _HEAD.size : end])))
            at = end
        del self._waiting[:at]
        return found
