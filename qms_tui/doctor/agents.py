"""Each agent: its container, what is mounted there, who it says it is, its login, its memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docker.types import Mount

from qms_tui.config import AgentConfig
from qms_tui.doctor.finding import Finding, error, ok, warning
from qms_tui.project import Project
from qms_tui.runtime import Found
from qms_tui.runtime.config_folder import ConfigFolder, container_folder
from qms_tui.runtime.logins import login as from_variables
from qms_tui.runtime.logins import source

CREDENTIALS = ".credentials.json"
LARGEST = 64 * 1024  # bytes of a file of the agent's that are read
FULL = 0.9  # of the memory limit


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine has of an agent's container: its mounts and memory, as it says them.

    Among the mounts are not the container's own `files`, which are made with it.
    """

    found: Found
    mounts: Sequence[Mapping[str, Any]]
    memory: Mapping[str, Any]
    files: Path = Path()


def container(agent: str, facts: Facts | None, expected: Sequence[Mount]) -> Iterator[Finding]:
    """What runs, if something does."""
    if facts is None:
        yield ok(agent, "has no container")
        return
    found = facts.found
    if not found.alive and not found.foreign:
        yield warning(agent, f"its program has ended: {found.ending or 'nobody knows how'}", "start it anew")
        return
    image = f", image {found.digest.removeprefix('sha256:')[:12]}" if found.digest else ""
    said = f"{found.condition.value} in {found.container}{image}{_memory(facts.memory)}"
    if found.foreign:  # how it should be is for the doctor of that user
        yield ok(agent, f"{said}, started by another user")
        return
    yield ok(agent, said)
    if found.renamed_from:
        remedy = f"qms-tui stop {agent} ends it all the same"
        yield warning(agent, f"its container was renamed from {found.renamed_from}", remedy)
    if found.outdated:
        remedy = "b in the menu builds it again" if found.needs_build else "r in the menu restarts it in that"
        yield warning(agent, "its image is not that of today", remedy)
    if found.wrong:
        yield error(agent, f"is not who it should be: {found.wrong}", f"qms-tui stop {agent}, and start it")
    yield from differing(agent, facts.mounts, expected)
    yield from crowded(agent, facts.memory)


def differing(agent: str, there: Sequence[Mapping[str, Any]], expected: Sequence[Mount]) -> Iterator[Finding]:
    """Mounts that a container made now would have otherwise."""
    now = {str(m["Target"]): (str(m["Source"] or ""), not m["ReadOnly"]) for m in expected}
    was = {str(m["Destination"]): (str(m.get("Source") or ""), bool(m.get("RW"))) for m in there}
    wrong = sorted(
        target
        for target in now.keys() | was.keys()
        # The engine gives an empty file system no source, Podman one of its own.
        if (now.get(target, ("-",))[0] != "") and now.get(target) != was.get(target)
    )
    if wrong:
        remedy = f"restart {agent}, if the project or the configuration has changed"
        yield warning(agent, f"its mounts are not those of today: {', '.join(wrong)}", remedy)


def crowded(agent: str, memory: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether it comes near its limit."""
    usage, limit = int(memory.get("usage") or 0), int(memory.get("limit") or 0)
    if limit and usage > FULL * limit:
        yield warning(agent, f"uses {usage * 100 // limit} % of its memory", "raise agent.memory")


def _memory(memory: Mapping[str, Any]) -> str:
    usage, limit = int(memory.get("usage") or 0), int(memory.get("limit") or 0)
    return f", {usage // 2**20} of {limit // 2**20} MB" if usage else ""


def login(
    project: Project,
    agent: str,
    config: AgentConfig,
    host: Mapping[str, str],
    now: float,
    folder: ConfigFolder | None = None,
    *,
    isolated: bool = True,
) -> Iterator[Finding]:
    """Where its login comes from, and how long it holds; nothing of it is ever shown.

    `folder` is its own, without that of its container; unless `isolated` it has all of the environment.
    """
    if config.token_file is not None:
        if config.token_file.is_file():
            yield ok(agent, f"logs in with {config.token_file}")
        else:
            yield error(agent, f"its token_file is missing: {config.token_file}", "claude setup-token")
    elif passed := source(config, host) or ("" if isolated else from_variables(config, host, isolated=False)):
        yield ok(agent, f"logs in with {passed} of your environment")
    else:
        try:
            own = folder or container_folder(project, agent)
            yield own_login(agent, _credentials(own), now)
        except PermissionError:
            yield ok(agent, "whether it is logged in you are not allowed to see")


def own_login(agent: str, credentials: Mapping[str, Any], now: float) -> Finding:
    """A login by `/login`, which the client renews by itself as long as it can."""
    oauth = credentials.get("claudeAiOauth")
    if not isinstance(oauth, dict) or not oauth.get("accessToken"):
        return warning(agent, "is not logged in", "/login in its pane, or agent.token_file")
    expires = oauth.get("expiresAt")
    until = expires / 1000 if isinstance(expires, int | float) and 0 < expires < 10**14 else 0.0
    when = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC" if until else "an unknown time"
    if oauth.get("refreshToken"):
        return ok(agent, f"is logged in; renewed after {when}")
    if until > now:
        return ok(agent, f"is logged in until {when}")
    return warning(agent, f"its login ended at {when}", "/login in its pane")


def _credentials(folder: ConfigFolder) -> Mapping[str, Any]:
    """Raises PermissionError if this user is not allowed to look."""
    try:
        found = json.loads(folder.read(CREDENTIALS, LARGEST))
    except PermissionError:
        raise
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def clock() -> float:
    """Seconds since 1970."""
    return time.time()
