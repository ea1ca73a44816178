"""JSON-RPC messages as MCP has them: what kind, what errors, and the agent's identity in them. Pure.

What agents say is read strictly: UTF-8, and JSON as RFC 8259 has it, so not NaN and not numbers beyond a
double. What servers say is mended: such a number becomes null, as JavaScript writes it, because the answer
has an agent that waits for it. Half a surrogate pair becomes U+FFFD in either direction, and of a key that
comes twice the last one counts: what leaves us is always our own writing, so nobody reads it differently.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

Message = dict[str, Any]

IDENTITY = "qms-tui/agent"  # in `_meta`: which agent asks
OURS = "qms-tui/"  # what begins so in `_meta` is ours to say
INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32600, -32601, -32602
UNREACHABLE = -32010  # it certainly did not run
MAYBE_RUN = -32011  # it may have run, so it was not tried again
TOO_MUCH = -32013  # an agent has too much in flight
INTERNAL_ERROR = -32603
MOST_VALUES = 200_000  # in a message; its text is read while everybody waits, 0.2 us a value
MOST_AT_ONCE = 512 * 1024  # bytes of `weight`: a millisecond or two; what is more is read elsewhere
VALUE_SIZE = 200  # bytes of memory that a value takes beside its text: an empty object with its place
_ID_FIRST = re.compile(rb'\{"jsonrpc": ?"2\.0", ?"id": ?([0-9]{1,15}), ?"(?:result|error)"')
_ID_LAST = re.compile(rb'"id": ?([0-9]{1,15})\}\s*\Z')
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[{,"))  # each value comes behind one of these
LISTS: Mapping[str, str] = MappingProxyType(
    {
        "tools/list": "tools",
        "prompts/list": "prompts",
        "resources/list": "resources",
        "resources/templates/list": "resourceTemplates",
    }
)
CHANGED = tuple(f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources"))
HARMLESS = frozenset(  # to run them twice changes nothing
    {
        *LISTS,
        "initialize",
        "ping",
        "resources/read",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
    }
)


class NotDelivered(Exception):
    """The server certainly did not get a message."""


class Interrupted(Exception):
    """Nobody knows whether the server got a message, or what became of it."""


class NoObject(ValueError):
    """JSON that is not a message; `value` is what it is."""

    def __init__(self, value: object) -> None:
        batch = isinstance(value, list)
        super().__init__("it is a batch, which MCP does not have" if batch else "it is not an object")
        self.value = value


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A large value as text of ours, in pieces; `fields` has what the gateway looks at of it."""

    pieces: tuple[bytes, ...]
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class OpenParams:
    """Large parameters of a client, in pieces until where our members of `_meta` come."""

    pieces: tuple[bytes, ...]
    fields: Mapping[str, Any]
    token: str | int | None = None

    def closed(self, own: Message) -> Encoded:
        """With these members of `_meta`, at least one."""
        return Encoded((*self.pieces, encoded(own)[1:] + b"}"), self.fields)


def field(params: object, name: str) -> Any:
    """A member of parameters, however they are kept; None if it is not there."""
    if isinstance(params, Encoded | OpenParams):
        return params.fields.get(name)
    return params.get(name) if isinstance(params, dict) else None


def is_request(message: Message) -> bool:
    """Whether it asks for an answer."""
    return "method" in message and message.get("id") is not None


def error(code: int, text: str) -> Message:
    """The error half of an answer."""
    return {"error": {"code": code, "message": text}}


def answer_of(message: Message) -> Message:
    """What of an answer is the same under any id."""
    if isinstance(message.get("error"), dict | Encoded):
        return {"error": message["error"]}
    if "result" in message:
        return {"result": message["result"]}
    return error(INVALID_REQUEST, "the answer has neither result nor error")


def complaint(answer: Message) -> Message:
    """The error of an answer, as far as it can be looked at; empty if there is none."""
    found = answer.get("error")
    return found if isinstance(found, dict) else {}


def request(number: int, method: str, params: Message | Encoded) -> Message:
    """A request of ours."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def notification(method: str, params: Message | Encoded | None = None) -> Message:
    """A message that nobody answers."""
    return {"jsonrpc": "2.0", "method": method, **({"params": params} if params is not None else {})}


def forwarded(params: object, agent: str, token: int | None = None) -> Message | Encoded:
    """`identified` parameters, however they are kept."""
    if isinstance(params, OpenParams):
        return params.closed({IDENTITY: agent, **({"progressToken": token} if token is not None else {})})
    return identified(params, agent, token)


def identified(params: object, agent: str, token: int | None = None) -> Message:
    """Parameters with this agent's identity, whatever they said; `token` replaces the progress token."""
    given = dict(params) if isinstance(params, dict) else {}
    meta = given.get("_meta")
    kept = (
        {key: value for key, value in meta.items() if not key.startswith(OURS)}
        if isinstance(meta, dict)
        else {}
    )
    if token is not None:
        kept["progressToken"] = token
    return {**given, "_meta": {**kept, IDENTITY: agent}}


def progress_token(params: object) -> str | int | None:
    """By which the client wants to hear how far a request is; None if it does not."""
    if isinstance(params, OpenParams):
        return params.token
    meta = params.get("_meta") if isinstance(params, dict) else None
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return token if isinstance(token, str | int) else None


def key_of(request_id: object) -> str:
    """Ids that differ, 1 and "1" too, give keys that differ; 1 and 1.0 are the same number."""
    if isinstance(request_id, float) and request_id.is_integer():
        return json.dumps(int(request_id))
    return json.dumps(request_id)


def number_of(request_id: object) -> int:
    """One of our numbers, also for what no server should say; 0 is none."""
    if isinstance(request_id, float) and request_id.is_integer():
        return int(request_id)
    return request_id if type(request_id) is int else 0


def encoded(message: Message) -> bytes:
    """As one line of valid UTF-8, without its end. Raises ValueError for what JSON cannot say."""
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("nested too deep") from None
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: text that was cut inside an emoji
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def pieces_of(message: Message) -> tuple[bytes, ...]:
    """The same, in pieces: a large value is not copied. Raises ValueError."""
    key = next((key for key, value in message.items() if isinstance(value, Encoded)), None)
    if key is None:
        return (encoded(message),)
    rest = encoded({other: value for other, value in message.items() if other != key})
    return rest[:-1] + b',"%s":' % key.encode(), *message[key].pieces, b"}"


def is_large(pieces: Sequence[bytes]) -> bool:
    """Whether reading this line would take long enough for others to notice."""
    size = sum(map(len, pieces))
    return size > MOST_AT_ONCE or size + sum(map(structure, pieces)) * VALUE_SIZE > MOST_AT_ONCE


def weight(line: bytes | bytearray) -> int:
    """Bytes of memory that a line and what it says take. Raises ValueError if it says too much to be read.

    Counting is much cheaper than reading: a second's reading is `{},` five million times, 16 MB.
    """
    count = structure(line)
    if count > MOST_VALUES:  # text has commas, too: 16 MB of source code is one value
        count = structure(_without_text(line))
    if count > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES} values in a message")
    return len(line) + count * VALUE_SIZE


def structure(line: bytes | bytearray) -> int:
    """How many values a line has at most, or how many a part of it has."""
    return len(line.translate(None, _NOT_STRUCTURE))


class ValueCount:
    """How many values the pieces of a line have, before all of it has come."""

    def __init__(self) -> None:
        self.values = 0
        self._in_text = self._escaped = False

    def add(self, piece: bytes) -> None:
        """What comes next. Raises ValueError if that is too much."""
        plain = piece[self._escaped :].replace(b"\\\\", b"").replace(b'\\"', b"")
        self._escaped = plain.endswith(b"\\") if plain else self._escaped and not piece
        parts = plain.split(b'"')
        self.values += structure(b"".join(parts[self._in_text :: 2]))
        self._in_text ^= len(parts) % 2 == 0
        if self.values > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES} values in a message")


def _without_text(line: bytes | bytearray) -> bytes:
    """A line without what its strings say. Raises ValueError for more strings than are values."""
    plain = line.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * MOST_VALUES:  # two for a value, two for its key
        raise ValueError(f"more than {MOST_VALUES} values in a message")
    return b"".join(plain.split(b'"')[::2])


def answered_by(line: bytes) -> int | None:
    """Which request of ours this answers, without reading it; None if only reading it tells.

    What stands first, and what stands before the line's last brace, belongs to the message itself.
    """
    found = _ID_FIRST.match(line)
    if found is None and line.startswith((b'{"result"', b'{"error"')):
        found = _ID_LAST.search(line, max(len(line) - 40, 0))
    return int(found[1]) if found else None


def decoded(line: bytes | bytearray) -> Message:
    """A line's message, after `weight`. Raises ValueError for anything but an object, however deep it is."""
    return _object(line, _refuse)


def mended(line: bytes | bytearray) -> Message:
    """The same, with null for numbers that JSON does not have."""
    return _object(line, lambda _text: None)


def _object(line: bytes | bytearray, odd: Callable[[str], float | None]) -> Message:
    try:
        message = json.loads(line.decode(), parse_constant=odd, parse_float=partial(_number, odd))
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(message, dict):
        raise NoObject(message)
    return message


def _number(odd: Callable[[str], float | None], text: str) -> float | None:
    found = float(text)
    return found if math.isfinite(found) else odd(text)


def _refuse(text: str) -> float:
    raise ValueError(f"{text[:20]} is not a number in JSON")
