"""Agents that a file names and the project does not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qms_tui.config.values import Config, Origin, Source


def unknown_agents(config: Config, roster: Sequence[str]) -> tuple[str, ...]:
    """A line for people for each name that sets nothing, because no agent is called so.

    The user's own file is for all projects: there only what looks like a slip of the pen is named.
    """
    return tuple(_lines(config, frozenset(roster)))


def _lines(config: Config, roster: frozenset[str]) -> Iterator[str]:
    for name in config.overrides:
        if name not in roster:
            yield from _line(f"agent.{name}", name, config.origin(f"agent.{name}"), roster)
    for server in config.servers:
        key = f"mcp.{server.name}.agents"
        for name in server.agents or ():
            if name not in roster:
                yield from _line(key, name, config.origin(key), roster)


def _line(key: str, name: str, origins: Sequence[Origin], roster: frozenset[str]) -> Iterator[str]:
    from difflib import get_close_matches  # costs every start 5 ms, and is for mistakes only

    close = get_close_matches(name, sorted(roster), 1)
    named = next((each for each in origins if close or each.source is Source.PROJECT), None)
    if named is not None:
        yield f"{named}: {key}: there is no agent {name}" + (f", did you mean {close[0]}?" if close else "")
