"""The question on the first open of a project, and whenever what was judged has changed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from qms_tui.cli.printing import echo, echo_lines
from qms_tui.cli.trust_listing import NOT_COVERED, claim_lines
from qms_tui.inbox import Item
from qms_tui.trust import Answer, Standing

MOST_LINES = 12  # of one file
_KEYS = {"t": Answer.TRUST, "o": Answer.LOOK_ONLY}
_LEAVE = ("q", "\x1b", "\x04")


def ask(standing: Standing, waiting: Sequence[Item]) -> Answer | None:
    """Show what the project would like to do, and ask; None to leave."""
    echo(_opening(standing))
    echo_lines(["", *claim_lines(standing, waiting, MOST_LINES), "", NOT_COVERED, ""])
    may_trust = not standing.claims.unjudged
    if may_trust:
        _choice("t", "trust", "all of this holds, until one of these files changes")
    _choice("o", "look only", "agents start and work; nothing of this has an effect")
    _choice("q", "leave", "")
    while True:
        key = click.getchar().lower()
        if key in _LEAVE:
            return None
        if key in _KEYS and (may_trust or _KEYS[key] is not Answer.TRUST):
            return _KEYS[key]


def _opening(standing: Standing) -> str:
    name = f"{standing.project.name} ({standing.project.root})"
    if standing.moved:
        return f"{name} is not the folder that you were asked about. It would like to use:"
    if standing.record.answer is not None:
        return f"{name} has changed since you were asked. It would like to use:"
    return f"{name} is opened for the first time. It would like to use:"


def _choice(key: str, name: str, meaning: str) -> None:
    click.echo(f"  {click.style(key, bold=True)}  {name:<10} {click.style(meaning, dim=True)}".rstrip())
