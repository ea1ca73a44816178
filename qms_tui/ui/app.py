"""The screen: its panes and what is around them, from its begin to its end, and what its keys do."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from qms_tui.api.agents import STARTABLE, AgentState, AgentView
from qms_tui.api.deltas import News
from qms_tui.config import RuntimeKind
from qms_tui.errors import OpeningError, QmsTuiError
from qms_tui.remembered import View
from qms_tui.terminal import late
from qms_tui.ui.addresses import Addresses
from qms_tui.ui.agent_actions import AgentActions
from qms_tui.ui.arranging import Arranging
from qms_tui.ui.attention import Attention
from qms_tui.ui.chrome import StatusLine, TabLine, key_hints
from qms_tui.ui.clipboard_requests import ClipboardRequests
from qms_tui.ui.daemon_link import DaemonLink
from qms_tui.ui.desk import Desk
from qms_tui.ui.driver import TerminalDriver
from qms_tui.ui.hangs import Hangs
from qms_tui.ui.keymap import global_keys
from qms_tui.ui.listener import Listener
from qms_tui.ui.ordered_keys import OrderedKeys
from qms_tui.ui.outer import outer_notification
from qms_tui.ui.outer_keys import leave_keys, menu_key
from qms_tui.ui.outer_status import OuterStatus
from qms_tui.ui.palette import AGENT_COLORS, AGENT_COLORS_LIGHT, DARK, LIGHT, Palette
from qms_tui.ui.pane import Pane
from qms_tui.ui.pasting import Pasting
from qms_tui.ui.safe_cells import SafeCells
from qms_tui.ui.screens import HelpScreen, MenuScreen, PanesScreen
from qms_tui.ui.session import Session
from qms_tui.ui.severity import severity_of
from qms_tui.ui.terminals.events import LinkChanged, LinkEvent
from qms_tui.ui.terminals.terminals import Terminals
from qms_tui.ui.themes import THEMES
from qms_tui.ui.whereabouts import whereabouts

_log = logging.getLogger(__name__)

_FAREWELLS = (signal.SIGTERM, signal.SIGINT)  # SIGHUP is the driver's
_NOT_LIVE = (*STARTABLE, AgentState.STOPPING)
_BEHIND_DIALOGS = frozenset({"pane", "help", "zoom", "menu", "sidebar", "attend", "restart_hung"})


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


class QmsTuiApp(OrderedKeys):
    """Shows the session's agents until the human leaves."""

    CSS_PATH = "app.tcss"
    TITLE = "qms-tui"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False  # Esc belongs to the agent
    AUTO_FOCUS = None

    def __init__(self, session: Session, *, headless_driver: bool = False) -> None:
        super().__init__(driver_class=None if headless_driver else TerminalDriver)
        self.session = session
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[session.config.theme].name
        colors, scrollback = self.palette().colors, session.config.terminal.scrollback
        self.terminals = Terminals(self._hear_of_terminal, colors, scrollback=scrollback)
        view = session.view or View(session.agents)
        self.fault: BaseException | None = None
        """What made the screen fail, if anything did."""
        self.refusal: OpeningError | None = None
        """Why there is nothing to show, if that is so."""
        self.left_behind: tuple[AgentView, ...] = ()
        """The agents that went on when the screen was left."""
        self._panes: dict[str, Pane] = {}
        self._sized: set[str] = set()  # agents whose terminals have had a pane's size
        self._first_focus = view.focused
        self._last_focused: Pane | None = None
        self.daemon = DaemonLink(session.connect, self._hear, self._miss, self.refuse, colors)
        self.hangs = Hangs(self, self.terminals)
        self.desk = Desk(self)
        self.attention = Attention(self, self.desk)
        self.arranging = Arranging(self, self.desk, view)
        self._agents = AgentActions(self)
        self._addresses = Addresses(self)
        self._pasting = Pasting(self)
        self._clipboard_requests = ClipboardRequests(self)
        self.outer_status = OuterStatus(self)
        self._listener = Listener(self, self.desk, self.outer_status)
        self._safe_cells = SafeCells()
        self._prefix = session.config.prefix
        self._menu = menu_key(self._prefix, os.environ)
        ours = global_keys(self._prefix)
        self.own_keys = frozenset(key.key for key in ours)
        for key in ours:
            # Not App.bind(), which knows no priority; not a keymap, which Textual applies only after it has
            # asked the pane which keys it consumes.
            self._bindings.bind(key.key, key.action, key.meaning, show=False, priority=True)

    def get_default_screen(self) -> Screen[object]:
        """The screen with the panes."""
        return PanesScreen()

    # -- from begin to end ------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield TabLine()
        panes = (self._pane(agent, n) for n, agent in enumerate(self.session.agents, 1))
        yield Horizontal(Container(*panes, id="panes"), self.desk.sidebar, id="room")
        hints = key_hints(self._menu, leave_keys(self._prefix, os.environ))
        config = self.session.config
        yield StatusLine(self.session.project.name, self.session.where, hints, trusted=config.trusted)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        if not self.is_headless:
            for number in _FAREWELLS:
                loop.add_signal_handler(number, self.exit)
            self.call_after_refresh(threading.Thread(target=_settle, name="settle", daemon=True).start)
        self.call_after_refresh(self.outer_status.start)
        self.call_after_refresh(self.daemon.start)
        self.base.screen_layout_refresh_signal.subscribe(self, lambda _: self._open_agents())
        self.pane.focus()
        self.rearrange()
        for notice in self.session.config.notices:
            self.notify(notice, severity="warning", markup=False, timeout=12)

    def on_ready(self) -> None:
        """The first layout is done, of which no signal tells."""
        self._open_agents()

    async def on_unmount(self) -> None:
        """Let go of the agents, however the screen ended."""
        if self.session.outlives:
            agents = self.daemon.mirror.agents
            ours = [agents[name] for name in self._panes if name in agents]
            self.left_behind = tuple(agent for agent in ours if agent.state not in _NOT_LIVE)
        self._listener.close()
        await self.daemon.close()
        self.terminals.close()

    def _fatal_error(self) -> None:
        """Textual's hook for what no handler caught: to the log, where it would show a traceback."""
        self.fault = sys.exc_info()[1]
        _log.error("the screen failed", exc_info=True)
        self._close_messages_no_wait()

    # -- panes ------------------------------------------------------------------------------------------

    def _pane(self, agent: str, number: int) -> Pane:
        link, mirror = self.terminals.link(agent), self.daemon.mirror
        isolated = self.session.config.engine.runtime is not RuntimeKind.LOCAL  # until its daemon says so
        view = mirror.agents.get(agent) or AgentView(agent, isolated=isolated)
        color, paste = self._color(agent, number), self._pasting.give
        pane = Pane(link, view, number, color, self.palette, self.own_keys, self._menu, paste)
        self._panes[agent] = pane
        pane.waiting = mirror.mailbox(agent).waiting
        if agent == self._first_focus:
            self._last_focused = pane
        return pane

    async def add_pane(self, agent: str) -> None:
        """The agent gets a pane, if it has none; the keyboard stays where it is."""
        if agent not in self._panes:
            pane = self._pane(agent, len(self._panes) + 1)
            self.rearrange()  # before the first layout with it, which starts its program at its size
            await self.base.query_one("#panes").mount(pane)

    def find_pane(self, agent: str) -> Pane | None:
        return self._panes.get(agent)

    def _color(self, name: str, number: int) -> str:
        colors = AGENT_COLORS if self.current_theme.dark else AGENT_COLORS_LIGHT
        return self.session.config.agent(name).color or colors[(number - 1) % len(colors)]

    def color_of(self, name: str) -> str:
        """An agent's colour: its pane's, or that of the next pane for those without one."""
        pane = self._panes.get(name)
        return pane.color if pane else self._color(name, len(self._panes) + 1)

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

    def open_agents(self) -> None:
        """A daemon is there: have every program looked for, as soon as the size of its terminal is known."""
        self._agents.begin()
        self._open_agents()

    def _open_agents(self) -> None:
        """Start or find every agent, now that the size of its terminal is known; or tell it a new one."""
        if not self.screen_stack:  # a layout of screens that have gone is told late
            return
        size = self.pane.terminal_size
        for pane in self.panes:
            agent, known = pane.agent.name, pane.terminal_size if pane.display else size
            if known is not None:
                pane.link.resize(known)
                self.daemon.resize(agent, known)
                if agent not in self._sized:
                    self._sized.add(agent)
                    self.follow(self.daemon.mirror.agents.get(agent, pane.agent))
            if agent in self._sized:
                self._agents.open(agent)

    def follow(self, agent: AgentView) -> None:
        """Its terminal is where its daemon says: reached once it is known how large it is shown."""
        if agent.name in self._sized:
            self._panes[agent.name].link.follow(whereabouts(agent))

    def _focus(self, pane: Pane) -> None:
        self.base.set_focus(pane)
        if self.arranging.tabbed:
            self.rearrange()

    def go_to(self, agent: str) -> None:
        """Give the keyboard to an agent that has a pane."""
        self._focus(self._panes[agent])

    # -- what is painted --------------------------------------------------------------------------------

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

    def rearrange(self) -> None:
        """Give the panes their places."""
        self.arranging.rearrange()

    def show_chrome(self) -> None:
        self.base.query_one(StatusLine).show(self.panes, self.arranging.name, self.hangs.hint)
        self.show_tabs()

    def show_tabs(self) -> None:
        """Name all panes, if only one of them is shown."""
        if self.arranging.tabbed:
            self.base.query_one(TabLine).show(self.panes, self.pane)

    # -- what the daemon and the terminals say ----------------------------------------------------------

    def _hear(self, news: News) -> None:
        self._listener.hear(news)

    def _hear_of_terminal(self, event: LinkEvent) -> None:
        if self.is_running:
            self._listener.hear_of_terminal(event)
            if isinstance(event, LinkChanged):
                self.hangs.show()

    def _miss(self, since: float | None) -> None:
        if self.is_running:
            self.base.query_one(StatusLine).miss(since)
            self.hangs.show()

    def refuse(self, error: QmsTuiError) -> None:
        """Say why something was not done; leave, where nothing can be."""
        if isinstance(error, OpeningError):
            self.refusal = error
            self.exit()
        elif self.is_running:
            said = f"{error.message}\n{error.hint}" if error.hint else error.message
            self.notify(said, severity=severity_of(error), markup=False)

    def write_clipboard(self, agent: str, data: bytes) -> None:
        """Put on the human's clipboard what an agent's program wants there, if it may."""
        self._clipboard_requests.write(agent, data)

    def tell_outside(self, text: str) -> None:
        """Hand a notification to the terminal that we run in, if it shall have any."""
        sequence = outer_notification(self.session.config.notify.outer, text)
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    # -- where the human looks --------------------------------------------------------------------------

    def on_app_focus(self) -> None:
        """The human is back at the terminal that we run in."""
        self.daemon.look_at(self.pane.agent.name)

    def watch_app_focus(self, focus: bool) -> None:
        """The human has turned to the terminal that we run in, or away from it."""
        if self.is_running:
            self.daemon.look_at(self.pane.agent.name if focus else "")

    def on_descendant_focus(self) -> None:
        """The keyboard is elsewhere now, by whatever means."""
        self.daemon.look_at(self.pane.agent.name)
        if not self.app_focus:
            self.daemon.look_at("")
        self.arranging.remember()

    # -- what the keys do -------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Over an open dialog only leaving works: the dialog has the keys. One key is ours at times only."""
        if action == "restart_hung" and not parameters and not self.hangs.names:
            return False
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
        if (pane := self.arranging.toward(direction)) is not None:
            self._focus(pane)

    def action_scroll(self) -> None:
        """Look back into the history of the focused pane."""
        self.pane.look_back()

    def action_links(self) -> None:
        """List the addresses of the focused pane; one may be copied or opened."""
        self._addresses.offer()

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Open an address; Textual's own would let a browser write over the panes, or take their keys."""
        self.run_worker(self._addresses.open(url))

    def action_zoom(self) -> None:
        """One pane large, and back."""
        self.arranging.zoom()

    def action_layout(self) -> None:
        """The next arrangement."""
        self.arranging.choose_next()

    def action_sidebar(self) -> None:
        """Open the inboxes, or go back to the agent."""
        self.desk.toggle()

    def action_attend(self) -> None:
        """Go to the agent that has waited longest for the human, or to the next one."""
        self.attention.go_to_next()

    def action_explain(self) -> None:
        """Show why the agent's state is what it is."""
        self.attention.explain()

    def action_wake(self) -> None:
        """Have the agent told of its inbox."""
        self._agents.wake()

    def action_write(self) -> None:
        """Write a message."""
        self.desk.write()

    def open_after_asking(self, agent: str) -> None:
        """An agent without a pane gets one, if the human wants."""
        self._agents.offer(agent)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(HelpScreen(self._prefix, self._menu, self.session.outlives))

    async def action_menu(self) -> None:
        """Show the commands and do the chosen one."""
        self.push_screen(MenuScreen(self._prefix), self._chosen)

    async def _chosen(self, action: str | None) -> None:
        if action == MenuScreen.LITERAL:
            self.pane.send_key(self._prefix)
        elif action is not None:
            await self.run_action(action)

    def action_restart(self, fresh: bool = False) -> None:
        """Start the agent anew; a fresh one does not go on with its conversation."""
        self._agents.restart(fresh)

    def action_rebuild(self) -> None:
        """Build the image of the agent anew, and start the agent in it."""
        self._agents.rebuild()

    def action_unpause(self) -> None:
        """Let the agent's program go on that was paused."""
        self._agents.unpause()

    def action_stop(self) -> None:
        """End the agent's program."""
        self._agents.stop()

    def action_restart_hung(self, by_menu: bool = False) -> None:
        """Restart the daemon or the keeper if it hangs; its key is the agent's if neither does."""
        self.hangs.restart()

    def action_add(self) -> None:
        """Choose one more agent of the roster."""
        self.ahead_of_keys(self._agents.pick())

    def action_leave(self) -> None:
        """Close the screen; programs go on, but for the demo's."""
        self.exit()

    async def action_quit(self) -> None:
        """Textual's own for Ctrl+Q, which goes before ours."""
        self.action_leave()
