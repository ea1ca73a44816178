"""What an agent's conversation and its program use, as figures for the bottom of its frame."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from rich.cells import cell_len

from qms_tui.api.agents import AgentView, Meter, Usage
from qms_tui.text.amounts import amount

BETWEEN = " · "
MODEL_LENGTH = 16  # characters of a model's name: "Sonnet 4.5" and the like
_MOST_COST, _MOST_CONTEXT = 100_000, 1_000  # dollars and percent: more is made up by the agent
# Not $text-muted, which Textual makes plain white in a frame: it has no background there to go by.
CALM, LOUD = "$foreground-muted", "bold $warning"
# An agent's own words are its own: of a model's full name the maker and the day of its release are left out.
_MODEL = re.compile(r"^claude[- ]|-\d{8}$", re.IGNORECASE)


class Figure(Struct, frozen=True):
    """A few words; where room is short, those of the least `weight` go first."""

    text: str
    weight: int
    look: str = CALM


def figures(agent: AgentView) -> list[Figure]:
    """All there are, in the order in which they are shown."""
    return [*_of_meter(agent.meter), *_of_usage(agent.usage)]


def fitting(found: Sequence[Figure], width: int) -> list[Figure]:
    """As many as fit into that many cells with `BETWEEN` between them, in their order."""
    kept = list(found)
    while kept and cell_len(BETWEEN.join(figure.text for figure in kept)) > width:
        kept.remove(min(kept, key=lambda figure: figure.weight))
    return kept


def _of_meter(meter: Meter | None) -> list[Figure]:
    """Nothing of what there has not been yet."""
    if meter is None:
        return []
    found = []
    if model := _MODEL.sub("", meter.model)[:MODEL_LENGTH].strip():
        found.append(Figure(model, 1))
    if meter.context and 0 < meter.context < _MOST_CONTEXT:
        found.append(Figure(f"{meter.context:.0f} % context", 5))
    if meter.cost and 0 < meter.cost < _MOST_COST:
        found.append(Figure(f"${meter.cost:.2f}", 3))
    return found


def _of_usage(usage: Usage | None) -> list[Figure]:
    if usage is None:
        return []
    found = [] if usage.cpu is None else [Figure(f"{100 * usage.cpu:.0f} % cpu", 2)]
    if usage.tight:
        found.append(Figure(f"! {amount(usage.memory)} of {amount(usage.limit)}", 6, LOUD))
    else:
        found.append(Figure(amount(usage.memory), 4))
    return found
