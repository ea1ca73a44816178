"""Notifications of the terminal that we run in, for humans who look elsewhere."""

from __future__ import annotations

from qms_tui.config import OuterNotification
from qms_tui.text.printable import painted

LONGEST = 200  # characters; terminals show fewer


def outer_notification(how: OuterNotification, text: str) -> str:
    """The sequence that shows a text: OSC 9 (iTerm2, ConEmu and most others) or OSC 777 (urxvt, foot, VTE).

    Empty if there shall be none; status reports are outer_status.py's. What could end the sequence is left
    out, and `;`, which parts its fields.
    """
    clean = painted(text).replace(";", "")[:LONGEST]
    if how is OuterNotification.OSC9:
        return f"\x1b]9;{clean}\x1b\\"
    if how is OuterNotification.OSC777:
        return f"\x1b]777;notify;qms-tui;{clean}\x1b\\"
    return ""
