"""Definitions: read once, bounded, and never from where an agent writes, under whatever name."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from qms_tui.config import AgentConfig, Config, Mount
from qms_tui.errors import ProjectError
from qms_tui.project import Project
from qms_tui.runtime.agent_places import agent_places
from qms_tui.runtime.definition import LARGEST, Definition, read_definition
from tests.somebody import ROOT

READING = r"lies in .*, where an agent can write"
DOCS = AgentConfig(definition="docs/x.md")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in (".claude/agents", ".claude/sessions", "docs"):
        (tmp_path / folder).mkdir(parents=True)
    for own in ("inbox", "workspace", "container"):
        (tmp_path / ".claude/users/claude" / own).mkdir(parents=True)
    (tmp_path / ".claude/agents/qa.md").write_text("You are qa.\n")
    return Project(tmp_path)


def read(project: Project, agent: str, config: AgentConfig = AgentConfig()) -> Definition | None:  # noqa: B008
    return read_definition(project, agent, config, agent_places(project, Config(every_agent=config)))


@contextmanager
def bound(source: Path, place: Path) -> Iterator[None]:
    """A folder shown at another place, too."""
    subprocess.run(["mount", "--bind", source, place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_it_is_the_agents_own_or_else_the_projects(project: Project) -> None:
    assert read(project, "claude") is None
    (project.root / "CLAUDE.md").write_text("Context\n")
    context = Definition(PurePosixPath("CLAUDE.md"), b"Context\n", own=False)
    assert read(project, "claude") == read(project, "bu") == context
    mine = read(project, "qa")
    assert mine == Definition(PurePosixPath(".claude/agents/qa.md"), b"You are qa.\n", own=True)
    assert mine.label == mine.sha256 == hashlib.sha256(b"You are qa.\n").hexdigest()


def test_an_empty_one_is_there_but_nothing_to_load(project: Project) -> None:
    (project.root / ".claude/agents/qa.md").write_text(" \n")
    mine = read(project, "qa")
    assert mine == Definition(PurePosixPath(".claude/agents/qa.md"), b" \n", own=True)
    assert mine.label == ""


def test_a_folder_in_its_place_is_no_context(project: Project) -> None:
    (project.root / "CLAUDE.md").mkdir()
    assert read(project, "claude") is None


def test_one_that_is_a_link_is_refused(project: Project) -> None:
    (project.root / ".claude/agents/qa.md").unlink()
    (project.root / ".claude/agents/qa.md").symlink_to("/etc/shadow")
    with pytest.raises(ProjectError, match=r"qa.md is not a regular file"):
        read(project, "qa")


def test_a_context_that_is_a_link_in_the_project_is_read(project: Project) -> None:
    (project.root / "AGENTS.md").write_text("Context\n")
    (project.root / "CLAUDE.md").symlink_to("AGENTS.md")
    assert read(project, "claude") == Definition(PurePosixPath("AGENTS.md"), b"Context\n", own=False)


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1])
@pytest.mark.parametrize(("agent", "name"), [("qa", ".claude/agents/qa.md"), ("claude", "CLAUDE.md")])
def test_it_has_a_largest_size_and_says_so(project: Project, agent: str, name: str, size: int) -> None:
    (project.root / name).write_bytes(b"x" * size)
    if size == LARGEST:
        found = read(project, agent)
        assert found is not None
        assert len(found.content) == LARGEST
        return
    with pytest.raises(ProjectError, match="larger than 4 MB"):
        read(project, agent)


@pytest.mark.skipif(ROOT, reason="root may read everything")
def test_one_that_cannot_be_read_is_not_an_empty_one(project: Project) -> None:
    (project.root / ".claude/agents/qa.md").chmod(0)
    with pytest.raises(ProjectError, match="Permission denied"):
        read(project, "qa")


PLACES = [
    ".claude/sessions/x.md",
    ".claude/sessions/deep/er/x.md",
]


@pytest.mark.parametrize("place", PLACES)
def test_where_an_agent_writes_there_is_no_definition(project: Project, place: str) -> None:
    (project.root / place).parent.mkdir(parents=True, exist_ok=True)
    (project.root / place).write_text("You are mine.\n")
    with pytest.raises(ProjectError, match=READING):
        read(project, "qa", AgentConfig(definition=place))


@pytest.mark.parametrize("own", ["workspace", "container"])
@pytest.mark.parametrize("agent", ["claude", "qa"])
def test_nor_is_the_projects_context_there(project: Project, own: str, agent: str) -> None:
    """Also for agents with a definition: it would be mounted over a name that the other one can take away."""
    place = f".claude/users/claude/{own}/x.md"
    (project.root / place).write_text("You are mine.\n")
    (project.root / "CLAUDE.md").symlink_to(place)
    with pytest.raises(ProjectError, match=READING):
        read(project, agent)


@pytest.mark.parametrize("agent", ["claude", ""])
def test_a_writable_mount_of_any_agent_is_such_a_place(project: Project, agent: str) -> None:
    (project.root / "docs/deep").mkdir()
    (project.root / "docs/deep/x.md").write_text("You are mine.\n")
    config = AgentConfig(name=agent, mounts=(Mount(project.root / "docs", "/docs", read_only=False),))
    every = Config(overrides={"claude": config}) if agent else Config(every_agent=config)
    wanted = AgentConfig(definition="docs/deep/x.md")
    with pytest.raises(ProjectError, match=READING):
        read_definition(project, "qa", wanted, agent_places(project, every))
    only_read = AgentConfig(mounts=(Mount(project.root / "docs", "/docs"),))
    found = read_definition(project, "qa", wanted, agent_places(project, Config(every_agent=only_read)))
    assert found is not None


@pytest.mark.skipif(not ROOT, reason="only root mounts")
@pytest.mark.parametrize("below", ["", "deep"])
@pytest.mark.parametrize("own", ["workspace", "container"])
def test_a_folder_of_an_agent_under_another_name(project: Project, own: str, below: str) -> None:
    """A bind mount of it, or of a folder in it, which has another inode."""
    source = project.root / ".claude/users/claude" / own / below
    source.mkdir(exist_ok=True)
    (source / "x.md").write_text("You are mine.\n")
    with bound(source, project.root / "docs"), pytest.raises(ProjectError, match=READING):
        read(project, "qa", DOCS)


@pytest.mark.skipif(not ROOT, reason="only root mounts")
def test_a_folder_of_another_projects_agent_under_another_name(project: Project, tmp_path: Path) -> None:
    source = tmp_path / "other/.claude/users/qa/workspace/deep"
    source.mkdir(parents=True)
    (source / "x.md").write_text("You are mine.\n")
    with bound(source, project.root / "docs"), pytest.raises(ProjectError, match=READING):
        read(project, "qa", DOCS)


@pytest.mark.skipif(not ROOT, reason="only root mounts")
def test_a_bind_mount_of_anything_else_is_fine(project: Project, tmp_path: Path) -> None:
    source = tmp_path / "library"
    source.mkdir()
    (source / "x.md").write_text("You are qa.\n")
    with bound(source, project.root / "docs"):
        assert read(project, "qa", DOCS) is not None


@pytest.mark.parametrize(("agent", "name"), [("qa", ".claude/agents/qa.md"), ("claude", "CLAUDE.md")])
def test_a_file_that_an_agent_has_under_another_name(project: Project, agent: str, name: str) -> None:
    (project.root / name).write_text("You are yourself.\n")
    os.link(project.root / name, project.root / ".claude/users/claude/workspace/mine.md")
    with pytest.raises(ProjectError, match="hard links"):
        read(project, agent)


def test_names_beside_each_other_are_fine(project: Project) -> None:
    (project.root / "CLAUDE.md").write_text("Context\n")
    os.link(project.root / "CLAUDE.md", project.root / "AGENTS.md")
    assert read(project, "claude") is not None


def test_what_is_read_is_what_was_judged(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Swapped for a link between the look at it and the reading."""
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    file = project.root / ".claude/agents/qa.md"

    def swap(original: Callable[..., object]) -> Callable[..., object]:
        def swapped(*args: object, **more: object) -> object:
            done = original(*args, **more)
            file.unlink()
            file.symlink_to(secret)
            return done

        return swapped

    monkeypatch.setattr(Project, "_check_regular", swap(Project._check_regular))
    with pytest.raises(ProjectError, match="symbolic links"):
        read(project, "qa")
