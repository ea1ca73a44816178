"""How a program of this machine ended, as the spawner has it, in a runtime's words."""

from __future__ import annotations

from qms_tui.keeper.spawner.request import Facts
from qms_tui.runtime import Ending
from qms_tui.runtime.processes import signal_name
from qms_tui.runtime.runtime import SOON

UNKNOWN = Ending(None, "nobody knows how: its spawner was killed")
ELSEWHERE = Ending(None, "stopped elsewhere", asked=True)


def ending_of(facts: Facts) -> Ending:
    """One that fails right after its start is taken to have failed at going on with its conversation."""
    failed = facts.resumes and bool(facts.exit_code) and facts.ended - facts.began <= SOON
    reason = "" if facts.signal is None else f"killed by {signal_name(facts.signal)}"
    return Ending(facts.exit_code, reason, resuming=failed, asked=facts.asked)
