"""What happened, in words."""

from __future__ import annotations

from qms_tui.keeper.journal.records import Ended, Fact, Gap, Started
from qms_tui.text.times import moment


def told(fact: Fact) -> str:
    """A start, an end or a gap in a few words; nothing for other facts."""
    match fact:
        case Started():
            return "started"
        case Ended(code, reason):
            how = "" if code is None else f", exit code {code}"
            return f"ended{how}{f' ({reason})' if reason else ''}"
        case Gap():
            return _gap(fact)
    return ""


def _gap(gap: Gap) -> str:
    missing = f"{gap.size:,} bytes come from the engine's log" if gap.filled else "output is missing"
    why = f" ({gap.reason})" if gap.reason else ""
    return f"not recorded from {moment(gap.since)} to {moment(gap.until)}, {missing}{why}"
