"""Telling programs of their inbox that nothing else tells: what is typed, when, and what was."""

from qms_tui.waking.announcement import announcement
from qms_tui.waking.typed import Typed
from qms_tui.waking.typist import Act, Scene, Step, Typist

__all__ = ["Act", "Scene", "Step", "Typed", "Typist", "announcement"]
