"""The names of agents as they are typed, and words that stand in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from qms_tui.cli.group import OPEN, cli
from qms_tui.cli.near_misses import meant
from qms_tui.cli.options import Common, known_agents
from qms_tui.errors import QmsTuiError, UsageError
from qms_tui.project import AGENT_NAME, Project
from qms_tui.remembered import View

DEFAULT_AGENTS = ("claude", "qa")


def check_spelling(names: Sequence[str]) -> None:
    """Raise UsageError unless each can be an agent's name, and comes once."""
    for name in names:
        if not AGENT_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be an agent's name", hint="small letters, digits and _, like tu_ui"
            )
        if names.count(name) > 1:
            raise UsageError(f"agent {name!r} is named twice", hint="name each agent once")


def check_names(project: Project, names: Sequence[str], roster: Sequence[str]) -> tuple[str, ...]:
    """The names, if they are spelled well and the project has them. Raises UsageError, UnknownAgentError."""
    check_spelling(names)
    project.check_agents(names, roster)
    return tuple(names)


@contextmanager
def commands_meant(common: Common, words: Sequence[str]) -> Iterator[None]:
    """Where words are refused as agents, say which command they stand for, also outside of a project."""
    try:
        yield
    except QmsTuiError:
        agents = known_agents(common.project, common.config)
        for word in words:
            check_command(word, agents, words)
        raise


def check_command(word: str, agents: Sequence[str], words: Sequence[str]) -> None:
    """Raise UsageError for a word of `words` that is no agent, and a command of ours or like one."""
    if word in agents:
        return
    if word in cli.commands:
        raise UsageError(f"{word!r} is a command of qms-tui, not an agent", hint=f"write: qms-tui {word} ...")
    if hint := meant(word, [name for name in cli.commands if name != OPEN], agents, words):
        what = "an option" if word.startswith("-") else "a command"
        raise UsageError(f"{word!r} is not {what} of qms-tui", hint=hint)


def agents_to_open(
    project: Project, roster: Sequence[str], named: Sequence[str], remembered: View | None
) -> tuple[tuple[str, ...], View | None]:
    """The named agents, else those that were open last, else the usual ones; and how they stood.

    Agents that left the roster are dropped. Named ones stand as they did if they are the same, in whatever
    order.
    """
    if named:
        names = check_names(project, named, roster)
        return names, remembered.ordered(names) if remembered else None
    view = remembered.only(roster) if remembered else None
    return check_names(project, view.agents if view else DEFAULT_AGENTS, roster), view
