"""Each agent's client: whether its version was tested, and whether it says what is read of it."""

from __future__ import annotations

from collections.abc import Iterator

from qms_tui.activity import Sight
from qms_tui.doctor.finding import Finding, ok, warning
from qms_tui.programs.report import Report
from qms_tui.programs.values import Word

REMEDY = "use a version that was tested: qms-tui build --client-version"


def client(agent: str, report: Report, began: float, now: float) -> Iterator[Finding]:
    """What there is to say of it, if it runs since `began`. Nothing of other programs."""
    activity, _ = report.judge(Sight(began=began), now)
    if report.forbidden or activity.word is Word.RUNNING:
        return
    if activity.word is Word.UNKNOWN:
        yield warning(agent, f"its state is unknown: {activity.detail}", f"look at its pane; {REMEDY}")
    elif report.untested:
        yield warning(agent, f"runs a client that was not tested: {report.untested}", REMEDY)
    if report.whereabouts:
        yield ok(agent, report.whereabouts)
