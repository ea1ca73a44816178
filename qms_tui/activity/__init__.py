"""What each agent's program is doing: read from its own folder, decided by rules that are written down."""

from qms_tui.activity.explain import armed, sources
from qms_tui.activity.lights import Facts, Given, Health, Light, Lights, Served, Server, remark, shine
from qms_tui.activity.observer import Observer
from qms_tui.activity.reader import Reader
from qms_tui.activity.rules import current, judge, wakes
from qms_tui.activity.sight import Sight
from qms_tui.activity.values import Activity, Announced, Hook, Meter, Report, Session, Told, Waiter, Word

__all__ = [
    "Activity",
    "Announced",
    "Facts",
    "Given",
    "Health",
    "Hook",
    "Light",
    "Lights",
    "Meter",
    "Observer",
    "Reader",
    "Report",
    "Served",
    "Server",
    "Session",
    "Sight",
    "Told",
    "Waiter",
    "Word",
    "armed",
    "current",
    "judge",
    "remark",
    "shine",
    "sources",
    "wakes",
]  # fmt: skip
