"""Each of an agent's five lights, by what its source says and how long that holds."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from qms_tui.activity import Facts, Given, Health, Light, Lights, Served, Server, Sight, remark, shine
from qms_tui.activity.explain import HEARTBEAT
from qms_tui.activity.lights import DWELL, NO_LOGIN, NO_PROGRAM, NONE_HERE, WANTS_LOGIN
from qms_tui.programs.claude.logins import REFUSED
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import judge
from qms_tui.programs.claude.values import Hook, Session
from qms_tui.programs.values import Activity, Birth, Waiter, Word
from qms_tui.terminal import ProgramState, ProgramStatus, StatusRecord

FINE, WRONG, ABSENT, UNKNOWN = Health.FINE, Health.WRONG, Health.ABSENT, Health.UNKNOWN
BEGAN, NOW = 1000.0, 1100.0
IDLE = Activity(Word.IDLE, "", NOW - 50)
QMS = Server("qms", up=True, connected=True)
GIT = Server("git", up=True, connected=True)
HOUSED = Light(FINE, "running", BEGAN)
BIRTH = Birth(7, "claude", BEGAN, wakes=True)
ARMED = Waiter(NOW - 1, armed=True, since=BEGAN + 2)
REPORT = ClaudeReport(
    birth=BIRTH, session=Session(7, "idle", "", NOW - 50, BEGAN + 1), waiter=ARMED, own_login=900.0
)
FACTS = Facts(HOUSED, IDLE, REPORT, Sight(BEGAN), Given(), None)


def lit(facts: Facts = FACTS, now: float = NOW) -> Lights:
    return shine(facts, now)[0]


def doing(word: Word, detail: str = "", since: float = NOW - 50) -> Facts:
    return replace(FACTS, activity=Activity(word, detail, since))


def saying(**report: Any) -> Facts:
    return replace(FACTS, report=replace(REPORT, **report))


def hook(event: str, at: float, error: str = "", sub: bool = False) -> Hook:
    return Hook(at, event, sub=sub, facts=MappingProxyType({"error": error} if error else {}))


def test_all_are_fine() -> None:
    given, served = Given(servers=("qms",)), Served((QMS,), BEGAN + 3, NOW)
    lights = lit(replace(FACTS, given=given, served=served))
    assert [(name, light.health) for name, light in lights] == [
        (name, FINE) for name in ("container", "program", "MCP", "login", "waker")
    ]
    assert [light.since for _, light in lights] == [BEGAN, BEGAN + 1, BEGAN + 3, 900.0, BEGAN + 2]
    assert lights.wrong == 0
    assert remark(lights, IDLE) == ""


def test_a_program_that_does_not_run_has_no_lights_and_no_faults() -> None:
    down = Light(WRONG, "exit code 137 (killed)")
    facts = replace(FACTS, container=down, activity=None, given=Given(servers=("qms",)))
    lights = lit(replace(facts, served=Served((Server("qms", up=False, connected=False),), 0.0, NOW)))
    absent = Light(ABSENT, NO_PROGRAM)
    assert (lights.container, lights.program, lights.mcp, lights.waker) == (down, absent, absent, absent)
    assert lights.login.health is FINE
    assert remark(lights, None) == ""


@pytest.mark.parametrize(
    ("word", "detail", "health", "why"),
    [
        (Word.BUSY, "", FINE, "ready"),
        (Word.ERROR, "rate limit", FINE, "ready"),
        (Word.RUNNING, "", FINE, "runs, and does not say more"),
        (Word.STARTING, "", ABSENT, "starting"),
        (Word.UNKNOWN, "it has not said that it is ready", UNKNOWN, "it has not said that it is ready"),
    ],
)
def test_program(word: Word, detail: str, health: Health, why: str) -> None:
    found = lit(doing(word, detail)).program
    assert (found.health, found.why) == (health, why)
    assert lit(replace(doing(word), wrong="says it is bu")).program.health is WRONG


@pytest.mark.parametrize(
    ("servers", "health", "why"),
    [
        ((QMS, GIT), FINE, "has qms, git"),
        ((QMS, GIT, Server("web", up=True, connected=True)), FINE, "has qms and 2 more"),
        ((Server("qms", up=False, connected=True), GIT), WRONG, "qms is down"),
        ((Server("qms", up=True, connected=False), GIT), WRONG, "not connected to qms"),
        ((Server("qms", up=None, connected=False),), UNKNOWN, "the gateway does not answer"),
        (None, UNKNOWN, "not asked yet"),
    ],
)
def test_mcp(servers: tuple[Server, ...] | None, health: Health, why: str) -> None:
    served = Served(servers, NOW - 50, NOW) if servers is not None else None
    found = lit(replace(FACTS, given=Given(servers=("qms", "git")), served=served)).mcp
    assert (found.health, found.why) == (health, why)


def test_mcp_of_who_has_none() -> None:
    assert lit().mcp == Light(ABSENT, "none configured")
    other = replace(doing(Word.RUNNING), given=Given(servers=("qms",)))
    assert lit(other).mcp == Light(ABSENT, "none in this program")


@pytest.mark.parametrize(
    ("began", "since", "at", "health"),
    [
        (BEGAN, NOW - DWELL + 1, NOW, ABSENT),
        (BEGAN, NOW - DWELL, NOW, WRONG),
        (BEGAN, NOW - 2 * DWELL, NOW - 1.5 * DWELL, ABSENT),  # seen so for half of it only
        (NOW - DWELL + 1, BEGAN, NOW, ABSENT),  # a client that has just begun
    ],
)
def test_a_server_that_is_not_there_is_wrong_after_a_while(
    began: float, since: float, at: float, health: Health
) -> None:
    served = Served((Server("qms", up=True, connected=False),), since, at)
    facts = replace(FACTS, sight=Sight(began), given=Given(servers=("qms",)), served=served)
    assert lit(facts).mcp.health is health


GOOD, REFUSAL = hook("Stop", NOW - 30), hook("StopFailure", NOW - 20, REFUSED)


@pytest.mark.parametrize(
    ("given", "own", "hooks", "health", "why"),
    [
        ("", 900.0, (), FINE, "its own, by /login"),
        ("its token_file", 0.0, (), FINE, "its token_file"),
        ("", 0.0, (), WRONG, NO_LOGIN),
        ("", 0.0, (GOOD,), FINE, "its model has answered"),
        ("", 0.0, (GOOD, REFUSAL), WRONG, NO_LOGIN),
        ("KEY", 0.0, (GOOD, REFUSAL), WRONG, "refused: KEY"),
        ("", 900.0, (REFUSAL,), WRONG, "refused: /login in its pane"),
        ("", NOW - 10, (REFUSAL,), FINE, "its own, by /login"),  # logged in since
        ("KEY", 0.0, (REFUSAL, hook("Stop", NOW - 10)), FINE, "KEY"),
        ("KEY", 0.0, (REFUSAL, hook("StopFailure", NOW - 10, "server_error")), WRONG, "refused: KEY"),
        ("KEY", 0.0, (hook("StopFailure", NOW - 10, "rate_limit"),), FINE, "KEY"),
        ("KEY", 0.0, (hook("StopFailure", BEGAN - 10, REFUSED),), FINE, "KEY"),  # of a container before
        ("KEY", 0.0, (hook("StopFailure", NOW - 10, REFUSED, sub=True),), FINE, "KEY"),
    ],
)
def test_login(given: str, own: float, hooks: tuple[Hook, ...], health: Health, why: str) -> None:
    facts = replace(saying(own_login=own, hooks=hooks), given=Given(login=given))
    found = lit(facts).login
    assert (found.health, found.why) == (health, why)


def test_login_of_who_has_not_said_that_it_is_ready_or_is_another_program() -> None:
    unsaid = saying(own_login=0.0)
    assert lit(replace(unsaid, activity=Activity(Word.STARTING))).login == Light(ABSENT, "none yet")
    assert lit(doing(Word.RUNNING)).login == Light(ABSENT, "none in this program")


def test_a_login_that_somebody_else_may_have_given_is_unknown() -> None:
    facts = replace(saying(own_login=0.0), given=Given(unset="KEY"))
    assert lit(facts).login == Light(UNKNOWN, "KEY is not set here")
    assert lit(replace(facts, report=replace(REPORT, own_login=0.0, hooks=(REFUSAL,)))).login.health is WRONG


GONE = replace(ARMED, at=NOW - DWELL - 5, armed=False)


@pytest.mark.parametrize(
    ("waiter", "activity", "health", "since"),
    [
        (ARMED, IDLE, FINE, ARMED.since),
        (replace(ARMED, at=NOW - HEARTBEAT), IDLE, WRONG, NOW - HEARTBEAT),  # killed: it says nothing more
        (GONE, IDLE, WRONG, GONE.at),
        (None, IDLE, WRONG, BEGAN),
        (replace(GONE, at=NOW - 1), IDLE, ABSENT, NOW - 1),
        (GONE, Activity(Word.IDLE, "", NOW - 1), ABSENT, GONE.at),  # a dialog was open until now
        (GONE, Activity(Word.NEEDS_YOU, "", NOW - 50), ABSENT, GONE.at),
        (GONE, Activity(Word.BUSY, "", NOW - 50), ABSENT, GONE.at),
        (GONE, Activity(Word.ERROR, "", NOW - 50), WRONG, GONE.at),
    ],
)
def test_waker(waiter: Waiter | None, activity: Activity, health: Health, since: float) -> None:
    found = lit(replace(saying(waiter=waiter), activity=activity)).waker
    assert (found.health, found.since) == (health, since)


def test_it_is_looked_again_when_a_waker_may_become_wrong() -> None:
    assert shine(FACTS, NOW)[1] == ARMED.at + HEARTBEAT
    gone = saying(waiter=replace(GONE, at=NOW - 1))
    due = shine(gone, NOW)[1]
    assert due == NOW - 1 + DWELL
    assert lit(gone, due).waker.health is WRONG
    assert shine(gone, due)[1] is None


def test_a_heartbeat_that_is_late_after_a_pause_is_no_fault() -> None:
    late = replace(saying(waiter=replace(ARMED, at=NOW - 600)), unarmed=NOW - 1)
    assert lit(late).waker.health is ABSENT
    assert lit(late, NOW + DWELL).waker.health is WRONG


def test_waker_of_who_has_none() -> None:
    asleep = saying(birth=replace(BIRTH, wakes=False), waiter=replace(GONE, at=0.0))
    assert lit(asleep).waker == Light(ABSENT, "none in this program")
    assert lit(replace(asleep, given=Given(wakes=False))).waker == Light(ABSENT, "off by configuration")
    typed = Light(FINE, "typed at its prompt while a screen is open")
    assert lit(replace(asleep, given=Given(typed=True))).waker == typed
    assert lit(saying(birth=replace(BIRTH, started=BEGAN - 50))).waker.health is ABSENT
    assert lit(saying(inbox_replaced=True)).waker.why == "its inbox was replaced"


def test_of_another_users_agent_our_configuration_says_nothing() -> None:
    ours = Given("ANTHROPIC_API_KEY", typed=True, servers=("qms",))
    alone = Served((Server("qms", up=True, connected=False),), BEGAN, NOW)
    facts = replace(FACTS, given=ours, served=alone)
    assert (lit(facts).mcp.health, lit(facts).login.why) == (WRONG, "ANTHROPIC_API_KEY")
    theirs = replace(facts, foreign=True)
    assert lit(theirs).mcp == Light(UNKNOWN, "only the user who has started it can tell")
    assert lit(theirs).login.why == "its own, by /login"
    theirs = replace(theirs, report=replace(REPORT, own_login=0.0, birth=None))
    assert lit(theirs).login == Light(UNKNOWN, "only the user who has started it can tell")
    assert lit(theirs).waker == Light(ABSENT, "none in this program")


def test_where_one_may_not_look_lights_are_unknown() -> None:
    activity = Activity(Word.UNKNOWN, "not allowed to look into its folder", BEGAN)
    lights = lit(replace(FACTS, activity=activity, report=ClaudeReport(forbidden=True), foreign=True))
    assert {lights.program.why, lights.login.why, lights.waker.why} == {"not allowed to look into its folder"}
    assert {lights.program.health, lights.login.health, lights.waker.health} == {UNKNOWN}
    assert remark(lights, activity) == ""
    ended = lit(replace(FACTS, activity=None, report=ClaudeReport(forbidden=True), foreign=True))
    assert ended.waker == Light(ABSENT, NO_PROGRAM)


def test_a_remark_says_what_the_word_does_not() -> None:
    lights = lit(saying(hooks=(REFUSAL,), waiter=GONE))
    assert remark(lights, IDLE) == "login: refused: /login in its pane"
    assert remark(lights, Activity(Word.ERROR, "authentication")).startswith("waker: not armed")
    assert lights.wrong == 2


SILENT = ClaudeReport()


def reporting(state: ProgramState, kind: str = "", report: ClaudeReport = SILENT) -> Facts:
    """A program that reports this; `report` is what its folder says besides."""
    status = ProgramStatus(StatusRecord("", state, kind, at=NOW - 5))
    sight = Sight(BEGAN, status=status)
    activity, _ = judge(report, sight, NOW)
    return Facts(HOUSED, activity, report, sight, Given(servers=("qms",)), None)


@pytest.mark.parametrize(
    "report", [ClaudeReport(), ClaudeReport(birth=Birth(7, "codex", BEGAN), own_login=900.0)]
)
@pytest.mark.parametrize("state", list(ProgramState))
def test_a_program_that_reports_is_ready_and_has_no_parts_of_ours(
    state: ProgramState, report: ClaudeReport
) -> None:
    lights = lit(reporting(state, report=report))
    assert lights.program == Light(FINE, "ready", BEGAN)
    assert (lights.mcp, lights.login) == (Light(ABSENT, NONE_HERE), Light(ABSENT, NONE_HERE))
    assert lights.waker == Light(ABSENT, NONE_HERE)
    assert lights.wrong == 0


def test_who_reports_that_it_waits_for_a_login_has_none() -> None:
    facts = reporting(ProgramState.BLOCKED, "auth")
    lights = lit(facts)
    assert lights.login == Light(WRONG, WANTS_LOGIN, NOW - 5)
    assert remark(lights, facts.activity) == ""  # the word says so
    for kind in ("permission", "question", ""):
        assert lit(reporting(ProgramState.BLOCKED, kind)).login.health is ABSENT
    waits = replace(REPORT, session=Session(7, "waiting", "input needed", NOW - 5, BEGAN + 1))
    assert lit(reporting(ProgramState.BLOCKED, "auth", report=waits)).login.why == WANTS_LOGIN


def test_reports_take_no_light_from_claude_code() -> None:
    facts = reporting(ProgramState.IDLE, report=REPORT)
    lights = lit(facts)
    assert (lights.program.since, lights.login.health, lights.waker.health) == (BEGAN + 1, FINE, FINE)
    assert lights.mcp == Light(UNKNOWN, "not asked yet")
    assert lit(reporting(ProgramState.WORKING, report=ClaudeReport(birth=BIRTH))).login.why == NO_LOGIN
