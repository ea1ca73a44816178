"""Where an agent's program runs, and how to hold its terminal."""

from qms_tui.runtime.events import Action, ContainerEvent, EngineBack, EngineLost, Latency, RuntimeEvent
from qms_tui.runtime.facts import Closed, Fact, Led, Received, Remarked, Resized, Restored
from qms_tui.runtime.runtime import Attachment, Condition, Ending, Found, RunsAlready, Runtime
from qms_tui.runtime.size import Size
from qms_tui.runtime.usage import DiskUse, Usage

__all__ = [
    "Action",
    "Attachment",
    "Closed",
    "Condition",
    "ContainerEvent",
    "DiskUse",
    "Ending",
    "EngineBack",
    "EngineLost",
    "Fact",
    "Found",
    "Latency",
    "Led",
    "Received",
    "Remarked",
    "Resized",
    "Restored",
    "RunsAlready",
    "Runtime",
    "RuntimeEvent",
    "Size",
    "Usage",
]
