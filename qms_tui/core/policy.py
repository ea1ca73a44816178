"""When an agent is started or stopped without the human: pure decisions. Times: seconds since 1970.

Started: with `auto_on_task`, for a review or approval that came after the program was ended; with
`always_on`, whenever it has ended by itself or could not be started. Stopping it by hand, here or elsewhere,
is always respected. A program that ends within `SETTLED` seconds of its start, `TRIES` times in a row, or
cannot be started as often, is left alone until the human starts it.

Stopped: while it says that it is idle for `QUIET` seconds or longer, and nothing has been typed that a turn
has not taken up. With `on_inbox_empty`, once nothing waits any more and its last work was for the inbox; with
`idle_timeout`, after that many seconds. Programs that do not tell when they are idle are never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

from qms_tui.config import Launch, Shutdown
from qms_tui.core.state import HELD, STARTABLE, AgentState
from qms_tui.inbox import Item, Kind
from qms_tui.programs.values import Activity, Word
from qms_tui.runtime import Ending

TASKS = (Kind.REVIEW, Kind.APPROVAL)
SETTLED = 60.0  # seconds after which a program that ends is no failed start
TRIES = 3
PAUSES = (1.0, 2.0, 5.0)  # seconds before a start, by how many have failed in a row
QUIET = 10.0  # seconds of idleness: the client may be about to go on, its last words are to be read
CROSSED = 2.0  # seconds before a stop of ours in which a task may have come that nobody saw


class Act(Enum):
    """What may be done."""

    START = "started"
    STOP = "stopped"


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to decide by; a time that is 0 never was."""

    state: AgentState
    state_at: float
    ending: Ending | None = None
    activity: Activity | None = None
    began: float = 0.0
    typed_at: float = 0.0
    leads: bool = True
    """Whether this interface is the one that was typed into last, and so knows of all that was."""
    tasks: Sequence[Item] = ()
    """Reviews and approvals that wait, oldest first; only looked at while the program does not run."""
    waiting: int = 0
    """Items of all kinds."""
    emptied: float = 0.0
    """When the last item left the inbox."""
    woken: bool = False
    """Whether its last prompt was a wake, and no human's."""


class Verdict(Struct, frozen=True):
    """What to do now and why, or when to ask again if nothing happens until then.

    `plan` says what will be done while the program does not run; `gave_up` is said once.
    """

    act: Act | None = None
    reason: str = ""
    again: float | None = None
    plan: str = ""
    gave_up: bool = False
    tasks: tuple[Item, ...] = ()
    """For what it is started: it must be told of these, also if it was told before it ended."""


_NOTHING = Verdict()


class Policy:
    """One agent's. Remembers how its starts went."""

    def __init__(self, launch: Launch, shutdown: Shutdown, idle_timeout: float) -> None:
        self.launch, self.shutdown, self._idle_timeout = launch, shutdown, idle_timeout
        self._state: AgentState | None = None
        self._ours = False  # a start of ours is under way
        self._ran = False
        self._ended_at = 0.0  # tasks that came before are none of ours: it has seen them
        self._stopped_at = 0.0  # when we have stopped it
        self._started_at = 0.0
        self._failed = 0
        self._said = False

    def change(self, launch: Launch, shutdown: Shutdown, idle_timeout: float) -> None:
        """The settings are these from now on."""
        self.launch, self.shutdown, self._idle_timeout = launch, shutdown, idle_timeout

    def decide(self, seen: Seen, now: float) -> Verdict:
        """What to do. Whoever asks does it at once."""
        if seen.state is not self._state:
            self._follow(seen)
            self._state = seen.state
        if seen.state not in STARTABLE:
            verdict = self._stop(seen, now)
        else:
            verdict = _NOTHING if self._ours else self._start(seen, now)
        if verdict.act is Act.START:
            self._ours = True
        elif verdict.act is Act.STOP:
            self._stopped_at = now
        return verdict

    def forgive(self) -> None:
        """What failed may have failed because the engine was away, or the human has mended it."""
        self._failed, self._said = 0, False

    def _follow(self, seen: Seen) -> None:
        """There is another state than before."""
        if seen.state is AgentState.STARTING:
            if not self._ours:
                self.forgive()
            self._ours, self._ran, self._started_at = False, True, seen.state_at
        elif seen.state in HELD:
            self._ours, self._ran = False, True
        elif seen.state is AgentState.FAILED:
            self._failed += 1
            self._ours = self._ran = False
        elif self._ran and seen.state in (AgentState.STOPPING, AgentState.ENDED):
            self._ran = False
            self._ended(seen)

    def _ended(self, seen: Seen) -> None:
        began = max(self._started_at, seen.began)
        if seen.state_at - began < SETTLED and _by_itself(seen):
            self._failed += 1
            return
        ours = self._stopped_at >= began
        self._failed, self._ended_at = 0, self._stopped_at - CROSSED if ours else seen.state_at

    # -- starting -----------------------------------------------------------------------------------------

    def _start(self, seen: Seen, now: float) -> Verdict:
        if self._failed >= TRIES and self.launch is not Launch.MANUAL:
            gave_up, self._said = not self._said, True
            return Verdict(plan=f"given up after {TRIES} tries", gave_up=gave_up)
        reason = self._why_start(seen)
        if not reason:
            awaits = self.launch is Launch.AUTO_ON_TASK
            return Verdict(plan="starts when a task arrives" if awaits else "")
        due = seen.state_at + PAUSES[self._failed]
        if seen.state is not AgentState.ABSENT and now < due:
            return Verdict(again=due, plan="starts again in a moment")
        return Verdict(Act.START, reason, tasks=self._tasks(seen))

    def _tasks(self, seen: Seen) -> tuple[Item, ...]:
        """What came since it ended; where nobody saw the end, everything that waits."""
        return tuple(item for item in seen.tasks if item.arrived > self._ended_at)

    def _why_start(self, seen: Seen) -> str:
        if self.launch is Launch.AUTO_ON_TASK:
            return _named(self._tasks(seen))
        if self.launch is Launch.ALWAYS_ON and _by_itself(seen):
            tried = seen.state is AgentState.FAILED
            return (
                "it could not be started" if tried else f"it has ended: {seen.ending or 'nobody knows how'}"
            )
        return ""

    # -- stopping -----------------------------------------------------------------------------------------

    def _stop(self, seen: Seen, now: float) -> Verdict:
        activity = seen.activity
        if seen.state is not AgentState.RUNNING or activity is None or activity.word is not Word.IDLE:
            return _NOTHING
        if not seen.leads:
            return _NOTHING
        if self.shutdown is Shutdown.IDLE_TIMEOUT:
            due = max(activity.since, seen.typed_at) + self._idle_timeout
            reason = f"it has been idle for {_minutes(self._idle_timeout)}"
        elif self.shutdown is Shutdown.ON_INBOX_EMPTY and _has_worked_off(seen, activity):
            due, reason = activity.since + QUIET, "its inbox is empty"
        else:
            return _NOTHING
        return Verdict(Act.STOP, reason) if now >= due else Verdict(again=due)


def _has_worked_off(seen: Seen, activity: Activity) -> bool:
    """Nothing waits, and what it did last was for the inbox: the human is not at work with it."""
    if seen.waiting or seen.typed_at > activity.since:
        return False
    return seen.woken or seen.emptied > max(seen.began, seen.typed_at)


def _by_itself(seen: Seen) -> bool:
    if seen.state is AgentState.ENDED:
        return seen.ending is None or not seen.ending.asked
    return seen.state is AgentState.FAILED


def _named(tasks: Sequence[Item]) -> str:
    if not tasks:
        return ""
    if len(tasks) == 1:
        return f"{tasks[0].document or 'a task'} waits"
    return f"{len(tasks)} tasks wait"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
