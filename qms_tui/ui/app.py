"""The screen: panes, their arrangement, the keys that are ours."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from time import monotonic

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.message import Message
from textual.screen import Screen

from qms_tui.config import Clipboard
from qms_tui.core import AgentState, Core
from qms_tui.core.events import CoreEvent
from qms_tui.core.state import HELD
from qms_tui.errors import UsageError
from qms_tui.remembered import View
from qms_tui.runtime import Size
from qms_tui.terminal import late
from qms_tui.ui.attention import Attention
from qms_tui.ui.chrome import StatusLine, TabLine, key_hints
from qms_tui.ui.clipboard import cleaned, summary
from qms_tui.ui.desk import Desk
from qms_tui.ui.driver import TerminalDriver, TerminalKey
from qms_tui.ui.keymap import global_keys
from qms_tui.ui.layout import Layout, arrange, nearest, places, spans
from qms_tui.ui.links import addresses
from qms_tui.ui.listener import Listener
from qms_tui.ui.outer import outer_notification
from qms_tui.ui.outer_keys import leave_keys, menu_key
from qms_tui.ui.outer_status import OuterStatus
from qms_tui.ui.palette import AGENT_COLORS, AGENT_COLORS_LIGHT, DARK, LIGHT, Palette
from qms_tui.ui.pane import Pane
from qms_tui.ui.paste_path import replace_path
from qms_tui.ui.safe_cells import SafeCells
from qms_tui.ui.screens import (
    HelpScreen,
    LeaveScreen,
    Link,
    LinkScreen,
    MenuScreen,
    PanesScreen,
    PickScreen,
    QuestionScreen,
)
from qms_tui.ui.session import Session
from qms_tui.ui.shell import Shell
from qms_tui.ui.themes import THEMES

_log = logging.getLogger(__name__)

_FAREWELLS = (signal.SIGTERM, signal.SIGINT)  # SIGHUP is the driver's


_TYPED = (events.InputEvent, events.Paste)
_QUIET = 1.0  # seconds without a key before a question opens that nobody has called for
_BEHIND_DIALOGS = frozenset({"pane", "help", "zoom", "menu", "sidebar", "attend"})


def _settle() -> None:
    """What need not be done before the first painting, and would hold up a key later.

    The tables for text beyond ASCII take 65 ms to import. What the start made is taken out of garbage
    collection: a full one took 20 to 50 ms.
    """
    try:
        late.load()
    finally:
        gc.freeze()
        gc.enable()


class QmsTuiApp(Shell):
    """Shows the session's agents until the human leaves."""

    CSS_PATH = "app.tcss"
    TITLE = "qms-tui"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False  # Esc belongs to the agent
    AUTO_FOCUS = None

    def __init__(self, session: Session, *, headless_driver: bool = False) -> None:
        super().__init__(driver_class=None if headless_driver else TerminalDriver)
        self.session = session
        self.core = Core(
            session.project,
            session.config,
            session.agents,
            session.roster,
            session.runtime,
            self._hear,
            past=session.past,
            servers=session.servers,
        )
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[session.config.theme].name
        session.runtime.show_colors(self.palette().colors)
        view = session.view or View(session.agents)
        self.arrangement_choice = Layout.remembered(view.arrangement)
        self.zoomed = view.zoomed
        self.tabbed = False
        self._places: list[Region] = []  # of the panes among each other; none while one at a time is shown
        self.fault: BaseException | None = None
        """What made the screen fail, if anything did."""
        self._remembered: View | None = None
        self._opened: set[str] = set()
        self._panes: dict[str, Pane] = {}
        self._first_focus = view.focused
        self._last_focused: Pane | None = None
        self._refused: set[str] = set()  # agents of whose clipboard writes the human has been told
        self._under_way = 0  # typed events in the app's own queue
        self._held: list[events.Event] = []  # typed behind a key that was handed on, and that key
        self._typed_at = -math.inf  # when a key came in last, by the monotonic clock
        self._offer = False  # whether a question is about to open that nobody has called for
        self.left_behind: tuple[str, ...] = ()
        """The agents that went on when the screen was left."""
        self.desk = Desk(self)
        self.attention = Attention(self, self.desk)
        self.outer_status = OuterStatus(self)
        self._listener = Listener(self, self.desk, self.outer_status)
        self._safe_cells = SafeCells()
        self._prefix = session.config.prefix
        self._menu = menu_key(self._prefix, os.environ)
        ours = global_keys(self._prefix)
        self._ours = frozenset(key.key for key in ours)
        for key in ours:
            # Not App.bind(), which knows no priority; not a keymap, which Textual applies only after it has
            # asked the pane which keys it consumes.
            self._bindings.bind(key.key, key.action, key.meaning, show=False, priority=True)

    def get_default_screen(self) -> Screen[object]:
        """The screen with the panes."""
        return PanesScreen()

    # -- building ---------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield TabLine()
        panes = (self._pane(agent.name, n) for n, agent in enumerate(self.core.agents, 1))
        yield Horizontal(Container(*panes, id="panes"), self.desk.sidebar, id="room")
        hints = key_hints(self._menu, leave_keys(self._prefix, os.environ))
        config = self.session.config
        yield StatusLine(self.session.project.name, self.session.engine, hints, trusted=config.trusted)

    def _pane(self, agent: str, number: int) -> Pane:
        link, view = self.core.link(agent), self.core.view(agent)
        color, pasted = self._color(agent, number), partial(self._pasted, agent)
        pane = Pane(link, view, number, color, self.palette, self._ours, self._menu, pasted)
        self._panes[agent] = pane
        pane.waiting = self.core.ledger.waiting(agent)
        if agent == self._first_focus:
            self._last_focused = pane
        return pane

    def find_pane(self, agent: str) -> Pane | None:
        return self._panes.get(agent)

    def _pasted(self, agent: str, data: bytes) -> bytes:
        """What the agent gets of a paste: a path as it sees it, everything else as it is."""
        inside = self.session.inside
        found = replace_path(data, partial(inside, agent)) if inside is not None else None
        if found is None:
            return data
        self.base.query_one(StatusLine).say(f"{agent} got the path in its container: {found.path}")
        return found.data

    def _color(self, name: str, number: int) -> str:
        colors = AGENT_COLORS if self.current_theme.dark else AGENT_COLORS_LIGHT
        return self.session.config.agent(name).color or colors[(number - 1) % len(colors)]

    def color_of(self, name: str) -> str:
        """An agent's colour: its pane's, or that of the next pane for those without one."""
        pane = self._panes.get(name)
        return pane.color if pane else self._color(name, len(self._panes) + 1)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        if not self.is_headless:
            for number in _FAREWELLS:
                loop.add_signal_handler(number, self.exit)
            self.call_after_refresh(threading.Thread(target=_settle, name="settle", daemon=True).start)
        self.core.start()
        self.call_after_refresh(self.outer_status.start)
        self.call_after_refresh(self.core.follow_inboxes)
        self.base.screen_layout_refresh_signal.subscribe(self, lambda _: self._open_agents())
        self.pane.focus()
        self.rearrange()
        for notice in self.session.notices:
            self.notify(notice, severity="warning", markup=False, timeout=12)

    def on_ready(self) -> None:
        """The first layout is done, of which no signal tells."""
        self._open_agents()

    async def on_unmount(self) -> None:
        """Let go of the agents, however the screen ended."""
        self.left_behind = self.core.live if self.session.runtime.outlives else ()
        await self.core.close()

    @property
    def panes(self) -> list[Pane]:
        """In the order of their numbers."""
        return list(self._panes.values())

    @property
    def pane(self) -> Pane:
        """The pane that has, or had last, the keyboard."""
        focused = self.base.focused if self.screen_stack else None  # focus may be lost after the screens
        if isinstance(focused, Pane):
            self._last_focused = focused
        return self._last_focused or self.panes[0]

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters without the one that resolves ANSI colours, and ours for what is not safe.

        Nothing of ours has ANSI colours, and that one looked at every run of every row of every pane for each
        key that was echoed.
        """
        kept = [found for found in super().get_line_filters() if not isinstance(found, ANSIToTruecolor)]
        return [*kept, self._safe_cells]

    def palette(self) -> Palette:
        """The terminals' colours under the theme in force."""
        return DARK if self.current_theme.dark else LIGHT

    def _fatal_error(self) -> None:
        """Textual's hook for what no handler caught: to the log, where it would show a traceback."""
        self.fault = sys.exc_info()[1]
        _log.error("the screen failed", exc_info=True)
        self._close_messages_no_wait()

    # -- the short way of a key ---------------------------------------------------------------------------

    def post_message(self, message: Message) -> bool:
        """Give a key that can only be the focused agent's to its pane at once, past two message queues.

        Only if nothing that was typed, pasted or clicked before it is still under way.
        """
        if isinstance(message, TerminalKey) and self._is_plainly_for_agent(message):
            self._typed_at = monotonic()
            self.pane.give(message)
            return True
        if isinstance(message, _TYPED):
            self._under_way += 1
        return super().post_message(message)

    def type_again(self, event: events.Key) -> None:
        """Take a key back that a widget hands on, before all that was typed behind it.

        It is given away after what the key before it has asked for, which waits in the same place.
        """
        self._held.append(event)
        self.call_next(self._give_held)

    async def _give_held(self) -> None:
        held, self._held = sorted(self._held, key=attrgetter("time")), []
        for event in held:
            await super().on_event(event)

    def _is_plainly_for_agent(self, key: TerminalKey) -> bool:
        return (
            self._under_way == 0
            and not self._held
            and key.key not in self._ours
            and len(self.screen_stack) == 1
            and self.focused is self.pane
            and self.pane.message_queue_size == 0
            and self.app_focus
        )

    async def on_event(self, event: events.Event) -> None:
        """Textual's dispatch, counting what was typed and has been handed on."""
        if isinstance(event, events.Key):
            self._typed_at = monotonic()
        if not isinstance(event, _TYPED) or event.is_forwarded:
            await super().on_event(event)
            return
        try:
            if self._held:
                self._held.append(event)
            else:
                await super().on_event(event)
        finally:
            self._under_way -= 1

    # -- what the core tells ----------------------------------------------------------------------------

    def _hear(self, event: CoreEvent) -> None:
        if self.is_running:  # the screens go before the core
            self._listener.take(event)

    def write_clipboard(self, agent: str, data: bytes) -> None:
        text, allowed = cleaned(data), self.session.config.terminal.clipboard
        if text is None:
            return
        told = summary(agent, text)
        if allowed is Clipboard.ON:
            self.copy_to_clipboard(text)
            self.notify(told, title="Copied", markup=False)
        elif allowed is Clipboard.ASK and not self._offer:
            self._offer = True
            self._ask_when_quiet(
                f"Put this on your clipboard?\n{told}", partial(self.copy_to_clipboard, text)
            )
        elif agent not in self._refused:
            self._refused.add(agent)  # said once: a program may try at every selection
            self.notify(f"{told}\nterminal.clipboard decides", title="Not copied", markup=False)

    def _ask_when_quiet(self, question: str, then: Callable[[], None]) -> None:
        """Ask what an agent wants; not in the middle of a sentence, whose letters would be the answer."""
        if len(self.screen_stack) > 1 or monotonic() - self._typed_at < _QUIET:
            self.set_timer(_QUIET / 4, partial(self._ask_when_quiet, question, then))
            return
        self._offer = False
        self.push_screen(QuestionScreen(question, uncalled=True), lambda yes: then() if yes else None)

    # -- arrangement ------------------------------------------------------------------------------------

    def rearrange(self) -> None:
        """Give the panes their places; hidden ones keep running at the size of the one in view."""
        panes = self.panes
        self.desk.arrange()
        room = Size(self.size.width - self.desk.taken, self.size.height - 1)  # the status line
        choice = Layout.TABS if self.zoomed else self.arrangement_choice
        grid = arrange(len(panes), room, choice)
        self.tabbed = grid.tabs
        tracks, taken = (1, [1] * len(panes)) if grid.tabs else spans(len(panes), grid)
        self._places = [] if grid.tabs else places(tracks, taken)
        container = self.base.query_one("#panes")
        container.styles.grid_size_columns = tracks
        container.styles.grid_size_rows = 1 if grid.tabs else grid.rows
        for pane, span in zip(panes, taken, strict=True):
            pane.styles.column_span = span
            pane.display = not grid.tabs or pane is self.pane
        self.base.query_one(TabLine).set_class(grid.tabs, "-shown")
        self.show_chrome()
        self._remember()

    def on_app_focus(self) -> None:
        """The human is back at the terminal that we run in."""
        self.core.look_at(self.pane.agent.name)

    def watch_app_focus(self, focus: bool) -> None:
        """The human has turned to the terminal that we run in, or away from it."""
        if self.is_running:
            self.core.look_at(self.pane.agent.name if focus else None)

    def on_descendant_focus(self) -> None:
        """The keyboard is elsewhere now, by whatever means."""
        self.core.look_at(self.pane.agent.name)
        if not self.app_focus:
            self.core.look_at(None)
        self._remember()

    def _remember(self) -> None:
        """Keep the arrangement where it survives us, however we end."""
        names = tuple(pane.agent.name for pane in self.panes)
        view = View(names, self.arrangement_choice.word, self.zoomed, self.pane.agent.name)
        if self.session.memory is not None and view != self._remembered:
            self._remembered = view
            self.session.memory.write(view)

    def _open_agents(self) -> None:
        """Start or find every agent, now that the size of its terminal is known; or tell it a new one."""
        if not self.screen_stack:  # a layout of screens that have gone is told late
            return
        size = self.pane.terminal_size
        for pane in self.panes:
            known = pane.terminal_size if pane.display else size
            if known is None:
                continue
            pane.link.resize(known)
            if pane.agent.name not in self._opened:
                self._opened.add(pane.agent.name)
                self.core.open(pane.agent.name)

    def show_chrome(self) -> None:
        screen = self.base
        choice = self.arrangement_choice
        layout = "zoomed" if self.zoomed else "" if choice is Layout.AUTO else choice.value
        screen.query_one(StatusLine).show(self.panes, layout)
        self.show_tabs()

    def show_tabs(self) -> None:
        """Name all panes, if only one of them is shown."""
        if self.tabbed:
            self.base.query_one(TabLine).show(self.panes, self.pane)

    def _focus(self, pane: Pane) -> None:
        self.base.set_focus(pane)
        if self.tabbed:
            self.rearrange()

    # -- what the keys do -------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Over an open dialog only leaving works: the dialog has the keys."""
        return len(self.screen_stack) == 1 or action not in _BEHIND_DIALOGS

    def action_pane(self, number: int) -> None:
        """Go to the pane with a number from 1."""
        if 1 <= number <= len(self.panes):
            self._focus(self.panes[number - 1])

    def on_tab_line_chosen(self, message: TabLine.Chosen) -> None:
        """A tab was clicked."""
        self.action_pane(message.number)

    def action_next(self, step: int) -> None:
        """Go some panes on, round the end."""
        panes = self.panes
        self._focus(panes[(panes.index(self.pane) + step) % len(panes)])

    def action_toward(self, direction: str) -> None:
        """Go to the nearest pane on that side."""
        if self._places:  # not the panes' regions: those of a new arrangement hold only after the next layout
            here = self._places[self.panes.index(self.pane)]
            self._focus(self.panes[self._places.index(nearest(direction, here, self._places))])

    def action_scroll(self) -> None:
        """Look back into the history of the focused pane."""
        self.pane.look_back()

    def action_links(self) -> None:
        """List the addresses of the focused pane; one may be copied or opened."""
        found = addresses(self.pane.link.terminal)
        if found:
            self.push_screen(LinkScreen(found), self._use_link)
        else:
            self.notify("No address in this pane.", markup=False)

    def _use_link(self, chosen: Link | None) -> None:
        if chosen is None:
            return
        if chosen.opened:
            self.open_url(chosen.url)
        else:
            self.copy_to_clipboard(chosen.url)
            self.notify(chosen.url, title="Copied", markup=False)

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Open an address; Textual's own would let a browser write over the panes, or take their keys."""
        self.run_worker(self._open_in_browser(url))

    async def _open_in_browser(self, url: str) -> None:
        from qms_tui.ui.browser import open_address

        try:
            await open_address(self, url)
        except UsageError as error:
            self.notify(f"{error.message}: {error.hint}", severity="warning", markup=False)

    def action_zoom(self) -> None:
        """One pane large, and back."""
        self.zoomed = not self.zoomed
        self.rearrange()

    def action_layout(self) -> None:
        """The next arrangement."""
        self.zoomed = False
        self.arrangement_choice = self.arrangement_choice.next
        self.rearrange()

    def action_sidebar(self) -> None:
        """Open the inboxes, or go back to the agent."""
        self.desk.toggle()

    def action_attend(self) -> None:
        """Go to the agent that has waited longest for the human, or to the next one."""
        self.attention.go_to_next()

    def action_explain(self) -> None:
        """Show why the agent's state is what it is."""
        self.attention.explain()

    def tell_outside(self, text: str) -> None:
        """Hand a notification to the terminal that we run in, if it shall have any."""
        sequence = outer_notification(self.session.config.notify.outer, text)
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def action_wake(self) -> None:
        """Have the agent told of its inbox."""
        self.core.wake(self.pane.agent.name)

    def action_write(self) -> None:
        """Write a message."""
        self.desk.write()

    def go_to(self, agent: str) -> None:
        """Give the keyboard to an agent that has a pane."""
        self._focus(self._panes[agent])

    def open_after_asking(self, agent: str) -> None:
        """An agent without a pane gets one, if the human wants."""

        def add() -> None:
            self.call_later(self._add, agent)

        self._ask(f"{agent} has no pane. Open one?", add)

    def action_help(self) -> None:
        """Show the keys."""
        session = self.session
        screen = HelpScreen(self._prefix, self._menu, session.runtime.outlives, asks=not session.sample)
        self.push_screen(screen)

    async def action_menu(self) -> None:
        """Show the commands and do the chosen one."""
        self.push_screen(MenuScreen(self._prefix), self._chosen)

    async def _chosen(self, action: str | None) -> None:
        if action == MenuScreen.LITERAL:
            self.pane.send_key(self._prefix)
        elif action is not None:
            await self.run_action(action)

    def action_restart(self, fresh: bool = False) -> None:
        """Start the agent anew, after asking if it runs; a fresh one does not go on with its conversation."""
        agent = self.pane.agent
        self.pane.follow()
        how = " without its conversation" if fresh else ""
        restart = partial(self.core.restart, agent.name, fresh=fresh)
        running = agent.state in (*HELD, AgentState.RECONNECTING, AgentState.UNREACHABLE)
        if running and not agent.foreign:
            question = f"End the running program of {agent.name} and start it anew{how}?"
            self._ask(question, restart)
        else:
            restart()

    def action_rebuild(self) -> None:
        """Build the image of the agent anew, after asking, and start the agent in it."""
        agent = self.pane.agent
        rebuild = partial(self.core.rebuild, agent.name)
        if agent.foreign or not agent.isolated:
            rebuild()  # which says why not
            return
        self._ask(
            f"Build the image of {agent.name} anew? It goes on meanwhile, then starts anew in it.",
            rebuild,
        )

    def action_unpause(self) -> None:
        """Let the agent's program go on that was paused."""
        self.core.unpause(self.pane.agent.name)

    def action_stop(self) -> None:
        """End the agent's program, after asking."""
        agent = self.pane.agent
        whose = " Another user has started it." if agent.foreign else ""
        self._ask(
            f"Stop {agent.name}?{whose} Its program ends; its files stay.",
            partial(self.core.stop, agent.name),
        )

    def _ask(self, question: str, then: Callable[[], None]) -> None:
        self.push_screen(QuestionScreen(question), lambda yes: then() if yes else None)

    def action_add(self) -> None:
        """Choose one more agent of the roster."""
        names = [name for name in self.core.roster() if name not in self._panes]
        if names:
            self.push_screen(PickScreen("Open which agent?", names), self._add)
        else:
            self.notify("Every agent of the roster has a pane already.", markup=False)

    async def _add(self, name: str | None) -> None:
        if name is not None and name not in self._panes:
            self._focus(await self._mount(name))

    async def _mount(self, name: str) -> Pane:
        self.core.add(name)
        pane = self._pane(name, len(self._panes) + 1)
        self.rearrange()  # before the first layout with it, which starts its program at the size that it gets
        await self.base.query_one("#panes").mount(pane)
        return pane

    def open_pane(self, agent: str) -> None:
        async def add() -> None:
            if agent not in self._panes:
                await self._mount(agent)

        self.call_later(add)

    def action_leave(self) -> None:
        """Close the screen, after asking if programs end with it."""
        ends = () if self.session.runtime.outlives or self.session.sample else self.core.live
        if not ends:
            self.exit()
        elif not isinstance(self.screen, LeaveScreen):
            self.push_screen(LeaveScreen(ends), lambda yes: self.exit() if yes else None)

    async def action_quit(self) -> None:
        """Textual's own for Ctrl+Q, which goes before ours."""
        self.action_leave()
