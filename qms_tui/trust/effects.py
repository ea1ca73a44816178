"""What a program's settings in a project would do, in lines for people: PURE."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from qms_tui.text.printable import plain

LONGEST_KEYS, LONGEST_VALUE = 120, 160  # characters of the keys that lead to a value; of the value
MOST_LINES = 200  # of one file
MOST_DEPTH = 12


def effects(content: bytes) -> tuple[str, ...]:
    """Each value of a JSON file with the keys that lead to it: `hooks.SessionStart.hooks.command = "..."`."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError):
        return ("is not JSON: what the client makes of it is not known",)
    lines = list(islice(_leaves(document, (), MOST_DEPTH), MOST_LINES + 1))
    return (*lines[:MOST_LINES], *(("... and more values",) if len(lines) > MOST_LINES else ()))


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
