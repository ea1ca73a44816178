"""A copy of what the daemon knows: a snapshot, and every delta since. PURE.

The daemon keeps one of these, too, so that whoever subscribes gets exactly what all the others have.
"""

from __future__ import annotations

from collections import deque

from qms_tui.api.deltas import (
    AgentDelta,
    ArrivalDelta,
    EngineDelta,
    Gap,
    InboxDelta,
    News,
    NoticeDelta,
    ServersDelta,
)
from qms_tui.api.errors import ConnectionLost
from qms_tui.api.inbox import Inbox, InboxItem, Mailbox
from qms_tui.api.snapshot import MOST_NOTICES, Snapshot


class Mirror:
    """Takes news in, in their order, and shows what is true by then."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._begin(snapshot)

    def _begin(self, snapshot: Snapshot) -> None:
        self.number = snapshot.number
        self.agents = {agent.name: agent for agent in snapshot.agents}
        self.waiting = snapshot.waiting
        self.items = {item.number: item for item in snapshot.inbox.items}
        """By their numbers, in no order."""
        self.more = snapshot.inbox.more
        self.mailboxes = snapshot.inbox.mailboxes
        self.notices = deque(snapshot.notices, MOST_NOTICES)
        self.servers = snapshot.servers
        self.engine = snapshot.engine
        self.trust = snapshot.trust

    @property
    def snapshot(self) -> Snapshot:
        """All of it as a value."""
        return Snapshot(
            self.number,
            tuple(self.agents.values()),
            self.waiting,
            Inbox(self.newest, self.more, self.mailboxes),
            tuple(self.notices),
            self.servers,
            self.engine,
            self.trust,
        )

    @property
    def newest(self) -> tuple[InboxItem, ...]:
        """The items, newest first."""
        return tuple(sorted(self.items.values(), key=_age, reverse=True))

    def mailbox(self, agent: str) -> Mailbox:
        """An agent's inbox; an empty one if nothing is known of it."""
        return next((each for each in self.mailboxes if each.agent == agent), Mailbox(agent))

    def take(self, news: News) -> None:
        """Raises ConnectionLost if something is missing before it."""
        if isinstance(news, Snapshot):
            self._begin(news)
            return
        self.count(news.first if isinstance(news, Gap) else news.number)
        self.number = news.number
        if isinstance(news, AgentDelta):
            self.agents[news.agent.name] = news.agent
            self.waiting = news.waiting
        elif isinstance(news, InboxDelta):
            self._take_items(news)
        elif isinstance(news, NoticeDelta):
            self.notices.append(news.notice)
        elif isinstance(news, EngineDelta):
            self.engine = news.engine
        elif isinstance(news, ServersDelta):
            self.servers = news.servers
        else:
            assert isinstance(news, ArrivalDelta | Gap)  # they change nothing that stays

    def count(self, number: int) -> None:
        """A delta has this number; of what kind it is, only a newer version may know."""
        if number != self.number + 1:
            raise ConnectionLost(
                f"the daemon's news {self.number + 1} is missing: it goes on with {number}",
                "open the screen again",
            )
        self.number = number

    def _take_items(self, delta: InboxDelta) -> None:
        for number in delta.gone:
            self.items.pop(number, None)
        self.items |= {item.number: item for item in delta.items}
        self.more, self.mailboxes = delta.more, delta.mailboxes


def _age(item: InboxItem) -> tuple[float, int]:
    return item.arrived, item.number
