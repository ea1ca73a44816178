"""One agent as the keeper holds it: its program, its terminal, and who follows that."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qms_tui.keeper.audience import Audience
from qms_tui.keeper.backlog import Backlog, Slices
from qms_tui.keeper.held_program import HeldProgram
from qms_tui.keeper.input import ProgramInput
from qms_tui.keeper.kept_terminal import KeptTerminal, Reactions
from qms_tui.keeper.programs import encoded
from qms_tui.keeper.remarks import Remarks
from qms_tui.keeper.replies import Palette
from qms_tui.keeper.shown import cleaned
from qms_tui.keeper.turns import Turns
from qms_tui.keeper.watcher import Watcher
from qms_tui.runtime import Size
from qms_tui.runtime.base import TerminalSource
from qms_tui.terminal import Terminal


class HeldAgent:
    """Journals everything; answers the program's queries, unless another user has started it."""

    def __init__(
        self,
        name: str,
        tap: TerminalSource,
        folder: Path,
        scrollback: int,
        slices: Slices,
        turns: Turns,
        palette: Palette,
        on_news: Callable[[str, str], None] = lambda agent, fact: None,
        on_note: Callable[..., None] = lambda agent, text, **how: None,
    ) -> None:
        """`folder` is that of the agent's journal. `on_news` hears which fact is another one (see `fact`),
        `on_note` of remarks.
        """
        self.name = name
        self.typed_at, self.touched_at = 0.0, -math.inf
        """When a human typed into it last: in seconds since 1970, and of the monotonic clock."""
        self.keys = 0
        """How many pieces humans have typed."""
        self._on_news = on_news
        reactions = Reactions(self._reply, self._tell, self._replaced, self._fed, self._journal_changed)
        self._kept = KeptTerminal(name, folder, scrollback, slices, turns, palette, reactions)
        self._audience = Audience(self._kept, tap, lambda: self.alive, lambda: self._tell("leader"))
        self._remarks = Remarks(name, lambda: self._audience.watchers, on_note, on_news)
        self._program = HeldProgram(
            name, tap, self._kept, self._audience, self._remarks, lambda: self._tell("terminal")
        )

    @property
    def container(self) -> str:
        """What runs its program, or ran it last."""
        return self._kept.container

    @property
    def terminal(self) -> Terminal:
        """As far as output has been fed."""
        return self._kept.terminal

    @property
    def backlog(self) -> Backlog:
        """What was passed on and journaled, and has not reached the terminal."""
        return self._kept.backlog

    @property
    def input(self) -> ProgramInput:
        """The way of what is typed."""
        return self._program.input

    @property
    def alive(self) -> bool:
        """Whether output is being read."""
        return self._program.alive

    @property
    def watchers(self) -> int:
        """How many interfaces follow."""
        return len(self._audience.watchers)

    @property
    def leader(self) -> Watcher | None:
        """Who of the interfaces here leads."""
        return self._audience.leader

    @property
    def foreign(self) -> bool:
        """Whether another user made the container: then only an interface that is typed into leads."""
        return self._audience.foreign

    @property
    def trouble(self) -> str:
        """What is wrong with the journal, for a human; empty if nothing is."""
        return self._kept.trouble

    @property
    def gap(self) -> str:
        """What those who come back just now should know of what was printed meanwhile."""
        return self._remarks.gap

    def fact(self, name: str) -> Any:
        """One of the facts that a watch is told, as JSON has them (see watch_words.py)."""
        if name == "terminal":
            return {"id": self.container, "alive": self.alive}
        if name == "title":
            return {"text": cleaned(self.terminal.title), "at": self._kept.shown.titled_at}
        if name == "rang_at":
            return self._kept.shown.rang_at
        if name == "status":
            return encoded(self.terminal.status)
        if name == "typed":
            return {"at": self.typed_at, "moment": self.touched_at, "keys": self.keys}
        return self._remarks.text(self.trouble) if name == "remark" else True

    def typed_by_human(self) -> None:
        """A piece of what a human types comes."""
        self.typed_at, self.touched_at = time.time(), time.monotonic()
        self.keys += 1
        self._tell("typed")

    def say_disk(self, text: str, *, new: bool) -> None:
        """So it stands with what the agent takes on disk; there is nothing to say if that is empty.

        `new` if it is more than other figures.
        """
        self._remarks.say_disk(text, self.trouble, new=new)

    def keep_journal(self) -> None:
        """Begin the journal again, soon, if its folder was removed."""
        self._kept.keep_journal()

    def write_journal_anew(self) -> None:
        """Somebody has removed it."""
        self._kept.write_journal_anew()

    def close(self) -> None:
        """Let go of the program, which goes on, and of the journal."""
        self._audience.close()
        self._program.close()
        self._kept.close()

    # -- its program --------------------------------------------------------------------------------------

    async def hold(self, container: str, size: Size) -> None:
        """Listen to a container that is about to be started. Raises EngineError."""
        await self._program.hold(container, size)

    def started(self) -> None:
        """What was listened to beforehand runs by now, and gets its size."""
        self._audience.give_size()

    async def take_up(self, container: str, *, handed_over: bool = False) -> None:
        """Listen to a container that runs, and mend the gap since it was listened to. Raises EngineError.

        `handed_over`: by a keeper that ended orderly just now, and journaled all that it had read.
        """
        await self._program.take_up(container, handed_over=handed_over)

    async def settled(self) -> None:
        """Wait until what is being taken up is held."""
        await self._program.settled()

    async def recall(self) -> None:
        """Have the screen with which it ended under an earlier keeper, or what the engine logged of it."""
        await self._program.recall()

    # -- interfaces ---------------------------------------------------------------------------------------

    def add(self, watcher: Watcher) -> None:
        """From now on the interface follows; it gets the state first."""
        self._audience.add(watcher)
        if holds := self._remarks.text(self.trouble):
            watcher.send_remark(holds, holds=True)
        elif self.gap:
            watcher.send_remark(self.gap, holds=False)

    def state(self) -> tuple[bytes, bytes]:
        """That of the terminal, and the output behind it."""
        return self._kept.state()

    def remove(self, watcher: Watcher) -> None:
        """The interface follows no more."""
        self._audience.remove(watcher)

    def choose_leader(self) -> None:
        """Whoever was typed into last leads."""
        self._audience.choose_leader()

    def resize(self, watcher: Watcher) -> None:
        """The interface wants its size, which counts if it leads."""
        self._audience.resize(watcher)

    # -- what happens in the terminal ---------------------------------------------------------------------

    def _fed(self) -> None:
        self._program.resume()

    def _reply(self, data: bytes) -> None:
        self._program.input.reply(data)

    def _tell(self, fact: str) -> None:
        self._on_news(self.name, fact)

    def _replaced(self) -> None:
        for watcher in self._audience.watchers:
            watcher.send_state()

    def _journal_changed(self) -> None:
        self._remarks.say_journal(self.trouble)
