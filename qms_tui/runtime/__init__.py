"""Where an agent's program runs, and how to hold its terminal."""

from qms_tui.runtime.events import (
    Action,
    ContainerEvent,
    EngineBack,
    EngineLost,
    Latency,
    RuntimeEvent,
)
from qms_tui.runtime.runtime import Attachment, Condition, Ending, Found, RunsAlready, Runtime, Size

__all__ = [
    "Action",
    "Attachment",
    "Condition",
    "ContainerEvent",
    "Ending",
    "EngineBack",
    "EngineLost",
    "Found",
    "Latency",
    "RunsAlready",
    "Runtime",
    "RuntimeEvent",
    "Size",
]
