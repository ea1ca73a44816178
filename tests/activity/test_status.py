"""What programs report of themselves, as what they are doing: alone, and beside other sources."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from qms_tui.activity import Sight, sources
from qms_tui.activity.status import LONGEST_NAME, NOT_LOOKED_AT, activity_of, continued
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import DISAGREE_MOST, LEAVING_MOST, READ_MOST, judge
from qms_tui.programs.claude.values import Hook, Session
from qms_tui.programs.values import LONGEST, Activity, Birth, Word
from qms_tui.terminal import NO_STATUS, ProgramState, ProgramStatus, StatusRecord

IDLE, WORKING, DONE, BLOCKED, ERROR = (
    ProgramState.IDLE,
    ProgramState.WORKING,
    ProgramState.DONE,
    ProgramState.BLOCKED,
    ProgramState.ERROR,
)
BEGAN, NOW = 1000.0, 1100.0
AT = NOW - 20
ASKS = "approve Bash: touch x"


def record(
    state: ProgramState,
    message: str = "",
    *,
    name: str = "",
    title: str = "",
    kind: str = "",
    progress: int | None = None,
    at: float = AT,
) -> StatusRecord:
    return StatusRecord(name, state, kind, progress, "some-agent", title, message, at)


def status(*records: StatusRecord) -> ProgramStatus:
    root = next((one for one in records if not one.id), None)
    return ProgramStatus(root, tuple(one for one in records if one.id))


def sight(*records: StatusRecord, title: str = "", title_at: float = 0.0) -> Sight:
    return Sight(BEGAN, title, title_at, status=status(*records))


def judged(report: ClaudeReport, seen: Sight, now: float = NOW) -> tuple[Word, str]:
    activity, _ = judge(report, seen, now)
    return activity.word, activity.detail


OF_ROOT = [
    (record(IDLE), Word.IDLE, ""),
    (record(IDLE, "ready"), Word.IDLE, ""),
    (record(DONE), Word.IDLE, NOT_LOOKED_AT),
    (record(WORKING), Word.BUSY, ""),
    (record(WORKING, "compiling"), Word.BUSY, "compiling"),
    (record(WORKING, title="a session"), Word.BUSY, "a session"),
    (record(WORKING, progress=0), Word.BUSY, "0 %"),
    (record(WORKING, "compiling", progress=40), Word.BUSY, "compiling, 40 %"),
    (record(BLOCKED), Word.NEEDS_YOU, ""),
    (record(BLOCKED, "which one?"), Word.NEEDS_YOU, "which one?"),
    (record(BLOCKED, ASKS, kind="permission"), Word.NEEDS_YOU, f"permission: {ASKS}"),
    (record(BLOCKED, "Which colour?", kind="question"), Word.NEEDS_YOU, "question: Which colour?"),
    (record(BLOCKED, "sign in", kind="auth"), Word.NEEDS_YOU, "login: sign in"),
    (record(BLOCKED, kind="auth"), Word.NEEDS_YOU, "login"),
    (record(BLOCKED, "step 2", kind="question", progress=50), Word.NEEDS_YOU, "question: step 2, 50 %"),
    (record(ERROR), Word.ERROR, ""),
    (record(ERROR, "no network"), Word.ERROR, "no network"),
]


@pytest.mark.parametrize(("root", "word", "detail"), OF_ROOT)
def test_a_program_does_what_it_reports(root: StatusRecord, word: Word, detail: str) -> None:
    for report in (ClaudeReport(), ClaudeReport(birth=Birth(7, "codex", BEGAN))):
        activity, again = judge(report, sight(root), NOW)
        assert (activity.word, activity.detail, activity.since) == (word, detail, AT)
        assert (activity.rule, again) == ("1: its report", None)


def child(state: ProgramState, name: str = "a", **more: object) -> StatusRecord:
    return replace(record(state, name=name), **more)  # type: ignore[arg-type]


OF_CHILDREN = [
    ([record(IDLE), child(WORKING, title="tests")], Word.BACKGROUND, "tests"),
    ([record(DONE), child(WORKING, title="tests", progress=7)], Word.BACKGROUND, "tests, 7 %"),
    ([record(IDLE), child(WORKING, "top/lint")], Word.BACKGROUND, "lint"),
    (
        [
            record(IDLE),
            child(WORKING, "a", at=AT + 2),
            child(WORKING, "b", at=AT + 1),
            child(WORKING, "c", at=AT + 3),
        ],
        Word.BACKGROUND,
        "b and 2 more",
    ),
    ([record(WORKING, "x"), child(WORKING)], Word.BUSY, "x"),
    ([record(ERROR, "x"), child(WORKING)], Word.ERROR, "x"),
    ([record(IDLE), child(IDLE), child(DONE, "b")], Word.IDLE, ""),
    ([record(DONE), child(IDLE)], Word.IDLE, NOT_LOOKED_AT),
    ([record(IDLE), child(BLOCKED, kind="question", message="how?")], Word.NEEDS_YOU, "question: how?, in a"),
    ([record(WORKING), child(BLOCKED, title="tests")], Word.NEEDS_YOU, "in tests"),
    ([record(ERROR), child(BLOCKED)], Word.NEEDS_YOU, "in a"),
    ([record(BLOCKED, "mine"), child(BLOCKED, at=AT - 5)], Word.NEEDS_YOU, "mine"),
    ([record(IDLE), child(BLOCKED, "a"), child(BLOCKED, "b", at=AT - 5)], Word.NEEDS_YOU, "in b"),
    ([record(IDLE), child(ERROR, message="broke", at=AT + 1)], Word.ERROR, "a: broke"),
    ([record(DONE, at=AT + 2), child(ERROR, message="broke", at=AT + 1)], Word.IDLE, NOT_LOOKED_AT),
    ([record(WORKING), child(ERROR, at=AT + 1)], Word.BUSY, ""),
    ([child(WORKING, title="tests")], Word.BACKGROUND, "tests"),
    ([child(DONE)], Word.IDLE, ""),
]


@pytest.mark.parametrize(("records", "word", "detail"), OF_CHILDREN)
def test_what_is_most_pressing_of_children_counts(
    records: list[StatusRecord], word: Word, detail: str
) -> None:
    assert judged(ClaudeReport(), sight(*records)) == (word, detail)


def test_what_presses_has_pressed_since_it_came() -> None:
    activity, _ = judge(ClaudeReport(), sight(record(WORKING), child(BLOCKED, at=AT + 3)), NOW)
    assert activity.since == AT + 3


def test_without_reports_a_program_just_runs() -> None:
    assert activity_of(NO_STATUS) is None
    assert judged(ClaudeReport(), Sight(BEGAN))[0] is Word.RUNNING
    assert judged(ClaudeReport(), replace(sight(record(IDLE)), rang_at=NOW - 1)) == (Word.IDLE, "")


def test_what_an_earlier_program_reported_is_no_news() -> None:
    earlier = record(DONE, at=BEGAN - 1)
    assert judged(ClaudeReport(), sight(earlier))[0] is Word.RUNNING
    assert judged(ClaudeReport(), sight(earlier, child(WORKING, title="tests"))) == (Word.BACKGROUND, "tests")
    assert judged(ClaudeReport(), sight(record(IDLE), child(BLOCKED, at=BEGAN - 1)))[0] is Word.IDLE
    said = {told.source: told.said for told in sources(ClaudeReport(), sight(earlier), NOW)}
    assert said["report"] == "nothing"


@pytest.mark.parametrize("root", [root for root, *_ in OF_ROOT])
def test_no_time_alone_makes_it_unknown(root: StatusRecord) -> None:
    years = 3 * 365 * 24 * 3600.0
    assert judge(ClaudeReport(), sight(root), NOW + years) == judge(ClaudeReport(), sight(root), NOW)


# -- since when --------------------------------------------------------------------------------------------


def followed(*statuses: ProgramStatus) -> Activity:
    seen = Sight(BEGAN)
    for now, each in enumerate(statuses):
        seen = seen.reporting(each, NOW + now)
    return judge(ClaudeReport(), seen, NOW + 10)[0]


@pytest.mark.parametrize(
    ("first", "second", "since"),
    [
        (record(WORKING, "a"), record(WORKING, "b", progress=4), AT),
        (record(BLOCKED, "answer in 60 s"), record(BLOCKED, "answer in 9 s"), AT),
        (record(BLOCKED, "which?", title="a"), record(BLOCKED, "which?", title="b"), AT),
        (record(BLOCKED, title="1/9"), record(BLOCKED, title="2/9"), AT),
        (record(ERROR, "retry in 60 s"), record(ERROR, "retry in 59 s"), AT),
        (record(IDLE), record(IDLE), AT),
        (record(DONE), record(DONE), AT),
        (record(DONE), record(IDLE), AT),
        (record(IDLE), record(DONE), AT + 5),
        (record(BLOCKED, "a"), record(BLOCKED, "a"), AT),
        (record(BLOCKED, "a", progress=1), record(BLOCKED, "a", progress=2), AT),
        (record(BLOCKED, "a"), record(BLOCKED, "b"), AT + 5),
        (record(BLOCKED, "a"), record(BLOCKED, "a", kind="auth"), AT + 5),
        (record(ERROR, "a"), record(ERROR, "b"), AT + 5),
        (record(WORKING), record(IDLE), AT + 5),
    ],
)
def test_who_repeats_itself_says_nothing_new(first: StatusRecord, second: StatusRecord, since: float) -> None:
    later = replace(second, at=AT + 5)
    assert followed(status(first), status(later)).since == since
    children = (replace(each, id="a") for each in (first, later))
    assert followed(*(status(record(IDLE), each) for each in children), NO_STATUS).word is Word.RUNNING


def test_a_clock_that_was_set_back_makes_it_new() -> None:
    earlier = status(record(IDLE, at=AT - 7))
    assert continued(status(record(IDLE)), earlier) == earlier


def test_a_clock_behind_the_programs_begin_makes_no_report_an_earlier_one() -> None:
    """As that of an engine elsewhere may be ahead of ours, and ours may be set back."""
    asks = status(record(BLOCKED, at=BEGAN - 600))
    ahead = Sight(BEGAN).reporting(asks, BEGAN - 600)
    assert judged(ClaudeReport(), ahead, BEGAN - 599)[0] is Word.NEEDS_YOU
    later = ahead.reporting(status(record(BLOCKED, at=BEGAN - 600), child(WORKING)), NOW)
    assert judged(ClaudeReport(), later)[0] is Word.NEEDS_YOU
    earlier = ahead.reporting(status(record(BLOCKED, at=BEGAN - 700)), NOW)
    assert judged(ClaudeReport(), earlier)[0] is Word.RUNNING


@pytest.mark.parametrize("back", [30.0, 600.0])
def test_what_the_human_has_looked_at_is_seen_whatever_the_clock_says(back: float) -> None:
    """Set back, even behind the program's begin: it finished in what is now the future."""
    done = Sight(BEGAN).reporting(status(record(DONE), child(DONE)), NOW)
    assert judged(ClaudeReport(), done.looked(NOW - back), NOW - back) == (Word.IDLE, "")


def test_what_is_done_after_the_clock_was_set_back_is_news() -> None:
    """The human has looked in what is now the future."""
    seen = Sight(BEGAN).reporting(status(record(IDLE)), NOW).looked(NOW + 3600)
    works = seen.reporting(status(record(WORKING, at=NOW + 1)), NOW + 1)
    done = works.reporting(status(record(DONE, at=NOW + 2)), NOW + 2)
    assert judged(ClaudeReport(), done, NOW + 2) == (Word.IDLE, NOT_LOOKED_AT)


def test_idleness_does_not_begin_in_a_time_to_come() -> None:
    """Policies wait from then on."""
    rests = Sight(BEGAN, rested_at=NOW + 3600).reporting(status(record(IDLE, at=NOW + 3600)), NOW)
    assert judge(ClaudeReport(), rests, NOW)[0].since == NOW


def test_a_program_rests_since_the_last_of_its_children_does() -> None:
    rests, works = record(IDLE), child(WORKING)
    assert followed(status(rests, works), status(rests)) == Activity(Word.IDLE, "", NOW + 1, "1: its report")
    failed = child(ERROR, at=AT + 9)
    assert followed(status(rests, works), status(rests, failed)).word is Word.ERROR


def test_what_is_done_is_news_until_the_human_has_looked() -> None:
    done = sight(record(DONE))
    assert judged(ClaudeReport(), replace(done, looked_at=AT - 1)) == (Word.IDLE, NOT_LOOKED_AT)
    assert judged(ClaudeReport(), replace(done, looked_at=AT + 1)) == (Word.IDLE, "")
    again = replace(done, looked_at=AT + 1).reporting(status(record(WORKING, at=AT + 2)), NOW)
    again = again.reporting(status(record(DONE, at=AT + 3)), NOW)
    assert judged(ClaudeReport(), again) == (Word.IDLE, NOT_LOOKED_AT)
    assert (again.is_unseen, replace(again, looked_at=NOW).is_unseen) == (True, False)


# -- beside what Claude Code writes down -------------------------------------------------------------------

BIRTH = Birth(7, "claude", BEGAN)


def registry(said: str, waiting: str = "", changed: float = AT) -> ClaudeReport:
    return ClaudeReport(birth=BIRTH, session=Session(7, said, waiting, changed, BEGAN + 1))


def hooked(report: ClaudeReport, event: str, at: float, **facts: str) -> ClaudeReport:
    return replace(report, hooks=(Hook(at, event, facts=MappingProxyType(facts)),))


@pytest.mark.parametrize(
    ("report", "records", "word", "detail"),
    [
        (registry("idle"), [record(IDLE)], Word.IDLE, ""),
        (registry("idle"), [record(DONE)], Word.IDLE, NOT_LOOKED_AT),
        (registry("idle"), [record(ERROR, "no network")], Word.ERROR, "no network"),
        (registry("busy"), [record(WORKING)], Word.BUSY, ""),
        (registry("busy"), [record(WORKING, "step 2", progress=8)], Word.BUSY, "step 2, 8 %"),
        (
            registry("waiting", "permission prompt"),
            [record(BLOCKED, ASKS, kind="permission")],
            Word.NEEDS_YOU,
            f"permission: {ASKS}",
        ),
        (
            hooked(
                registry("waiting", "permission prompt"),
                "PermissionRequest",
                AT,
                tool="Bash",
                detail="touch x",
            ),
            [record(BLOCKED, ASKS, kind="permission")],
            Word.NEEDS_YOU,
            "permission: Bash touch x",
        ),
        (registry("waiting", "dialog open"), [record(IDLE)], Word.NEEDS_YOU, "dialog open"),
        (registry("shell"), [record(WORKING, "1 shell still running")], Word.BACKGROUND, ""),
        (registry("shell"), [record(WORKING), child(WORKING, title="tests")], Word.BACKGROUND, "tests"),
        (registry("shell"), [record(DONE)], Word.BACKGROUND, ""),
        (
            hooked(registry("idle"), "StopFailure", AT, error="rate_limit"),
            [record(DONE)],
            Word.ERROR,
            "rate limit",
        ),
        (
            replace(registry("idle"), hooks=(Hook(AT - 2, "StopFailure"), Hook(AT - 1, "SessionStart"))),
            [record(ERROR, "no network")],
            Word.IDLE,
            "",
        ),
        (
            hooked(registry("idle"), "SessionStart", AT - 1),
            [record(ERROR, "no network")],
            Word.ERROR,
            "no network",
        ),
        (registry("idle"), [record(BLOCKED, "run /login", kind="auth")], Word.NEEDS_YOU, "login: run /login"),
        (
            hooked(registry("idle"), "StopFailure", AT, error="authentication_failed"),
            [record(BLOCKED, "run /login", kind="auth")],
            Word.ERROR,
            "authentication",
        ),
    ],
)
def test_the_registry_has_the_word_and_the_report_the_reason(
    report: ClaudeReport, records: list[StatusRecord], word: Word, detail: str
) -> None:
    assert judged(report, sight(*records)) == (word, detail)


@pytest.mark.parametrize(
    "report",
    [
        ClaudeReport(birth=BIRTH),
        replace(registry("busy"), session=None, garbled=True),
        registry(""),
        registry("dreaming"),
    ],
)
@pytest.mark.parametrize("now", [AT + 1, NOW])
def test_the_report_decides_where_the_registry_does_not(report: ClaudeReport, now: float) -> None:
    activity, again = judge(report, sight(record(BLOCKED, ASKS, kind="permission")), now)
    assert (activity.word, activity.detail) == (Word.NEEDS_YOU, f"permission: {ASKS}")
    assert (activity.rule, again) == ("3: its report", None)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("idle", WORKING),
        ("idle", BLOCKED),
        ("busy", IDLE),
        ("busy", DONE),
        ("busy", BLOCKED),
        ("waiting", IDLE),
        ("waiting", WORKING),
        ("shell", BLOCKED),
        ("shell", ERROR),
    ],
)
@pytest.mark.parametrize(("changed", "at"), [(AT, AT + 5), (AT + 5, AT)])
def test_sources_that_disagree_for_long_are_not_believed(
    said: str, state: ProgramState, changed: float, at: float
) -> None:
    report, seen = registry(said, changed=changed), sight(record(state, at=at))
    activity, _ = judge(report, seen, AT + 5 + DISAGREE_MOST)
    assert (activity.word, activity.rule) == (Word.UNKNOWN, "6: sources disagree")
    assert f"the registry says {said}, its report" in activity.detail
    early, again = judge(report, seen, AT + 5.1)
    assert (early.word, again) == (judge(report, Sight(BEGAN), AT + 5.1)[0].word, AT + 5 + DISAGREE_MOST)


def test_what_has_not_been_read_yet_contradicts_nothing() -> None:
    """A machine that is busy looks into folders late, and takes what a terminal shows at once."""
    report = registry("busy", changed=AT)
    early = replace(sight(record(BLOCKED, at=AT + 5)), read_at=AT + 5.5)
    due = AT + 5 + DISAGREE_MOST
    activity, again = judge(report, early, due + 1)
    assert activity.word is Word.BUSY
    assert again is not None
    assert again < due + 2
    assert judge(report, replace(early, read_at=due), due + 1)[0].word is Word.UNKNOWN
    assert judge(report, early, due + READ_MOST)[0].word is Word.UNKNOWN


def test_an_error_is_one_whoever_says_it_first() -> None:
    failed = hooked(registry("idle"), "StopFailure", AT + 0.2, error="rate_limit")
    assert judge(failed, sight(record(ERROR)), NOW)[0].since == AT


def test_the_title_may_side_with_the_registry() -> None:
    idle = Sight(BEGAN, "✳ Claude Code", AT, status=status(record(WORKING)))
    assert judged(registry("idle"), idle)[0] is Word.IDLE
    busy = Sight(BEGAN, "◐ Claude Code", NOW - 0.5, status=status(record(IDLE)))
    activity, again = judge(registry("busy"), busy, NOW)
    assert activity.word is Word.BUSY
    assert again is not None
    assert judge(registry("busy"), busy, again)[0].word is Word.UNKNOWN


def test_of_several_sessions_the_terminal_shows_one() -> None:
    several = replace(registry("idle"), others=(Session(8, "idle", "", AT, BEGAN + 1),))
    assert judged(several, sight(record(WORKING)))[0] is Word.IDLE
    away = registry("idle")
    assert away.session is not None
    away = replace(away, session=replace(away.session, background=True))
    assert judged(away, sight(record(WORKING)))[0] is Word.IDLE


def test_who_has_left_its_registry_and_goes_on_reporting_is_there() -> None:
    gone = ClaudeReport(birth=BIRTH, gone=AT)
    assert judged(gone, sight(record(WORKING)), AT + 0.1) == (Word.IDLE, "leaving")
    assert judged(gone, sight(record(WORKING)), AT + LEAVING_MOST)[0] is Word.BUSY


def test_where_one_may_not_look_nobody_knows() -> None:
    assert judged(ClaudeReport(forbidden=True), sight(record(IDLE)))[0] is Word.UNKNOWN


# -- as a source -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "said", "at"),
    [
        ([], "nothing", 0.0),
        ([record(IDLE)], "some-agent: idle", AT),
        ([record(BLOCKED, ASKS, kind="permission")], f"some-agent: blocked, permission, {ASKS}", AT),
        (
            [record(WORKING, progress=3), child(WORKING, at=AT + 2)],
            "some-agent: working, 3 %, 1 child",
            AT + 2,
        ),
        ([child(WORKING), child(IDLE, "b")], "2 children", AT),
        ([replace(record(IDLE), app="")], "idle", AT),
    ],
)
def test_it_is_a_source_like_any_other(records: list[StatusRecord], said: str, at: float) -> None:
    (told,) = (one for one in sources(ClaudeReport(), sight(*records), NOW) if one.source == "report")
    assert (told.said, told.at) == (said, at)


# -- hostile -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(ProgramState))
def test_long_texts_are_cut(state: ProgramState) -> None:
    long = record(state, "m" * 2048, title="t" * 192)
    most = LONGEST + LONGEST_NAME + len("permission: , in ")
    for records in ([long], [record(IDLE), replace(long, id="a")]):
        assert len(judged(ClaudeReport(), sight(*records))[1]) <= most
        assert all(len(told.said) <= most + 60 for told in sources(ClaudeReport(), sight(*records), NOW))


def test_a_text_is_one_line() -> None:
    spaced = record(WORKING, "a \N{NO-BREAK SPACE}\N{EM SPACE}  b")
    assert judged(ClaudeReport(), sight(spaced)) == (Word.BUSY, "a b")


@pytest.mark.parametrize("text", ["idle", "needs you", "[red]error[/]", "{0}", "clear", "permission: x"])
def test_no_text_is_a_state(text: str) -> None:
    assert judged(ClaudeReport(), sight(record(WORKING, text, title=text))) == (Word.BUSY, text)


def test_hundreds_of_children_are_one_line() -> None:
    children = [child(WORKING, f"c{number}", at=AT + number) for number in range(255)]
    assert judged(ClaudeReport(), sight(record(IDLE), *children)) == (Word.BACKGROUND, "c0 and 254 more")
