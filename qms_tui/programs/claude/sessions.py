"""Which of the sessions in a client's registry is the agent's own, and which others it has. Pure.

The human may move a session to the background: its registry then names the job that it has become, and that
job has a session of its own, in another process. docker/inside/sessions.py follows in the same way, so that
what arrives in the inbox is for the session whose state is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from qms_tui.programs.claude.values import Session


def agents_own(main: Session | None, sessions: Sequence[Session]) -> Session | None:
    """The agent's own of these sessions, given that of its program, if that is known.

    One that has moved, to where there is nothing yet or nothing any more, is still its own.
    """
    if main is None:
        front = [one for one in sessions if not one.background and not one.spare]
        main = max(front, key=lambda one: one.started, default=None)
    if main is None or not main.parked:
        return main
    jobs = [one for one in sessions if one.background and one.job == main.parked and is_of_now(one, main)]
    return max(jobs, key=lambda one: one.started, default=main)


def in_background(main: Session, own: Session, sessions: Sequence[Session]) -> tuple[Session, ...]:
    """The others that the client of `main` has in the background."""
    running = (one for one in sessions if one.background and not one.spare and one.pid != own.pid)
    return tuple(one for one in running if is_of_now(one, main))


def is_of_now(session: Session, main: Session) -> bool:
    """Whether it began under the same client, and is not what an earlier container has left."""
    same = session.domain == main.domain or not session.domain or not main.domain
    return same and session.started >= main.started
