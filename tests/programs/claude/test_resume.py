"""When a new container goes on with its agent's last conversation.

What the files must hold was seen with the real client; see qms_tui/programs/claude/resume.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig
from qms_tui.programs.claude.resume import LONGEST_SLUG, MOST_BYTES, resuming, slug
from qms_tui.programs.config_folder import container_folder
from qms_tui.programs.registry import program_of
from qms_tui.project import Project

CWD = "/pipe-dream"
CONTAINER = ".claude/users/qa/container"
SESSION = "8276cc26-2d9c-4215-b55d-436dae836e76.jsonl"
MODE = json.dumps({"type": "mode", "mode": "normal"}) + "\n"
PROMPT = (
    '{"parentUuid":null,"isSidechain":false,"promptId":"98","type":"user",'
    '"message":{"role":"user","content":"hello"}}\n'
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / CONTAINER).mkdir(parents=True)
    return Project(tmp_path)


def keep(project: Project, text: str = MODE + PROMPT, name: str = SESSION, cwd: str = CWD) -> Path:
    """A conversation as the client keeps it."""
    folder = project.root / CONTAINER / "projects" / slug(cwd)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def command(project: Project, *words: str, resume: bool = True, cwd: str = CWD) -> tuple[str, ...]:
    config = AgentConfig("qa", command=words or ("claude",), resume=resume)
    return program_of(config.command).resuming(config, container_folder(project, "qa"), cwd)


def test_goes_on_where_there_is_a_conversation(project: Project) -> None:
    assert command(project) == ("claude",)
    keep(project)
    assert command(project) == ("claude", "--continue")
    assert command(project, resume=False) == ("claude",)
    assert command(project, cwd="/elsewhere") == ("claude",)
    assert command(project, "/opt/bin/claude", "--", "hi") == ("/opt/bin/claude", "--continue", "--", "hi")


def test_another_agents_conversation_is_not_ones_own(project: Project) -> None:
    keep(project)
    assert resuming(AgentConfig("bu"), container_folder(project, "bu"), CWD) == ("claude",)


@pytest.mark.parametrize(
    "words",
    [
        ("codex",), ("claude2",), ("sh", "-c", "claude"),
        ("claude", "-c"), ("claude", "-r"), ("claude", "--continue"), ("claude", "-v", "--resume", "x"),
        ("claude", "--resume=x"), ("claude", "--session-id", "x"), ("claude", "-p", "hello"),
    ],
)  # fmt: skip
def test_other_programs_and_commands_that_choose_stay_as_they_are(
    project: Project, words: tuple[str, ...]
) -> None:
    keep(project)
    assert command(project, *words) == words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", SESSION),
        (MODE, SESSION),
        ("hello\n", SESSION),
        (PROMPT.replace("false", "true"), SESSION),
        (MODE + PROMPT, "agent-x.jsonl"),
        (MODE + PROMPT, SESSION + "~"),
    ],
)
def test_what_the_client_would_not_continue(project: Project, text: str, name: str) -> None:
    keep(project, text, name)
    assert command(project) == ("claude",)


@pytest.mark.parametrize("text", [PROMPT + '{"type":"assi', "x" * (MOST_BYTES + 1) + "\n" + PROMPT])
def test_torn_and_long_ones_are_conversations(project: Project, text: str) -> None:
    keep(project, text)
    assert command(project) == ("claude", "--continue")


@pytest.mark.parametrize("level", range(4))
def test_no_planted_link_is_followed(project: Project, tmp_path: Path, level: int) -> None:
    """Each component below the agent's own folder as a link to the real thing elsewhere."""
    path = keep(project)
    place = [path, *path.parents][level]
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert path.read_text() == MODE + PROMPT
    assert command(project) == ("claude",)


def test_a_pipe_or_folder_in_its_place_holds_nothing_up(project: Project) -> None:
    path = keep(project)
    path.unlink()
    os.mkfifo(path)
    assert command(project) == ("claude",)
    path.unlink()
    path.mkdir()
    assert command(project) == ("claude",)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/pipe-dream", "-pipe-dream"),
        ("/tmp/orph-mb0a891n/Wei rd_Ünï.proj~x", "-tmp-orph-mb0a891n-Wei-rd--n--proj-x"),
        ("/a/😀", "-a---"),
    ],
)
def test_the_clients_name_of_a_folder(folder: str, name: str) -> None:
    assert slug(folder) == name


def test_the_clients_name_of_a_long_folder() -> None:
    """The hash is the one that the client gave this very path."""
    folder = f"/tmp/orph-mb0a891n/{'L' * 120}/{'m' * 120}"
    assert slug(folder) == folder.replace("/", "-")[:LONGEST_SLUG] + "-hjk7zj"
