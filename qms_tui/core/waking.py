"""Tells programs of their inbox that nothing else tells, by typing at their prompts; off unless configured.

Nothing happens here while nothing waits: the mail, the agents' output and their rounds say when to look.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from qms_tui.config import Config, Wake
from qms_tui.core.activities import Activities
from qms_tui.core.agent import Agent
from qms_tui.core.events import Notice, NoticeKind, Severity
from qms_tui.core.fleet import Fleet
from qms_tui.core.state import AgentState
from qms_tui.core.view import AgentView
from qms_tui.inbox import Item, Ledger
from qms_tui.inbox.item_reader import is_sender
from qms_tui.programs.registry import program_of
from qms_tui.programs.values import Told, Word
from qms_tui.terminal import Key, Modes, Terminal, encode_key, encode_paste
from qms_tui.waking import Act, Scene, Typed, Typist, announcement

PERIOD = 0.25  # seconds from something new of a program to the look at it, while something waits for it
NOTHING_SEEN = Terminal(1, 1)
_log = logging.getLogger(__name__)


class Context(Struct, frozen=True):
    """What typing asks of those around it: the project's folder, and an agent as it is now. Whom it tells: of
    a notice, and that receipts are others."""

    project: Path
    view: Callable[[Agent], AgentView]
    notice: Callable[[Notice], None]
    receipts: Callable[[], None]


class Waking:
    """Owns what is typed by itself."""

    def __init__(
        self,
        fleet: Fleet,
        config: Config,
        ledger: Ledger,
        typed: Typed,
        activities: Activities,
        context: Context,
    ) -> None:
        self._fleet, self._config, self._ledger = fleet, config, ledger
        self._typed, self._activities, self._context = typed, activities, context
        self._typists: dict[str, Typist] = {}
        self._again: dict[str, set[Item]] = {}  # what the human wants typed again
        self._under_way: dict[str, tuple[Item, ...]] = {}
        self._last: dict[str, float] = {}  # when something was typed, in seconds since 1970
        self._waits: set[str] = set()
        self._seen: dict[str, Terminal] = {}  # what each showed last
        self._giving: set[str] = set()  # whose program is being given something
        self._closed = False
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def configure(self, config: Config) -> None:
        """The settings are these from now on."""
        self._config = config
        self.mail_changed()

    @property
    def waits(self) -> frozenset[str]:
        """The agents whose programs are looked at, because something waits for them."""
        return frozenset(self._waits)

    def close(self) -> None:
        """Type no more."""
        self._closed = True
        self._waits.clear()
        for timer in self._timers.values():
            timer.cancel()

    # -- what happens -----------------------------------------------------------------------------------

    def mail_changed(self) -> None:
        """Something came into an inbox, or left it."""
        for agent in self._fleet:
            if self._is_wanted(agent):
                self._again[agent.name] = self._again.get(agent.name, set()) & set(self._pending(agent))
                self._consider(agent)

    def output(self, agent: Agent) -> None:
        """Its program has said something: hardly anything to do, for it happens all the time."""
        if agent.name in self._waits:
            # A line that has shown up is entered at once, before anything else can happen to it.
            self._look_in(agent, 0 if self._typist(agent).busy else PERIOD)

    def look(self, agent: Agent, view: AgentView) -> None:
        """There is something new of an agent."""
        if view.state is AgentState.STARTING and self._is_wanted(agent):
            self._typist(agent).start_over()
            self._waits.add(agent.name)
        self.output(agent)

    def again(self, agent: Agent, files: Sequence[str] = ()) -> bool:
        """The human wants these files typed, or all; False if nothing is ever typed to the agent."""
        if not self._is_wanted(agent) or self._is_woken_inside(agent):
            return False
        items = {item for item in self._pending(agent) if not files or item.file in files}
        self._again.setdefault(agent.name, set()).update(items)
        if not self._typist(agent).busy:
            self._typist(agent).start_over()
        self._consider(agent)
        told = "is told of its inbox as soon as its prompt is free" if items else "has nothing in its inbox"
        self._say(agent, f"{agent.name} {told}.")
        return True

    # -- what is known ----------------------------------------------------------------------------------

    def announced(self, agent: str, file: str) -> float | None:
        """When a file that waits was typed to the agent."""
        item = self._ledger.item(agent, file)
        return self._typed.at(item) if item else None

    def explain(self, agent: Agent) -> tuple[Told, ...]:
        """How it stands with typing; nothing where the agent is woken otherwise."""
        if self._is_woken_inside(agent):
            return ()
        if not self._is_wanted(agent):
            return (Told("typing", "off"),)
        last = self._last.get(agent.name, 0.0)
        state = self._typist(agent).state
        waits = agent.name in self._waits or not last
        return (Told("typing", state, last) if waits else Told("typing", "typed", last),)

    def _is_wanted(self, agent: Agent) -> bool:
        config = self._config.agent(agent.name)
        return config.wake is Wake.AUTO and config.wake_prompt is not None

    def _is_woken_inside(self, agent: Agent) -> bool:
        return self._activities.report(agent.name).wakes(agent.began)

    def _pending(self, agent: Agent) -> list[Item]:
        return self._ledger.pending(agent.name)

    def _waiting(self, agent: Agent) -> tuple[Item, ...]:
        if self._is_woken_inside(agent):
            return ()
        again, is_held = self._again.get(agent.name, set()), self._ledger.is_held
        return tuple(
            item
            for item in self._pending(agent)
            if item in again or not (is_held(item) or self._typed.at(item) is not None)
        )

    def _typist(self, agent: Agent) -> Typist:
        pattern = self._config.agent(agent.name).wake_prompt
        assert pattern is not None
        return self._typists.setdefault(agent.name, Typist(re.compile(pattern)))

    def _hindrance(self, agent: Agent, view: AgentView) -> str:
        """Why nothing may be typed now."""
        if view.state is not AgentState.RUNNING or view.activity is None:
            return f"it is {view.state.value}"
        if view.foreign:
            return "another user has started it"
        if not view.leads:
            return "another screen leads"
        word = view.activity.word
        if self._activities.reports_dialog(agent):
            word = Word.NEEDS_YOU  # its registry may not have been read since, and may be believed more
        # A program that has not said yet how it is, and will, might have a dialog open.
        silent = word is Word.RUNNING and not program_of(self._config.agent(agent.name).command).has_own_files
        return "" if silent or word is Word.IDLE else f"{word.value}, not idle"

    # -- what is done -----------------------------------------------------------------------------------

    def _consider(self, agent: Agent) -> None:
        if self._waiting(agent):
            self._waits.add(agent.name)
            self._look_in(agent, 0)
        elif not self._typist(agent).busy:
            self._waits.discard(agent.name)

    def _look_in(self, agent: Agent, seconds: float) -> None:
        """Look then at the latest."""
        loop = asyncio.get_running_loop()
        timer, at = self._timers.get(agent.name), loop.time() + seconds
        if timer is not None and timer.when() <= at:
            return
        if timer is not None:
            timer.cancel()
        self._timers[agent.name] = loop.call_at(at, self._look, agent)

    def _look(self, agent: Agent) -> None:
        self._timers.pop(agent.name, None)
        view, typist = (
            self._context.view(agent),
            self._typist(agent),
        )  # it may have a dialog open since just now
        if not view.leads:
            self._typed.read()  # whoever does may have typed
        if not typist.busy and not self._waiting(agent):
            self._waits.discard(agent.name)
            self._context.receipts()
        elif self._hindrance(agent, view):
            self._step(agent, self._seen.get(agent.name, NOTHING_SEEN))
        else:
            agent.terminal.look(partial(self._see, agent))

    def _see(self, agent: Agent, terminal: Terminal) -> None:
        """So its terminal is now."""
        self._seen[agent.name] = terminal
        if not self._closed and (self._typist(agent).busy or self._waiting(agent)):
            self._step(agent, terminal)

    def _step(self, agent: Agent, terminal: Terminal) -> None:
        view, typist, now = self._context.view(agent), self._typist(agent), time.monotonic()
        if agent.name in self._giving:
            return
        scene = Scene(now, agent.terminal.touched_at, self._hindrance(agent, view), terminal)
        step = typist.step(scene)
        if step.act is Act.TYPE:
            self._type(agent, typist, now)
        elif step.act is Act.ENTER:
            self._enter(agent)
        elif step.act is Act.TOLD:
            self._tell_that_it_went(agent)
        elif step.act is Act.FAILED:
            self._tell_that_it_failed(agent, typist)
        if step.again is not None:
            self._look_in(agent, step.again - now)

    def _type(self, agent: Agent, typist: Typist, now: float) -> None:
        self._typed.read()  # another screen may have been here
        items = self._waiting(agent)
        if items:
            line = self._line(agent, items)

            def given(was_taken: bool) -> None:
                if was_taken:
                    self._under_way[agent.name] = items
                    typist.typed(line, now)

            self._give(agent, encode_paste(line.encode(), self._modes(agent)), given)
        self._look_in(agent, PERIOD)

    def _give(self, agent: Agent, data: bytes, given: Callable[[bool], None] = lambda taken: None) -> None:
        """Nothing is decided until the program has it, or is known not to get it."""

        def done(was_taken: bool) -> None:
            self._giving.discard(agent.name)
            given(was_taken)
            if not self._closed:
                self._look_in(agent, 0 if was_taken else PERIOD)

        self._giving.add(agent.name)
        agent.terminal.put(data, done)

    def _modes(self, agent: Agent) -> Modes:
        return self._seen[agent.name].modes

    def _line(self, agent: Agent, items: Sequence[Item]) -> str:
        root = str(self._context.project)
        senders = {item.sender for item in items if is_sender(root, item.sender)}
        return announcement(items, senders, self._config.agent(agent.name).wake_text)

    def _enter(self, agent: Agent) -> None:
        """Remembered first: if we die in between, the line stands there for the human."""
        items = self._under_way.pop(agent.name, ())
        self._typed.add(items, self._pending(agent), time.time())
        self._again.get(agent.name, set()).difference_update(items)
        self._give(agent, encode_key(Key("enter"), self._modes(agent)) or b"\r")

    def _tell_that_it_went(self, agent: Agent) -> None:
        _log.info("%s: its inbox was typed", agent.name)
        self._last[agent.name] = time.time()
        self._context.receipts()
        self._consider(agent)

    def _tell_that_it_failed(self, agent: Agent, typist: Typist) -> None:
        _log.warning("%s: typing its inbox: %s", agent.name, typist.state)
        entered = self._under_way.pop(agent.name, None) is None
        if not typist.gave_up:  # once: the next one fails for the same reason
            ending = "" if entered else "; Enter was not pressed"
            text = f"{agent.name}: its inbox was typed at its prompt, {typist.state}{ending}"
            self._say(agent, text, "warning")
        self._consider(agent)

    def _say(self, agent: Agent, text: str, severity: Severity = "information") -> None:
        lasting = severity != "information"
        self._context.notice(Notice(text, severity, agent.name, NoticeKind.TYPING, lasting=lasting))
