"""What Claude Code's own files in a project would do, in lines for people: PURE."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

from qms_tui.text.printable import plain

LONGEST_KEYS, LONGEST_VALUE = 120, 160  # characters of the keys that lead to a value; of the value
MOST_LINES = 200  # of one file
MOST_DEPTH = 12
# What a definition's front matter may say that reaches further than words for the model.
_REACHING = re.compile(rb"^(hooks|mcpServers|permissionMode|tools|initialPrompt)[ \t]*:", re.MULTILINE)
_OPEN = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_FENCE = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)


def effects(content: bytes) -> tuple[str, ...]:
    """Each value of a JSON file with the keys that lead to it: `hooks.SessionStart.hooks.command = "..."`."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError):
        return ("is not JSON: what the client makes of it is not known",)
    lines = list(islice(_leaves(document, (), MOST_DEPTH), MOST_LINES + 1))
    return (*lines[:MOST_LINES], *(("... and more values",) if len(lines) > MOST_LINES else ()))


def reaching(definition: bytes) -> tuple[str, ...]:
    """The keys of a definition's front matter that the client obeys when it runs it as a subagent.

    `definition` is its beginning; a front matter that goes on behind it may hold anything.
    """
    block = _FENCE.search(definition)
    if block is None and _OPEN.match(definition):
        return ("more than can be looked at",)
    return tuple(key.decode() for key in _REACHING.findall(block[1])) if block else ()


def _leaves(value: object, keys: tuple[str, ...], depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, key), depth - 1)
    elif depth and isinstance(value, list) and value:
        for inner in value:
            yield from _leaves(inner, keys, depth - 1)
    else:
        text = json.dumps(value, ensure_ascii=False)
        yield f"{_shortened('.'.join(keys), LONGEST_KEYS)} = {_shortened(text, LONGEST_VALUE)}"


def _shortened(text: str, most: int) -> str:
    return plain(text if len(text) <= most else text[:most] + "...")
