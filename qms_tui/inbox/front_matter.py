"""The front matter of an item: the texts of a flat YAML mapping, as far as they can be read.

The QMS writes it with PyYAML, which folds and quotes as it likes, so PyYAML reads it. Only its parser does:
nothing is constructed from a file, so a version stays the text `0.1`, and there are no tags to obey.

People and models write it too, often not quite as YAML. So it is read piece by piece: where the parser gives
up, the value on that line is taken as it is written, and reading goes on with the next line. A YAML bomb
needs an anchor on a collection, or an alias in one: nothing is read of a file, whole or broken, that has it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import yaml

LARGEST = 4096  # bytes of front matter: ten lines of the QMS are 400
MOST_NODES = 400  # keys, values and what is in them: nobody needs a hundred keys
MOST_BROKEN = 100  # lines at which the parser is started again
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is 20 times faster; a burst is 10,000 items
_FENCE = b"---"
_ENDS = (_FENCE, b"...")  # what ends a YAML document
_BOM = codecs.BOM_UTF8
_UTF_16 = tuple("\ufeff---".encode(name) for name in ("utf-16-le", "utf-16-be"))
_PROSE = "subject"  # written by people for people: what YAML calls a comment there is a part of it
_YAML_TYPES = [f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")]
# What YAML refuses, or takes for the end of a line where an editor shows none.
_UNREADABLE = re.compile("[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ENTRY = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*))?")


class _HostileError(Exception):
    """What must not be read at all, not even a part of it."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key and its value, None if that is not a text; `last` is the number of the last line of it."""

    key: str
    value: str | None
    last: int


def front_matter(content: bytes) -> Mapping[str, str]:
    """Keys, in small letters, and values at the top, as far as they are texts; {} for what is hostile."""
    block = _block(_as_utf8(content))
    if block is None:
        return {}
    lines = _UNREADABLE.sub("\ufffd", block.decode("utf-8", "replace")).split("\n")
    try:
        return {pair.key.casefold(): pair.value for pair in _readable(lines) if pair.value is not None}
    except _HostileError:
        return {}


def body(content: bytes) -> bytes:
    """What follows the front matter, in UTF-8; everything where there is none."""
    text = _as_utf8(content)
    block = _block(text)
    if block is None:
        return text
    rest = text.removeprefix(_BOM).replace(b"\r\n", b"\n").partition(b"\n")[2]
    return rest[len(block) :].lstrip(b"\n").partition(b"\n")[2]


def _as_utf8(content: bytes) -> bytes:
    """Windows calls UTF-16 `Unicode`, and marks it."""
    return content.decode("utf-16", "replace").encode() if content.startswith(_UTF_16) else content


def _block(content: bytes) -> bytes | None:
    """What stands between the first line `---` and the next one, or `...`."""
    head = content[: LARGEST + 2 * len(_FENCE) + 4].removeprefix(_BOM).replace(b"\r\n", b"\n")
    first, _, rest = head.partition(b"\n")
    if first.rstrip() != _FENCE:
        return None
    lines: list[bytes] = []
    for line in rest.split(b"\n"):
        if line.rstrip() in _ENDS:
            return b"\n".join(lines)
        lines.append(line)
    return None


def _readable(lines: Sequence[str]) -> Iterator[_Pair]:
    """Every pair; of an entry that is not YAML, its first line as it is written. Raises _HostileError."""
    nodes = iter(range(MOST_NODES))
    start = 0
    for _ in range(MOST_BROKEN):
        after = start
        try:
            for pair in _parsed(lines[start:], nodes):
                yield pair
                after = start + pair.last + 1
        except yaml.YAMLError:
            broken = _next_entry(lines, after)
            start = _next_entry(lines, broken + 1)
            yield from _alone(lines[broken:start], nodes)
        else:
            return
    raise _HostileError


def _next_entry(lines: Sequence[str], start: int) -> int:
    """The first line from there on that is neither blank nor a comment, nor goes on with the one before."""
    entries = (number for number in range(start, len(lines)) if lines[number][:1] not in ("", " ", "\t", "#"))
    return next(entries, len(lines))


def _alone(entry: Sequence[str], nodes: Iterator[int]) -> Iterator[_Pair]:
    """The pair of one entry, where something in it or behind it is not YAML."""
    try:
        yield from list(_parsed(entry, nodes))
    except yaml.YAMLError:
        if match := _ENTRY.fullmatch(entry[0]):
            yield _Pair(match[1], _as_written(match[2] or ""), 0)


def _as_written(text: str) -> str:
    """What a line says; half an emoji is JSON, and no YAML."""
    try:
        value = json.loads(text) if text.startswith('"') else text
    except (ValueError, RecursionError):
        value = text
    return str(value).strip()


def _parsed(lines: Sequence[str], nodes: Iterator[int]) -> Iterator[_Pair]:
    """What the parser makes of it; a pair comes when what follows has shown that it was whole.

    Raises YAMLError for what is not YAML, or no mapping, and _HostileError.
    """
    key: str | None = None
    pair: _Pair | None = None
    try:
        for event, last in _nodes("\n".join(lines), nodes):
            if pair is not None:
                yield pair
                pair = None
            if key is None:
                key = _key(event)
            else:
                pair, key = _Pair(key, _text(key, event, last, lines), last), None
    except yaml.MarkedYAMLError as error:
        if pair is not None and error.problem_mark is not None and error.problem_mark.line > pair.last:
            yield pair
        raise
    if pair is not None:
        yield pair


def _nodes(text: str, nodes: Iterator[int]) -> Iterator[tuple[yaml.NodeEvent, int]]:
    """The keys and values at the top of the mapping, as the events that they begin with, and where they end.

    Raises YAMLError for what is not YAML, or no mapping, and _HostileError.
    """
    depth = 0
    opened: yaml.NodeEvent | None = None
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if depth == 1 and opened is not None:
                yield opened, _mark(event.end_mark).line
        elif isinstance(event, yaml.NodeEvent):
            _check(event, depth, nodes)
            if depth == 1 and not isinstance(event, yaml.CollectionStartEvent):
                yield event, _last_line(event)
            if isinstance(event, yaml.CollectionStartEvent):
                opened = event if depth == 1 else opened
                depth += 1


def _check(event: yaml.NodeEvent, depth: int, nodes: Iterator[int]) -> None:
    """An anchor on a text is a slip of the pen, on a collection or in one it is the making of a bomb."""
    if next(nodes, None) is None:
        raise _HostileError
    if depth == 0 and not isinstance(event, yaml.MappingStartEvent):
        raise yaml.YAMLError("no mapping")
    if event.anchor is not None and (depth != 1 or isinstance(event, yaml.CollectionStartEvent)):
        raise _HostileError


def _last_line(event: yaml.NodeEvent) -> int:
    """A block of text ends where the next line begins."""
    start, end = _mark(event.start_mark), _mark(event.end_mark)
    return end.line - 1 if end.column == 0 and end.line > start.line else end.line


def _key(event: yaml.NodeEvent) -> str:
    """Raises _HostileError for what stands for something else; a key that is no text has no name."""
    if event.anchor is not None or (isinstance(event, yaml.ScalarEvent) and event.value == "<<"):
        raise _HostileError
    return event.value if isinstance(event, yaml.ScalarEvent) else ""


def _text(key: str, event: yaml.NodeEvent, last: int, lines: Sequence[str]) -> str | None:
    """A value; what YAML takes for a sign of its own before or behind it is a part of the text."""
    start = _mark(event.start_mark)
    written = "".join(lines[start.line : last + 1])[start.column :].strip() if start.line == last else None
    if isinstance(event, yaml.AliasEvent):
        return written
    if not isinstance(event, yaml.ScalarEvent):
        return None
    if event.anchor is not None or event.tag not in (None, "!", *_YAML_TYPES):
        return written
    is_prose = key.casefold() == _PROSE and not event.style and event.tag is None
    return written if is_prose and written is not None else event.value


def _mark(mark: object) -> yaml.Mark:
    """Every event has its marks; those of libyaml are of a class of its own, with the same fields."""
    assert mark is not None
    return cast(yaml.Mark, mark)
