"""The environment variables that agents get, by allow-list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qms_tui.config import AgentConfig
from qms_tui.config.parse import is_own_variable
from qms_tui.errors import ConfigError
from qms_tui.runtime.host_path import walk
from qms_tui.runtime.path_rules import PathRules

TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
_LARGEST_FILE = 64 * 1024  # bytes of an env_file
# What tells programs about the terminal around us, which is not the one they are in.
_OUTER_TERMINAL = (
    "COLUMNS", "LINES", "TMUX", "TMUX_PANE", "STY", "WINDOW", "TERM_PROGRAM", "TERM_PROGRAM_VERSION",
    "VTE_VERSION", "KITTY_WINDOW_ID", "KITTY_PID", "WEZTERM_PANE", "WT_SESSION", "ITERM_SESSION_ID",
    "ALACRITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR", "KONSOLE_VERSION", "WINDOWID",
)  # fmt: skip


def passed_on(config: AgentConfig, host: Mapping[str, str], rules: PathRules | None = None) -> dict[str, str]:
    """The host's variables that the configuration names, then those of its env_file.

    Whoever hands them on has `rules` for the way to the file. Raises ConfigError for an env_file that breaks
    them, that cannot be read, or has a line that is no NAME=value.
    """
    passed = {name: host[name] for name in config.env if name in host}
    if config.env_file is not None:
        passed |= _read_env_file(config.env_file, rules)
    return passed


def inherited(host: Mapping[str, str]) -> dict[str, str]:
    """The host's environment for a program on the host itself, with our terminal in it."""
    return {k: v for k, v in host.items() if k not in _OUTER_TERMINAL} | TERMINAL


def _read_env_file(path: Path, rules: PathRules | None) -> dict[str, str]:
    hint = "name a file with lines NAME=value"
    try:
        with walk(path.absolute()) as way:
            refusal = rules.refusal(way) if rules else None
            if refusal is not None:
                raise ConfigError(f"env_file {path}: {refusal.why}", hint=refusal.remedy)
            with open(way.open_file(pipes=True), "rb") as stream:
                content = stream.read(_LARGEST_FILE + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"env_file {path}: {reason}", hint=hint) from None
    if len(content) > _LARGEST_FILE:
        raise ConfigError(f"env_file {path}: larger than {_LARGEST_FILE} bytes", hint=hint)
    pairs = {}
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier() or "\0" in value:
            raise ConfigError(f"env_file {path}, line {number}: not NAME=value", hint="write it like LANG=C")
        if is_own_variable(name.strip()):
            raise ConfigError(
                f"env_file {path}, line {number}: {name.strip()} is set by qms-tui itself",
                hint="take the line out: agents would never get it",
            )
        pairs[name.strip()] = value
    return pairs
