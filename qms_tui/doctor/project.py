"""The project on disk: root, agents, definitions, folders, and what git knows of credentials."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence

from qms_tui.config import Config
from qms_tui.doctor.finding import Finding, error, failed, ok, warning
from qms_tui.doctor.left_out import left_out
from qms_tui.errors import OwnerError, ProjectError
from qms_tui.programs.definition_wishes import in_words
from qms_tui.project import INITIATOR, Project, obstacle
from qms_tui.runtime.agent_places import agent_places
from qms_tui.runtime.definition import read_definition, wishes
from qms_tui.runtime.host_path import walk
from qms_tui.runtime.path_rules import path_rules
from qms_tui.runtime.worktree import repository

GIT_SECONDS = 20.0
MOST_NAMED = 3
# A project may be a stranger's: nothing that its own configuration of git names is run.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def project(found: Project, config: Config, agents: Sequence[str]) -> Iterator[Finding]:
    """What the project has."""
    yield ok("project", f"{found.root}: {', '.join(agents)}")
    yield from path(found)
    yield from place(found, config)
    for notice in config.notices:
        yield warning("project", notice, "qms-tui config shows what holds, and why")
    yield from left_out(found)
    for agent in agents:
        yield from definition(found, config, agent)
        yield from inbox(found, agent)
        yield from folders(found, agent)
    yield from closed(found)
    yield from tracked(found)
    yield from worktree(found, config)


def path(found: Project) -> Iterator[Finding]:
    """Whether an engine can be told where it is."""
    try:
        found.check_path()
    except ProjectError as why:
        yield failed("project", why)


def place(found: Project, config: Config) -> Iterator[Finding]:
    """Who could put something else in the place of agents' folders, if anybody could."""
    for users in (found.root / ".claude/users", found.root):
        with contextlib.suppress(OSError), walk(users, links=False) as way:
            refusal = path_rules(found, config, found.owner()).refusal(way)
            if refusal is not None:
                # Else somebody else starts agents here, and we look on.
                ours = way.status.st_uid in (os.geteuid(), found.owner().uid)
                yield (error if ours else warning)("project", refusal.why, refusal.remedy)
            return


def definition(found: Project, config: Config, agent: str) -> Iterator[Finding]:
    """The agent's definition, if something is wrong with it."""
    try:
        read = read_definition(found, agent, config.agent(agent), agent_places(found, config))
    except ProjectError as why:
        yield failed(agent, why)
        return
    if agent != INITIATOR and (read is None or not read.own):
        yield warning(agent, "has no definition, and reads the project's", f"write .claude/agents/{agent}.md")
    mine = config.agent(agent)
    asked = wishes(read, mine, trusted=config.trusted)
    if said := in_words(asked, mine):
        yield ok(agent, f"its definition asks for {said}")
    for key in asked.ignored:
        yield warning(agent, f"of its definition, {key}", "set agent.model and agent.tools, or leave it out")
    if agent == INITIATOR and read is None:
        yield warning(agent, "the project has no CLAUDE.md", "write one, or run without")


def inbox(found: Project, agent: str) -> Iterator[Finding]:
    """Its inbox, if what is in it does not show."""
    why = found.inbox_obstacle(agent)
    if why:
        remedy = "put a real folder there that you may read: links are not followed"
        yield error(agent, f"its inbox cannot be looked at: {why}", remedy)


def folders(found: Project, agent: str) -> Iterator[Finding]:
    """The agent's folders, if somebody else owns them or a link stands in their way."""
    owner = found.owner()
    for path in (found.folders(agent).workspace, found.folders(agent).config):
        try:
            uid = found.owner_of(path)
        except FileNotFoundError:
            continue  # made at the first start
        except PermissionError:
            yield warning(agent, f"you are not allowed to look at {path}", "its owner can run qms-tui doctor")
            return
        except OSError as why:
            said = obstacle(path, why).removeprefix(f"{path} ") or why.strerror
            yield error(agent, f"{path}: {said}", "put a real folder there, no link")
            continue
        if uid != owner.uid and not owner.takes_from(uid):  # what it takes, the next start gives
            wrong = found.wrong_owner(path, uid, owner)
            if isinstance(wrong, OwnerError):  # no fault, and the same of all the folders
                yield warning(agent, wrong.message, wrong.hint)
                return
            yield failed(agent, wrong)


def closed(found: Project) -> Iterator[Finding]:
    """What agents of root's project cannot read of it: they run as a user without an account."""
    owner = found.owner()
    names = [str(path) for path in found.unreadable(owner, MOST_NAMED + 1)]
    if names:
        named = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
        yield warning(
            "project",
            f"agents run as user {owner.uid} and cannot read {named}",
            "chmod o+rX, if they need it",
        )


def worktree(found: Project, config: Config) -> Iterator[Finding]:
    """Whether git works in containers, where the repository lies elsewhere."""
    try:
        folder = repository(found, config)
    except ProjectError as why:
        yield warning("git", why.message, why.hint)
        return
    if folder is not None:
        yield ok("git", f"a worktree of {folder}, which agents see read-only")


def tracked(found: Project) -> Iterator[Finding]:
    """Whether git has files of agents' configuration, and so their credentials."""
    if not (found.root / ".git").exists():
        return
    command = [*_GIT, "-C", str(found.root), "ls-files", "-z", "--", ":(glob).claude/users/*/container/**"]
    try:
        listed = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        yield warning("git", "cannot be asked about tracked credentials", "git status")
        return
    names = [name.decode(errors="replace") for name in listed.split(b"\0") if name]
    if names:
        named = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
        remedy = "git rm -r --cached .claude/users/*/container, and make those logins void"
        yield error("git", f"tracks agents' credentials: {named}", remedy)
    else:
        yield ok("git", "tracks no agent's credentials")
