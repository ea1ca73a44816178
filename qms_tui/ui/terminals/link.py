"""The way to one agent's terminal: the attachment, the terminal, and the keys that wait for one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from qms_tui.keeper.protocol import Want
from qms_tui.runtime import (
    Closed,
    Fact,
    Led,
    Received,
    Remarked,
    Resized,
    Restored,
    Size,
)
from qms_tui.terminal import ClipboardWrite, Terminal, encode_focus, encode_paste
from qms_tui.ui.terminals.attachment import Attachment
from qms_tui.ui.terminals.events import Asked, LinkChanged, LinkEvent, Output, Reshaped, Warned
from qms_tui.ui.terminals.feeder import Feeder, Line
from qms_tui.ui.terminals.retry import Retry
from qms_tui.ui.terminals.waiting_keys import Key, WaitingKeys
from qms_tui.ui.terminals.whereabouts import Whereabouts

_log = logging.getLogger(__name__)

REMARK_LENGTH = 80  # characters of a remark that are kept


class Connect(Protocol):
    """Reaches the keeper for a link; None if it cannot be reached now."""

    def __call__(self, link: Link, want: Want, take: Callable[[Fact], None]) -> Attachment | None: ...


class Link:
    """`tell` gets what happens in the terminal, within the event loop."""

    def __init__(
        self,
        agent: str,
        size: Size,
        tell: Callable[[LinkEvent], None],
        connect: Connect,
        *,
        scrollback: int = 5000,
        feeder: Feeder | None = None,
    ) -> None:
        self.agent = agent
        self._tell, self._connect = tell, connect
        self._output, self._reshaped, self._changed = Output(agent), Reshaped(agent), LinkChanged(agent)
        self._scrollback, self._size = scrollback, size
        self.terminal = self._made()
        self.leads = True
        self.leader = ""
        self._remark, self._hangs, self._refusal = "", "", ""
        self._feeder = feeder or Feeder()
        self._line = Line(self._feeder, self)
        self._focused = False
        self._where = Whereabouts()
        self._attachment: Attachment | None = None
        self._is_live = False  # the terminal has come, and with it the modes that keys need
        self._is_outdated = True  # nothing has come yet, or something may have been missed
        self._typed = WaitingKeys()
        self._reaching = Retry(self._reach)

    @property
    def attached(self) -> bool:
        """Whether there is a connection that shows the terminal."""
        return self._attachment is not None and self._is_live

    @property
    def attachment(self) -> Attachment | None:
        """The connection, whether it shows anything yet or not."""
        return self._attachment

    @property
    def keys_waiting(self) -> int:
        """How many keys are kept for the program until it can be reached."""
        return len(self._typed)

    @property
    def remark(self) -> str:
        """What the human should know of the terminal for as long as it holds."""
        return self._hangs or self._refusal or self._remark

    @property
    def size(self) -> Size:
        """What the pane has, and the terminal will have."""
        return self._size

    # -- the connection ---------------------------------------------------------------------------------

    def follow(self, where: Whereabouts) -> None:
        """The agent's terminal is there now: reach it, and go on trying for as long as it may be reached."""
        before, self._where = self._where, where
        if where.starting and not before.starting:
            self._renew()
        elif where.terminal and before.terminal and where.terminal != before.terminal:
            self.detach()
            self._typed.clear()
        if where.ended and not before.ended:
            self._end_program()
        if not where.reachable and not where.starting:
            self._typed.clear()
        if where != before:
            self._reaching.begin_anew()
            self._reaching.now()

    def detach(self) -> None:
        """Let go of the connection; what was typed and has not reached the program waits."""
        attachment, self._attachment = self._attachment, None
        self._is_live = False
        self._line.clear()
        if attachment is not None:
            unsent = attachment.close()
            self._typed.put_back(unsent if self._where.reachable else b"")

    def close(self) -> None:
        """Let go for good."""
        self._where = Whereabouts()
        self._reaching.stop()
        self.detach()

    def hang(self, remark: str) -> None:
        """The keeper does not answer, as the remark says; it does if that is empty."""
        self._hangs = remark
        self._tell(self._changed)

    def _reach(self) -> bool:
        """False if there is something to be seen that we do not have, and the keeper cannot be reached."""
        is_wanted = bool(self._where.terminal) or (self._where.ended and self._is_outdated)
        if self._attachment is None and is_wanted:
            want = Want.ATTACH if self._where.terminal else Want.LAST
            self._attachment = self._connect(self, want, self._line.give)
        return self._attachment is not None or not is_wanted

    @property
    def terminal_id(self) -> str:
        """What the keeper names the terminal by."""
        return self._where.terminal

    @property
    def keeper(self) -> Path | None:
        """The socket of whoever holds the terminal, as far as that is known."""
        return self._where.keeper

    def _end_program(self) -> None:
        """The program has ended, and with it what it reported to be under way."""
        self.terminal.end_program()
        self._tell_events()

    def _renew(self) -> None:
        """Another program gets another terminal."""
        self.detach()
        self._typed.clear()
        self.terminal = self._made()
        self._remark, self._is_outdated = "", True
        self._tell(self._reshaped)

    def _restore(self, state: bytes) -> None:
        """Go on from the keeper's state; nothing in it rings or asks again."""
        try:
            self.terminal = Terminal.restored(state)
        except ValueError as error:
            _log.warning("%s: the kept screen cannot be read: %s", self.agent, error)
            return
        self.terminal.clock, self.terminal.muted = time.time, True
        self._is_outdated = False
        self._tell(self._reshaped)
        if self._where.terminal:
            self._go_live()
        else:
            self.detach()  # it was all that was to be seen

    def _go_live(self) -> None:
        """The screen is as it is, with its modes: the program gets what waits for it."""
        if self._is_live or self._attachment is None:
            return
        self._is_live = True
        self._reaching.begin_anew()
        self._attachment.resize(self._size)
        if self._focused:
            self._tell_focus()  # who left last has taken it away
        waited = bool(self._typed)
        while self._typed and self._attachment is not None:
            self.type(self._typed.next())
        if waited:
            self._tell(self._changed)

    def _made(self) -> Terminal:
        terminal = Terminal(self._size.columns, self._size.lines, scrollback=self._scrollback)
        terminal.clock, terminal.muted = time.time, True  # the keeper answers
        return terminal

    # -- bytes to the program ---------------------------------------------------------------------------

    def type(self, key: Key) -> None:
        """Give the program a key, which waits while there is no connection: what it is for the program
        depends on the modes that the program has when it gets it.
        """
        if self._attachment is None or not self._is_live:
            self._keep(key)
        elif data := key(self.terminal.modes):
            self._write(self._attachment, data)

    def send(self, data: bytes) -> None:
        """Give the program bytes that are the same in every mode, as `type` does."""
        self.type(lambda modes: data)

    def paste(self, data: bytes) -> None:
        """Give the program a pasted text, whole or not at all."""
        if self._attachment is None or not self._is_live:
            if self._where.reachable:
                self._say(f"{self.agent} cannot be reached now: the paste was refused", "error")
            return
        self._attachment.lead()
        if not self._attachment.write(encode_paste(data, self.terminal.modes)):
            self._say(f"{self.agent} does not read: the paste was refused", "error")

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
        if data and self._attachment is not None and self._is_live and self.leads:
            self._attachment.report(data)

    def _keep(self, key: Key) -> None:
        if not self._where.reachable:
            return
        if self._typed.add(key):
            self._tell(self._changed)
        else:
            self._say(f"{self.agent} is unreachable: the key was not kept", "warning")

    # -- facts from the keeper --------------------------------------------------------------------------

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
            self._refusal = ""
            self._restore(fact.state)
        elif isinstance(fact, Led):
            follows, self.leads, self.leader = not self.leads, fact.ours, fact.leader
            if follows and self._focused:
                self._tell_focus()
            self._tell(self._changed)
        elif isinstance(fact, Remarked):
            self._note(fact)
        else:
            self._close(fact)

    def _receive(self, data: bytes) -> None:
        self.terminal.feed(data)
        self._tell_events()
        self._tell(self._output)

    def _tell_events(self) -> None:
        """What happened in the terminal since it was fed."""
        for event in self.terminal.take_events():
            if self.leads or not isinstance(event, ClipboardWrite):
                self._tell(Asked(self.agent, event))

    def _note(self, fact: Remarked) -> None:
        """What holds is shown; it is told by whoever decides about the agent, unless it is of our keys."""
        text = "".join(c for c in fact.text if c.isprintable())[:REMARK_LENGTH]
        self._remark = text if fact.serious else ""
        if fact.again:
            self._say(f"{self.agent}: {text}", "information")
        self._tell(self._changed)

    def _reshape(self, size: Size) -> None:
        self.terminal.resize(size.columns, size.lines)
        self._tell(self._reshaped)

    def _close(self, fact: Closed) -> None:
        """The other end closed: the program has ended, or only the connection to it has."""
        self._is_outdated = self._is_outdated or (self._is_live and not fact.over)
        self._remark, self._refusal = "", fact.why
        self.detach()
        self._tell(self._changed)
        self._reaching.soon()

    def _say(self, text: str, severity: Literal["information", "warning", "error"]) -> None:
        self._tell(Warned(text, severity))
