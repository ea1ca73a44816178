"""What the screen reports of itself and its agents to the terminal that it runs in (OSC 7501)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable, Sequence

from qms_tui.api.agents import Activity, AgentState, AgentView, Word
from qms_tui.config import OuterNotification
from qms_tui.status_report import ProgramState, StatusRecord, is_record_id
from qms_tui.ui.driver import TerminalDriver
from qms_tui.ui.outer import LONGEST
from qms_tui.ui.outer_reports import OuterReports
from qms_tui.ui.shell import Shell
from qms_tui.ui.words import ACTIVITIES, STATES

APPLICATION = "qms-tui"
_REPORTING = (OuterNotification.AUTO, OuterNotification.STATUS)
_STATES = {
    Word.STARTING: ProgramState.WORKING,
    Word.BUSY: ProgramState.WORKING,
    Word.BACKGROUND: ProgramState.WORKING,
    Word.NEEDS_YOU: ProgramState.BLOCKED,
    Word.ERROR: ProgramState.ERROR,
    Word.IDLE: ProgramState.IDLE,
    Word.RUNNING: ProgramState.IDLE,  # it says no more, and nobody should wait for it
}
_WITHOUT_PROGRAM = {
    AgentState.STARTING: ProgramState.WORKING,
    AgentState.STOPPING: ProgramState.WORKING,
    AgentState.PAUSED: ProgramState.IDLE,
    AgentState.FAILED: ProgramState.ERROR,
}
_SAY_IT_ALL = (Word.IDLE, Word.BUSY, Word.RUNNING)  # whose word the state says
_URGENCY = (ProgramState.BLOCKED, ProgramState.ERROR, ProgramState.WORKING, ProgramState.DONE)
_NAMES_ITS_AGENT = (ProgramState.BLOCKED, ProgramState.ERROR, ProgramState.DONE)
_KINDS = {
    "permission": "permission",
    "question": "question",
    "input": "question",
    "login": "auth",
    "auth": "auth",
}  # by the first word of what an agent needs
_WORD = re.compile("[A-Za-z]+")
_LONGEST_SEGMENT, _PREFIX = 32, 23  # characters of an id


class OuterStatus:
    """Owns what is reported; `app` owns this."""

    def __init__(self, app: Shell) -> None:
        self._app = app
        self._reports: OuterReports | None = None

    def start(self) -> None:
        """Ask the terminal whether it takes reports, if it shall get any; nobody waits for the answer."""
        driver, how = self._app._driver, self._app.session.config.notify.outer
        if how in _REPORTING and isinstance(driver, TerminalDriver):
            demanded = how is OuterNotification.STATUS
            loop = asyncio.get_running_loop()
            self._reports = OuterReports(driver.write, self._records, loop, demanded=demanded)
            driver.report_status(self._reports)

    def changed(self) -> None:
        """An agent may be doing something else."""
        if self._reports is not None:
            self._reports.changed()

    def _records(self) -> Sequence[StatusRecord]:
        return outer_records(self._app.session.project.name, self._app.daemon.mirror.agents.values())


def outer_records(title: str, agents: Iterable[AgentView]) -> list[StatusRecord]:
    """The root, which says what matters most, then a record for each agent that there is something to say of.

    `at` is since when an agent does what it does.
    """
    children = [record for record in map(agent_record, agents) if record is not None]
    return [_root(title, children), *children]


def agent_record(agent: AgentView) -> StatusRecord | None:
    """An agent's record; None if it does not run, or nobody knows what it does."""
    name, activity = record_id(agent.name), agent.activity
    if agent.wrong:
        return StatusRecord(name, ProgramState.ERROR, title=agent.name, message=_cut(agent.wrong))
    if activity is None:
        return _without_activity(agent, name)
    state = _state(activity)
    if state is None:
        return None
    kind = _kind(activity.detail) if state is ProgramState.BLOCKED else ""
    said = activity.detail or ("" if activity.word in _SAY_IT_ALL else ACTIVITIES[activity.word])
    return StatusRecord(name, state, kind, title=agent.name, message=_cut(said), at=activity.since)


def record_id(agent: str) -> str:
    """An agent's name as the id of a record: a long one is shortened so that no two become the same."""
    if len(agent) <= _LONGEST_SEGMENT and is_record_id(agent):
        return agent
    return f"{agent[:_PREFIX]}.{hashlib.sha256(agent.encode()).hexdigest()[:8]}"


def _state(activity: Activity) -> ProgramState | None:
    """A program that has rung has something to show, as one that has finished."""
    has_rung = activity.word is Word.RUNNING and bool(activity.detail)
    return ProgramState.DONE if has_rung or activity.unseen else _STATES.get(activity.word)


def _without_activity(agent: AgentView, name: str) -> StatusRecord | None:
    state, said = _WITHOUT_PROGRAM.get(agent.state), STATES[agent.state]
    ending = agent.ending
    if agent.state is AgentState.ENDED and ending is not None and not ending.asked and ending.exit_code:
        state, said = ProgramState.ERROR, ending.text
    elif agent.trouble is not None:
        said = agent.trouble.message
    if state is None:
        return None
    return StatusRecord(name, state, title=agent.name, message=_cut(said), at=agent.since)


def _kind(detail: str) -> str:
    first = _WORD.match(detail)
    return _KINDS.get(first[0].lower(), "") if first else ""


def _root(title: str, children: Sequence[StatusRecord]) -> StatusRecord:
    """The state that wants the human most, and of whom, the one who has waited longest first."""
    for state in _URGENCY:
        alike = sorted((each for each in children if each.state is state), key=lambda each: each.at)
        if alike:
            said = _who(alike) if state in _NAMES_ITS_AGENT else ""
            return StatusRecord("", state, alike[0].kind, app=APPLICATION, title=title, message=said)
    return StatusRecord("", ProgramState.IDLE, app=APPLICATION, title=title)


def _who(alike: Sequence[StatusRecord]) -> str:
    first = alike[0]
    more = f" (and {len(alike) - 1} more)" if len(alike) > 1 else ""
    said = f"{first.title}: {first.message}" if first.message else first.title
    return f"{said}{more}"


def _cut(text: str) -> str:
    return text[:LONGEST]
