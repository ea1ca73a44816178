"""Where an agent's program runs, and how to hold its terminal."""

from qms_tui.runtime.events import Action, ContainerEvent, EngineBack, EngineLost, Latency, RuntimeEvent
from qms_tui.runtime.facts import (
    Closed,
    Fact,
    Led,
    News,
    Printed,
    Rang,
    Received,
    Remarked,
    Reported,
    Resized,
    Restored,
    Titled,
    Typed,
)
from qms_tui.runtime.runtime import (
    Condition,
    Ending,
    Found,
    HeldTerminal,
    RunsAlready,
    Runtime,
)
from qms_tui.runtime.size import Size
from qms_tui.runtime.usage import DiskUse, Usage

__all__ = [
    "Action",
    "Closed",
    "Condition",
    "ContainerEvent",
    "DiskUse",
    "Ending",
    "EngineBack",
    "EngineLost",
    "Fact",
    "Found",
    "HeldTerminal",
    "Latency",
    "Led",
    "News",
    "Printed",
    "Rang",
    "Received",
    "Remarked",
    "Reported",
    "Resized",
    "Restored",
    "RunsAlready",
    "Runtime",
    "RuntimeEvent",
    "Size",
    "Titled",
    "Typed",
    "Usage",
]
