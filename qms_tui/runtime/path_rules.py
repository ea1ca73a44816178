"""Which paths of this machine we read or mount for agents: none that an agent or another user can bend."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from qms_tui.config import Config
from qms_tui.project import Owner, Project
from qms_tui.runtime.agent_places import AgentPlaces, agent_places
from qms_tui.runtime.host_path import Walk
from qms_tui.runtime.replaceable import Refusal, replaceable


class PathRules(Struct, frozen=True):
    """Where agents write, and which users may decide what a path leads to, by uid."""

    places: AgentPlaces
    trusted: frozenset[int]

    def refusal(self, walk: Walk) -> Refusal | None:
        """Why what the walk leads to is not used, if it is not."""
        return self.places.holds(walk) or replaceable(walk.steps, self.trusted)


def path_rules(
    project: Project, config: Config, owner: Owner | None = None, others: Sequence[Path] = ()
) -> PathRules:
    """The rules of a project.

    Args:
        owner: whom agents in containers run as; what of theirs they can write is among the places.
        others: folders that containers of any project can write.
    """
    trusted = {os.geteuid()} | ({owner.uid} if owner else set())
    return PathRules(agent_places(project, config, others), frozenset(trusted))
