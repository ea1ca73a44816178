"""The question before a project is opened, answered in a real terminal; its agents are `cat`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

import qms_tui
from tests.tui import Tui, end_local_agents

QUESTION = "project is opened for the first time"
SETTINGS = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "steal"}]}]}}
TASK = "---\ntask_type: REVIEW\ndoc_id: CR-001\nassigned_by: claude\n---\n\n# A review\n"
LEAVE = "\x11"
Open = Callable[..., Tui]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / ".claude/users/qa/inbox").mkdir(parents=True)
    (root / ".claude/agents").mkdir()
    (root / ".claude/agents/qa.md").write_text("You are qa.")
    (tmp_path / "home").mkdir()
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    return {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}


@pytest.fixture
def opened(project: Path, environment: dict[str, str]) -> Open:
    def opened(*args: str, size: tuple[int, int] = (120, 36)) -> Tui:
        local = ("--runtime", "local", "--command", "cat", "qa")
        return Tui(*local, *args, cwd=project, env=environment, size=size)

    return opened


def run(project: Path, environment: dict[str, str], *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "qms_tui", *args], cwd=project, check=False, capture_output=True, text=True,
        env=os.environ | environment | {"PYTHONPATH": str(Path(qms_tui.__file__).parents[1])},
        stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def leave(tui: Tui) -> None:
    tui.type(LEAVE)
    assert tui.end() == 0
    end_local_agents(tui.state)


def test_an_own_project_is_not_asked_about(opened: Open, project: Path) -> None:
    """Neither at first, nor when work has come in meanwhile."""
    for _ in range(2):
        with opened() as tui:
            tui.wait("● running", absent="look only")
            assert QUESTION not in tui.text
            leave(tui)
        (project / ".claude/users/qa/inbox/task-CR-001-review-v0-1.md").write_text(TASK)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_terminal_is_as_before_when_it_ends_at_the_question(
    opened: Open, project: Path, number: signal.Signals
) -> None:
    (project / ".mcp.json").write_text('{"mcpServers": {"evil": {"command": "npx"}}}')
    (project / "qms-tui.toml").write_text('[agent]\nimage = "evil:1"\n')
    with opened() as tui:
        tui.wait(QUESTION, "leave")
        assert not termios.tcgetattr(tui.process.fd)[3] & termios.ECHO
        tui.process.kill(number)
        assert tui.end() == 130
        assert termios.tcgetattr(tui.process.fd)[3] & termios.ECHO


def test_everything_is_listed_before_anything_has_an_effect(opened: Open, project: Path) -> None:
    (project / ".claude/settings.json").write_text(json.dumps(SETTINGS))
    (project / "qms-tui.toml").write_text('[agent]\nimage = "evil:1"\n')
    (project / ".mcp.json").write_text('{"mcpServers": {"evil": {"command": "npx"}}}')
    (project / ".claude/users/qa/inbox/task-CR-001-review-v0-1.md").write_text(TASK)
    (project / ".claude/users/qa/container").mkdir()
    with opened() as tui:
        tui.wait(
            QUESTION, 'agent.image = "evil:1"', 'hooks.SessionStart.hooks.command = "steal"',
            'mcpServers.evil.command = "npx"', "config folders that came with the project",
            "qa: 1 item: New task: Review CR-001", "not what they run in turn",
        )  # fmt: skip
        tui.type("x\x1b[Aq")
        assert tui.end() == 0
    assert not (project / ".claude/users/qa/workspace").exists()


@pytest.mark.parametrize(("key", "word"), [("t", "trusted"), ("o", "look only")])
def test_the_answer_holds_until_the_bytes_change(
    opened: Open, project: Path, environment: dict[str, str], key: str, word: str
) -> None:
    settings = project / ".claude/settings.json"
    settings.write_text(json.dumps(SETTINGS, indent=1))
    with opened() as tui:
        tui.wait(QUESTION)
        tui.type(key)
        tui.wait("● running", "1 of 1 running", *(["look only"] if key == "o" else []))
        assert ("look only" in tui.text) == (key == "o")
        leave(tui)
    assert f"{project}: {word}" in run(project, environment, "trust", "--show")
    with opened() as tui:
        tui.wait("● running")
        leave(tui)
    settings.write_text(json.dumps(SETTINGS | {"env": {"A": "b"}}, indent=1))
    with opened() as tui:
        tui.wait(
            "has changed since you were asked", "settings.json, changed since you were asked", '+  "A": "b"'
        )
        tui.type("q")
        assert tui.end() == 0
    assert f"{project}: not decided" in run(project, environment, "trust", "--show")


def test_a_config_folder_that_came_with_it_is_set_aside_in_sight(
    opened: Open, project: Path, environment: dict[str, str]
) -> None:
    folder = project / ".claude/users/qa/container"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    with opened() as tui:
        tui.wait(QUESTION, "qa: settings")
        tui.type("o")
        tui.wait("● running", "container.aside came with the", "look only")
        leave(tui)
    assert json.loads((folder.with_name("container.aside") / "settings.json").read_text()) == SETTINGS
    assert "is qa's config folder from now on" in run(project, environment, "trust", "--adopt", "qa")
    assert json.loads((folder / "settings.json").read_text()) == SETTINGS


def test_an_item_that_came_with_it_waits_for_the_humans_word(opened: Open, project: Path) -> None:
    """Nothing is typed for it; what comes later is, and so is the first one once the human wakes."""
    inbox = project / ".claude/users/qa/inbox"
    (inbox / "task-CR-001-review-v0-1.md").write_text(TASK)
    command = 'sh -c \'while printf "> "; read -r line; do echo got "$line"; done\''
    user = project.parent / "user.toml"
    user.write_text('[agent]\nwake_prompt = "> "\n[inbox]\nrescan = 0.5\n')
    with opened("--config", str(user), "--command", command) as tui:
        tui.wait("1 item: New task: Review CR-001")
        tui.type("o")
        tui.wait("● running")
        (inbox / "task-CR-002-review-v0-1.md").write_text(TASK.replace("001", "002"))
        tui.wait("got New in your QMS inbox: review task CR-002")
        assert "CR-001 from" not in tui.text
        tui.type("\x02w")
        tui.wait("review task CR-001 from claude")
        leave(tui)


@pytest.mark.parametrize("key", ["o", "t"])
def test_a_program_of_the_project_runs_on_this_machine_only_when_trusted(
    opened: Open, project: Path, key: str
) -> None:
    """What the project's own file names, and the command line does not, is neither here nor there."""
    (project / "run.sh").write_text("echo ran $0; exec cat\n")
    (project / "other.sh").write_text("")
    (project / "qms-tui.toml").write_text('[agent]\ncommand = ["sh", "other.sh"]\n')
    with opened() as tui:
        tui.wait(QUESTION, "other.sh")
        tui.type("o")
        tui.wait("● running", "look only")
        leave(tui)
    with opened("--command", "sh ./run.sh") as tui:
        tui.wait("project has changed", "run.sh, new since you were asked")
        tui.type(key)
        tui.wait("ran ./run.sh" if key == "t" else "run.sh is the project's, which is not trusted")
        leave(tui)


def test_what_cannot_be_judged_cannot_be_trusted(opened: Open, project: Path) -> None:
    (project.parent / "real.json").write_text("{}")
    (project / ".claude/settings.json").symlink_to("../../real.json")
    with opened() as tui:
        tui.wait("cannot be judged", ".claude/settings.json: is a link", absent="  t  trust")
        tui.type("to")
        tui.wait("● running", "look only")
        leave(tui)


def test_without_a_terminal_nobody_is_asked(project: Path, environment: dict[str, str]) -> None:
    (project / ".claude/settings.json").write_text("{}")
    said = run(project, environment, "--runtime", "local", "--command", "cat", "qa")
    assert "standard input is no terminal" in said
    assert QUESTION not in said


def test_the_command_line_answers_too(project: Path, environment: dict[str, str], opened: Open) -> None:
    (project / ".claude/settings.json").write_text(json.dumps(SETTINGS))
    shown = json.loads(run(project, environment, "trust", "--show", "--json"))
    assert (shown["word"], [file["path"] for file in shown["files"]]) == (
        "not decided", [".claude/settings.json"],
    )  # fmt: skip
    assert "trusted until a file of these changes" in run(project, environment, "trust")
    with opened() as tui:
        tui.wait("● running", absent="look only")
        leave(tui)
    assert "look only from now on" in run(project, environment, "trust", "--revoke")
    with opened() as tui:
        tui.wait("● running", "look only")
        leave(tui)
