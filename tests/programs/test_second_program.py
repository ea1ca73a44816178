"""A second program needs a folder and one line: nothing else in the package knows which ones there are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from qms_tui.activity import Health
from qms_tui.config import AgentConfig, Config, EngineConfig, McpServer, RuntimeKind
from qms_tui.doctor import agents as doctor
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.runtimes import local_processes, local_runtime
from qms_tui.mcp.mounting import with_gateway
from qms_tui.mcp.places import CLIENT_FILE, agent_folder
from qms_tui.programs.config_folder import local_folder
from qms_tui.programs.registry import PROGRAMS, program_of
from qms_tui.programs.values import Word
from qms_tui.project import Owner, Project
from qms_tui.runtime.agent_places import agent_places
from qms_tui.runtime.definition import agent_wishes, read_definition
from qms_tui.runtime.logins import login
from tests.core.headless import headless

from .toy.program import COMMAND, KEY, Toy


@pytest.fixture(autouse=True)
def toy() -> Iterator[Toy]:
    """The registry's one line."""
    PROGRAMS.append(Toy())
    yield Toy()
    PROGRAMS.pop()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv(KEY, "hush")
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    definitions = tmp_path / "project/.claude/agents"
    definitions.mkdir(parents=True)
    (definitions / "qa.md").write_text("---\nname: qa\nmodel: quick\n---\n")
    return Project(tmp_path / "project")


def config(**settings: object) -> Config:
    """qa is the toy, bu a shell."""
    every = AgentConfig(command=(str(COMMAND),), model="quick", **settings)  # type: ignore[arg-type]
    shell = replace(every, name="bu", command=("sh", "-c", "echo words; cat"))
    local = EngineConfig(runtime=RuntimeKind.LOCAL)
    return Config(engine=local, every_agent=every, overrides=MappingProxyType({"bu": shell}))


@pytest.fixture
def processes(project: Project) -> Iterator[LocalProcesses]:
    """What holds the agents; nothing of it stays."""
    made = local_processes(project, config())
    yield made
    made.stop()


async def test_it_runs_headless_and_says_what_it_does(project: Project, processes: LocalProcesses) -> None:
    settings = config()
    runtime = local_runtime(project, settings, processes)
    async with headless(project, "qa", "bu", config=settings, runtime=runtime) as house:

        def doing(agent: str) -> Word | None:
            activity = house.core.view(agent).activity
            return activity.word if activity else None

        await house.until(lambda: doing("qa") is Word.BUSY)
        await house.until(lambda: "words [-m quick], client folder []" in house.text("qa"))
        lights = house.core.view("qa").lights
        assert lights is not None
        assert (lights.login.health, lights.login.why) == (Health.FINE, KEY)
        await house.until(lambda: doing("bu") is Word.RUNNING)  # it says nothing, as ever
        house.link("qa").send(b"rest\r")
        await house.until(lambda: doing("qa") is Word.IDLE)
        house.core.restart("qa")
        await house.until(lambda: "words [-m quick --again]" in house.text("qa"))
        await house.until(lambda: doing("qa") is Word.BUSY)
    assert (local_folder(project, "qa").path / "count").read_text() == "1\n1\n"


async def test_what_an_agent_runs_is_asked_of_the_configuration_that_holds(
    project: Project, processes: LocalProcesses
) -> None:
    held = [config()]
    runtime = local_runtime(project, lambda: held[-1], processes)
    async with headless(project, "bu", config=held[0], runtime=runtime) as house:

        def doing() -> Word | None:
            activity = house.core.view("bu").activity
            return activity.word if activity else None

        await house.until(lambda: doing() is Word.RUNNING)
        held.append(replace(held[0], overrides=MappingProxyType({})))
        house.core.configure(held[-1])
        house.core.restart("bu")
        await house.until(lambda: doing() is Word.BUSY)
    assert (local_folder(project, "bu").path / "count").read_text() == "1\n"


def test_whoever_asks_gets_its_answers(project: Project, tmp_path: Path) -> None:
    settings = config()
    mine = settings.agent("qa")
    places = agent_places(project, settings)
    assert login(mine, os.environ, isolated=False) == KEY
    assert agent_wishes(project, settings, "qa", places).model == "quick"
    (project.root / "TOY.md").write_text("count\n")
    found = read_definition(project, "lead", mine, places)
    assert found is not None
    assert found.content == b"count\n"
    served = replace(settings, servers=(McpServer("qms"),))
    with_gateway(served, tmp_path / "gateway", ["qa"], Owner(os.geteuid(), os.getegid()))
    assert (agent_folder(tmp_path / "gateway", "qa") / CLIENT_FILE).read_text() == "qms"
    said = doctor.login(project, "bu", settings.agent("bu"), {}, 0.0)
    assert [each.text for each in said] == ["needs no login: its program is not Claude Code or The Toy"]
    assert program_of(("/opt/toy", "-v")).title == "The Toy"
