"""What of Claude Code's record of a conversation may go to another place: who said what, and nothing else.

A record is more than that: the client takes the permission mode and the whole system prompt from it when it
goes on with it (seen with its version 2.1.330: with `acceptEdits` written there, a command ran unasked). So
each line is built from a few fields of messages only, and messages are linked past what is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

LONGEST_LINE = 8 * 2**20  # bytes; a message with pictures in it has a few million
MOST_LINES = 200_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_TIME = re.compile(r"[0-9TZ:.+-]{10,40}", re.ASCII)
_VERSION = re.compile(r"[0-9.]{1,20}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_.:<>-]{1,100}", re.ASCII)
_SPEAKERS = ("user", "assistant")
_MARKS = ("isMeta", "isCompactSummary", "isVisibleInTranscriptOnly")


def plain_lines(stream: BinaryIO, session: str, cwd: str) -> Iterator[bytes]:
    """The messages of a record, as lines of one of this session in `cwd`."""
    parents: dict[str, str | None] = {}
    kept: set[str] = set()
    last: str | None = None
    for line in _lines(stream):
        uuid, parent = line.get("uuid"), line.get("parentUuid")
        if not isinstance(uuid, str) or not _UUID.fullmatch(uuid) or uuid in parents:
            continue
        parents[uuid] = parent if isinstance(parent, str) else None
        message = _message(line)
        if message is None:
            continue
        before = _kept_before(uuid, parents, kept, last)
        said = {"parentUuid": before, "uuid": uuid, "sessionId": session, "cwd": cwd, **message}
        yield json.dumps(said, separators=(",", ":")).encode() + b"\n"  # as the client writes it
        kept.add(uuid)
        last = uuid


def _kept_before(
    uuid: str, parents: Mapping[str, str | None], kept: set[str], last: str | None
) -> str | None:
    """The message that it follows; the last one if the way there leads through what cannot be read."""
    seen = {uuid}
    before = parents[uuid]
    while before is not None and before not in kept:
        if before in seen or before not in parents:
            return last
        seen.add(before)
        before = parents[before]
    return before


def _lines(stream: BinaryIO) -> Iterator[Mapping[str, Any]]:
    """Its lines as far as they make sense."""
    for _ in range(MOST_LINES):
        line = stream.readline(LONGEST_LINE)
        if not line:
            return
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _message(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was said; None for everything else, and for what subagents said among themselves."""
    speaker, said = line.get("type"), line.get("message")
    if speaker not in _SPEAKERS or not isinstance(said, dict) or line.get("isSidechain") is not False:
        return None
    content = said.get("content")
    if said.get("role") != speaker or not isinstance(content, str | list):
        return None
    message = {"role": speaker, "content": content}
    if speaker == "assistant":
        words = {name: said.get(name) for name in ("id", "model", "stop_reason")}
        message |= {"type": "message"} | {n: word for n, word in words.items() if _fits(_WORD, word)}
    times = {"timestamp": (_TIME, line.get("timestamp")), "version": (_VERSION, line.get("version"))}
    return {
        "type": speaker,
        "isSidechain": False,
        "userType": "external",
        "message": message,
        **{name: value for name, (pattern, value) in times.items() if _fits(pattern, value)},
        **{mark: True for mark in _MARKS if line.get(mark) is True},
    }


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
