"""What an agent's own folder says of its program, read at one time, and what follows.

In the folder lies what our image's files write for any program (its birth, its waiter, what was announced)
and what the program itself does. A program that says more than the first has a report of its own, with more
fields and other answers; those here are of one that says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from qms_tui.programs.logins import Evidence
from qms_tui.programs.signs import SLACK, Signs
from qms_tui.programs.values import NOT_ALLOWED, Activity, Announced, Birth, Meter, Told, Waiter, Word


@dataclass(frozen=True, slots=True)
class Report:
    """None is what is not there."""

    birth: Birth | None = None
    waiter: Waiter | None = None
    meter: Meter | None = None
    announced: Mapping[str, Announced] = field(default_factory=lambda: MappingProxyType({}))
    """Inbox items that the agent was told of, by their files' names."""
    inbox_replaced: bool = False
    """Whether the agent has another folder for its inbox than there is now: nothing new can reach it."""
    trouble: str = ""
    """Why nothing can be read."""
    forbidden: bool = False
    """Whether that is because this user is not allowed to."""

    @property
    def has_state(self) -> bool:
        """Whether a program runs that says in its own files what it does."""
        return False

    @property
    def ready_at(self) -> float:
        """When it said that it is ready; 0 if it has not."""
        return 0.0

    @property
    def untested(self) -> str:
        """What there is to say of its version, if that was not tried with us; else empty."""
        return ""

    @property
    def whereabouts(self) -> str:
        """Where else than in its pane it works, in words; empty if nowhere."""
        return ""

    @property
    def woken(self) -> bool:
        """Whether it works on what a wake has told it."""
        return False

    @property
    def details(self) -> tuple[Told, ...]:
        """What each of its own files says, in the order of precedence."""
        return ()

    def born(self, signs: Signs, now: float) -> Birth | None:
        """What this container's entrypoint said; None for that of a container before, or nonsense."""
        birth = self.birth
        if birth is not None and signs.began - SLACK <= birth.started <= now + SLACK:
            return birth
        return None

    def wakes(self, began: float) -> bool:
        """Whether something in the container, which began then, tells its program of the inbox."""
        birth = self.birth
        return birth is not None and birth.wakes and birth.started >= began - SLACK

    def current(self, signs: Signs, now: float) -> Self:
        """Without what was said before this program began, by another one, or in another container."""
        birth = self.born(signs, now)
        since = (birth.started if birth else signs.began) - SLACK
        is_armed = self.waiter is not None and self.waiter.at >= since
        return replace(
            self,
            birth=birth,
            waiter=self.waiter if is_armed else None,
            inbox_replaced=self.inbox_replaced and is_armed,
            meter=self.meter if self.meter is not None and self.meter.at >= since else None,
        )

    def judge(self, signs: Signs, now: float) -> tuple[Activity, float | None]:
        """What the program is doing, and when to judge again if nothing new is said until then."""
        if self.forbidden:
            return not_allowed(signs), None
        if signs.reported is not None:
            return replace(signs.reported, rule="1: its report"), None
        present = self.current(signs, now)
        began = present.birth.started if present.birth else signs.began
        return running(signs, began, "1: it says nothing"), None

    def is_silent(self, now: float) -> bool:
        """Whether there was a pulse of the program, there should be one, and is none any more."""
        return False

    def next_look(self, seen_since: float, now: float) -> float | None:
        """When whoever looks again and again has to look for a pulse; None while nothing would be new.

        `seen_since` is since when it was missed; 0 if it was not.
        """
        return None

    def evidence(self, began: float | None) -> Evidence:
        """What speaks of its login, in turns too if its program `began` then."""
        return Evidence()


def not_allowed(signs: Signs) -> Activity:
    """What is known of an agent whose folder this user may not read."""
    return Activity(Word.UNKNOWN, NOT_ALLOWED, signs.began, "0: not allowed to look")


def running(signs: Signs, began: float, rule: str) -> Activity:
    """What is known of a program that says nothing: its bell is a hint."""
    return Activity(Word.RUNNING, "it rang" if signs.rang_at else "", signs.rang_at or began, rule)
