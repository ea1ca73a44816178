"""Five lights of an agent, for a container that runs is not an agent that is alive. Pure.

Each has a source of its own. What passes by itself is not wrong: a waiter that has woken its client is gone
until the client's next event, and in its first seconds a client has no MCP server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum

from msgspec import Struct

from qms_tui.activity.explain import HEARTBEAT, armed
from qms_tui.activity.sight import Sight
from qms_tui.activity.status import login_wish
from qms_tui.programs.logins import OWN, Answer, Evidence, decide
from qms_tui.programs.report import Report
from qms_tui.programs.values import NOT_ALLOWED, Activity, Word

DWELL = 10.0  # seconds that what is not there may be so before it is wrong
_FREE = (Word.IDLE, Word.ERROR, Word.BACKGROUND)  # the prompt is free: whatever wakes should be armed
NO_PROGRAM = "its program does not run"
ONLY_STARTER = "only the user who has started it can tell"
NO_LOGIN = "not logged in, /login in its pane"
WANTS_LOGIN = "not logged in, says the program"
NONE_HERE = "none in this program"


class Health(Enum):
    """How a light shines."""

    FINE = "fine"
    WRONG = "wrong"
    ABSENT = "not there"
    UNKNOWN = "unknown"


class Light(Struct, frozen=True):
    """One light: `why` in a few words, `since` in seconds since 1970, or 0 if nobody knows."""

    health: Health
    why: str
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Lights:
    """All of an agent's. Iterating gives them with their names for people."""

    container: Light
    program: Light
    mcp: Light
    login: Light
    waker: Light

    def __iter__(self) -> Iterator[tuple[str, Light]]:
        for field in fields(self):
            yield "MCP" if field.name == "mcp" else field.name, getattr(self, field.name)

    @property
    def wrong(self) -> int:
        """How many of them are."""
        return sum(light.health is Health.WRONG for _, light in self)


@dataclass(frozen=True, slots=True)
class Server:
    """An MCP server that an agent may use: whether it is up, None if nobody knows, and its client has it."""

    name: str
    up: bool | None
    connected: bool


class Served(Struct, frozen=True):
    """An agent's servers as they were found `since` a time, and last `at` another."""

    servers: tuple[Server, ...]
    since: float
    at: float


@dataclass(frozen=True, slots=True)
class Given:
    """What the configuration gives an agent."""

    login: str = ""
    """Where its login comes from, in words; empty if it logs in by itself."""
    wakes: bool = True
    """Whether its inbox is to wake it."""
    typed: bool = False
    """Whether it is told of its inbox at its prompt, where nothing in its container does that."""
    servers: tuple[str, ...] = ()
    """The MCP servers that it may use."""
    unset: str = ""
    """A variable that is to be its login, and is not set here: who started it may have had it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that lights are made of.

    `wrong` says in what the program is not who it should be. `unarmed` is since when somebody who looks has
    seen nothing wait for the inbox: after a pause, or the sleep of a laptop, heartbeats are merely late.
    """

    container: Light
    activity: Activity | None
    report: Report
    sight: Sight
    given: Given = Given()
    served: Served | None = None
    wrong: str = ""
    unarmed: float = 0.0
    foreign: bool = False
    """Whether another user has started it, as that user's configuration says and not ours."""

    @property
    def has_state(self) -> bool:
        """Whether the program is one that says in its folder what it does, as far as that says so."""
        if self.activity is None or self.activity.word is Word.RUNNING:
            return False
        return self.report.has_state or self.sight.reported is None


def shine(facts: Facts, now: float) -> tuple[Lights, float | None]:
    """The lights, and when to look again if nothing new is said until then."""
    waker, again = _waker(facts, now)
    return Lights(facts.container, _program(facts), _mcp(facts), _login(facts, now), waker), again


def remark(lights: Lights, activity: Activity | None) -> str:
    """What is wrong, or in doubt of the program, and its word does not tell; empty if nothing is."""
    told = activity is not None and activity.word is Word.ERROR  # and of what kind
    told = told or lights.login.why == WANTS_LOGIN
    shown = [("login", lights.login)] if not told else []
    for name, light in (*shown, ("MCP", lights.mcp), ("waker", lights.waker)):
        if light.health is Health.WRONG:
            return f"{name}: {light.why}"
    is_clear = activity is not None and activity.word is not Word.UNKNOWN
    return lights.program.why if is_clear and lights.program.health is Health.UNKNOWN else ""


def _program(facts: Facts) -> Light:
    activity, report = facts.activity, facts.report
    if activity is None:
        return Light(Health.ABSENT, NO_PROGRAM)
    if facts.wrong:
        return Light(Health.WRONG, f"not who it should be: {facts.wrong}")
    if activity.word is Word.RUNNING:
        return Light(Health.FINE, "runs, and does not say more", facts.sight.began)
    if activity.word is Word.STARTING:
        return Light(Health.ABSENT, "starting", activity.since)
    if activity.word is Word.UNKNOWN:
        return Light(Health.UNKNOWN, activity.detail, activity.since)
    since = report.ready_at or (0.0 if facts.has_state else facts.sight.began)
    if report.untested:
        return Light(Health.UNKNOWN, report.untested, since)
    where = report.whereabouts
    return Light(Health.FINE, f"ready, {where}" if where else "ready", since)


def _mcp(facts: Facts) -> Light:
    served = facts.served
    if facts.foreign:
        return Light(Health.UNKNOWN, ONLY_STARTER)
    if not facts.given.servers:
        return Light(Health.ABSENT, "none configured")
    if not facts.has_state:
        return Light(Health.ABSENT, NONE_HERE if facts.activity else NO_PROGRAM)
    if served is None or any(server.up is None for server in served.servers):
        return Light(Health.UNKNOWN, "the gateway does not answer" if served else "not asked yet")
    why, since = _missing(served.servers), max(served.since, facts.sight.began)
    if not why:
        return Light(Health.FINE, f"has {_listed([server.name for server in served.servers])}", since)
    health = Health.ABSENT if served.at - since < DWELL else Health.WRONG
    return Light(health, why, since)


def _missing(servers: Sequence[Server]) -> str:
    """What the client lacks, the worst first."""
    down = [server.name for server in servers if not server.up]
    if down:
        return f"{_listed(down)} {'is' if len(down) == 1 else 'are'} down"
    alone = [server.name for server in servers if not server.connected]
    return f"not connected to {_listed(alone)}" if alone else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 2 else f"{names[0]} and {len(names) - 1} more"


def _login(facts: Facts, now: float) -> Light:
    if facts.report.forbidden and facts.activity is not None:
        return Light(Health.UNKNOWN, NOT_ALLOWED)
    wish = login_wish(facts.sight.present_status)
    if wish is not None and facts.activity is not None and facts.activity.word is Word.NEEDS_YOU:
        return Light(Health.WRONG, WANTS_LOGIN, wish.at)
    if facts.activity is not None and not facts.has_state:
        return Light(Health.ABSENT, NONE_HERE)
    login = decide(_evidence(facts), now)
    match login.answer:
        case Answer.YES:
            return Light(Health.FINE, login.by, login.since)
        case Answer.REFUSED:
            how = "/login in its pane" if login.by == OWN else login.by
            return Light(Health.WRONG, f"refused: {how}" if how else NO_LOGIN, login.since)
        case Answer.ENDED:
            return Light(Health.WRONG, "its login has ended, /login in its pane", login.since)
    if facts.activity is None or facts.activity.word in (Word.STARTING, Word.UNKNOWN):
        return Light(Health.ABSENT, "none yet")
    if facts.foreign:  # who may have it from a place that only that user knows
        return Light(Health.UNKNOWN, ONLY_STARTER)
    if login.answer is Answer.UNKNOWN:
        return Light(Health.UNKNOWN, f"{login.by} is not set here")
    return Light(Health.WRONG, NO_LOGIN)


def _evidence(facts: Facts) -> Evidence:
    given = Given() if facts.foreign else facts.given
    own = facts.report.evidence(facts.sight.began if facts.activity is not None else None)
    return replace(own, given=given.login, unset=given.unset)


def _waker(facts: Facts, now: float) -> tuple[Light, float | None]:
    activity, report, birth = facts.activity, facts.report, facts.report.born(facts.sight, now)
    if activity is None:
        return Light(Health.ABSENT, NO_PROGRAM), None
    if report.forbidden:
        return Light(Health.UNKNOWN, NOT_ALLOWED), None
    if birth is None or not birth.wakes:
        if facts.given.typed and not facts.foreign:
            return Light(Health.FINE, "typed at its prompt while a screen is open"), None
        why = NONE_HERE if facts.given.wakes else "off by configuration"
        return Light(Health.ABSENT, why), None
    waiter = report.waiter
    if waiter is not None and armed(report, now):
        since = max(waiter.since, birth.started)
        if report.inbox_replaced:
            return Light(Health.WRONG, "its inbox was replaced", since), None
        return Light(Health.FINE, "armed", since), waiter.at + HEARTBEAT
    since = max(waiter.at if waiter is not None else 0.0, birth.started)
    if activity.word not in _FREE:
        return Light(Health.ABSENT, "not armed until its prompt is free", since), None
    due = max(since, activity.since, facts.unarmed) + DWELL
    if now < due:
        return Light(Health.ABSENT, "not armed", since), due
    return Light(Health.WRONG, "not armed, what arrives does not wake it", since), None
