"""What Claude Code's own files in a project would do, in lines for people: PURE."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from qms_tui.printable import plain

LONGEST_VALUE = 160  # characters of one value
MOST_LINES = 200  # of one file; what is behind them is counted
MOST_DEPTH = 12
# What a definition's front matter may say that reaches further than words for the model.
_REACHING = re.compile(rb"^(hooks|mcpServers|permissionMode|tools|initialPrompt)[ \t]*:", re.MULTILINE)
_FENCE = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)


def effects(content: bytes) -> tuple[str, ...]:
    """Each value of a JSON file with the keys that lead to it: `hooks.SessionStart.hooks.command = "..."`."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError):
        return ("is not JSON: what the client makes of it is not known",)
    lines = list(_leaves(document, (), MOST_DEPTH))
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *((f"... and {more} more values",) if more > 0 else ()))


def reaching(definition: bytes) -> tuple[str, ...]:
    """The keys of a definition's front matter that the client obeys when it runs it as a subagent."""
    block = _FENCE.search(definition)
    return tuple(key.decode() for key in _REACHING.findall(block[1])) if block else ()


def _leaves(value: object, keys: tuple[str, ...], depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*keys, key), depth - 1)
    elif depth and isinstance(value, list) and value:
        for inner in value:
            yield from _leaves(inner, keys, depth - 1)
    else:
        yield f"{plain('.'.join(keys))} = {_shortened(value)}"


def _shortened(value: object) -> str:
    text = plain(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "..."
