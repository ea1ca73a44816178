"""Reads the folders of several agents in a thread of its own, and tells what is new in the event loop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from msgspec import Struct

from qms_tui.programs.base import Program, Reader
from qms_tui.programs.config_folder import ConfigFolder
from qms_tui.programs.report import Report
from qms_tui.project import Project

PERIOD = 0.2  # seconds between two looks at an agent
SHARE = 20  # times as long as a look worked, if that is more: an agent cannot make us busy
UNREADABLE = "its folder cannot be read: the log file says why"
_log = logging.getLogger(__name__)


class Source(Struct, frozen=True):
    """Makes the reader of an agent's folder by what it runs; equal ones make the same."""

    program: Program
    project: Project
    agent: str
    folder: ConfigFolder

    def __call__(self) -> Reader:
        return self.program.reader(self.project, self.agent, self.folder)


class Observer:
    """Begins to look when made. `tell(agent, report)` is called through `call_soon`, for new reports only."""

    def __init__(self, tell: Callable[[str, Report], None], call_soon: Callable[..., object]) -> None:
        self._tell, self._call_soon = tell, call_soon
        self._lock = threading.Lock()
        self._agents: dict[str, Callable[[], Reader]] = {}
        self._looks: dict[str, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="activity", daemon=True)
        self._thread.start()

    def follow(self, agents: Mapping[str, Callable[[], Reader]]) -> None:
        """Look at these agents from now on, and at no others, each by the reader that this makes.

        An agent keeps its reader as long as what makes it is equal.
        """
        with self._lock:
            self._agents = dict(agents)

    def looked_at(self, agent: str) -> float:
        """When the last look began whose report has been handed on, or was none; seconds since 1970, or 0."""
        return self._looks.get(agent, 0.0)

    def close(self) -> None:
        """Look no more; a look at a disk that hangs is not waited for. Idempotent."""
        self._end.set()

    def _run(self) -> None:
        watched: dict[str, _Watched] = {}
        while not self._end.wait(PERIOD):
            with self._lock:
                agents = self._agents
            for gone in [agent for agent, one in watched.items() if agents.get(agent) != one.make]:
                watched.pop(gone).reader.close()
            for agent, make in agents.items():
                if agent not in watched:
                    watched[agent] = _Watched(make)
                self._look(agent, watched[agent])
        for one in watched.values():
            one.reader.close()

    def _look(self, agent: str, watched: _Watched) -> None:
        began, at = time.monotonic(), time.time()
        if began < watched.next or self._end.is_set():
            return
        worked = time.thread_time()  # what others take of the processor meanwhile makes no look rarer
        try:
            report = watched.reader.read(began)
        except Exception:  # one agent's boundary: the others go on
            _log.exception("%s: its folder cannot be read", agent)
            report = replace(watched.reader.nothing, trouble=UNREADABLE)
        watched.next = began + SHARE * (time.thread_time() - worked)
        if report is watched.told:
            if not watched.is_on_its_way:
                self._looks[agent] = at
            return
        watched.told, watched.is_on_its_way = report, True
        try:
            self._call_soon(self._hand_on, agent, watched, report, at)
        except RuntimeError:  # the loop is closed: so are we, soon
            self._end.set()

    def _hand_on(self, agent: str, watched: _Watched, report: Report, at: float) -> None:
        """In the event loop."""
        watched.is_on_its_way = watched.told is not report
        self._looks[agent] = at
        self._tell(agent, report)


class _Watched:
    def __init__(self, make: Callable[[], Reader]) -> None:
        self.make = make
        self.reader = make()
        self.told: Report | None = None
        self.is_on_its_way = False
        self.next = 0.0
