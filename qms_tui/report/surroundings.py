"""Versions, the terminal, and which command it was: without values that somebody typed."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

LIBRARIES = ("textual", "pyte", "wcwidth", "rich", "click", "docker", "ptyprocess", "watchdog", "mcp-types",
             "httpx2", "platformdirs", "psutil", "pyyaml")  # fmt: skip
_TOLD = ("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "LANG", "LC_ALL", "LC_CTYPE")
_SET = ("TMUX", "STY", "ZELLIJ", "SSH_CONNECTION", "WSL_DISTRO_NAME", "NO_COLOR", "VSCODE_PID", "DOCKER_HOST")
_USUAL = re.compile(r"[A-Za-z0-9._@+-]{1,40}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def versions() -> Iterator[str]:
    """Of qms-tui, of what it runs on and of what it is made of."""
    from importlib.metadata import PackageNotFoundError, version

    from qms_tui import __version__

    yield f"qms-tui {__version__}"
    yield f"Python {platform.python_version()} ({platform.python_implementation()})"
    yield f"{platform.system()} {platform.release()} {platform.machine()}"
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} missing"


def terminal(environment: Mapping[str, str]) -> Iterator[str]:
    """What the environment says of the terminal, and its size."""
    for name in _TOLD:
        if value := environment.get(name):
            yield f"{name}={value if _USUAL.fullmatch(value) else '(unusual)'}"
    yield f"also set: {', '.join(name for name in _SET if name in environment) or 'nothing of interest'}"
    for descriptor, name in enumerate(("input", "output", "errors")):
        try:
            size = os.get_terminal_size(descriptor)
            yield f"standard {name}: a terminal of {size.columns}x{size.lines}"
        except OSError:
            yield f"standard {name}: no terminal"


def command(words: Sequence[str]) -> str:
    """Which command and options, in the form of a command line."""
    shown = [os.path.basename(sys.argv[0]) if _NAME.fullmatch(os.path.basename(sys.argv[0])) else "qms-tui"]
    for at, word in enumerate(words):
        option = word.partition("=")[0]
        if option.startswith("-") and len(option) <= 30 and re.fullmatch(r"-{1,2}[a-z-]+", option):
            shown.append(option)
        elif at == 0 and _NAME.fullmatch(word):
            shown.append(word)
        else:
            shown.append("...")
    return " ".join(shown)
