"""One agent on the screen: a frame with its name and state, and its live terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic

import msgspec.structs
from rich.segment import Segment
from textual import events, on
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from qms_tui.api.agents import STARTABLE, AgentState, AgentView
from qms_tui.runtime import Size
from qms_tui.terminal import (
    Key,
    Modes,
    MouseEvent,
    Run,
    Style,
    Terminal,
    encode_key,
    encode_mouse,
)
from qms_tui.ui.cursor import with_cursor
from qms_tui.ui.driver import TerminalKey, TerminalPaste
from qms_tui.ui.frame import footnote, instead, title
from qms_tui.ui.history import LEAVING, step
from qms_tui.ui.keys import key_bytes, key_from_textual, mouse_from_textual
from qms_tui.ui.letterbox import WHOLE, beside, hidden, look_at
from qms_tui.ui.odd_cells import held_runs, is_odd
from qms_tui.ui.paint import paint_rows
from qms_tui.ui.palette import Palette, faint_style, rich_style
from qms_tui.ui.side_buttons import SideButtonDown, SideButtonUp
from qms_tui.ui.terminals.link import Link

HOLD = 0.15  # seconds that a program's synchronized output (mode 2026) may keep the pane from painting
FRAME = 1 / 60  # seconds between two paintings of the focused pane: no screen shows more
UNFOCUSED_PERIOD = 1 / 15  # seconds between two paintings of a pane nobody types into: streams stay readable
TITLE_PERIOD = 0.2  # seconds between a program's change of its title and the frame that shows it
WHEEL_ROWS = 3  # rows of history per notch of the wheel, as in most terminals
_PLAIN = Style()
# Of an agent, what stands in the frame alone, or nowhere.
_IN_FRAME = {"usage", "title", "state_at", "typed_at"}
_IN_PANE = [name for name in AgentView.__match_args__ if name not in _IN_FRAME]


def _for_modes(event: events.Key, modes: Modes) -> bytes | None:
    """A key's bytes as they came, or encoded anew, for a program with these modes."""
    if isinstance(event, TerminalKey):
        return key_bytes(event.terminal_key, event.data, event.outer, modes)
    key = key_from_textual(event.key, event.character)
    return encode_key(key, modes) if key else None


class Pane(Widget, can_focus=True):
    """Paints the agent's terminal and gives it the keys.

    `render_line` is pure; what changed is refreshed row by row when the agent tells of output.
    """

    ALLOW_MAXIMIZE = False

    class Scrolled(Message):
        """The view moved in the history."""

    def __init__(
        self,
        link: Link,
        agent: AgentView,
        number: int,
        color: str,
        palette: Callable[[], Palette],
        ours: frozenset[str],
        menu: str,
        paste: Callable[[Pane, bytes], None],
    ) -> None:
        """`ours` are the names of the keys that do not belong to the agent; `menu` opens the menu.

        `paste` gives the program what it gets of a paste.
        """
        super().__init__(id=f"pane-{link.agent}", classes="pane")
        self.link, self._daemons = link, agent  # as its daemon has it
        self.agent = self._seen(agent)
        self.number = number
        self.color = color
        self._palette = palette
        self.waiting = 0  # items in the agent's inbox
        self._ours, self._menu, self._paste = ours, menu, paste
        self._terminal = self._adopted(link.terminal)
        self._strips: dict[int, Strip] = {}
        self._back = 0  # rows between the view and the newest row
        self._looks_back = False  # the keys move the view; also at the newest row, and without any history
        self._view = WHOLE  # of a terminal that is larger than the pane: the part that is shown
        self._cursor_row = 0
        self._painted_at = self._held_since = 0.0  # seconds of the monotonic clock; 0 for never
        self._cost = 0.0  # seconds that the last painting took
        self._mouse: tuple[MouseEvent, Modes] | None = None  # the last one, and the modes it was for
        self._soon: asyncio.TimerHandle | None = None
        self._title: asyncio.TimerHandle | None = None
        self._above = self._below = Content("")  # what the frame says

    # -- size -------------------------------------------------------------------------------------------

    @property
    def terminal_size(self) -> Size | None:
        """Cells inside the frame; None while the pane is not laid out."""
        size = self.content_size
        return Size(size.width, size.height) if size.width > 0 and size.height > 0 else None

    def on_resize(self) -> None:
        """The layout gave the pane a size, which the app tells the agent."""
        if self.terminal_size is not None and self.display:
            self.show_terminal()

    # -- facts from the agent ---------------------------------------------------------------------------

    def show_terminal(self) -> None:
        """The terminal is another one, or has another size."""
        if self.link.terminal is not self._terminal:
            self._terminal, self._back, self._held_since = self._adopted(self.link.terminal), 0, 0.0
        self._aim()
        self._back = min(self._back, self._most_back)
        self._show_all()

    def show_output(self) -> None:
        """Paint what the program changed: now, or soon where now would be too often or too early."""
        if not self.display or not self.is_attached:
            return  # the damage waits in the terminal
        now = monotonic()
        due = self._due(now)
        if self._soon is not None:
            if due >= self._soon.when():
                return
            self._soon.cancel()
        if due <= now:
            self._paint()
        else:
            self._soon = asyncio.get_running_loop().call_at(due, self._paint)

    def _adopted(self, terminal: Terminal) -> Terminal:
        """A terminal whose program is told our colours when it asks for them."""
        for key, color in self._palette().colors.items():
            terminal.colors.set_default(key, *color)
        return terminal

    def _due(self, now: float) -> float:
        """When to paint, in seconds of the monotonic clock, which is the event loop's.

        Long enough after the last painting that a flood of output leaves time for reading and for keys.
        """
        if self.link.terminal.synchronized:
            self._held_since = self._held_since or now
            return self._held_since + HOLD
        self._held_since = 0.0
        period, share = (FRAME, 2) if self.has_focus else (UNFOCUSED_PERIOD, 12)
        return self._painted_at + max(period, share * self._cost)

    def _paint(self) -> None:
        began = monotonic()
        self._soon, self._held_since = None, 0.0
        terminal = self.link.terminal
        damage = terminal.take_damage()
        rows = set(damage.rows) | {self._cursor_row, terminal.cursor.row}
        self._cursor_row = terminal.cursor.row
        if self._back:  # keep the rows in view in place while the program goes on below
            self._back = min(self._back + damage.history_added, self._most_back)
            self._show_all()
        elif self._aim():
            self._show_all()
        else:
            if self._view.top:
                rows = {row - self._view.top for row in rows}
            for row in rows:
                self._strips.pop(row, None)
            paint_rows(self, rows)
        self._painted_at = monotonic()
        self._cost = self._painted_at - began

    def _aim(self) -> bool:
        """Choose the part of the terminal to show; whether it is another one than before."""
        before, (width, height) = self._view, self.size
        self._view = look_at(self.link.terminal, width, height, before)
        return self._view != before

    @property
    def _most_back(self) -> int:
        """How many rows there are above those in view while the view follows the output."""
        return self.link.terminal.history_length + self._view.top

    def show_agent(self, agent: AgentView) -> bool:
        """Bring the frame up to date, and what a state shows instead of a terminal.

        False if there is no more to it than a title or figures, which stand in the frame alone.
        """
        self._daemons = agent
        before, agent = self.agent, self._seen(agent)
        self.agent = agent
        if all(getattr(before, name) == getattr(agent, name) for name in _IN_PANE):
            self._show_frame_soon()
            return False
        self.set_class(agent.state in STARTABLE, "-ended")
        self._show_all()
        return True

    def show_link(self) -> bool:
        """The way to its terminal is another one; whether there is more to it than figures."""
        is_news = self.show_agent(self._daemons)
        self.show_frame()
        return is_news

    def _seen(self, agent: AgentView) -> AgentView:
        """The agent as its daemon has it, and what the way to its terminal knows better."""
        link = self.link
        return msgspec.structs.replace(
            agent,
            remark=link.remark or agent.remark,
            leads=link.leads,
            leader=link.leader,
        )

    def show_waiting(self, count: int) -> None:
        """So many items wait in the agent's inbox."""
        if count != self.waiting:
            self.waiting = count
            self.show_frame()

    def _show_frame_soon(self) -> None:
        """Some programs change their titles many times a second."""
        if self._title is None:
            self._title = asyncio.get_running_loop().call_later(TITLE_PERIOD, self._show_title)

    def _show_title(self) -> None:
        self._title = None
        self.show_frame()

    def show_frame(self) -> None:
        """Bring the frame up to date; painted only if it says something else than before."""
        agent, terminal, (width, height) = self.agent, self.link.terminal, self.size
        cut = hidden(terminal, width, height, self._view)
        same = (terminal.columns, terminal.lines) == (width, height)
        above = title(agent, self.number, self.color, self.waiting)
        rows, keys = self._most_back if self._looks_back else None, self.link.keys_waiting
        below = footnote(
            agent, terminal, self._back, cut, same, width - 2, above=rows, keys=keys, menu=self._menu
        )
        if not (above.is_same(self._above) and below.is_same(self._below)):
            self._above, self._below = above, below
            self.border_title, self.border_subtitle = above, below  # which paint all of the pane anew

    def _show_all(self) -> None:
        self.show_frame()
        self.repaint()

    def repaint(self) -> None:
        """Forget what was painted; everything may be different."""
        self._strips.clear()
        self.refresh()

    # -- painting ---------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row of the terminal, or of its history while scrolled back."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip(y)
        return strip

    def _strip(self, y: int) -> Strip:
        width, terminal, palette = self.size.width, self.link.terminal, self._palette()
        blank = rich_style(_PLAIN, palette)
        message = self._message(y)
        if message is not None:
            return Strip([Segment(message.center(width)[:width], blank)], width)
        row = y - self._back + self._view.top
        if row >= terminal.lines:
            return self._beside(row) or Strip.blank(width, blank)
        runs: Sequence[Run] = terminal.styled(row)
        if any(is_odd(run.text) for run in runs):
            texts = held_runs(runs, terminal.cells(row))
            runs = [run._replace(text=text) for run, text in zip(runs, texts, strict=True)]
        segments = [Segment(run.text, rich_style(run.style, palette)) for run in runs]
        strip = Strip(segments, terminal.columns)
        if not self._looks_back and row == terminal.cursor.row and self._shows_cursor:
            strip = with_cursor(strip, terminal.cursor, self.has_focus)
        if self._view.left:
            strip = strip.crop(self._view.left, self._view.left + width)
        if terminal.columns < width and not self.agent.leads:
            strip = Strip.join([strip, self._beside(row)])
        return strip.adjust_cell_length(width, blank)

    def _beside(self, row: int) -> Strip | None:
        """What lies right of a terminal's row, or below the last one; None where it is about to be its."""
        if self.agent.leads:
            return None
        terminal = self.link.terminal
        text = beside(row, self.size.width, terminal.columns, terminal.lines)
        return Strip([Segment(text, faint_style(self._palette()))], len(text))

    def _message(self, y: int) -> str | None:
        """Row `y` of what stands in the pane instead of a terminal."""
        lines = instead(self.agent, max(10, self.size.width - 4), self._menu)
        if lines is None:
            return None
        first = max(0, (self.size.height - len(lines)) // 2)
        return lines[y - first] if first <= y < first + len(lines) else ""

    @property
    def _shows_cursor(self) -> bool:
        return self.link.terminal.cursor.visible and self.agent.state is AgentState.RUNNING

    # -- input ------------------------------------------------------------------------------------------

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Every key belongs to the agent, except the few of ours."""
        return key not in self._ours

    def on_key(self, event: events.Key) -> None:
        """Give the key to the agent."""
        event.stop()
        event.prevent_default()
        self.give(event)

    def give(self, event: events.Key) -> None:
        """Send a key to the agent: its bytes as they came, or encoded anew.

        None that is typed while the view is back in the history, or the program has ended: Esc would
        interrupt the client's turn, and the rest of a sentence would act on whatever comes next.
        """
        if self._looks_back:
            self._move(event.key)
        elif self.agent.state not in STARTABLE:
            self.link.type(partial(_for_modes, event))

    def _move(self, key: str) -> None:
        """What a key does to a view that is back in the history: leave it, move it, or nothing."""
        if key in LEAVING:
            self.follow()
            return
        rows = step(key, self._page, self._most_back)
        if rows:
            self._show_back(self._back + rows, True)

    def send_key(self, name: str) -> None:
        """Give the agent a key by its Textual name."""
        self.give(events.Key(name, None))

    def on_paste(self, event: events.Paste) -> None:
        """Give the pasted text to the agent, or say why it does not get it."""
        event.stop()
        if self._looks_back:
            self._refuse("Esc leaves its history; then paste again")
        elif self.agent.state in STARTABLE:
            self._refuse("it does not run")
        else:
            data = event.data if isinstance(event, TerminalPaste) else event.text.encode()
            self._paste(self, data)

    def _refuse(self, why: str) -> None:
        self.notify(f"Not pasted into {self.agent.name}: {why}.", severity="warning", markup=False)

    def on_unmount(self) -> None:
        """Nothing is left to paint."""
        for timer in (self._soon, self._title):
            if timer is not None:
                timer.cancel()

    def on_show(self) -> None:
        """The pane came into view: what it was painted with is old."""
        self.repaint()

    def on_focus(self) -> None:
        """The keyboard came here."""
        self.link.focus(True)
        self.repaint()

    def on_blur(self) -> None:
        """The keyboard went elsewhere."""
        self.link.focus(False)
        self.repaint()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel: to the program that asked for the mouse, else through the history."""
        event.stop()
        if not self._to_program(event):
            self._wheel(WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """As `on_mouse_scroll_up`."""
        event.stop()
        if not self._to_program(event):
            self._wheel(-WHEEL_ROWS)

    @on(events.MouseScrollLeft)
    @on(events.MouseScrollRight)
    @on(SideButtonDown)
    @on(SideButtonUp)
    def use_in_program(self, event: events.MouseEvent) -> None:
        """What means nothing to us goes to the program that asked for the mouse."""
        event.stop()
        self._to_program(event)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click focuses (Textual does that); the program sees it if it asked for the mouse."""
        self._to_program(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """As `on_mouse_down`."""
        self._to_program(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """As `on_mouse_down`."""
        self._to_program(event)

    def _wheel(self, rows: int) -> None:
        modes = self.link.terminal.modes
        if modes.alternate_screen and modes.alternate_scroll and not self._looks_back:
            # A full-screen program has no history; xterm's alternateScroll gives it cursor keys instead.
            key = encode_key(Key("up" if rows > 0 else "down"), modes)
            self.link.send((key or b"") * abs(rows))
        else:
            self.scroll_history(rows)

    @property
    def _page(self) -> int:
        """Rows of a page; one stays in view."""
        return max(1, min(self.size.height, self.link.terminal.lines) - 1)

    def look_back(self) -> None:
        """Go a page back into the history, where the keys move the view until one leaves it."""
        self._show_back(self._back + self._page, True)

    def scroll_history(self, rows: int) -> None:
        """Move the view up (positive) or down by rows, as the wheel does: the newest row ends it."""
        self._show_back(self._back + rows, self._back + rows > 0 < self._most_back)

    def follow(self) -> None:
        """Show the newest row, and give the keys to the agent again."""
        self._show_back(0, False)

    def _show_back(self, rows: int, looks_back: bool) -> None:
        before = self._back, self._looks_back
        self._back, self._looks_back = max(0, min(rows, self._most_back)), looks_back
        if before != (self._back, looks_back):
            if not self._back:
                self._aim()
            self._show_all()

    def _to_program(self, event: events.MouseEvent) -> bool:
        cell = self._cell(event)
        if cell is None:
            return False
        mouse, modes = mouse_from_textual(event, *cell), self.link.terminal.modes
        if mouse is None or (isinstance(event, events.MouseMove) and (mouse, modes) == self._mouse):
            return False  # a terminal that reports pixels moves many times within one cell
        self._mouse = mouse, modes
        width, height = self.link.terminal.cell_pixels
        # For programs that ask for pixels (1016): the cell's middle.
        x, y = mouse.column * width + width // 2, mouse.row * height + height // 2
        data = encode_mouse(replace(mouse, pixel_x=x, pixel_y=y), modes)
        if data:
            self.link.send(data)
        return bool(data)

    def _cell(self, event: events.MouseEvent) -> tuple[int, int] | None:
        """The terminal's column and row under the mouse, if the program may be told of it.

        Not of a mouse that only moves over the pane of who follows: that is no typing, and would take over.
        """
        agent, terminal, offset = self.agent, self.link.terminal, event.get_content_offset(self)
        if offset is None or self._looks_back or agent.state is not AgentState.RUNNING:
            return None
        if not agent.leads and isinstance(event, events.MouseMove):
            return None
        column, row = offset.x + self._view.left, offset.y + self._view.top
        return (column, row) if column < terminal.columns and row < terminal.lines else None
