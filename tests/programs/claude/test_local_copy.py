"""Login and conversations go from a container's folder to the local one; nothing that is obeyed does."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qms_tui.config import AgentConfig, Config, EngineConfig, RuntimeKind
from qms_tui.errors import ProjectError
from qms_tui.programs.base import Copyable
from qms_tui.programs.claude import local_copy
from qms_tui.programs.claude.resume import resuming, slug
from qms_tui.programs.config_folder import local_folder, make_local_folder
from qms_tui.programs.local_copy import copy, copyable, remarks
from qms_tui.project import Project

from .test_conversation import answer, user

CONFIG = replace(Config(), engine=EngineConfig(runtime=RuntimeKind.LOCAL))
LOGIN = {"accessToken": "sk-1", "refreshToken": "sk-2", "expiresAt": 1.9e12, "scopes": ["user:inference"]}
ACCOUNT = {"accountUuid": "a", "emailAddress": "me@example.org"}
FIRST, SECOND = (f"0000000{n}-0000-0000-0000-000000000000.jsonl" for n in (1, 2))


class Agent:
    """The agent qa: what its container has written, and what it has here."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.source = project.folders("qa").config
        self.source.mkdir(parents=True)

    @property
    def here(self) -> Path:
        return local_folder(self.project, "qa").path

    def writes(self, name: str, content: object) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def says(self, name: str = FIRST, cwd: str = "/pipe-dream", *more: dict[str, Any]) -> Path:
        lines = (user(10, None), answer(11, 10), *more)
        return self.writes(f"projects/{slug(cwd)}/{name}", "".join(json.dumps(x) + "\n" for x in lines))

    def read(self, name: str) -> Any:
        return json.loads((self.here / name).read_text())

    @property
    def conversations(self) -> Path:
        return self.here / "projects" / slug(str(self.project.root))

    def copies(self) -> Copyable:
        return copy(self.project, CONFIG, "qa")


@pytest.fixture
def qa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Agent(Project(tmp_path / "project"))


def test_a_login_goes_over_and_nothing_else(qa: Agent) -> None:
    obeyed = {"mcpServers": {"x": {"command": "x"}}, "hooks": {}, "env": {"A": "b"}, "apiKeyHelper": "x"}
    qa.writes(".credentials.json", {"claudeAiOauth": LOGIN | {"baseUrl": "x"}, "mcpOAuth": {"x": 1}} | obeyed)
    allowed = {str(qa.project.root): {"hasTrustDialogAccepted": True, "allowedTools": ["Bash"]}}
    known = {"oauthAccount": ACCOUNT | obeyed, "userID": "u", "projects": allowed, "installMethod": "x"}
    qa.writes(".claude.json", known | obeyed)
    for name in (
        "settings.json",
        "settings.local.json",
        "hooks/x",
        "plugins/x",
        "CLAUDE.md",
        "commands/x.md",
    ):
        qa.writes(name, obeyed)
    assert qa.copies() == Copyable(login=True)
    assert qa.read(".credentials.json") == {"claudeAiOauth": LOGIN}
    own = {"hasCompletedOnboarding": True, "oauthAccount": ACCOUNT, "userID": "u"}
    assert qa.read(".claude.json") == own
    assert sorted(os.listdir(qa.here)) == [".claude.json", ".credentials.json", "projects"]
    assert stat.S_IMODE((qa.here / ".credentials.json").stat().st_mode) == 0o600


def test_what_is_there_already_stays(qa: Agent) -> None:
    qa.writes(".credentials.json", {"claudeAiOauth": LOGIN})
    qa.says()
    make_local_folder(qa.project, "qa")
    (qa.here / ".claude.json").write_text('{"theme": "light", "oauthAccount": {"accountUuid": "mine"}}')
    assert qa.copies() == Copyable(login=True, conversations=1)
    theirs = {"theme": "light", "oauthAccount": {"accountUuid": "mine"}, "hasCompletedOnboarding": True}
    assert qa.read(".claude.json") == theirs
    (qa.here / ".credentials.json").write_text("mine")
    (qa.conversations / FIRST).write_text("mine")
    assert qa.copies() == Copyable()
    assert (qa.here / ".credentials.json").read_text() == "mine"
    assert (qa.conversations / FIRST).read_text() == "mine"


def test_a_file_that_cannot_be_read_is_not_replaced(qa: Agent) -> None:
    qa.writes(".credentials.json", {"claudeAiOauth": LOGIN})
    (make_local_folder(qa.project, "qa") / ".claude.json").write_text("{")
    with pytest.raises(ProjectError, match="cannot be read"):
        qa.copies()


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", "[" * 60_000, "x" * 100_000, {"claudeAiOauth": []}, {"claudeAiOauth": "x"},
        {"claudeAiOauth": {}}, {"claudeAiOauth": {"accessToken": {}}}, {"claudeAiOauth": {"accessToken": 1}},
        {"claudeAiOauth": {"accessToken": "x" * 10_000}}, {"claudeAiOauth": {"accessToken": "a\nb"}},
    ],
)  # fmt: skip
def test_what_is_no_login_does_not_go_over(qa: Agent, content: object) -> None:
    qa.writes(".credentials.json", content)
    assert qa.copies() == Copyable()
    assert not (qa.here / ".credentials.json").exists()


@pytest.mark.parametrize("value", [{}, [1], [["x"]], "x\x1b[0m", float("nan"), ["x"] * 1000])
def test_strange_values_of_a_login_are_left_out(qa: Agent, value: object) -> None:
    qa.writes(".credentials.json", {"claudeAiOauth": LOGIN | {"scopes": value}})
    qa.copies()
    assert "scopes" not in qa.read(".credentials.json")["claudeAiOauth"]


def test_conversations_go_under_the_projects_own_path(qa: Agent) -> None:
    old = qa.says(FIRST)
    os.utime(old, ns=(10**18, 10**18))
    planted = (
        user(12, 11, permissionMode="acceptEdits"),
        {"type": "permission-mode", "permissionMode": "plan"},
    )
    qa.says(SECOND, str(qa.project.root), *planted)
    qa.says("3" * 8 + "-0000-0000-0000-000000000000.jsonl", "/elsewhere")
    qa.writes(f"projects/{slug('/pipe-dream')}/not-a-session.jsonl", "{}")
    assert copyable(qa.project, CONFIG, "qa") == Copyable(conversations=2)
    assert qa.copies() == Copyable(conversations=2)
    assert sorted(os.listdir(qa.conversations)) == [FIRST, SECOND]
    assert (qa.conversations / FIRST).stat().st_mtime_ns == 10**18
    assert stat.S_IMODE((qa.conversations / FIRST).stat().st_mode) == 0o600
    assert "ermission" not in (qa.conversations / SECOND).read_text()
    assert str(qa.project.root) in (qa.conversations / SECOND).read_text()


def test_what_was_copied_can_be_gone_on_with(qa: Agent) -> None:
    qa.says()
    here = local_folder(qa.project, "qa")
    config = AgentConfig("qa")
    assert resuming(config, here, str(qa.project.root)) == ("claude",)
    qa.copies()
    assert resuming(config, here, str(qa.project.root)) == ("claude", "--continue")


def test_the_workdir_of_the_configuration_counts(qa: Agent) -> None:
    qa.says(FIRST, "/work")
    config = replace(CONFIG, every_agent=AgentConfig(workdir="/work"))
    assert copy(qa.project, config, "qa") == Copyable(conversations=1)


def _link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def _pipe(path: Path, secret: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path, secret: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_link, _pipe, _folder])
@pytest.mark.parametrize("name", [".credentials.json", f"projects/{slug('/pipe-dream')}/{FIRST}"])
def test_only_regular_files_are_read(
    qa: Agent, tmp_path: Path, name: str, make: Callable[[Path, Path], None]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"claudeAiOauth": LOGIN}))
    (qa.source / name).parent.mkdir(parents=True, exist_ok=True)
    make(qa.source / name, secret)
    assert qa.copies() == Copyable()
    assert "sk-1" not in "".join(p.read_text() for p in qa.here.rglob("*") if p.is_file())


@pytest.mark.parametrize("name", ["projects", f"projects/{slug('/pipe-dream')}"])
def test_no_folder_is_reached_through_a_link(qa: Agent, tmp_path: Path, name: str) -> None:
    elsewhere = Agent(Project(tmp_path / "elsewhere"))
    elsewhere.says()
    path = qa.source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere.source / name)
    assert qa.copies() == Copyable()


def test_the_folder_itself_is_not_a_link(qa: Agent, tmp_path: Path) -> None:
    elsewhere = Agent(Project(tmp_path / "elsewhere"))
    elsewhere.writes(".credentials.json", {"claudeAiOauth": LOGIN})
    qa.source.rmdir()
    qa.source.symlink_to(elsewhere.source)
    assert qa.copies() == Copyable()


def test_everything_is_bounded(qa: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        path = qa.says(f"{number}0000000-0000-0000-0000-000000000000.jsonl")
        os.utime(path, (number, number))
    size = path.stat().st_size
    monkeypatch.setattr(local_copy, "MOST_FILES", 5)
    monkeypatch.setattr(local_copy, "MOST_COPIED", 3 * size)
    assert qa.copies() == Copyable(conversations=3)
    assert [name[0] for name in sorted(os.listdir(qa.conversations))] == ["6", "7", "8"]  # the newest
    monkeypatch.setattr(local_copy, "LARGEST_CONVERSATION", size - 1)
    assert copyable(qa.project, CONFIG, "qa") == Copyable()


def test_the_first_start_says_so(qa: Agent) -> None:
    assert remarks(qa.project, CONFIG, ("claude", "qa")) == ()
    qa.says()
    (said,) = remarks(qa.project, CONFIG, ("claude", "qa"))
    assert "qa begins without login and conversations" in said
    assert "qms-tui local --copy qa" in said
    assert ".claude/users/NAME/container" in said
    assert remarks(qa.project, replace(CONFIG, every_agent=AgentConfig(command=("cat",))), ("qa",)) == ()
    make_local_folder(qa.project, "qa")
    assert remarks(qa.project, CONFIG, ("claude", "qa")) == ()
    assert qa.says().exists()  # the old folder stays as it is
