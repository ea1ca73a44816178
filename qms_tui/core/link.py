"""The way to one agent's terminal: the attachment, the terminal, and the keys that wait for one."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable

from qms_tui.core.events import AgentEvent, Asked, Notice, Output, Reshaped, Severity, StateChanged
from qms_tui.core.feeder import Feeder, Line
from qms_tui.runtime import (
    Attachment,
    Closed,
    Fact,
    Led,
    Received,
    Remarked,
    Resized,
    Restored,
    Size,
)
from qms_tui.terminal import ClipboardWrite, Modes, Terminal, TitleChanged, encode_focus, encode_paste

_log = logging.getLogger(__name__)

TITLE_LENGTH = 80  # characters of a program's title, or of a remark, that are kept
TYPED_MOST = 4096  # keys typed while there is no connection that are kept: minutes of fast typing

Key = Callable[[Modes], bytes | None]
"""A key as the bytes that it is for a program with these modes."""


class Link:
    """Knows nothing of the agent's life but whether it `may_come`: then keys wait for an attachment.

    `tell` gets what happens in the terminal, `lost` whether the program's end of it is over, each within the
    event loop.
    """

    def __init__(
        self,
        agent: str,
        size: Size,
        tell: Callable[[AgentEvent], None],
        lost: Callable[[bool], None],
        may_come: Callable[[], bool],
        *,
        scrollback: int = 5000,
        feeder: Feeder | None = None,
    ) -> None:
        self.agent = agent
        self._tell, self._lost, self._may_come = tell, lost, may_come
        self._output, self._reshaped = Output(agent), Reshaped(agent)
        self._scrollback, self._size = scrollback, size
        self.terminal = self._made()
        self.title = ""
        self.remark = ""
        self.leads = True
        self.leader = ""
        self.typed_at = 0.0
        self.touched_at = -math.inf
        """When the human typed into it last, by the monotonic clock."""
        self._feeder = feeder or Feeder()
        self._line = Line(self._feeder, self)
        self._focused = False
        self._attachment: Attachment | None = None
        self._typed: deque[Key] = deque()
        self._warned = False  # the human has been told of the remark that holds

    @property
    def attached(self) -> bool:
        """Whether there is a connection."""
        return self._attachment is not None

    @property
    def keys_waiting(self) -> int:
        """How many keys are kept for the program until it can be reached."""
        return len(self._typed)

    @property
    def size(self) -> Size:
        """What the pane has, and the terminal will have."""
        return self._size

    # -- the connection ---------------------------------------------------------------------------------

    def take_over(self, attachment: Attachment) -> None:
        """This is the connection from now on; it is read as soon as `listen` says so."""
        self._attachment = attachment
        self.remark = ""

    def listen(self, size: Size) -> None:
        """Show the terminal, which was asked for with that size, then give the program what waits for it."""
        attachment = self._attachment
        assert attachment is not None
        with self._line.at_once():  # the screen as it is, with its modes, before the first key
            attachment.listen(self._line.give)
        if size != self._size:
            attachment.resize(self._size)
        if self._focused:
            self._tell_focus()  # who left last has taken it away
        self._give_kept()

    def detach(self) -> None:
        """Let go of the connection; idempotent."""
        attachment, self._attachment = self._attachment, None
        self._line.clear()
        if attachment is not None:
            attachment.close()

    def forget_keys(self) -> None:
        """Nobody shall get what waits."""
        self._typed.clear()

    def end_program(self) -> None:
        """The program has ended, and with it what it reported to be under way."""
        self._typed.clear()
        self.terminal.end_program()
        self._tell_events()

    def renew(self) -> None:
        """Another program gets another terminal."""
        self.terminal = self._made()
        self.title, self.remark, self._warned = "", "", False
        self._tell(self._reshaped)

    def restore(self, state: bytes) -> None:
        """Go on from a state that somebody else kept; nothing in it rings, asks or answers again."""
        try:
            self.terminal = Terminal.restored(state)
        except ValueError as error:
            _log.warning("%s: the kept screen cannot be read: %s", self.agent, error)
            return
        self.terminal.clock = time.time
        self.title = _clean(self.terminal.title)
        self._tell(self._reshaped)

    def _made(self) -> Terminal:
        terminal = Terminal(self._size.columns, self._size.lines, scrollback=self._scrollback)
        terminal.clock = time.time
        return terminal

    # -- bytes to the program ---------------------------------------------------------------------------

    def type(self, key: Key) -> None:
        """Give the program a key, which waits while there is no connection: what it is for the program
        depends on the modes that the program has when it gets it.
        """
        self._touch()
        if self._attachment is None:
            self._keep(key)
        elif data := key(self.terminal.modes):
            self._write(self._attachment, data)

    def send(self, data: bytes) -> None:
        """Give the program bytes that are the same in every mode, as `type` does."""
        self.type(lambda modes: data)

    def paste(self, data: bytes) -> None:
        """Give the program a pasted text, whole or not at all."""
        self._touch()
        if self._attachment is None:
            if self._may_come():
                self._say(f"{self.agent} cannot be reached now: the paste was refused", "error")
            return
        self._attachment.lead()
        if not self._attachment.write(encode_paste(data, self.terminal.modes)):
            self._say(f"{self.agent} does not read: the paste was refused", "error")

    def put(self, data: bytes) -> bool:
        """Give the program bytes that are not the human's, if we lead; False if it did not get them."""
        return self.leads and self._attachment is not None and self._attachment.write(data, urgent=True)

    def focus(self, focused: bool) -> None:
        """Its pane got or lost the focus: it is fed first, and told if it asked and we lead."""
        self._focused = focused
        if focused:
            self._feeder.focused = self
        self._tell_focus()

    def resize(self, size: Size) -> None:
        """Ask for the pane's size; the terminal takes it when the program's has it."""
        if size == self._size:
            return
        self._size = size
        if self._attachment is not None:
            self._attachment.resize(size)
        else:
            self._reshape(size)

    def _write(self, attachment: Attachment, data: bytes) -> None:
        attachment.lead()  # whoever is typed into leads
        if not attachment.write(data, urgent=True):
            self._say(f"{self.agent} does not read: the key was not sent", "warning")

    def _tell_focus(self) -> None:
        data = encode_focus(self._focused, self.terminal.modes)
        if data and self._attachment is not None and self.leads:
            self._attachment.write(data, urgent=True)

    def _touch(self) -> None:
        self.typed_at, self.touched_at = time.time(), time.monotonic()

    def _give_kept(self) -> None:
        waited = bool(self._typed)
        while self._typed and self._attachment is not None:
            self.type(self._typed.popleft())
        if waited:
            self._tell(StateChanged())

    def _keep(self, key: Key) -> None:
        if not self._may_come():
            return
        if len(self._typed) == TYPED_MOST:
            self._say(f"{self.agent} is unreachable: the key was not kept", "warning")
        else:
            self._typed.append(key)
            self._tell(StateChanged())

    # -- facts from the program -------------------------------------------------------------------------

    def pause(self) -> None:
        """Read no more of the program's output for now."""
        if self._attachment is not None:
            self._attachment.pause()

    def resume(self) -> None:
        """Read on."""
        if self._attachment is not None:
            self._attachment.resume()

    def take(self, fact: Fact) -> None:
        """Act on a fact of the attachment, in its turn."""
        if isinstance(fact, Received):
            self._receive(fact.data)
        elif isinstance(fact, Resized):
            self._reshape(fact.size)
        elif isinstance(fact, Restored):
            self.restore(fact.state)
        elif isinstance(fact, Led):
            follows, self.leads, self.leader = not self.leads, fact.ours, fact.leader
            if follows and self._focused:
                self._tell_focus()
            self._tell(StateChanged())
        elif isinstance(fact, Remarked):
            self._note(_clean(fact.text), fact)
        else:
            self._close(fact)

    def _receive(self, data: bytes) -> None:
        self.terminal.feed(data)
        replies = self.terminal.take_replies()
        if replies and self._attachment is not None and not self._attachment.answered:
            self._attachment.write(replies, urgent=True)
        self._tell_events()
        self._tell(self._output)

    def _tell_events(self) -> None:
        """What happened in the terminal since it was fed."""
        for event in self.terminal.take_events():
            if isinstance(event, TitleChanged):
                self.title = _clean(event.text)
            if self.leads or not isinstance(event, ClipboardWrite):
                self._tell(Asked(self.agent, event))

    def _note(self, text: str, fact: Remarked) -> None:
        """What is serious holds until a remark that is not; its details may change without a notice."""
        self.remark = text if fact.serious else ""
        if fact.again or not (fact.serious and self._warned):
            self._say(f"{self.agent}: {text}", "warning" if fact.serious else "information")
        self._warned = fact.serious
        self._tell(StateChanged())

    def _reshape(self, size: Size) -> None:
        self.terminal.resize(size.columns, size.lines)
        self._tell(self._reshaped)

    def _close(self, fact: Closed) -> None:
        """The other end closed: the program has ended, or only the connection to it has."""
        self.detach()
        if fact.unsent:
            self._typed.appendleft(lambda modes: fact.unsent)
        self._lost(fact.over)

    def _say(self, text: str, severity: Severity) -> None:
        self._tell(Notice(text, severity, self.agent))


def _clean(title: str) -> str:
    return "".join(c for c in title if c.isprintable())[:TITLE_LENGTH]
