"""JSON-RPC messages as MCP has them: what kind, what errors, and the agent's identity in them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Message = dict[str, Any]

IDENTITY = "qms-tui/agent"  # in `_meta`: which agent asks
OURS = "qms-tui/"  # what begins so in `_meta` is ours to say
INVALID_REQUEST, METHOD_NOT_FOUND = -32600, -32601
UNREACHABLE = -32010  # it certainly did not run
MAYBE_RUN = -32011  # it may have run, so it was not tried again
TOO_MUCH = -32013  # an agent has too much in flight
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


def is_request(message: Message) -> bool:
    """Whether it asks for an answer."""
    return "method" in message and message.get("id") is not None


def error(code: int, text: str) -> Message:
    """The error half of an answer."""
    return {"error": {"code": code, "message": text}}


def answer_of(message: Message) -> Message:
    """What of an answer is the same under any id."""
    if "result" in message:
        return {"result": message["result"]}
    if isinstance(message.get("error"), dict):
        return {"error": message["error"]}
    return error(INVALID_REQUEST, "the server's answer has neither result nor error")


def request(number: int, method: str, params: Message) -> Message:
    """A request of ours."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def notification(method: str, params: Message | None = None) -> Message:
    """A message that nobody answers."""
    return {"jsonrpc": "2.0", "method": method, **({"params": params} if params is not None else {})}


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
    meta = params.get("_meta") if isinstance(params, dict) else None
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return token if isinstance(token, str | int) else None


def key_of(request_id: object) -> str:
    """Ids that differ, 1 and "1" too, give keys that differ."""
    return json.dumps(request_id)


def encoded(message: Message) -> bytes:
    """As one line, without its end."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decoded(line: bytes | str) -> Message:
    """A line's message. Raises ValueError for anything but an object, however deep or long it is."""
    try:
        message = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(message, dict):
        raise ValueError("no object")
    return message
