"""JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one JSON text a line in UTF-8, on a stream socket.

Deviations: no batches; a client sends no notifications; an error's `data` is an object with a `hint`.
Fields that are not known are ignored, missing ones have their defaults, and nothing of another type ever
gets into a value. Numbers that JSON does not have (NaN, infinities) become null, so values have none.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast

import msgspec

from qms_tui.api.deltas import NAMES, News
from qms_tui.api.errors import ApiError, ErrorCode

LONGEST_REQUEST = 1024 * 1024  # bytes of a line to the daemon: a message that a human writes is far shorter
LONGEST_ANSWER = 32 * 1024 * 1024  # bytes of a line to a client: a snapshot's items alone can be 10 MB
T = TypeVar("T")
Id = int | str


class _Hint(msgspec.Struct, frozen=True):
    hint: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int
    message: str
    data: _Hint = _Hint()


class _Message(msgspec.Struct, frozen=True):
    jsonrpc: Literal["2.0"]
    id: Id | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Error | None = None


class Request(msgspec.Struct, frozen=True):
    """What a client asks for; `parameters` are JSON still."""

    id: Id
    method: str
    parameters: bytes


class Answer(msgspec.Struct, frozen=True):
    """To a request: `result` is JSON still. The id of what could not be read as a request is None."""

    id: Id | None
    result: bytes | ApiError


class Notification(msgspec.Struct, frozen=True):
    """What comes without a request; `parameters` are JSON still."""

    method: str
    parameters: bytes


def request(id: Id, method: str, parameters: object) -> bytes:
    """A line to the daemon."""
    return encode({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters})


def answer(id: Id, result: object) -> bytes:
    """A line to a client."""
    return encode({"jsonrpc": "2.0", "id": id, "result": result})


def refusal(id: Id | None, error: ApiError) -> bytes:
    """A line to a client, in place of a result."""
    said = {"code": int(error.code), "message": error.message, "data": {"hint": error.hint}}
    return encode({"jsonrpc": "2.0", "id": id, "error": said})


def notification(news: News) -> bytes:
    """A line to a client that has subscribed."""
    return encode({"jsonrpc": "2.0", "method": NAMES[type(news)], "params": news})


def encode(value: object) -> bytes:
    """A value as a line. Halves of surrogate pairs, which no JSON in UTF-8 has, become `?`."""
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "replace") + b"\n"


def decode(kind: type[T], data: bytes) -> T:
    """JSON as a value of this type, and of no other. Raises ApiError, which says where it is wrong."""
    try:
        value: T = _decoder(cast(Any, kind)).decode(data)
    except msgspec.ValidationError as error:
        raise ApiError(ErrorCode.WRONG_PARAMETERS, str(error), "see the schema") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ApiError(ErrorCode.NOT_JSON, f"not JSON: {error}") from error
    return value


def read_request(line: bytes) -> Request:
    """What a client sends. Raises ApiError."""
    message = _read(line)
    if message.method is None or message.id is None:
        raise ApiError(ErrorCode.NOT_A_REQUEST, "a request has a method and an id")
    return Request(message.id, message.method, bytes(message.params))


def read_reply(line: bytes) -> Answer | Notification:
    """What a daemon sends. Raises ApiError."""
    message = _read(line)
    if message.method is not None and message.id is None:
        return Notification(message.method, bytes(message.params))
    if (error := message.error) is not None:
        return Answer(message.id, ApiError(error.code, error.message, error.data.hint))
    if isinstance(message.result, msgspec.UnsetType) or message.id is None:
        raise ApiError(ErrorCode.NOT_A_REQUEST, "an answer has an id, and a result or an error")
    return Answer(message.id, bytes(message.result))


def _read(line: bytes) -> _Message:
    try:
        return decode(_Message, line)
    except ApiError as error:
        if error.code == ErrorCode.WRONG_PARAMETERS:
            raise ApiError(ErrorCode.NOT_A_REQUEST, f"not JSON-RPC 2.0: {error.message}") from error
        raise


@lru_cache
def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
