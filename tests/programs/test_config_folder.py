"""Where agents of the local runtime keep their own files, and that they share nothing with containers."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config, EngineConfig, RuntimeKind
from qms_tui.errors import ProjectError
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.runtimes import local_runtime
from qms_tui.programs.claude.resume import slug
from qms_tui.programs.config_folder import container_folder, local_folder, local_folders, make_local_folder
from qms_tui.programs.folders import config_folder
from qms_tui.project import Project
from qms_tui.runtime import Runtime
from tests.e2e.held import started

SESSION = "8276cc26-2d9c-4215-b55d-436dae836e76.jsonl"
PROMPT = '{"isSidechain":false,"type":"user","message":{"role":"user","content":"hello"}}\n'
# Takes hooks from its settings as the client does, and says where it found them and how it was started.
# Then it stays, as the client: of one that has ended a screen is given the last state, and no output.
CLIENT = """#!/bin/sh
echo "folder $CLAUDE_CONFIG_DIR, words [$*]"
[ -e "$CLAUDE_CONFIG_DIR/settings.json" ] && sh "$CLAUDE_CONFIG_DIR/settings.json"
ls -A "$CLAUDE_CONFIG_DIR"
echo end
read line
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "project" / ".claude").mkdir(parents=True)
    return Project(tmp_path / "project")


def local(*command: str) -> Config:
    return replace(
        Config(), engine=EngineConfig(runtime=RuntimeKind.LOCAL), every_agent=AgentConfig(command=command)
    )


@asynccontextmanager
async def running(project: Project, config: Config) -> AsyncIterator[Runtime]:
    """Agents of this machine, and their processes; nothing stays."""
    runtime = local_runtime(project, config)
    try:
        yield runtime
    finally:
        await runtime.close()
        LocalProcesses(project.root).stop()


def client(folder: Path) -> str:
    program = folder / "claude"
    program.write_text(CLIENT)
    program.chmod(0o755)
    return str(program)


def plant(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


async def test_a_hook_in_the_containers_folder_does_not_run_here(project: Project, tmp_path: Path) -> None:
    planted = project.folders("qa").config
    plant(planted, "settings.json", f"touch {tmp_path}/ran\n")
    plant(planted, f"projects/{slug(str(project.root))}/{SESSION}", PROMPT)
    async with running(project, local(client(tmp_path))) as runtime, started(runtime, "qa") as qa:
        said = await qa.expect(rb"folder ([^,]+), words \[\]\r\n((?s:.*))end\r\n")
    assert not (tmp_path / "ran").exists()
    assert Path(said.group(1).decode()) == local_folder(project, "qa").path
    assert said.group(2) == b""


async def test_it_goes_on_with_its_own_conversation(project: Project, tmp_path: Path) -> None:
    folder = make_local_folder(project, "qa")
    plant(folder, f"projects/{slug(str(project.root))}/{SESSION}", PROMPT)
    async with running(project, local(client(tmp_path))) as runtime, started(runtime, "qa") as qa:
        await qa.expect(rb"words \[--continue\]\r\n")


async def test_no_container_folder_is_made_or_needed(project: Project, tmp_path: Path) -> None:
    """That of another user, or a link, is no reason not to start."""
    project.folders("qa").config.parent.mkdir(parents=True)
    project.folders("qa").config.symlink_to("/etc")
    async with running(project, local(client(tmp_path))) as runtime:
        for agent in ("qa", "bu"):
            async with started(runtime, agent) as held:
                await held.expect(rb"end\r\n")
    assert sorted(os.listdir(project.folders("bu").config.parent)) == ["inbox", "workspace"]


def test_folders_are_private_and_apart(project: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "other" / "project")
    paths = {make_local_folder(which, agent) for which in (project, other) for agent in ("qa", "bu")}
    assert len(paths) == 4
    for path in paths:
        for step in (path, path.parent, path.parent.parent):
            assert stat.S_IMODE(step.stat().st_mode) == 0o700
            assert step.is_relative_to(local_folders())
    make_local_folder(project, "qa").chmod(0o755)
    assert stat.S_IMODE(make_local_folder(project, "qa").stat().st_mode) == 0o700


def _as_link(project: Project, path: Path) -> None:
    (project.root / "planted").mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(project.root / "planted")


def _as_file(project: Project, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


@pytest.mark.parametrize("plant_it", [_as_link, _as_file])
@pytest.mark.parametrize("above", [0, 1, 2])
def test_what_stands_in_its_place_is_named(
    project: Project, plant_it: Callable[[Project, Path], None], above: int
) -> None:
    path = (local_folder(project, "qa").path, *local_folder(project, "qa").path.parents)[above]
    plant_it(project, path)
    with pytest.raises(ProjectError) as caught:
        make_local_folder(project, "qa")
    assert str(path) in caught.value.message
    assert not os.listdir(project.root / "planted") if (project.root / "planted").exists() else True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make somebody else's folder")
def test_somebody_elses_folder_is_named(project: Project) -> None:
    path = make_local_folder(project, "qa")
    os.chown(path, 65534, 65534)
    with pytest.raises(ProjectError, match="belongs to another user"):
        make_local_folder(project, "qa")


@pytest.mark.parametrize(
    ("command", "kept"), [(("claude",), True), (("/opt/claude", "-v"), True), (("cat",), False)]
)
def test_one_place_says_which_folder_holds(project: Project, command: Sequence[str], kept: bool) -> None:
    inside = replace(Config(), every_agent=AgentConfig(command=tuple(command)))
    assert config_folder(project, inside, "qa") == container_folder(project, "qa")
    here = config_folder(project, local(*command), "qa")
    assert here == (local_folder(project, "qa") if kept else None)


def test_what_is_in_it_is_read_without_links(project: Project, tmp_path: Path) -> None:
    folder = local_folder(project, "qa")
    path = make_local_folder(project, "qa")
    (tmp_path / "secret").write_text("hush")
    (path / "link").symlink_to(tmp_path / "secret")
    (path / "below").symlink_to(tmp_path)
    os.mkfifo(path / "pipe")
    (path / "file").write_text(json.dumps("hello"))
    assert folder.read("file", 3) == b'"he'
    for name in ("link", "below/secret", "pipe", "missing"):
        with pytest.raises(OSError):  # noqa: PT011 which one depends on what stands there
            folder.read(name, 100)
