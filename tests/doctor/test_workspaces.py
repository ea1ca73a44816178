"""What agents have laid in folders of theirs, however hostile these are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.config.paths import Mount
from qms_tui.doctor import Finding, Verdict, as_json, workspaces
from qms_tui.project import Project
from tests.somebody import ROOT, SOMEBODY

SOON = 20.0  # seconds in which everything must have been looked at
BOUND = workspaces.MOST_ENTRIES


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in ("workspace", "container", "inbox"):
        (tmp_path / ".claude/users/qa" / folder).mkdir(parents=True)
    os.chmod(tmp_path / ".claude/users/qa", 0o700)
    os.chmod(tmp_path / ".claude/users/qa/container", 0o700)
    (tmp_path / ".claude/sessions").mkdir()
    if ROOT:
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, SOMEBODY.uid, SOMEBODY.gid)
    return Project(tmp_path)


def workspace(project: Project) -> Path:
    return project.folders("qa").workspace


def put(path: Path, mode: int = 0o644, content: str = "") -> Path:
    """A file of the agent's."""
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir()
        give(folder)
    path.write_text(content)
    give(path)
    path.chmod(mode)  # after: a change of the owner takes set-uid away
    return path


def give(path: Path) -> Path:
    if ROOT:
        os.chown(path, SOMEBODY.uid, SOMEBODY.gid, follow_symlinks=False)
    return path


def told(project: Project, config: Config | None = None) -> list[Finding]:
    began = time.monotonic()
    found = list(workspaces.workspaces(project, config or Config(), ("qa",)))
    assert time.monotonic() - began < SOON
    assert all(each.verdict is Verdict.WARNING and each.remedy for each in found)
    return found


def texts(project: Project, config: Config | None = None) -> list[str]:
    return [each.text for each in told(project, config)]


def test_honest_folders_are_nothing_to_tell(project: Project) -> None:
    put(workspace(project) / "src/main.py", 0o755)
    put(project.folders("qa").config / ".git/config")  # a plugin that the client has cloned
    assert texts(project) == []


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6711])
@pytest.mark.parametrize(
    "place", ["workspace/sh", "workspace/a/b/sh", "workspace/.git/hooks/sh", "container/sh"]
)
def test_set_ids_are_named(project: Project, place: str, mode: int) -> None:
    path = put(workspace(project).parent / place, mode)
    (finding,) = [each for each in told(project) if "set-uid" in each.text]
    folder = path.relative_to(workspace(project).parent).parts[0]
    assert finding.text.endswith(f"{folder}: {place.partition('/')[2]}")
    assert finding.remedy.endswith("chmod ug-s {} +")


def test_set_ids_are_named_wherever_agents_write(project: Project, tmp_path: Path) -> None:
    put(project.root / ".claude/sessions/sh", 0o4755)
    put(tmp_path / "shared/sh", 0o4755)
    mounts = (Mount(tmp_path / "shared", "/s", read_only=False), Mount(tmp_path / "shared", "/r"))
    config = Config(every_agent=AgentConfig(mounts=mounts))
    assert [text.rpartition(" in ")[2] for text in texts(project, config)] == [
        f"{tmp_path}/shared: sh",
        f"{project.root}/.claude/sessions: sh",
    ]


def test_a_set_group_id_of_a_folder_is_what_people_share_by(project: Project) -> None:
    (workspace(project) / "shared").mkdir()
    give(workspace(project) / "shared").chmod(0o2775)
    assert texts(project) == []


@pytest.mark.parametrize(
    "name",
    [
        *(".git", ".git/config", ".envrc", ".vscode/tasks.json", ".idea/x", ".devcontainer/x", ".mise.toml"),
        *(".nvmrc", ".tool-versions", ".exrc", ".claude/settings.json", ".mcp.json", "deep/down/here/.envrc"),
    ],
)
def test_what_tools_obey_is_named(project: Project, name: str) -> None:
    put(workspace(project) / name)
    (text,) = texts(project)
    assert "your shell or editor may obey" in text
    top = next(part for part in Path(name).parts if part in workspaces.PLANTED)
    assert text.endswith(f": {name[: name.index(top) + len(top)]}")


def test_a_repository_without_a_git_folder_is_named(project: Project) -> None:
    for name in ("HEAD", "objects/x", "refs/x"):
        put(workspace(project) / "innocent" / name)
    assert texts(project)[0].endswith(": innocent/HEAD")


def test_a_link_counts_and_leads_nowhere(project: Project, tmp_path: Path) -> None:
    put(tmp_path / "outside/sh", 0o4755)
    (workspace(project) / "out").symlink_to(tmp_path / "outside")
    (workspace(project) / "loop").symlink_to(".")
    (workspace(project) / ".git").symlink_to(tmp_path / "outside")
    for name in ("out", "loop", ".git"):
        give(workspace(project) / name)
    (text,) = texts(project)
    assert text.endswith(": .git")


def test_a_workspace_that_is_a_link_is_not_entered(project: Project, tmp_path: Path) -> None:
    put(tmp_path / "outside/sh", 0o4755)
    shutil.rmtree(workspace(project))
    workspace(project).symlink_to(tmp_path / "outside")
    assert texts(project) == []


def test_names_are_made_printable(project: Project) -> None:
    put(workspace(project) / "\x1b]0;owned\x07\u202e\u2028", 0o4755)
    put(workspace(project) / os.fsdecode(b"\xff\xfe"), 0o4755)
    said = json.dumps(as_json(told(project)), ensure_ascii=False)
    assert "owned" in said
    assert not any(bad in said for bad in ("\x1b", "\x07", "\u202e", "\u2028", "\\u001b", "\udcff"))


def test_pipes_and_sockets_are_not_opened(project: Project) -> None:
    for name in (".envrc", "pipe"):
        os.mkfifo(workspace(project) / name)
        give(workspace(project) / name)
    assert texts(project)[0].endswith(": .envrc")


def test_more_than_is_looked_at_hides_nothing_at_the_top(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "MOST_ENTRIES", 2000)
    for number in range(3000):
        give(Path(put(workspace(project) / f"f{number}")))
    put(workspace(project) / ".envrc")
    first, second = texts(project)
    assert first.endswith(": .envrc")
    assert "has more in it than is looked at" in second


def test_a_slow_file_system_is_left_in_time(project: Project) -> None:
    for number in range(20):
        put(workspace(project) / f"f{number}")
    ticks = iter(range(0, 1000, 1))
    found = list(workspaces.workspaces(project, Config(), ("qa",), clock=lambda: float(next(ticks))))
    assert "has more in it than is looked at" in found[0].text


def test_a_million_things_take_no_longer(project: Project) -> None:
    """As many as the bound and some more; a million would only take the test's time."""
    folder = workspace(project) / "many"
    folder.mkdir()
    give(folder)
    for number in range(BOUND + 100):
        os.mknod(folder / str(number))
    assert any("has more in it" in text for text in texts(project))


def test_what_is_nested_too_deep_is_told(project: Project) -> None:
    here = os.open(workspace(project), os.O_RDONLY)
    for _ in range(3000):  # far beyond the longest path
        os.mkdir("d", dir_fd=here)
        if ROOT:
            os.chown("d", SOMEBODY.uid, SOMEBODY.gid, dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        (text,) = texts(project)
    finally:
        subprocess.run(["rm", "-rf", workspace(project)], check=True)  # shutil would recurse too deep
    assert "nested too deep: d/d/d/..." in text


@pytest.mark.skipif(ROOT, reason="root may enter every folder")
def test_a_closed_folder_is_told(project: Project) -> None:
    (workspace(project) / "closed").mkdir(mode=0)
    assert texts(project)[0].endswith("closed or nested too deep: closed")


@pytest.mark.skipif(not ROOT, reason="only root has files of root's")
def test_roots_files_are_named(project: Project) -> None:
    (workspace(project) / "strange").write_text("")
    (text,) = texts(project)
    assert text.endswith("workspace: strange")
    assert text.startswith("root's files in ")


@pytest.mark.parametrize("folder", [".", "container"])
def test_folders_that_others_may_enter_are_named(project: Project, folder: str) -> None:
    path = workspace(project).parent / folder
    path.chmod(0o755)
    (finding,) = told(project)
    assert finding.text == f"other users may look into {path} (mode 755)"
    assert finding.remedy == f"chmod 700 {path}"


def test_own_files_that_others_may_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir(mode=0o700)
    put(tmp_path / "trust.json", 0o600)
    assert list(workspaces.own_folders([tmp_path, tmp_path / "missing"])) == []
    tmp_path.chmod(0o755)
    (tmp_path / "projects").chmod(0o755)
    (finding,) = workspaces.own_folders([tmp_path])
    assert finding.text == f"other users may look at your own files: {tmp_path}/projects"
    tmp_path.chmod(0o700)
    assert list(workspaces.own_folders([tmp_path])) == []
