"""A server's reply: what is wrong with one, and which request it belongs to if it cannot be read. Pure.

Ids are numbers of ours, compared as JSON-RPC clients do: 1.0 is 1, "1" and true are not. Servers print more
than messages: what looks like a line of a log answers nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from qms_tui.mcp.jsonrpc import Encoded, Message, complaint, number_of

LONGEST_WORDS, LONGEST_NAME = 200, 60  # characters of what a server said that are repeated
_ID = rb'"id"\s*:\s*([0-9]{1,15})(?:\.0+)?\s*'
_ID_FIRST = re.compile(rb'\s*[\[{]+\s*(?:"jsonrpc"\s*:\s*"[^"]{0,9}"\s*,\s*)?' + _ID + rb"[,}]")
_ID_LAST = re.compile(_ID + rb'(?:,\s*"jsonrpc"\s*:\s*"[^"]{0,9}"\s*)?[\]}]*\s*\Z')
_ID_ANYWHERE = re.compile(rb"(?<!\\)" + _ID + rb"[,}]")
_CALL = re.compile(rb'\s*\{\s*(?:"(?:jsonrpc|id)"\s*:\s*(?:"[^"]{0,99}"|[0-9.]{1,20})\s*,\s*){0,2}"method"')
# An object as Python, JavaScript or somebody who writes it in many lines prints it.
_LOGGED_OBJECT = re.compile(rb"\{\s*(?:\}?\s*\Z|'|[\w$]+\s*:)")


class Unreadable(ValueError):
    """A reply came, and cannot be taken. The server is there: that is between it and one client."""


def reason_of(problem: ValueError) -> str:
    """Why text is not a message, in words."""
    if isinstance(problem, UnicodeDecodeError):
        return f"it is not UTF-8: {problem}"
    if isinstance(problem, json.JSONDecodeError):
        return f"it is not JSON: {problem}"
    return str(problem)


def is_reply(message: Message) -> bool:
    """Whether it answers something, rightly or not; an object of a log does not."""
    return "method" not in message and ("jsonrpc" in message or ("id" in message and _answers(message)))


def check_reply(message: Message) -> None:
    """Raise Unreadable unless the client that waits can take it; null for what is not there is fine."""
    check_form(message)
    if message.get("error") is not None:
        _check_error(message["error"])


def check_form(message: Message) -> None:
    """The same, whatever its result or error is."""
    if not _answers(message):
        raise Unreadable("it has neither a result nor an error")
    if message.get("jsonrpc") != "2.0":
        raise Unreadable('it lacks "jsonrpc": "2.0"')
    if message.get("result") is not None and message.get("error") is not None:
        raise Unreadable("it has both a result and an error")


def _answers(message: Message) -> bool:
    return "result" in message or "error" in message


def _check_error(failure: object) -> None:
    if isinstance(failure, Encoded):
        return  # checked where it was read
    if not isinstance(failure, dict):
        raise Unreadable("its error is not an object")
    if type(failure.get("code")) is not int or not isinstance(failure.get("message"), str):
        raise Unreadable(f"its error lacks a code or a message: {json.dumps(failure)[:LONGEST_WORDS]}")


def wrong_id(message: Message) -> str:
    """What is wrong with a reply whose id is nobody's; its own words, if it is an error."""
    said = str(complaint(message).get("message", ""))[:LONGEST_WORDS]
    name = json.dumps(message["id"])[:LONGEST_NAME] if "id" in message else "missing"
    return f"its id is {name}" + (f": {said}" if said else "")


def claimed_by(message: Message) -> list[int]:
    """Our numbers that a reply with an id of a wrong kind may mean."""
    found = message.get("id")
    return [int(found)] if isinstance(found, str) and found.isascii() and found.isdigit() else []


def is_broken_reply(text: bytes) -> bool:
    """Whether a line that cannot be read was to answer something: logs and requests do not."""
    text = _as_ascii(text).strip()
    if _CALL.match(text) is not None:
        return False
    if b"jsonrpc" in text or (b'"id"' in text and (b'"result"' in text or b'"error"' in text)):
        return True
    return text.startswith(b"{") and _LOGGED_OBJECT.match(text) is None


def numbers_in(text: bytes, waiting: Collection[int]) -> list[int]:
    """Which of the numbers that wait a line claims that cannot be read; what stands outermost counts most."""
    text = _as_ascii(text)
    for pattern in (_ID_FIRST.match, _ID_LAST.search):
        found = pattern(text)
        if found is not None and int(found[1]) in waiting:
            return [int(found[1])]
    return sorted({int(found) for found in _ID_ANYWHERE.findall(text)} & set(waiting))


def _as_ascii(text: bytes) -> bytes:
    """What can be told of it in UTF-16 as well, and behind a byte order mark."""
    return text.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")


def batch_numbers(batch: object) -> list[int]:
    """Which of our numbers a batch answers: no part of it is taken."""
    each_of = batch if isinstance(batch, list) else []
    return [number_of(each.get("id")) for each in each_of if isinstance(each, dict) and is_reply(each)]
