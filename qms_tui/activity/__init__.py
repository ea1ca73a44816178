"""What each agent's program is doing: read from its own folder, decided by rules that are written down."""

from qms_tui.activity.explain import armed, sources
from qms_tui.activity.lights import Facts, Given, Health, Light, Lights, Served, Server, remark, shine
from qms_tui.activity.observer import Observer, Source
from qms_tui.activity.sight import Sight

__all__ = [
    "Facts",
    "Given",
    "Health",
    "Light",
    "Lights",
    "Observer",
    "Served",
    "Server",
    "Sight",
    "Source",
    "armed",
    "remark",
    "shine",
    "sources",
]  # fmt: skip
