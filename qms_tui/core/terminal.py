"""What the core knows of one agent's terminal, and what it types there: it sees no more than it asks for."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from qms_tui.core.events import AgentEvent, Notice, Severity, Shown, StateChanged
from qms_tui.runtime import (
    Closed,
    HeldTerminal,
    Led,
    News,
    Printed,
    Rang,
    Remarked,
    Reported,
    Titled,
    Typed,
)
from qms_tui.terminal import NO_STATUS, ProgramStatus, Terminal

_log = logging.getLogger(__name__)

REMARK_LENGTH = 80  # characters of a remark that are kept


class AgentTerminal:
    """`tell` gets what is new, `lost` whether the program's end of it is over, each within the event loop."""

    def __init__(self, agent: str, tell: Callable[[AgentEvent], None], lost: Callable[[bool], None]) -> None:
        self._agent, self._tell, self._lost = agent, tell, lost
        self._held: HeldTerminal | None = None
        self.title = ""
        self.status: ProgramStatus = NO_STATUS
        self.remark = ""
        self.leads = True
        self.leader = ""
        self.typed_at, self.touched_at = 0.0, -math.inf
        """When a human typed into it last, on whichever screen: since 1970, and by the monotonic clock."""
        self._keys = 0
        self._warned = False  # the human has been told of the remark that holds

    @property
    def id(self) -> str:
        """What the keeper names it by; empty while it is not held."""
        return self._held.id if self._held is not None else ""

    def hold(self, held: HeldTerminal) -> None:
        """This is the one from now on; `listen` begins to hear."""
        self.detach()
        self._held = held
        self.remark = ""

    def listen(self) -> None:
        """Hear how it stands, and what is new."""
        if self._held is not None:
            self._held.listen(self.take)

    def detach(self) -> None:
        """Let go of it, which goes on; idempotent."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def renew(self) -> None:
        """Another program gets another terminal."""
        self.title, self.remark, self.status, self._warned = "", "", NO_STATUS, False

    def end_program(self) -> None:
        """The program has ended, and with it what it reported to be under way."""
        if (status := self.status.ended) != self.status:
            self.status = status
            self._tell(Shown(Reported(status)))

    def look(self, on_sight: Callable[[Terminal], None]) -> None:
        """Ask for what it shows; if it cannot be had, nothing follows."""

        def show(state: bytes) -> None:
            if not state:
                return
            try:
                on_sight(Terminal.restored(state))
            except ValueError as error:
                _log.warning("%s: what it shows cannot be read: %s", self._agent, error)

        if self._held is not None:
            self._held.look(show)

    def put(self, data: bytes, on_done: Callable[[bool], None]) -> None:
        """Give the program bytes that are not a human's, if we lead and no human has typed since we heard of
        it last; whether it got them is said once."""
        if self.leads and self._held is not None:
            self._held.type(data, self._keys, on_done)
        else:
            on_done(False)

    def take(self, news: News) -> None:
        """Act on what is new, in its turn."""
        if isinstance(news, Titled):
            self.title = news.text
            self._tell(Shown(news))
        elif isinstance(news, Reported):
            self.status = news.status
            self._tell(Shown(news))
        elif isinstance(news, Rang | Printed):
            self._tell(Shown(news))
        elif isinstance(news, Typed):
            self.typed_at, self.touched_at = max(self.typed_at, news.at), max(self.touched_at, news.moment)
            self._keys = news.keys
        elif isinstance(news, Led):
            self.leads, self.leader = news.ours, news.leader
            self._tell(StateChanged())
        elif isinstance(news, Remarked):
            self._note(news)
        else:
            self._close(news)

    def _note(self, news: Remarked) -> None:
        """What is serious holds until a remark that is not; its details may change without a notice."""
        text = "".join(c for c in news.text if c.isprintable())[:REMARK_LENGTH]
        self.remark = text if news.serious else ""
        if text and not news.quiet and (news.again or not (news.serious and self._warned)):
            severity: Severity = "warning" if news.serious else "information"
            self._tell(Notice(f"{self._agent}: {text}", severity, self._agent))
        self._warned = self._warned if news.quiet else news.serious
        self._tell(StateChanged())

    def _close(self, news: Closed) -> None:
        self.detach()
        self._lost(news.over)
