"""The environment variables that agents get, by allow-list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from qms_tui.config import AgentConfig
from qms_tui.errors import ConfigError

TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
_LARGEST_FILE = 64 * 1024  # bytes of an env_file
# What tells programs about the terminal around us, which is not the one they are in.
_OUTER_TERMINAL = (
    "COLUMNS", "LINES", "TMUX", "TMUX_PANE", "STY", "WINDOW", "TERM_PROGRAM", "TERM_PROGRAM_VERSION",
    "VTE_VERSION", "KITTY_WINDOW_ID", "KITTY_PID", "WEZTERM_PANE", "WT_SESSION", "ITERM_SESSION_ID",
    "ALACRITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR", "KONSOLE_VERSION", "WINDOWID",
)  # fmt: skip


def passed_on(config: AgentConfig, host: Mapping[str, str]) -> dict[str, str]:
    """The host's variables that the configuration names, then those of its env_file.

    Raises ConfigError for an env_file that cannot be read or has a line that is no NAME=value.
    """
    passed = {name: host[name] for name in config.env if name in host}
    if config.env_file is not None:
        passed |= _read_env_file(config.env_file)
    return passed


def inherited(host: Mapping[str, str]) -> dict[str, str]:
    """The host's environment for a program on the host itself, with our terminal in it."""
    return {k: v for k, v in host.items() if k not in _OUTER_TERMINAL} | TERMINAL


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_bytes()[:_LARGEST_FILE].decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"env_file {path}: {reason}", hint="name a file with lines NAME=value") from None
    pairs = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ConfigError(f"env_file {path}, line {number}: not NAME=value", hint="write it like LANG=C")
        pairs[name.strip()] = value
    return pairs
