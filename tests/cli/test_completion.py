"""Completion in real shells, on a terminal: the agents of the project that is named."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from qms_tui.cli.completion import COMPLETE_VARIABLE
from qms_tui.cli.group import cli
from tests.tui import Tui

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
        tui.until(lambda: tui.text.strip())  # its first prompt: a shell may throw away what comes before it
        tui.type(f"{SETUP[request.param]}; echo rea''dy\r")
        tui.wait("ready", "\n> ")  # a prompt that has been drawn
        yield tui
        tui.process.kill(signal.SIGKILL)  # an interactive shell obeys nothing less


@pytest.mark.parametrize("line", ["qms-tui stop --project '{}' ", "qms-tui --project='{}' "])
def test_agents_of_the_project_that_is_named(shell: Tui, elsewhere: Path, line: str) -> None:
    typed = line.format(elsewhere)
    shell.type(f"{typed}zeb\t")
    shell.wait(f"> {typed}zebra")


def test_of_this_one_where_none_is_named(shell: Tui) -> None:
    shell.type("qms-tui stop cla\t")
    shell.wait("> qms-tui stop claude")


@pytest.fixture
def offered(
    agents_project: Path, own_home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., set[str]]:
    """`offered(*words)`: what may stand in the place of the last one, within this process."""
    for name, value in own_home.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(agents_project)

    def words_for(*words: str) -> set[str]:
        monkeypatch.setenv("COMP_WORDS", " ".join(f"'{word}'" for word in words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        lines = BashComplete(cli, {}, "qms-tui", COMPLETE_VARIABLE).complete().split()
        return {line.partition(",")[2] for line in lines}

    return words_for


def test_what_is_offered(offered: Callable[..., set[str]], elsewhere: Path) -> None:
    there = ("--project", str(elsewhere))
    assert offered("qms-tui", "stop", *there, "") == {"claude", "zebra"}
    assert offered("qms-tui", "stop", *there, "zebra", "") == {"claude"}
    assert offered("qms-tui", "inbox", *there, "") == {"claude", "zebra", "zoe"}
    assert {"claude", "zebra", "doctor", "send"} <= offered("qms-tui", *there, "")
    assert "doctor" not in offered("qms-tui", *there, "zebra", "")
    assert offered("qms-tui", "open", *there, "") == {"claude", "zebra"}
    assert offered("qms-tui", "log", "--project", "/nowhere", "") == set()
    assert {"--project", "--runtime", "--version"} <= offered("qms-tui", "--")
    assert offered("qms-tui", "stop", "--all", "--config", "none.toml", "") == {"claude", "qa", "ps"}
