"""Each agent's client: whether its version was tested, and whether it says what is read of it."""

from __future__ import annotations

from collections.abc import Iterator

from qms_tui.activity import Report, Sight, Word, judge
from qms_tui.activity.background import whereabouts
from qms_tui.activity.client_versions import untested
from qms_tui.doctor.finding import Finding, ok, warning

REMEDY = "use a version that was tested: qms-tui build --client-version"


def client(agent: str, report: Report, began: float, now: float) -> Iterator[Finding]:
    """What there is to say of it, if it runs since `began`. Nothing of other programs."""
    activity, _ = judge(report, Sight(began=began), now)
    if report.forbidden or activity.word is Word.RUNNING:
        return
    if activity.word is Word.UNKNOWN:
        yield warning(agent, f"its state is unknown: {activity.detail}", f"look at its pane; {REMEDY}")
    elif said := untested(report.version):
        yield warning(agent, f"runs a client that was not tested: {said}", REMEDY)
    if where := whereabouts(report):
        yield ok(agent, where)
