"""Definitions and folders that look like an agent's and are none, and why."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice

from qms_tui.doctor.finding import Finding, error, warning
from qms_tui.project import AGENT_NAME, Project, obstacle

MOST_NAMED = 20  # of each kind: a repository of subagents has dozens
_DEFINITIONS, _USERS = (".claude", "agents"), (".claude", "users")
_LONGEST_NAME = 63


def left_out(found: Project) -> Iterator[Finding]:
    """What in .claude/agents and .claude/users nobody looks at."""
    for folder in (_DEFINITIONS, _USERS):
        try:
            with found.open_folder(folder) as opened:
                names = sorted(os.listdir(opened))
                links = {name for name in names if _is_link(name, opened)}
        except OSError as why:
            if said := obstacle(found.root.joinpath(*folder), why):
                remedy = "put a real folder there that you may read: links are not followed"
                yield error("project", f"nobody in {'/'.join(folder)} is known: {said}", remedy)
            continue
        judge = _definitions(names, links) if folder is _DEFINITIONS else _users(names)
        yield from islice(judge, MOST_NAMED)


def _definitions(names: list[str], links: set[str]) -> Iterator[Finding]:
    for file in names:
        name, ending = os.path.splitext(file)
        if ending.lower() != ".md" or file.startswith("."):
            continue
        if not AGENT_NAME.fullmatch(name) or ending != ".md":
            remedy = f"rename it to {_possible(name)}.md: small letters, digits and _"
            yield warning(name, f".claude/agents/{file} is left out: no agent can be called so", remedy)
        elif file in links:
            yield warning(
                name, f".claude/agents/{file} is left out: it is a link", "put the file itself there"
            )


def _users(names: list[str]) -> Iterator[Finding]:
    for name in names:
        if not AGENT_NAME.fullmatch(name) and not name.startswith("."):
            remedy = f"rename it to {_possible(name)}: small letters, digits and _"
            yield warning(
                name, f".claude/users/{name} is left out, with its inbox: no agent can be called so", remedy
            )


def _is_link(name: str, folder: int) -> bool:
    try:
        os.readlink(name, dir_fd=folder)
    except OSError:
        return False
    return True


def _possible(name: str) -> str:
    """The nearest name that an agent can have."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"agent_{plain}")[:_LONGEST_NAME].rstrip("_")
