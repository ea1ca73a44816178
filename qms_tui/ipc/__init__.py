"""Unix sockets of our own: how they are reached, and who is at their other end."""

from qms_tui.ipc.path import LONGEST, reachable
from qms_tui.ipc.peer import Connected, Gone, Stranger, check_agent, check_own

__all__ = ["LONGEST", "Connected", "Gone", "Stranger", "check_agent", "check_own", "reachable"]
