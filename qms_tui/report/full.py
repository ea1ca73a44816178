"""A report from its sections, with everything secret taken out at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from qms_tui.report import settings, surroundings
from qms_tui.report.files import log_folder, write
from qms_tui.report.logs import last_lines
from qms_tui.report.redaction import Redaction, of_environment, of_words

_HEAD = (
    "A report of qms-tui. Secrets that are known here or look like ones are left out, and so are the values\n"
    "of most settings; please read it all the same before you send it to anybody."
)


class Section(Struct, frozen=True):
    """A part of a report; what it says is asked for when its turn comes, and may fail."""

    title: str
    lines: Callable[[], Iterable[str]]


def report_doctor(words: Sequence[str], findings: Callable[[], Iterable[str]]) -> Path:
    """A report of what doctor finds. Raises OSError."""
    return write_report("doctor", words, (Section("doctor", findings),))


def write_report(kind: str, words: Sequence[str], sections: Sequence[Section]) -> Path:
    """Write the sections, then what surrounds them. Raises OSError."""
    files = _settings_files(words)
    every = (
        Section("versions", surroundings.versions),
        *sections,
        Section("command", lambda: (surroundings.command(words),)),
        Section("terminal", lambda: surroundings.terminal(os.environ)),
        Section("settings", lambda: _settings(files)),
        Section("log", lambda: last_lines(log_folder())),
    )
    text = "\n".join([_HEAD, *(line for section in every for line in _section(section))])
    return write(kind, _redaction(words, files).apply(text) + "\n")


def _section(section: Section) -> Iterator[str]:
    yield f"\n== {section.title}"
    try:
        yield from section.lines()
    except Exception as error:  # what is broken here may be the very thing that the report is about
        yield f"(this part failed: {type(error).__name__}: {error})"


def _settings(files: Sequence[settings.SettingsFile]) -> Iterator[str]:
    if not files:
        yield "none are made"
    for file in files:
        yield from settings.lines(file)


def _settings_files(words: Sequence[str]) -> list[settings.SettingsFile]:
    """The user's file and the project's, where they are read from; none where that cannot be told."""
    found = [
        settings.read_settings("the user's file", _user_file(words)),
        settings.read_settings("the project's file", _project(words) / "qms-tui.toml"),
    ]
    return [file for file in found if file is not None]


def _user_file(words: Sequence[str]) -> Path:
    if named := _value(words, "--config"):
        return Path(named)
    try:
        import platformdirs

        return platformdirs.user_config_path("qms-tui") / "config.toml"
    except ImportError:
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return Path(base) / "qms-tui" / "config.toml"


def _project(words: Sequence[str]) -> Path:
    if named := _value(words, "--project"):
        return Path(named).expanduser()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".claude").is_dir()), here)


def _value(words: Sequence[str], option: str) -> str:
    for at, word in enumerate(words):
        if word == option:
            return words[at + 1] if at + 1 < len(words) else ""
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""


def _redaction(words: Sequence[str], files: Sequence[settings.SettingsFile]) -> Redaction:
    values = [*of_environment(os.environ), *of_words(words)]
    values += [secret for file in files for secret in settings.secrets_of(file)]
    return Redaction(values, os.path.expanduser("~"))
