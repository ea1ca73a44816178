"""Sessions of processes of this machine, seen from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil

from qms_tui.runtime.usage import Sample


def signal_name(number: int) -> str:
    """As people know it."""
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time ones have no names
        return f"signal {number}"


def session(leader: int) -> list[psutil.Process]:
    """Every process of the session: the agent's program, its children, their background jobs."""
    members = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == leader:
                members.append(psutil.Process(pid))
        except (OSError, psutil.NoSuchProcess):
            continue
    return members


def sample(leader: int) -> Sample:
    """What a session uses. Takes 0.1 ms among 170 processes: no reason to leave the event loop."""
    busy, memory = 0.0, 0
    for member in session(leader):
        with contextlib.suppress(psutil.Error), member.oneshot():
            times = member.cpu_times()  # with those of its children that have ended
            busy += times.user + times.system + times.children_user + times.children_system
            memory += member.memory_info().rss
    return Sample(str(leader), time.monotonic(), busy, memory)
