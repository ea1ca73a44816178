"""Which settings are made, with the values of those that tell nothing private; also of a broken file."""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from qms_tui.report.redaction import LEAST, SECRET_NAME, of_secret, of_text, of_words
from qms_tui.text.printable import plain

LARGEST = 64 * 1024  # bytes of a file
MOST_LINES = 200
SHOWN = frozenset(
    (
        "theme",
        "prefix",
        "clipboard",
        "toasts",
        "bell",
        "rescan",
        "waits",
        "finished",
        "failed",
        "focused",
        "dwell",
        "cooldown",
        "outer",
        "runtime",
        "scrollback",
        "model",
        "permission_mode",
        "color",
        "resume",
        "wake",
        "launch",
        "shutdown",
        "idle_timeout",
        "memory",
        "cpus",
        "pids",
        "open_files",
        "file_size",
        "disk",
        "read_only",
        "oci_runtime",
        "network",
        "workdir",
        "client_version",
        "packages",
    )
)
_SECRET_FILES = ("env_file", "token_file")
_SECRETS = ("headers",)
_QUOTED = re.compile(r"\"([^\"\n]{4,})\"|'([^'\n]{4,})'")


class SettingsFile(Struct, frozen=True):
    """A configuration file: whose, its values as far as they could be read, its text."""

    name: str
    path: Path
    text: str
    values: Mapping[str, object]
    trouble: str = ""


def read_settings(name: str, path: Path) -> SettingsFile | None:
    """None if there is no such file."""
    try:
        text = _read(path).removeprefix("\ufeff")
    except FileNotFoundError:
        return None
    except OSError as error:
        return SettingsFile(name, path, "", {}, str(error.strerror))
    try:
        return SettingsFile(name, path, text, tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        return SettingsFile(name, path, text, {}, f"not TOML: {_place(error)}")


def _read(path: Path) -> str:
    """The beginning of a regular file; nothing is waited for, and no pipe is emptied. Raises OSError."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return stream.read(LARGEST).decode("utf-8", "replace")


def _place(error: Exception) -> str:
    """Where it is wrong; what stands there may be a secret."""
    match = re.search(r"at line \d+, column \d+", str(error))
    return match[0] if match else type(error).__name__


def lines(file: SettingsFile) -> Iterator[str]:
    """A line for each setting."""
    yield f"{file.name}{f' ({file.trouble})' if file.trouble else ''}"
    for count, (key, value) in enumerate(_flat(file.values)):
        if count == MOST_LINES:
            yield "  ..."
            return
        yield f"  {plain('.'.join(key))[:120]} = {_shown(key[-1], value)}"


def secrets_of(file: SettingsFile) -> Iterator[str]:
    """Every value that is not shown, and what stands in the files that are named for secrets."""
    if not file.values:
        for match in _QUOTED.finditer(file.text):
            yield from of_secret(match[1] or match[2])
    for key, value in _flat(file.values):
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        if key[-1] in SHOWN:
            continue
        if key[-1] in _SECRETS or SECRET_NAME.search(key[-1]) or _is_unknown(key):
            for text in texts:
                yield from of_secret(text.partition(": ")[2] or text)
        else:
            yield from of_words(texts)
            yield from (piece for text in texts for piece in of_text(text))
        if key[-1] in _SECRET_FILES and texts:
            yield from _secrets_in(file.path.parent / Path(texts[0]).expanduser())


def _is_unknown(key: Sequence[str]) -> bool:
    """Whether somebody wrote a table of their own, as other tools have for the environment of servers."""
    return "env" in key[:-1] or "environment" in key[:-1]


def _secrets_in(path: Path) -> Iterator[str]:
    try:
        text = _read(path)
    except OSError:
        return
    for line in text.splitlines():
        value = line.partition("=")[2].strip().strip("'\"") or line.strip()
        if len(value) >= LEAST and not line.lstrip().startswith("#"):
            yield value


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool) or (name in SHOWN and isinstance(value, int | float)):
        return str(value).lower()
    if name in SHOWN and isinstance(value, str):
        return plain(value)[:60]
    if isinstance(value, list):
        return f"({len(value)}, not shown)"
    return "(set, not shown)"


def _flat(
    table: Mapping[str, object], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, (*above, str(name)))
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            for each in value:
                if isinstance(each, Mapping):
                    yield from _flat(each, (*above, str(name)))
        else:
            yield (*above, str(name)), value
