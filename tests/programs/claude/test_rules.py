"""What a program is doing, by the written order of precedence."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from qms_tui.activity import Sight, sources
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import DISAGREE_MOST, LEAVING_MOST, STARTING_MOST, current, judge
from qms_tui.programs.claude.title import TURNING, works_since
from qms_tui.programs.claude.values import Hook, Session
from qms_tui.programs.values import Birth, Meter, Waiter, Word

BEGAN = 1000.0
NOW = 1100.0


def session(status: str, waiting: str = "", changed: float = NOW - 10, started: float = BEGAN + 1) -> Session:
    return Session(7, status, waiting, changed, started)


def hook(event: str, at: float, sub: bool = False, **facts: str) -> Hook:
    return Hook(at, event, sub=sub, facts=MappingProxyType(facts))


def said(
    found: Session | None, *hooks: Hook, title: str = "", title_at: float = 0.0, now: float = NOW
) -> tuple[Word, str]:
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN), session=found, hooks=hooks)
    activity, _ = judge(report, Sight(BEGAN, title, title_at), now)
    return activity.word, activity.detail


@pytest.mark.parametrize(
    ("status", "waiting", "word", "detail"),
    [
        ("idle", "", Word.IDLE, ""),
        ("busy", "", Word.BUSY, ""),
        ("waiting", "permission prompt", Word.NEEDS_YOU, "permission prompt"),
        ("waiting", "input needed", Word.NEEDS_YOU, "input needed"),
        ("waiting", "dialog open", Word.NEEDS_YOU, "dialog open"),
        ("shell", "", Word.BACKGROUND, ""),
        ("", "", Word.STARTING, ""),
        ("dreaming", "", Word.UNKNOWN, "status dreaming"),
    ],
)
def test_the_registry_alone(status: str, waiting: str, word: Word, detail: str) -> None:
    assert said(session(status, waiting)) == (word, detail)


def test_where_one_may_not_look_nobody_knows() -> None:
    activity, again = judge(ClaudeReport(forbidden=True), Sight(BEGAN, "✳ title", NOW), NOW)
    assert (activity.word, activity.detail) == (Word.UNKNOWN, "not allowed to look into its folder")
    assert (activity.rule, again) == ("0: not allowed to look", None)


def test_hooks_say_for_what_it_waits() -> None:
    asks = hook("PermissionRequest", NOW - 9.9, tool="Bash", detail="rm -r build")
    assert said(session("waiting", "permission prompt"), asks) == (
        Word.NEEDS_YOU,
        "permission: Bash rm -r build",
    )
    question = hook("PermissionRequest", NOW - 9.9, tool="AskUserQuestion", detail="Which one?")
    assert said(session("waiting", "input needed"), question)[1] == "question: Which one?"
    assert said(session("waiting", "dialog open"), question)[1] == "dialog open"
    old = hook("PermissionRequest", NOW - 60, tool="Bash", detail="rm -r build")
    assert said(session("waiting", "permission prompt"), old)[1] == "permission prompt"


def test_an_error_stays_until_the_next_prompt() -> None:
    failed = hook("StopFailure", NOW - 9.9, error="rate_limit")
    assert said(session("idle"), failed) == (Word.ERROR, "rate limit")
    assert said(session("idle"), failed, hook("PreToolUse", NOW - 9.8, sub=True))[0] is Word.ERROR
    again = hook("UserPromptSubmit", NOW - 9)
    assert said(session("busy", changed=NOW - 9.1), failed, again)[0] is Word.BUSY
    # Esc fires no hook: it is idle, and the error before the prompt is history.
    assert said(session("idle", changed=NOW - 8), failed, again)[0] is Word.IDLE
    assert said(session("idle"), failed, hook("SessionStart", NOW - 9, source="clear"))[0] is Word.IDLE


def test_what_an_earlier_container_left_is_no_news() -> None:
    left = session("busy", started=BEGAN - 500, changed=BEGAN - 400)
    assert said(left, now=BEGAN + 1) == (Word.STARTING, "")
    assert said(left, now=BEGAN + STARTING_MOST)[0] is Word.UNKNOWN
    failed = hook("StopFailure", BEGAN - 300, error="rate_limit")
    assert said(session("idle"), failed)[0] is Word.IDLE


@pytest.mark.parametrize(
    ("container", "client", "word"),
    [(2, 1, Word.STARTING), (2, 2, Word.BUSY), (2, 0, Word.BUSY), (0, 1, Word.BUSY)],
)
def test_a_registry_of_another_container_is_no_news(container: int, client: int, word: Word) -> None:
    """However new it seems: clocks are set back."""
    written = replace(session("busy"), domain=client)
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN, domain=container), session=written)
    assert judge(report, Sight(BEGAN), BEGAN + 2)[0].word is word


def test_a_client_that_never_speaks_is_unknown_in_time() -> None:
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN))
    activity, again = judge(report, Sight(BEGAN), BEGAN + 3)
    assert activity.word is Word.STARTING
    assert again == BEGAN + STARTING_MOST
    assert judge(report, Sight(BEGAN), again)[0].word is Word.UNKNOWN


def test_a_client_that_takes_its_registry_away_leaves() -> None:
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN), gone=NOW)
    activity, again = judge(report, Sight(BEGAN), NOW + 0.1)
    assert (activity.word, activity.detail, again) == (Word.IDLE, "leaving", NOW + LEAVING_MOST)
    assert judge(report, Sight(BEGAN), NOW + LEAVING_MOST)[0].word is Word.UNKNOWN
    assert judge(report, Sight(NOW + 1), NOW + 2)[0].word is Word.RUNNING  # another container's by now


def test_a_birth_in_the_future_is_not_believed() -> None:
    report = ClaudeReport(birth=Birth(7, "claude", NOW + 1e9), session=session("busy"))
    assert judge(report, Sight(BEGAN), NOW)[0].word is Word.BUSY


def test_other_programs_only_run_and_may_ring() -> None:
    codex = ClaudeReport(birth=Birth(7, "codex", BEGAN))
    for report in (codex, ClaudeReport()):
        activity, again = judge(report, Sight(BEGAN), NOW)
        assert (activity.word, activity.detail, again) == (Word.RUNNING, "", None)
        rang, _ = judge(report, Sight(BEGAN, rang_at=NOW - 1), NOW)
        assert (rang.word, rang.detail, rang.since) == (Word.RUNNING, "it rang", NOW - 1)


def test_sources_that_disagree_for_long_are_not_believed() -> None:
    prompt = hook("UserPromptSubmit", NOW - 3)
    idle = session("idle", changed=NOW - 10)
    assert said(idle, prompt)[0] is Word.UNKNOWN
    fresh = hook("UserPromptSubmit", NOW - 0.4)
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN), session=idle, hooks=(fresh,))
    activity, again = judge(report, Sight(BEGAN), NOW)
    assert (activity.word, again) == (Word.IDLE, NOW - 0.4 + DISAGREE_MOST)
    assert said(session("busy", changed=NOW - 10), hook("Stop", NOW - 3))[0] is Word.UNKNOWN
    # A hook that is slower than an Esc is no contradiction.
    assert said(session("idle", changed=NOW - 3.2), prompt)[0] is Word.IDLE


def test_the_title_breaks_the_tie() -> None:
    prompt = hook("UserPromptSubmit", NOW - 3)
    idle = session("idle", changed=NOW - 10)
    assert said(idle, prompt, title="✳ Claude Code", title_at=NOW - 2)[0] is Word.IDLE
    assert said(idle, prompt, title="◐ Working", title_at=NOW - 0.5)[0] is Word.UNKNOWN
    busy, stopped = session("busy", changed=NOW - 10), hook("Stop", NOW - 3)
    assert said(busy, stopped, title="◑ Working", title_at=NOW - 0.5)[0] is Word.BUSY


def test_a_registry_that_says_idle_while_the_title_turns_is_not_believed() -> None:
    idle = session("idle", changed=NOW - 10)
    assert said(idle, title="◐ Working", title_at=NOW - 0.5)[0] is Word.UNKNOWN
    assert said(idle, title="◐ Working", title_at=NOW - TURNING - 1)[0] is Word.IDLE
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN), session=idle)
    _, again = judge(report, Sight(BEGAN, "◐ Working", NOW - 0.5), NOW)
    assert again == NOW - 0.5 + TURNING


def titled(sight: Sight, title: str, at: float) -> Sight:
    return sight.titled(title, works_since(sight, title, at), at)


def test_a_title_may_be_ahead_of_the_registry_for_a_moment() -> None:
    """A turn begins: the title is painted before the registry is read."""
    report = ClaudeReport(birth=Birth(7, "claude", BEGAN), session=session("idle", changed=NOW - 10))
    sight = titled(Sight(BEGAN, "✳ Claude Code", NOW - 9), "◐ Claude Code", NOW)
    activity, again = judge(report, sight, NOW + 0.1)
    assert (activity.word, again) == (Word.IDLE, NOW + DISAGREE_MOST)
    turned = titled(sight, "◑ Claude Code", NOW + 0.96)
    assert judge(report, turned, NOW + DISAGREE_MOST)[0].word is Word.UNKNOWN
    rested = titled(turned, "✳ Claude Code", NOW + 1.5)
    assert judge(report, titled(rested, "◐ Claude Code", NOW + 2), NOW + 2.1)[0].word is Word.IDLE


OLD = ClaudeReport(
    session=session("idle", started=BEGAN - 50),
    gone=BEGAN - 5,
    hooks=(hook("Stop", BEGAN - 10),),
    waiter=Waiter(BEGAN - 1, armed=True, since=BEGAN - 40),
    meter=Meter(BEGAN - 2, 0.42, 12, "Opus 5.5"),
    inbox_replaced=True,
)


@pytest.mark.parametrize(
    "birth", [None, Birth(7, "claude", BEGAN), Birth(7, "cat", BEGAN), Birth(7, "claude", BEGAN - 50)]
)
def test_nothing_of_an_earlier_run_is_of_now(birth: Birth | None) -> None:
    told = current(replace(OLD, birth=birth), Sight(BEGAN), NOW)
    is_born = birth if birth and birth.started >= BEGAN else None
    assert told == ClaudeReport(birth=is_born)
    said = {(one.source, one.said) for one in sources(told, Sight(BEGAN), NOW)}
    assert {("status line", "nothing"), ("hook", "nothing"), ("registry", "nothing")} <= said


def test_figures_are_only_those_of_a_client() -> None:
    meter = Meter(NOW - 1, 0.42, 12, "Opus 5.5")
    cat = ClaudeReport(birth=Birth(7, "cat", BEGAN), meter=meter)
    assert current(cat, Sight(BEGAN), NOW).meter is None
    client = replace(cat, session=session("idle"))  # by a wrapper
    assert current(client, Sight(BEGAN), NOW).meter == meter
    claude = replace(cat, birth=Birth(7, "claude", BEGAN))
    assert current(claude, Sight(BEGAN), NOW).meter == meter


def test_what_this_run_has_said_stays() -> None:
    now = ClaudeReport(
        birth=Birth(7, "claude", BEGAN),
        session=session("idle"),
        hooks=(hook("Stop", BEGAN + 10),),
        waiter=Waiter(NOW - 1, armed=True, since=BEGAN + 4),
        meter=Meter(BEGAN + 5, 0.42, 12, "Opus 5.5"),
        inbox_replaced=True,
    )
    assert current(now, Sight(BEGAN), NOW) == now
