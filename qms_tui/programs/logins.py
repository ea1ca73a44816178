"""Whether an agent is logged in, by what there is to decide by: one answer for everybody.

Names only, never a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from msgspec import Struct


class Way(NamedTuple):
    """A variable that is a login, and what is the same for the same login."""

    variable: str
    identity: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A login from outside: `where` for people, and `identity`, which is the same for the same login."""

    where: str
    identity: tuple[str, ...]
    place: str = ""
    """What has the variable: the environment, or the env_file; empty for a file of its own."""


@dataclass(frozen=True, slots=True)
class OwnLogin:
    """What the client keeps of a login by /login, and when it did; times in seconds since 1970."""

    at: float = 0.0
    usable: bool = False
    until: float | None = None
    """When it ends, 0 if that makes no sense; None if it is renewed, or nobody knows."""
    renewed_after: float | None = None
    """When it is renewed, 0 if that makes no sense; None if it is not."""


NO_OWN = OwnLogin()


class Turn(Struct, frozen=True):
    """The newest turn that tells of the login: the model has answered, or refused it."""

    at: float
    refused: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that there is to decide by."""

    given: str = ""
    """Where its login comes from by the configuration, in words."""
    own: OwnLogin = NO_OWN
    settings: str = ""
    """What of its client's own settings is a login, in words."""
    turn: Turn | None = None
    unset: str = ""
    """A variable that is to be its login and is not set here: who started it may have had it."""


class Answer(Enum):
    """Whether an agent is logged in."""

    YES = "yes"
    NO = "no"
    REFUSED = "refused"
    ENDED = "ended"
    UNKNOWN = "unknown"


class Login(Struct, frozen=True):
    """The answer, by what, and since when (seconds since 1970; 0 if nobody knows)."""

    answer: Answer
    by: str = ""
    since: float = 0.0


OWN = "its own, by /login"
ANSWERED = "its model has answered"


def decide(evidence: Evidence, now: float) -> Login:
    """Whether it is logged in: the same for the doctor, the lights and the lists."""
    own, turn = evidence.own, evidence.turn
    outside = evidence.given or evidence.settings
    if turn is not None and turn.refused and turn.at > own.at:
        return Login(Answer.REFUSED, outside or (OWN if own.at else ""), turn.at)
    if outside:
        return Login(Answer.YES, outside)
    if own.usable and own.until is not None and own.until <= now:
        return Login(Answer.ENDED, OWN, own.until)
    if own.usable:
        return Login(Answer.YES, OWN, own.at)
    if turn is not None and not turn.refused:  # by a way that we do not know of
        return Login(Answer.YES, ANSWERED, turn.at)
    return Login(Answer.UNKNOWN, evidence.unset) if evidence.unset else Login(Answer.NO)
