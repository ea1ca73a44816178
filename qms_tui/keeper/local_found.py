"""What there is of a project's local agents: programs that run, and how others ended. Blocking."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from qms_tui.keeper.ending import read_ending
from qms_tui.keeper.local_ending import ending_of
from qms_tui.keeper.local_processes import LocalProcesses
from qms_tui.keeper.spawner.client import PATIENCE
from qms_tui.keeper.spawner.request import Facts, folder_identity
from qms_tui.project import AGENT_NAME
from qms_tui.runtime import Condition, Found

ABSENT = Found(Condition.ABSENT)


def find_local(processes: LocalProcesses, patience: float = PATIENCE) -> dict[str, Found]:
    """By agent; those of which nothing is known are left out. Raises KeeperError; starts nothing.

    The spawner has `patience` seconds to answer.
    """
    programs = processes.spawner.programs(patience)
    names = {*programs, *_with_folders(processes.folder)}
    every = {agent: _found(processes, agent, programs.get(agent)) for agent in sorted(names)}
    return {agent: found for agent, found in every.items() if found is not ABSENT}


def find_one(processes: LocalProcesses, agent: str) -> Found:
    """One agent. Raises KeeperError; starts nothing."""
    return _found(processes, agent, processes.spawner.programs().get(agent))


def _found(processes: LocalProcesses, agent: str, facts: Facts | None) -> Found:
    """As the spawner has it, else as its keeper has written it down; one that was stopped is cleared away."""
    if facts is not None and facts.alive:
        return Found(
            Condition.RUNNING, None, _time(facts.began), container=_name(facts), id=facts.id,
            wrong=_misplaced(facts, processes.root),
        )  # fmt: skip
    if facts is not None and not facts.asked:
        return Found(
            Condition.EXITED, ending_of(facts), _time(facts.began), container=_name(facts), id=facts.id,
            ended=facts.ended,
        )  # fmt: skip
    ended = read_ending(processes.folder / agent)
    return ABSENT if ended is None else Found(Condition.EXITED, ended.ending, ended=ended.at)


def _misplaced(facts: Facts, root: Path) -> str:
    """Why it is not this project's, whose folder was moved away from under it; empty if it is."""
    if facts.folder in ("", folder_identity(root)):
        return ""
    return f"it works in the folder that was {root} before: restart it"


def _name(facts: Facts) -> str:
    return f"process {facts.pid}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _with_folders(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if AGENT_NAME.fullmatch(name)]
    except OSError:
        return []
