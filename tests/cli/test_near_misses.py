"""Words of other programs are answered with the command meant; agents called like commands can be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.cli import near_misses
from qms_tui.cli.group import cli
from qms_tui.cli.main import COMMANDS
from tests.tui import Tui

from .conftest import Answer

OURS = [command.name or "" for command in COMMANDS]
AGENTS = ("claude", "qa", "tu_ui", "tu_scene", "bu", "ps")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("help", "qms-tui --help"),
        ("help send", "qms-tui send --help"),
        ("version", "qms-tui --version"),
        ("-v", "qms-tui --version"),
        ("ls", "qms-tui ps"),
        ("LIST", "qms-tui ps"),
        ("status", "qms-tui ps"),
        ("logs", "qms-tui log AGENT"),
        ("logs qa", "qms-tui log qa"),
        ("logs --since 2h qa", "qms-tui log qa"),
        ("attach", "qms-tui [AGENT...]"),
        ("attach qa", "qms-tui qa"),
        ("satrt qa", "qms-tui start qa"),
        ("exec -it qa bash", "qms-tui qa"),
        ("new", "qms-tui [AGENT...]"),
        ("rm --force qa", "qms-tui stop qa"),
        ("kill qa", "qms-tui stop qa"),
        ("kill-server", "qms-tui stop --all"),
        ("update", "qms-tui build"),
        ("dcotor", "qms-tui doctor"),
        ("qa logs", "qms-tui log qa"),
        ("qa --resume", "by themselves"),
        ("--model opus qa", "qms-tui config"),
    ],
)
def test_near_misses_are_answered_with_the_command(answer: Answer, line: str, meant: str) -> None:
    status, (first, hint) = answer(*line.split())
    assert status == 2
    assert first.startswith("qms-tui: ")
    assert meant in hint


@pytest.mark.parametrize("word", ["help", "ls", "logs", "attach", "version", "kill"])
def test_also_outside_of_a_project_and_beside_a_broken_file(
    answer: Answer, agents_project: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    (agents_project / "qms-tui.toml").write_text("[agent\n")
    beside = answer(word)
    monkeypatch.chdir("/")
    assert answer(word) == beside
    assert "write: qms-tui " in beside[1][1]


@pytest.mark.parametrize("name", ["claude", "tester", "lister"])
def test_a_name_outside_of_a_project_is_nobodys_slip(
    answer: Answer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir("/")
    assert "no QMS project here" in answer(name)[1][0]


@pytest.mark.parametrize("name", ["logs", "ls", "attach", "help"])
def test_an_agent_of_that_name_is_what_is_meant(answer: Answer, agents_project: Path, name: str) -> None:
    (agents_project / ".claude" / "agents" / f"{name}.md").write_text("You.\n")
    assert "cannot reach the engine" in answer(name)[1][0]


@pytest.mark.parametrize("name", ["qaa", "clade", "nobody", "tu_u", "tu_scenes"])
def test_a_slip_in_an_agents_name_stays_one(name: str) -> None:
    assert not near_misses.meant(name, OURS, AGENTS)


LOCAL = "--runtime local --command cat"


@pytest.mark.parametrize("line", [f"open ps {LOCAL}", f"{LOCAL} -- ps", f"qa ps {LOCAL}"])
def test_an_agent_called_like_a_command_is_opened(
    agents_project: Path, own_home: dict[str, str], line: str
) -> None:
    with Tui(*line.split(), cwd=agents_project, env=own_home, size=(150, 30)) as tui:
        tui.wait("ps", "2 of 2 running" if "qa" in line else "1 of 1 running")
        tui.type("\x11")


@pytest.mark.parametrize("words", [["log", "ps"], ["stop", "ps"], ["record", "ps", "--output", "-"]])
def test_other_commands_take_it_too(answer: Answer, words: list[str]) -> None:
    assert "is a command" not in answer(*words)[1][0]


@pytest.mark.parametrize("name", [name for name in OURS if name != "open"])
def test_a_wrong_option_leads_to_the_commands_own_help(answer: Answer, name: str) -> None:
    status, lines = answer(name, "--no-such-option")
    assert (status, lines[-1]) == (2, f"  see: qms-tui {name} --help")


def test_the_choices_of_a_missing_word_stand_in_one_line(answer: Answer) -> None:
    assert answer("completion")[1][0] == (
        "qms-tui: Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"
    )


def test_every_answer_is_a_command_that_there_is() -> None:
    for word in {**near_misses.WORDS, **near_misses.OPTIONS}:
        said = near_misses.meant(word, OURS, ()).removeprefix("write: qms-tui ").split()[0]
        assert said in ("--help", "--version", "[AGENT...]", *OURS)
    assert not set(near_misses.WORDS) & set(cli.commands)
