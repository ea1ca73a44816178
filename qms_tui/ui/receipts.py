"""How far an item has come with its agent, in a few words."""

from __future__ import annotations

import time

from qms_tui.activity import Announced
from qms_tui.core import Core
from qms_tui.text.times import age


def receipt(core: Core, agent: str, file: str) -> str:
    """What the agent knows of a file of its inbox, and since when; empty if nothing can be said."""
    known = core.receipt(agent, file)
    if known is not None:
        return words(known, time.time())
    item = core.ledger.item(agent, file)
    return "not told: w wakes" if item and core.ledger.is_held(item) else ""


def words(known: Announced, now: float) -> str:
    """`now` in seconds since 1970."""
    if known.again is not None:
        return f"failed, again in {age(max(1.0, known.again - now))}"
    if known.failed is not None:
        return f"failed {age(now - known.failed)}: w wakes"
    if known.delivered is not None:
        return f"delivered {age(now - known.delivered)}"
    return f"announced {age(now - known.at)}"
