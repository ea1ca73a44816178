"""The agent's jobs in the background, by a clock of the test's."""

from __future__ import annotations

import pytest

from qms_tui.demo.jobs import Jobs
from qms_tui.demo.status import Reporter
from qms_tui.errors import UsageError


class _Reports(Reporter):
    """Keeps what would be reported."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, int] = {}
        self.count = 0

    def report_job(self, job_id: str, title: str, progress: int) -> None:
        self.jobs[job_id] = progress
        self.count += 1

    def clear_job(self, job_id: str) -> None:
        del self.jobs[job_id]


def test_a_job_reports_its_progress_in_steps_and_ends() -> None:
    reports, now = _Reports(), 100.0
    jobs = Jobs(reports, lambda: now)
    job = jobs.start("work 10", 10)
    assert reports.jobs == {"job1": 0}
    for now, progress in ((101.0, 10), (101.4, 10), (105.5, 55), (109.9, 95)):  # noqa: B007
        jobs.look()
        assert reports.jobs == {"job1": progress}
    assert reports.count == 4  # nothing new at 101.4
    assert jobs.take_ended() == []
    now = 110.0
    jobs.look()
    assert reports.jobs == {}
    assert jobs.take_ended() == [job]
    assert jobs.take_ended() == []


def test_jobs_have_numbers_of_their_own() -> None:
    reports, now = _Reports(), 0.0
    jobs = Jobs(reports, lambda: now)
    jobs.start("work 1", 1)
    jobs.start("work 9", 9)
    now = 2.0
    jobs.look()
    jobs.start("work 3", 3)
    assert set(reports.jobs) == {"job2", "job3"}


def test_jobs_are_few() -> None:
    jobs = Jobs(_Reports(), lambda: 0.0)
    for _ in range(8):
        jobs.start("work 1", 1)
    with pytest.raises(UsageError, match="8 jobs run already"):
        jobs.start("work 1", 1)
