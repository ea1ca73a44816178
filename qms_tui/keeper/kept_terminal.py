"""An agent's terminal as the keeper keeps it: output journaled, then fed in slices, and what it shows."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from qms_tui.keeper.backlog import Backlog, Slices
from qms_tui.keeper.beginning import Beginning
from qms_tui.keeper.journal.writer import JournalWriter
from qms_tui.keeper.last_read import LastRead
from qms_tui.keeper.past import note_container, note_tail, read_past
from qms_tui.keeper.replies import Palette
from qms_tui.keeper.shown import Shown
from qms_tui.keeper.turns import Turns
from qms_tui.runtime import Size
from qms_tui.terminal import Terminal

_log = logging.getLogger(__name__)

KNOWN_MOST = 8192  # bytes of the newest output that a gap is laid beside
GUESSED = Size(80, 24)  # what programs take a terminal for that has no size
JOURNAL_RETRY = 5.0  # seconds between tries to write to a disk that was full; a try saves the terminal


class Reactions(Struct, frozen=True):
    """What whoever has the terminal does about what happens in it."""

    reply: Callable[[bytes], None]
    """The program gets this answer to what it has asked."""
    tell: Callable[[str], None]
    """That fact of the agent is another one."""
    replaced: Callable[[], None]
    """The terminal became another one."""
    fed: Callable[[], None]
    """The terminal is where the journal is."""
    journal_changed: Callable[[], None]
    """The journal cannot be written, or can be again."""


class KeptTerminal:
    """Of one agent, whatever program it runs. Owns the journal, in `folder`."""

    def __init__(
        self,
        agent: str,
        folder: Path,
        scrollback: int,
        slices: Slices,
        turns: Turns,
        palette: Palette,
        reactions: Reactions,
    ) -> None:
        self.container = ""
        """Whose terminal it is."""
        self.palette = palette
        self.shown = Shown()
        self.terminal = self._silenced(Terminal(GUESSED.columns, GUESSED.lines, scrollback=scrollback))
        self.backlog = Backlog(slices, self._feed, self._fed)
        """What was passed on and journaled, and has not reached the terminal."""
        self.known = bytearray()
        """The newest output."""
        self.heard = 0.0
        """When that came, in seconds since 1970."""
        self._agent, self._folder, self._scrollback = agent, folder, scrollback
        self._turns, self._reactions = turns, reactions
        self._beginning: Beginning | None = None
        self._last_read = LastRead(folder)
        self._journal = JournalWriter(folder)
        self._is_rotating = False  # in a turn to come
        self._mending: asyncio.Task[None] | None = None

    @property
    def size(self) -> Size:
        """The terminal's."""
        return Size(self.terminal.columns, self.terminal.lines)

    @property
    def trouble(self) -> str:
        """What is wrong with the journal, for a human; empty if nothing is."""
        return self._journal.trouble

    def close(self) -> None:
        """Let go of the journal."""
        if self._mending is not None:
            self._mending.cancel()
        self._journal.close()
        self._last_read.close()

    # -- programs -----------------------------------------------------------------------------------------

    def begin(self, container: str, size: Size) -> None:
        """A container is about to be started: the first screen hears all that it says."""
        self.container = container
        self._renew(size)
        state = self.terminal.save()
        self._beginning = Beginning(state)
        self._journal.rotate(state)
        note_container(self._folder, container)
        self.begin_program()
        self._look_after_journal()

    def become(self, container: str, size: Size) -> None:
        """That of a container of which nothing is known."""
        self._renew(size)
        self.container, self.heard = container, 0.0

    def begin_program(self) -> None:
        """The container begins to run."""
        self._journal.start(self.container, "", time.time())

    def end_program(self, code: int) -> None:
        """It has ended; nobody knows how if the code is negative."""
        self._journal.end(code if code >= 0 else None, "")
        self.terminal.end_program()
        self.show()

    def forget_program(self) -> None:
        """What it reported is not said of the next one."""
        self.terminal.forget_status()
        self.show()

    def lose_program(self) -> None:
        """It has ended, or the engine has gone: nobody waits for an answer any more."""
        self.terminal.muted = True
        self.backlog.flush()
        self._beginning = None

    def remember(self) -> None:
        """Have the screen with which an agent ended under an earlier keeper, as far as the journal goes."""
        past = None if self.container else read_past(self._folder, KNOWN_MOST)
        if past is not None:
            self._replace(past.terminal)
            self.container, self.heard = past.container, past.until
            self.known[:] = past.tail

    def show_log(self, log: bytes) -> None:
        """Have what an engine has logged of a program that has ended."""
        self._renew(GUESSED)
        self.terminal.clock = partial(float, 0.0)  # the log does not say when
        self.terminal.feed(log)
        self.terminal.end_program()
        self.show()

    def _renew(self, size: Size) -> None:
        """Have an empty terminal of that size."""
        self._replace(Terminal(size.columns, size.lines, scrollback=self._scrollback))

    def _replace(self, terminal: Terminal) -> None:
        self.backlog.clear()
        self.terminal = self._silenced(terminal)
        self.known.clear()
        self.shown, self._beginning = Shown(), None
        self._reactions.replaced()
        for name in ("title", "rang_at", "status"):
            self._reactions.tell(name)

    def _silenced(self, terminal: Terminal) -> Terminal:
        """The same, not answering, with our clock and our colours."""
        terminal.muted, terminal.clock = True, time.time
        self.palette.show(terminal)
        return terminal

    # -- output -------------------------------------------------------------------------------------------

    def state(self) -> tuple[bytes, bytes]:
        """That of the terminal, and the output behind it: for the first screen all that was said at once."""
        beginning, self._beginning = self._beginning, None
        if beginning is not None:
            return beginning.state, beginning.output
        return self.terminal.save(), self.backlog.waiting

    def begin_reading(self) -> None:
        """From now on output is read with `read`."""
        self._last_read.begin()

    def read(self, descriptor: int, most: int) -> bytes:
        """What a terminal of ours has to be read, kept for the next keeper if this one is killed."""
        return self._last_read.read(descriptor, most, self._journal.position)

    def rest(self) -> bytes:
        """What an earlier keeper had read and not journaled."""
        return self._last_read.rest(self._journal.position)

    def take(self, data: bytes) -> None:
        """The journal before the terminal, which may answer: what has been answered is known to the next
        keeper.
        """
        if self._beginning is not None:
            self._beginning = self._beginning.add(data)
        self._journal.output(data)
        self.heard = time.time()
        self.known += data
        del self.known[:-KNOWN_MOST]
        self.backlog.add(data)
        self._look_after_journal()

    def show(self) -> None:
        """Tell what the program shows of itself."""
        for name in self.shown.take(self.terminal.take_events()):
            self._reactions.tell(name)

    def show_palette(self, palette: str) -> None:
        """The colours of whoever leads."""
        self.palette.take(palette)
        self.palette.show(self.terminal)

    def resize(self, size: Size) -> None:
        """The terminal has this size from here on."""
        self.backlog.flush()
        self._beginning = None
        self.terminal.resize(size.columns, size.lines)
        self._journal.size(size.columns, size.lines)

    def _feed(self, data: bytes) -> None:
        self.terminal.feed(data)
        if replies := self.terminal.take_replies():
            self._reactions.reply(replies)
        self.show()
        self._reactions.tell("printed")

    # -- the journal --------------------------------------------------------------------------------------

    async def begin_file(self) -> None:
        """A new file of the journal, in a turn of its own, with the container that holds from here on."""
        await self._turns.own()
        self._journal.rotate(self._saved())
        note_container(self._folder, self.container)

    def note_gap(self, until: float, found: bytes | None) -> None:
        """Nobody listened, but this was found of what was printed meanwhile; None if nobody knows."""
        since = self.heard or until
        self._journal.gap(since, until, filled=found is not None, size=len(found or b""))

    def keep_journal(self) -> None:
        """Begin the journal again, soon, if its folder was removed."""
        if self.container and self._journal.removed:
            self._turns.do(self._replace_removed)

    def write_journal_anew(self) -> None:
        """Somebody has removed it."""
        if not self.container:
            return
        _log.warning("%s: somebody has removed the journal", self._agent)
        self._journal.rotate(self._saved())
        note_container(self._folder, self.container)
        note_tail(self._folder, bytes(self.known))
        self._look_after_journal()

    def _replace_removed(self) -> None:
        if self._journal.removed:
            self.write_journal_anew()

    def _fed(self) -> None:
        if self._journal.full and not self._is_rotating:
            self._is_rotating = True
            self._turns.do(self._rotate)
        self._reactions.fed()

    def _rotate(self) -> None:
        self._is_rotating = False
        if self._journal.full:  # nor has it begun a new file meanwhile, or been closed
            self._journal.rotate(self._saved())
            self._look_after_journal()

    def _saved(self) -> bytes:
        """The terminal's state after all that is journaled."""
        self.backlog.flush()
        return self.terminal.save()

    def _look_after_journal(self) -> None:
        if self._journal.trouble and (self._mending is None or self._mending.done()):
            self._mending = asyncio.get_running_loop().create_task(self._mend_journal())

    async def _mend_journal(self) -> None:
        """Try now and then to write to disk again, and say how it stands."""
        while self._journal.trouble:
            await self._turns.own()  # a disk that is full is full for all agents
            if not self._journal.retry(self._saved()):
                self._reactions.journal_changed()
                await asyncio.sleep(JOURNAL_RETRY)
        self._reactions.journal_changed()
