"""What an agent's conversation and its program use, as badges at the bottom of its frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from qms_tui.activity import Meter
from qms_tui.agents import Agent
from qms_tui.runtime import Usage

BETWEEN = " · "
MODEL_LENGTH = 16  # characters of a model's name: "Sonnet 4.5" and the like
_MOST_COST, _MOST_CONTEXT = (
    100_000,
    1_000,
)  # dollars, percent: more an agent made up
_KILO = 1024  # as the engine takes "4g" for a limit
CALM, LOUD = "$text-muted", "bold $warning"
# An agent's own words are its own: of a model's full name the maker and the day of its release are left out.
_MODEL = re.compile(r"^claude[- ]|-\d{8}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Badge:
    """A few words; where room is short, those of the least `weight` go first."""

    text: str
    weight: int
    look: str = CALM


def badges(agent: Agent) -> list[Badge]:
    """All that is worth a badge, in the order in which it is shown."""
    return [*_of_meter(agent.meter), *_of_usage(agent.usage)]


def fitting(found: Sequence[Badge], width: int) -> list[Badge]:
    """As many as fit into that many cells with `BETWEEN` between them, in their order."""
    kept = list(found)
    while kept and cell_len(BETWEEN.join(badge.text for badge in kept)) > width:
        kept.remove(min(kept, key=lambda badge: badge.weight))
    return kept


def _of_meter(meter: Meter | None) -> list[Badge]:
    """Nothing of what there has not been yet."""
    if meter is None:
        return []
    found = []
    if model := _MODEL.sub("", meter.model)[:MODEL_LENGTH].strip():
        found.append(Badge(model, 1))
    if meter.context and 0 < meter.context < _MOST_CONTEXT:
        found.append(Badge(f"{meter.context:.0f} % context", 5))
    if meter.cost and 0 < meter.cost < _MOST_COST:
        found.append(Badge(f"${meter.cost:.2f}", 3))
    return found


def _of_usage(usage: Usage | None) -> list[Badge]:
    if usage is None:
        return []
    found = [] if usage.cpu is None else [Badge(f"{100 * usage.cpu:.0f} % cpu", 2)]
    if usage.tight:
        found.append(Badge(f"! {size(usage.memory)} of {size(usage.limit)}", 6, LOUD))
    else:
        found.append(Badge(size(usage.memory), 4))
    return found


def size(count: int) -> str:
    """Bytes in few words."""
    if count < _KILO**2:
        return f"{count / _KILO:.0f} kB"
    if count < 1000 * _KILO**2:
        return f"{count / _KILO**2:.0f} MB"
    return f"{count / _KILO**3:.1f} GB"
