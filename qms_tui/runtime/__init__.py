"""Where an agent's program runs, and how to hold its terminal."""

from qms_tui.runtime.runtime import Attachment, Condition, Ending, Found, Runtime, Size

__all__ = ["Attachment", "Condition", "Ending", "Found", "Runtime", "Size"]
