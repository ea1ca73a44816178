"""`qms-tui start`: agents without a screen, held by the project's daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qms_tui.cli.deciding import decide
from qms_tui.cli.loading import check_rights, config_of, examine_here, log_to_file
from qms_tui.cli.moved import check_moved
from qms_tui.cli.names import agents_to_open, commands_meant
from qms_tui.cli.options import Common, agents_argument, common_options, program_options
from qms_tui.cli.printing import echo, note, warn
from qms_tui.config import Config, Overrides, RuntimeKind
from qms_tui.errors import EngineError
from qms_tui.project import Project, find_project
from qms_tui.remembered import Memory, views_folder

if TYPE_CHECKING:
    from qms_tui.api.agents import AgentView
    from qms_tui.api.commands import Environment, Hold
    from qms_tui.api.daemon import Daemon
    from qms_tui.api.mirror import Mirror

PATIENCE = 120.0  # seconds until agents must run: a start has 60, and may wait for a disk before


@click.command("start")
@common_options
@program_options
@agents_argument
def start(
    common: Common, agents: Sequence[str], runtime: str | None, command: str | None, image: str | None
) -> int:
    """Start agents without a screen: the named ones, else those that were open last.

    From then on their policies hold, also without a screen, until: qms-tui stop --all
    """
    overrides = Overrides(runtime, command, image)
    with commands_meant(common, agents):
        project = find_project(common.project, Path())
        check_rights(project)
        standing = examine_here(project, common, overrides)
        log_to_file(common)
        expected = config_of(standing, overrides)
        check_moved(standing, expected)
        memory = Memory(project.root, views_folder())
        names, _ = agents_to_open(project, project.roster(expected.agents), agents, memory.read())
    config = decide(standing, overrides)
    if config is None:
        return 0
    if config.engine.runtime is RuntimeKind.DOCKER:
        project.check_path()
    return asyncio.run(_start(project, config, common, overrides, names))


async def _start(
    project: Project, config: Config, common: Common, overrides: Overrides, names: tuple[str, ...]
) -> int:
    from qms_tui.api.commands import Hold
    from qms_tui.api.daemon import daemon_of

    file = str(common.config.absolute()) if common.config is not None else ""
    wish = Hold(names, overrides.runtime, overrides.command, overrides.image, file, start=True)
    daemon = daemon_of(project.root, file, common.log_level)
    return await _hold(daemon, wish, _environment(config))


def _environment(config: Config) -> Environment:
    """What agents need of ours."""
    from qms_tui.api.environment import own_environment

    named = [name for agent in (config.every_agent, *config.overrides.values()) for name in agent.env]
    return own_environment(named, whole=config.engine.runtime is RuntimeKind.LOCAL)


async def _hold(daemon: Daemon, wish: Hold, environment: Environment) -> int:
    """Have them started, and say how that goes; the exit status."""
    from qms_tui.api.deltas import News, NoticeDelta

    client = await daemon.hold("qms-tui start", wish, environment)
    news = asyncio.Event()

    def hear(what: News) -> None:
        news.set()
        if isinstance(what, NoticeDelta):
            warn(what.notice.text)

    try:
        mirror = await client.subscribe(hear)
        waiting = list(wish.agents)
        async with asyncio.timeout(PATIENCE):
            while waiting:
                waiting = [name for name in waiting if not _has_settled(mirror.agents.get(name))]
                if waiting:
                    news.clear()
                    await news.wait()
    except TimeoutError:
        raise EngineError(
            f"{', '.join(waiting)}: not started within {PATIENCE:g} s", "see how it goes on: qms-tui ps"
        ) from None
    finally:
        await client.close()
    return _say(mirror, wish.agents)


def _has_settled(view: AgentView | None) -> bool:
    from qms_tui.api.agents import AgentState

    if view is None:
        return False
    over = (AgentState.RUNNING, AgentState.PAUSED, AgentState.ENDED, AgentState.FAILED)
    return view.state in over


def _say(mirror: Mirror, names: Sequence[str]) -> int:
    from qms_tui.api.agents import AgentState

    status = 0
    for name in names:
        view = mirror.agents[name]
        if view.trouble is not None:
            warn(f"{name}: {view.trouble.message}")
            note(f"  {view.trouble.hint}")
            status = 2
        elif view.state is AgentState.ENDED:
            warn(f"{name} has ended")
            note(f"  see what it said: qms-tui log {name}")
            status = 2
        else:
            echo(f"{name}: {view.state.value}")
    return status
