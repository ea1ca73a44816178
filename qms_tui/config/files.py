"""Configuration files on disk: where they are, read within bounds, as TOML."""

from __future__ import annotations

import codecs
import errno
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from qms_tui.config import foreign_servers
from qms_tui.config.faults import OnFault, refuse
from qms_tui.config.values import Origin, Source
from qms_tui.errors import ConfigError
from qms_tui.files import read_regular_file
from qms_tui.text.amounts import amount
from qms_tui.text.printable import plain

PROJECT_FILE = "qms-tui.toml"
LARGEST_FILE = 64 * 1024  # bytes; a thousand lines of settings are far less
MOST_DOTS = 250  # in a line: tomllib takes 40 seconds for 64 kB of `a.a.a.a...`, 0.3 for lines of 250
_AT_LINE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


class MissingFileError(ConfigError):
    """The file of --config is not there."""


class ConfigFile(Struct, frozen=True):
    """A configuration file as it was read: what is judged, shown and trusted is these very bytes."""

    origin: Origin
    content: bytes


class ConfigFiles(Struct, frozen=True):
    """What was read, once: the user's file, and the project's where there is a project."""

    user: ConfigFile | None
    project: ConfigFile | None = None
    in_project: bool = False


def read_files(
    project_root: Path | None, user_file: Path | None = None, on_fault: OnFault = refuse
) -> ConfigFiles:
    """The files that hold in a project, or without one.

    Args:
        project_root: the folder that may hold `qms-tui.toml`.
        user_file: the file of --config, read instead of the user's own; it must exist.
        on_fault: called for a file that cannot be read, which then counts as missing.

    Raises ConfigError if the file of --config is missing.
    """
    user = _unless_faulty(lambda: read_user_file(user_file), on_fault)
    if project_root is None:
        return ConfigFiles(user)
    project = _unless_faulty(lambda: read_project_file(project_root), on_fault)
    return ConfigFiles(user, project, in_project=True)


def _unless_faulty(read: Callable[[], ConfigFile | None], on_fault: OnFault) -> ConfigFile | None:
    try:
        return read()
    except MissingFileError:  # a slip on the command line, and no fault in a file
        raise
    except ConfigError as fault:
        on_fault(fault)
        return None


def user_file() -> Path:
    """Where the user's configuration belongs."""
    import platformdirs

    return platformdirs.user_config_path("qms-tui") / "config.toml"


def read_user_file(explicit: Path | None) -> ConfigFile | None:
    """The file named by --config, which must exist, else the user's own; None without one.

    Links are followed and pipes are read (`--config <(...)`): it is the user's word. Raises ConfigError.
    """
    path = explicit or user_file()
    origin = Origin(Source.USER, plain(_with_tilde(path)), path.absolute())
    try:
        with open(path, "rb") as stream:
            return ConfigFile(origin, _bounded(stream.read(LARGEST_FILE + 1), origin.where))
    except (FileNotFoundError, NotADirectoryError):
        if explicit is None:
            return None
        raise MissingFileError(
            f"{origin.where}: no such file", hint="--config takes an existing file"
        ) from None
    except OSError as error:
        raise _unreadable(origin.where, error) from error


def read_project_file(root: Path) -> ConfigFile | None:
    """The project's file; None without one. It may be a stranger's: a regular file or nothing.

    Raises ConfigError.
    """
    path = root / PROJECT_FILE
    try:
        content = read_regular_file(path, LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(PROJECT_FILE, error) from error
    return ConfigFile(Origin(Source.PROJECT, PROJECT_FILE, path), _bounded(content, PROJECT_FILE))


def parse_toml(file: ConfigFile) -> dict[str, object]:
    """The file's tables and values. Raises ConfigError with the line for what is not TOML."""
    where = file.origin.where
    hint = "see https://toml.io for how values are written"
    if file.content.lstrip().startswith(b"{"):
        hint = f"this is JSON, and has to be TOML; for MCP servers {foreign_servers.SERVERS}"
    _check_dots(file.content, where)
    try:
        return tomllib.loads(file.content.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{where}: line {line}: not UTF-8", hint="save it as UTF-8 text") from None
    except RecursionError:
        raise ConfigError(f"{where}: nested too deep", hint=hint) from None
    except ValueError as error:  # TOMLDecodeError, or a number with thousands of digits
        match = _AT_LINE.fullmatch(str(error))
        if match is None:
            raise ConfigError(f"{where}: {_lowered(str(error))}", hint=hint) from None
        raise ConfigError(f"{where}: line {match[2]}: {_lowered(match[1])}", hint=hint) from None


def _bounded(content: bytes, where: str) -> bytes:
    if len(content) <= LARGEST_FILE:
        return content
    raise ConfigError(
        f"{where}: larger than {amount(LARGEST_FILE)}",
        hint="a configuration is a few lines; is it the right file?",
    )


def _check_dots(content: bytes, where: str) -> None:
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.count(b".") > MOST_DOTS:
            raise ConfigError(
                f"{where}: line {number}: more than {MOST_DOTS} dots",
                hint="write a long list in several lines",
            )


def _unreadable(where: str, error: OSError) -> ConfigError:
    if error.errno == errno.ELOOP:
        return ConfigError(f"{where}: is a link", hint="put the file itself there; links are not followed")
    if error.errno in (errno.EINVAL, errno.ENXIO):
        return ConfigError(f"{where}: not a regular file", hint="put a text file there, or remove it")
    return ConfigError(f"{where}: cannot be read: {error.strerror}", hint="check its permissions")


def _with_tilde(path: Path) -> str:
    home = os.path.expanduser("~")
    text = str(path)
    return "~" + text[len(home) :] if text.startswith(home.rstrip("/") + "/") and home != "/" else text


def _lowered(message: str) -> str:
    return plain(message[:1].lower() + message[1:])[:200]
