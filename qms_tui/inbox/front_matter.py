"""The front matter of an item: the texts of a flat YAML mapping.

The QMS writes it with PyYAML, which folds and quotes as it likes, so PyYAML reads it. Only its parser does:
nothing is constructed from a file, so a version stays the text `0.1`, and there are no tags to obey. A YAML
bomb needs an alias, and at the first one (or an anchor) reading ends with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

LARGEST = 4096  # bytes of front matter: ten lines of the QMS are 400
MOST_EVENTS = 400  # of the parser: nobody needs a hundred keys
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is 20 times faster; a burst is 10,000 items
_FENCE = b"---"


def front_matter(content: bytes) -> Mapping[str, str]:
    """Keys and values at the top, as far as they are scalars; {} for what is broken, too large or hostile."""
    block = _block(content)
    if block is None:
        return {}
    try:
        return dict(_pairs(block.decode("utf-8")))
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: not UTF-8, or hostile escapes
        return {}


def body(content: bytes) -> bytes:
    """What follows the front matter; everything where there is none."""
    block = _block(content)
    if block is None:
        return content
    rest = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").partition(b"\n")[2]
    return rest[len(block) :].lstrip(b"\n").partition(b"\n")[2]


def _block(content: bytes) -> bytes | None:
    """What stands between the first line `---` and the next one."""
    head = content[: LARGEST + 2 * len(_FENCE) + 4].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    first, _, rest = head.partition(b"\n")
    if first.rstrip() != _FENCE:
        return None
    lines: list[bytes] = []
    for line in rest.split(b"\n"):
        if line.rstrip() == _FENCE:
            return b"\n".join(lines)
        lines.append(line)
    return None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Raises ValueError for what is no mapping, has anchors or aliases, or too much of anything."""
    depth, key = 0, None
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if count > MOST_EVENTS or getattr(event, "anchor", None) is not None:
            raise ValueError("more than front matter needs")
        if isinstance(event, yaml.CollectionStartEvent):
            if depth == 0 and not isinstance(event, yaml.MappingStartEvent):
                raise ValueError("no mapping")
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if depth == 1:
                key = None  # a nested value: its key goes with it
        elif isinstance(event, yaml.ScalarEvent) and depth == 1:
            if key is None:
                key = event.value
            else:
                yield key, event.value
                key = None
