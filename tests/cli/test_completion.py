"""Completion in real shells, on a terminal: the agents of the project that is named."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui import Tui

from .conftest import Run

SHELLS = {
    "bash": ("bash", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
SETUP = {
    "bash": 'PS1="> "; eval "$(qms-tui completion bash)"',
    "zsh": 'PS1="> "; autoload -Uz compinit; compinit -u -D; eval "$(qms-tui completion zsh)"',
    "fish": "function fish_prompt; echo '> '; end; qms-tui completion fish | source",
}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A project that is not the one around us, with an agent that only it has."""
    root = tmp_path / "else where"
    (root / ".claude" / "agents").mkdir(parents=True)
    (root / ".claude" / "agents" / "zebra.md").write_text("You.\n")
    (root / ".claude" / "users" / "zoe" / "inbox").mkdir(parents=True)
    return root


@pytest.fixture(params=SHELLS)
def shell(
    request: pytest.FixtureRequest, tmp_path: Path, agents_project: Path, own_home: dict[str, str]
) -> Iterator[Tui]:
    """A shell in a project, with qms-tui on its path."""
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here")
    program = tmp_path / "bin" / "qms-tui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m qms_tui "$@"\n')
    program.chmod(0o755)
    env = own_home | {"PATH": f"{program.parent}:{own_home['PATH']}", "fish_greeting": ""}
    with Tui(cwd=agents_project, env=env, size=(150, 30), program=SHELLS[request.param]) as tui:
        tui.type(f"{SETUP[request.param]}; echo rea''dy\r")
        tui.wait("ready", "\n> ")
        yield tui
        tui.process.kill(signal.SIGKILL)  # an interactive shell obeys nothing less


@pytest.mark.parametrize("option", ["--project {}", "--project={}"])
def test_agents_of_the_project_that_is_named(shell: Tui, elsewhere: Path, option: str) -> None:
    named = option.format(f"'{elsewhere}'")
    shell.type(f"qms-tui stop {named} zeb\t")
    shell.wait("' zebra")
    shell.type(f"\x15qms-tui {named} zeb\t")
    shell.wait(f"> qms-tui {named} zebra")


def test_of_this_one_where_none_is_named_and_commands(shell: Tui) -> None:
    shell.type("qms-tui stop cla\t")
    shell.wait("stop claude")
    shell.type("\x15qms-tui doc\t")
    shell.wait("qms-tui doctor")


def _offered(command: Run, *words: str) -> set[str]:
    line = " ".join(f"'{word}'" for word in words)
    done = command(_QMS_TUI_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.stderr == ""
    return {line.partition(",")[2] for line in done.stdout.split()}


def test_what_is_offered(command: Run, elsewhere: Path) -> None:
    there = ("--project", str(elsewhere))
    assert _offered(command, "qms-tui", "stop", *there, "") == {"claude", "zebra"}
    assert _offered(command, "qms-tui", "stop", *there, "zebra", "") == {"claude"}
    assert _offered(command, "qms-tui", "inbox", *there, "") == {"claude", "zebra", "zoe"}
    assert {"claude", "zebra", "doctor", "send"} <= _offered(command, "qms-tui", *there, "")
    assert "doctor" not in _offered(command, "qms-tui", *there, "zebra", "")
    assert _offered(command, "qms-tui", "open", *there, "") == {"claude", "zebra"}
    assert _offered(command, "qms-tui", "log", "--project", "/nowhere", "") == set()
    assert {"--project", "--runtime", "--version"} <= _offered(command, "qms-tui", "--")
    assert _offered(command, "qms-tui", "stop", "--all", "--config", "missing.toml", "") == {
        "claude", "qa", "ps",
    }  # fmt: skip
