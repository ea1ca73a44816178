"""How far an item has come with its agent, in a few words."""

from __future__ import annotations

from qms_tui.api.inbox import InboxItem, Receipt
from qms_tui.text.times import age


def receipt(item: InboxItem, now: float) -> str:
    """What the agent knows of an item that waits, and since when; empty if nothing can be said.

    `now` in seconds since 1970.
    """
    if item.receipt is not None:
        return _words(item.receipt, now)
    return "not told: w wakes" if item.held else ""


def _words(known: Receipt, now: float) -> str:
    if known.again is not None:
        return f"failed, again in {age(max(1.0, known.again - now))}"
    if known.failed is not None:
        return f"failed {age(now - known.failed)}: w wakes"
    if known.delivered is not None:
        return f"delivered {age(now - known.delivered)}"
    return f"announced {age(now - known.at)}"
