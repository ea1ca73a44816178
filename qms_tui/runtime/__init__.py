"""Where an agent's program runs, and how to hold its terminal."""

from qms_tui.runtime.facts import Closed, Fact, Led, Received, Remarked, Resized, Restored
from qms_tui.runtime.runtime import Attachment, Condition, Ending, Found, RunsAlready, Runtime
from qms_tui.runtime.size import Size

__all__ = [
    "Attachment",
    "Closed",
    "Condition",
    "Ending",
    "Fact",
    "Found",
    "Led",
    "Received",
    "Remarked",
    "Resized",
    "Restored",
    "RunsAlready",
    "Runtime",
    "Size",
]
