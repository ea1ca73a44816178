"""Every source of what is known of a program, and what it said: for people who do not believe the result."""

from __future__ import annotations

from qms_tui.activity.sight import Sight
from qms_tui.activity.status import summary
from qms_tui.programs.report import Report
from qms_tui.programs.values import Told

HEARTBEAT = 15.0  # seconds after which a silent waiter is not believed to be armed; it speaks every 4


def sources(report: Report, sight: Sight, now: float) -> tuple[Told, ...]:
    """What each said, in the order of precedence; `at` is 0 where it never said anything."""
    return (
        _birth(report),
        *report.details,
        _status(sight),
        Told("title", sight.title or "nothing", sight.title_at),
        Told("bell", "it rang" if sight.rang_at else "nothing", sight.rang_at),
        _waiter(report, now),
        _meter(report, now),
    )


def armed(report: Report, now: float) -> bool | None:
    """Whether something in the container waits for inbox items; None if nothing there ever does."""
    if report.waiter is None:
        return False if report.birth is not None and report.birth.wakes else None
    return report.waiter.armed and now - report.waiter.at < HEARTBEAT


def _birth(report: Report) -> Told:
    birth = report.birth
    if birth is None:
        return Told("entrypoint", "nothing" if not report.trouble else report.trouble)
    return Told("entrypoint", f"{birth.program}, process {birth.pid}", birth.started)


def _status(sight: Sight) -> Told:
    """What the program reports by itself, in its terminal."""
    said, at = summary(sight.present_status)
    return Told("report", said or "nothing", at)


def _waiter(report: Report, now: float) -> Told:
    said = {None: "none here", True: "armed", False: "not armed"}[armed(report, now)]
    replaced = ", with an inbox that was replaced" if report.inbox_replaced else ""
    return Told("waker", said + replaced, report.waiter.at if report.waiter else 0.0)


def _meter(report: Report, now: float) -> Told:
    meter = report.meter
    if meter is None:
        return Told("status line", "nothing")
    cost = f"${meter.cost:.2f}" if meter.cost is not None else ""
    context = f"{meter.context:.0f} % of the context" if meter.context is not None else ""
    still = "stands still" if report.is_silent(now) else ""
    said = ", ".join(part for part in (meter.model, cost, context, still) if part)
    return Told("status line", said, meter.at)
