"""What each agent's program is doing: read from its own folder, decided by rules that are written down."""

from qms_tui.activity.explain import armed, sources
from qms_tui.activity.observer import Observer
from qms_tui.activity.reader import Reader
from qms_tui.activity.rules import Sight, judge, wakes
from qms_tui.activity.values import Activity, Announced, Hook, Meter, Report, Session, Told, Waiter, Word

__all__ = [
    "Activity", "Announced", "Hook", "Meter", "Observer", "Reader", "Report", "Session", "Sight", "Told",
    "Waiter", "Word", "armed", "judge", "sources", "wakes",
]  # fmt: skip
