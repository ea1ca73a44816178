"""Lights on the screen: each mark says by its shape what its colour says."""

from __future__ import annotations

from textual.content import Content

from qms_tui.api.agents import AgentView, Health, Light, Lights, Word
from qms_tui.text.printable import plain
from qms_tui.text.times import age

FINE, WRONG, ABSENT, UNKNOWN = ("●", "$success"), ("✖", "$error"), ("○", "dim"), ("?", "$warning")
_MARKS = {Health.FINE: FINE, Health.WRONG: WRONG, Health.ABSENT: ABSENT, Health.UNKNOWN: UNKNOWN}


def shown(agent: AgentView) -> Lights | None:
    """The lights that are worth a row: a program of this machine that says nothing has all but one out."""
    silent = agent.activity is None or agent.activity.word is Word.RUNNING
    return None if silent and not agent.isolated else agent.lights


def row(lights: Lights, width: int) -> Content:
    """All of them in one line, which is dim but for what is wrong or unknown."""
    marked = [Content.assemble(" ", _dimmed(light), (f" {name}", _look(light))) for name, light in lights]
    return Content("").join(marked).truncate(width, ellipsis=True)


def rows(lights: Lights, now: float) -> list[Content]:
    """A line for each, with why and since when."""
    lines = []
    for name, light in lights:
        since = f"  for {age(max(1.0, now - light.since))}" if light.since else ""
        said = Content.assemble(_marked(light), (f" {name:<10}", "$accent"), plain(light.why))
        lines.append(Content.assemble(said, (since, "dim")))
    return lines


def _marked(light: Light) -> tuple[str, str]:
    return _MARKS[light.health]


def _dimmed(light: Light) -> tuple[str, str]:
    mark, color = _marked(light)
    return mark, f"dim {color}" if light.health is Health.FINE else color


def _look(light: Light) -> str:
    return "dim" if light.health in (Health.FINE, Health.ABSENT) else _marked(light)[1]
