"""A paste that is one path, as terminals write it when a file is dropped on them. Pure, but for who is asked.

Plain, in quotes, with escaped blanks, as a file:// address; with or without a blank or a line's end behind.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import Struct

LONGEST = 4096 * 3 + 64  # bytes: a path of the longest kind, with each byte escaped
_UNSAFE = re.compile(r"([^\w@%+=:,./~-])")
_DOUBLE = re.compile(r"\\([$`])")  # which shlex leaves as they are, unlike shells
_IN_DOUBLE = re.compile(r'([\\"$`])')

Inside = Callable[[str], str | None]
"""Where a path of this machine is seen by the program; None if it is not there, or not seen."""


class Replaced(Struct, frozen=True):
    """What the program gets instead, and the path in it for the human."""

    data: bytes
    path: str


def replace_path(data: bytes, inside: Inside) -> Replaced | None:
    """The paste with the path inside, written the same way; None unless it is one path that is seen there."""
    if len(data) > LONGEST or b"/" not in data:
        return None
    text = os.fsdecode(data)
    body = text.strip(" \t\r\n")
    if not body or any(ord(c) < 0x20 or c == "\x7f" for c in body):
        return None
    for path, write in _readings(body):
        if not path.startswith("/"):
            continue
        found = inside(path)
        if found is not None:
            head, _, tail = text.partition(body)
            return Replaced(os.fsencode(f"{head}{write(found)}{tail}"), found)
    return None


def _readings(body: str) -> Iterator[tuple[str, Callable[[str], str]]]:
    """What path it may be, with how to write another one the same way; as it stands comes first."""
    yield os.path.expanduser(body) if body.startswith("~/") else body, str
    if body[:5].lower() == "file:":
        if path := _of_address(body):
            yield path, str
        return
    try:
        words = shlex.split(body)
    except ValueError:
        return
    if len(words) == 1 and words[0] != body:
        word = _DOUBLE.sub(r"\1", words[0]) if body[0] == '"' else words[0]
        yield word, _WRITTEN.get(body[0], _escaped)


def _of_address(address: str) -> str:
    """The path of a file:// address of this machine; empty for another's, or what is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.query or parts.fragment or parts.netloc.lower() not in _here():
        return ""
    path = os.fsdecode(unquote_to_bytes(parts.path))
    return "" if "\0" in path else path


def _here() -> tuple[str, ...]:
    name = socket.gethostname().lower()
    return ("", "localhost", name, name.partition(".")[0])


def _escaped(path: str) -> str:
    return _UNSAFE.sub(r"\\\1", path)


_WRITTEN: dict[str, Callable[[str], str]] = {
    "'": lambda path: "'" + path.replace("'", "'\\''") + "'",
    '"': lambda path: '"' + _IN_DOUBLE.sub(r"\\\1", path) + '"',
}
