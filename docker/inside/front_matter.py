"""The front matter of an inbox item: the texts of a flat YAML mapping, as far as they can be read.

This module runs on both sides: in containers, and on the host as qms_tui/inbox/front_matter.py, a link to it.
So it needs nothing but the standard library of Python 3.9.

The QMS writes the block with PyYAML, which folds and quotes as it likes; people and models write it too,
often not quite as YAML. What is read, entry by entry:

- `key: value` at the block's left edge. A value that is not YAML is taken as it is written in its first line,
  and reading goes on with the next entry. A line that is no entry is passed over.
- Plain, quoted and block texts, also over several lines. The value is one line: where the file breaks it
  stands a space. Nothing is constructed: a version stays the text `0.1`, and tags are not obeyed.
- Lists and mappings are passed over, with all that stands in them. So are keys that are neither a word nor
  some words, and a block that is one mapping in braces.

A YAML bomb needs an anchor on a collection, or an alias in one: nothing is read of a file that has it.
"""

from __future__ import annotations

import codecs
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

LARGEST = 4096  # bytes of front matter: ten lines of the QMS are 400
MOST_ENTRIES = 200  # nobody needs a hundred keys
MOST_DEPTH = 20  # lists in lists: without a bound each open one is looked through for each entry
_FENCE = b"---"
_ENDS = (_FENCE, b"...")  # what ends a YAML document
_BOM = codecs.BOM_UTF8
_UTF_16 = tuple("\ufeff---".encode(name) for name in ("utf-16-le", "utf-16-be"))
_PROSE = "subject"  # written by people for people: what YAML calls a comment there is a part of it
_TYPES = ("!", *(f"!!{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")))
# What YAML refuses, or takes for the end of a line where an editor shows none.
_UNREADABLE = re.compile("[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ENTRY = re.compile(
    r"""(?P<quote>["']?)(?P<key>[A-Za-z_][\w-]*(?:[ ][\w-]+)*)(?P=quote)[ \t]*:(?:[ \t]+(?P<value>.*))?"""
)
_HOSTILE_KEY = re.compile(r"(?:<<[ \t]*|[&*][\w-]+(?:[ \t][^:]*)?):(?:[ \t]|$)")
_HOSTILE_NODE = re.compile(r"(?:^|[\[{,:]|[-?][ \t])[ \t]*[&*][\w-]+(?=[\s,\]}?:%@`]|$)", re.MULTILINE)
_NESTED = re.compile(  # how a list or a mapping begins that stands below its key
    r"""[-?](?:[ \t\n]|$) | [&*]
    | (?:"(?:[^"\\\n]|\\.)*"[ \t]* | '[^'\n]*'[ \t]* | [^"'\#!|>\[\]{}%@`,\n][^\n]*?) :(?:[ \t\n]|$)""",
    re.VERBOSE,
)
_PROPERTIES = re.compile(r"(?:[&!][^ \t\n]*(?:[ \t]+|(?=\n)|$))+")
_BLANK = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*")  # lines in which nothing stands
_BLOCK = re.compile(r"[|>][-+]?[1-9]?[-+]?[ \t]*(?:[ \t]#.*)?")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_FLOW = re.compile(
    r"""[ \t\n]+ | \#[^\n]* | "(?:[^"\\]|\\.)*" | '(?:[^']|'')*' | (?P<bracket>[\[\]{}]) | [,:]
    | (?:(?!:[ \t\n])[^\[\]{},\n"'@`%\ \t#])(?:(?!:[ \t\n])[^\[\]{},\n])*""",
    re.VERBOSE | re.DOTALL,
)
_BRACKETS = {"[": "]", "{": "}"}
_BREAK = re.compile(r"\n[ \t\n]*")
_ESCAPE = re.compile(r"\\(?:x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|U[\dA-Fa-f]{8}|\n[ \t\n]*|.)|\n[ \t\n]*", re.DOTALL)
_ESCAPES = dict(zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029'))
_COMMENT = re.compile(r"(?:^|[ \t])#.*", re.MULTILINE)
_SIGNS = re.compile(r"[,\[\]{}#&*!|>'\"%@`]|[-?:](?:[ \t]|$)")  # no plain text begins so


class _HostileError(Exception):
    """What must not be read at all, not even a part of it."""


class _BrokenError(Exception):
    """A value that is not YAML."""


def front_matter(content: bytes) -> dict[str, str]:
    """Keys, in small letters, and values at the top, as far as they are texts; {} for what is hostile."""
    block = _block(_as_utf8(content))
    if block is None:
        return {}
    text = textwrap.dedent(_UNREADABLE.sub("\ufffd", block.decode("utf-8", "replace")))
    try:
        return {key.casefold(): value for key, value in _pairs(text.split("\n")) if value is not None}
    except _HostileError:
        return {}


def body(content: bytes) -> bytes:
    """What follows the front matter, in UTF-8; everything where there is none."""
    text = _as_utf8(content)
    block = _block(text)
    if block is None:
        return text
    rest = text[len(_BOM) if text.startswith(_BOM) else 0 :].replace(b"\r\n", b"\n").partition(b"\n")[2]
    return rest[len(block) :].lstrip(b"\n").partition(b"\n")[2]


def _as_utf8(content: bytes) -> bytes:
    """Windows calls UTF-16 `Unicode`, and marks it."""
    return content.decode("utf-16", "replace").encode() if content.startswith(_UTF_16) else content


def _block(content: bytes) -> bytes | None:
    """What stands between the first line `---` and the next one, or `...`."""
    head = content[: LARGEST + 2 * len(_FENCE) + 4]
    lines = head[len(_BOM) if head.startswith(_BOM) else 0 :].replace(b"\r\n", b"\n").split(b"\n")
    if lines[0].rstrip() != _FENCE:
        return None
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in _ENDS:
            return b"\n".join(lines[1:number])
    return None


def _pairs(lines: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Every key, and its value, None for one that is not a text. Raises _HostileError."""
    number = 0
    for _ in range(MOST_ENTRIES):
        while number < len(lines) and _goes_on(lines[number]):
            number += 1
        if number == len(lines):
            return
        entry = _ENTRY.fullmatch(lines[number])
        if entry is None:
            if _HOSTILE_KEY.match(lines[number]):
                raise _HostileError
            number += 1
            continue
        value, number = _entry(entry["key"], entry["value"] or "", lines, number + 1)
        yield entry["key"], value
    raise _HostileError


def _goes_on(line: str, *, in_list: bool = False) -> bool:
    """Whether a line belongs to the entry before it; a list may stand at the left edge."""
    return line[:1] in ("", " ", "\t", "#") or (in_list and (line == "-" or line[:2] == "- "))


def _entry(key: str, first: str, lines: Sequence[str], after: int) -> tuple[str | None, int]:
    """The value that begins with `first` and may go on in the lines after it; the line of the next entry."""
    end = after
    while end < len(lines) and _goes_on(lines[end], in_list=not _COMMENT.sub("", first).strip(" \t")):
        end += 1
    if first[:1] in ('"', "'", "[", "{"):  # may go on at the left edge, up to what closes it
        rest = "\n".join((first, *lines[after:]))
        end = max(end, after + rest.count("\n", 0, _value_length(rest)))
    text = "\n".join((first, *lines[after:end]))
    try:
        return _value(text, prose=key.casefold() == _PROSE), end
    except _BrokenError:
        return first.strip(" \t"), after


def _value(text: str, *, prose: bool) -> str | None:
    """What a value says in one line; None if it is no text. Raises _BrokenError, and _HostileError."""
    match = _PROPERTIES.match(text)
    properties = match[0].split() if match else []
    rest = text[match.end() :] if match else text
    if prose and rest[:1] == "#":
        raise _BrokenError
    blank = _BLANK.match(rest)
    node = rest[blank.end() :] if blank else rest
    is_below = len(node) < len(rest) and "\n" in rest[: len(rest) - len(node)]
    if node[:1] in _BRACKETS or (is_below and _NESTED.match(node)):
        _check_collection(node, properties)
        return None
    if any(one not in _TYPES for one in properties):
        raise _BrokenError
    if node[:1] in ('"', "'"):
        return _quoted(node)
    header, _, below = node.partition("\n")
    if _BLOCK.fullmatch(header):
        return _one_line(line for line in below.split("\n") if line[:1] != "#")
    return _plain(node, prose=prose and not properties)


def _check_collection(node: str, properties: Sequence[str]) -> None:
    """Raises _HostileError for what bombs are made of, _BrokenError if something stands behind a bracket."""
    length = _value_length(node)
    if any(one[0] == "&" for one in properties) or _HOSTILE_NODE.search(node[: length or None]):
        raise _HostileError
    if node[0] in _BRACKETS:
        _check_end(node, length)


def _quoted(node: str) -> str:
    length = _value_length(node)
    _check_end(node, length)
    inner = "\n".join(line.rstrip(" \t") for line in f"{node[1 : length - 1]}.".split("\n"))[:-1]
    if node[0] == "'":
        return _BREAK.sub(" ", inner.replace("''", "'"))
    text = _ESCAPE.sub(_unescaped, inner)
    # Half an emoji is JSON, and no YAML.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] != "\\":
        return " "
    if text[1] == "\n":
        return ""
    if text[1] in "xuU" and len(text) > 2:
        code = int(text[2:], 16)
        if code > 0x10FFFF:
            raise _BrokenError
        return chr(code)
    if text[1] not in _ESCAPES:
        raise _BrokenError
    return _ESCAPES[text[1]]


def _plain(node: str, *, prose: bool) -> str:
    lines = [line.strip(" \t") for line in node.split("\n")]
    while lines and lines[-1][:1] in ("", "#"):
        del lines[-1]
    if not lines or (prose and len(lines) == 1):
        return "".join(lines)
    text = [*lines[:-1], _COMMENT.sub("", lines[-1]).rstrip(" \t")]
    is_mapping = any(re.search(r":(?:[ \t]|$)", line) for line in text)
    if is_mapping or _SIGNS.match(text[0]) or any(map(_COMMENT.search, text)):
        raise _BrokenError
    return _one_line(text)


def _one_line(lines: Iterable[str]) -> str:
    return " ".join(filter(None, (line.strip(" \t") for line in lines)))


def _value_length(text: str) -> int:
    """How long what begins with a quote or a bracket is, up to what closes it; 0 if nothing does."""
    if text[:1] in ('"', "'"):
        match = (_DOUBLE if text[0] == '"' else _SINGLE).match(text)
        return match.end() if match else 0
    open_ones: list[str] = []
    place = 0
    while (match := _FLOW.match(text, place)) is not None:
        place, bracket = match.end(), match["bracket"]
        if len(open_ones) > MOST_DEPTH:
            return 0
        if bracket in _BRACKETS:
            open_ones.append(_BRACKETS[bracket])
        elif bracket is not None and (not open_ones or open_ones.pop() != bracket):
            return 0
        if not open_ones:
            return place if bracket else 0
    return 0


def _check_end(node: str, length: int) -> None:
    """Raises _BrokenError if something else than a comment stands behind a value."""
    if not length or _COMMENT.sub("", "." + node[length:]).strip(" \t\n") != ".":
        raise _BrokenError
