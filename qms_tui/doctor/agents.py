"""Each agent: its container, what is mounted there, who it says it is, its login, its memory."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docker.types import Mount

from qms_tui.config import AgentConfig
from qms_tui.doctor.finding import Finding, error, ok, warning
from qms_tui.programs.config_folder import ConfigFolder, container_folder
from qms_tui.programs.logins import ANSWERED, OWN, Answer, Evidence, Given, Login, OwnLogin, decide
from qms_tui.programs.registry import PROGRAMS, program_of
from qms_tui.project import Project
from qms_tui.runtime import Found, logins

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
    began: float | None = None,
    projects: str = "",
) -> Iterator[Finding]:
    """Whether it is logged in, by what, and how long that holds; nothing of it is ever shown.

    `folder` is its own, without that of its container; unless `isolated` it has all of the environment.
    `began` is when its program did, if it runs; `projects` what of the project's settings is a login.
    """
    if config.token_file is not None and not config.token_file.is_file():
        yield error(agent, f"its token_file is missing: {config.token_file}", "claude setup-token")
        return
    program = program_of(config.command)
    passed = logins.given(config, host, isolated=isolated)
    try:
        own = program.logins.evidence(folder or container_folder(project, agent), began)
    except PermissionError:
        own = None
    if own is None and passed is None and not projects:
        yield ok(agent, "whether it is logged in you are not allowed to see")
        return
    words = _words(passed) or projects
    evidence = dataclasses.replace(own or Evidence(), given=words, unset=logins.unset(config, host))
    answer = decide(evidence, now)
    if not program.has_own_files and _has_given(answer, words):
        gets = f", and gets {words}" if words else ""
        known = " or ".join(program.title for program in PROGRAMS)
        yield ok(agent, f"needs no login: its program is not {known}{gets}")
        return
    yield _finding(agent, answer, evidence, running=began is not None)


def _has_given(answer: Login, words: str) -> bool:
    """Whether nothing but the configuration's words, if there are any, speaks of a login."""
    if words:
        return answer.answer is Answer.YES and answer.by == words
    return answer.answer is Answer.NO


def _words(passed: Given | None) -> str:
    if passed is None:
        return ""
    return f"{passed.where} of {passed.place}" if passed.place else passed.where


def _finding(agent: str, login: Login, evidence: Evidence, *, running: bool) -> Finding:
    """The answer for people."""
    match login.answer:
        case Answer.YES if login.by == OWN:
            return ok(agent, f"is logged in{_until(evidence.own)}")
        case Answer.YES if login.by == ANSWERED:
            return ok(agent, "is logged in: its model has answered")
        case Answer.YES:
            return ok(agent, f"logs in with {login.by}")
        case Answer.REFUSED:
            return warning(
                agent, f"its login was refused{login.by and f': {login.by}'}", "/login in its pane"
            )
        case Answer.ENDED:
            return warning(agent, f"its login ended at {_when(login.since)}", "/login in its pane")
        case Answer.UNKNOWN if running:
            return ok(agent, f"whether it is logged in is not known here: {login.by} is not set")
    return warning(agent, "is not logged in", "/login in its pane, or agent.token_file")


def _until(own: OwnLogin) -> str:
    if own.renewed_after is not None:
        return f"; renewed after {_when(own.renewed_after)}"
    return f" until {_when(own.until)}" if own.until is not None else ""


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC" if seconds else "an unknown time"


def clock() -> float:
    """Seconds since 1970."""
    return time.time()
