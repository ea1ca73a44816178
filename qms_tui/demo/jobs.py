"""Jobs in the background, which do nothing but take their time, as `work 30 &` starts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from qms_tui.demo.status import Reporter
from qms_tui.errors import UsageError

_MOST = 8  # jobs at once: more than anybody tries, few enough to list
_STEP = 5  # percent between two reports of one job


@dataclass(frozen=True)
class Job:
    """A job, and when it began and ends by the clock."""

    number: int
    title: str
    began: float
    ends: float

    @property
    def job_id(self) -> str:
        """The name of its record."""
        return f"job{self.number}"

    def progress(self, now: float) -> int:
        """Percent, in steps."""
        share = (now - self.began) / (self.ends - self.began)
        return max(0, min(100, int(share * 100) // _STEP * _STEP))


class Jobs:
    """The agent's jobs. Time passes in `look` only, which the agent calls while it waits and works."""

    def __init__(self, reporter: Reporter, clock: Callable[[], float] = time.monotonic) -> None:
        self._reporter, self._clock = reporter, clock
        self._reported: dict[Job, int] = {}  # percent; the jobs that run
        self._ended: list[Job] = []
        self._count = 0

    def start(self, title: str, seconds: float) -> Job:
        """Begin a job.

        Raises:
            UsageError: too many run.
        """
        if len(self._reported) >= _MOST:
            raise UsageError(f"{_MOST} jobs run already", hint="wait for one of them to end")
        self._count += 1
        now = self._clock()
        job = Job(self._count, title, now, now + seconds)
        self._report(job, 0)
        return job

    def look(self) -> None:
        """Report what has changed. Allowed in a signal handler."""
        now = self._clock()
        for job, reported in tuple(self._reported.items()):
            if now >= job.ends:
                self._end(job)
            elif job.progress(now) != reported:
                self._report(job, job.progress(now))

    def take_ended(self) -> list[Job]:
        """The jobs that have ended since this was asked last."""
        ended, self._ended = self._ended, []
        return ended

    def _report(self, job: Job, progress: int) -> None:
        self._reported[job] = progress
        self._reporter.report_job(job.job_id, job.title, progress)

    def _end(self, job: Job) -> None:
        del self._reported[job]
        self._ended.append(job)
        self._reporter.clear_job(job.job_id)
