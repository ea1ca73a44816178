"""One agent on the screen: a frame with its name and state, and its live terminal."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from qms_tui.agents import Agent, AgentState
from qms_tui.runtime import Size
from qms_tui.terminal import Key, Style, encode_key, encode_mouse
from qms_tui.ui.driver import TerminalKey, TerminalPaste
from qms_tui.ui.keys import key_bytes, key_from_textual, mouse_from_textual
from qms_tui.ui.palette import Palette, rich_style

WHEEL_ROWS = 3  # rows of history per notch of the wheel, as in most terminals
_MARKS = {
    AgentState.RUNNING: "●",
    AgentState.STARTING: "◌",
    AgentState.ATTACHING: "◌",
    AgentState.STOPPING: "◌",
    AgentState.UNREACHABLE: "▲",
}


_OVER = (AgentState.ENDED, AgentState.FAILED)
_PLAIN = Style()


class Pane(Widget, can_focus=True):
    """Paints the agent's terminal and gives it the keys.

    `render_line` is pure; what changed is refreshed row by row when the agent tells of output.
    """

    ALLOW_MAXIMIZE = False

    class Scrolled(Message):
        """The view moved in the history."""

    def __init__(
        self,
        agent: Agent,
        number: int,
        color: str,
        palette: Callable[[], Palette],
        ours: frozenset[str],
    ) -> None:
        """`ours` are the names of the keys that do not belong to the agent."""
        super().__init__(id=f"pane-{agent.name}", classes="pane")
        self.agent = agent
        self.number = number
        self.color = color
        self._palette = palette
        self._ours = ours
        self._terminal = agent.terminal
        self._strips: dict[int, Strip] = {}
        self._back = 0  # rows between the view and the newest row; 0 follows the output
        self._cursor_row = 0

    # -- size -------------------------------------------------------------------------------------------

    @property
    def terminal_size(self) -> Size | None:
        """Cells inside the frame; None while the pane is not laid out."""
        size = self.content_size
        return Size(size.width, size.height) if size.width > 0 and size.height > 0 else None

    def on_resize(self) -> None:
        """The layout gave the pane a size."""
        size = self.terminal_size
        if size is not None and self.display:
            self.agent.resize(size)
            self.repaint()

    # -- facts from the agent ---------------------------------------------------------------------------

    def show_output(self) -> None:
        """Repaint what the program changed."""
        terminal = self.agent.terminal
        if terminal is not self._terminal:
            self._terminal, self._back = terminal, 0
            self.repaint()
        damage = terminal.take_damage()
        if self._back:  # keep the rows in view in place while the program goes on below
            self._back = min(self._back + damage.history_added, terminal.history_length)
        if not self.display or not self.is_attached:
            self._strips.clear()
            return
        rows = set(damage.rows) | {self._cursor_row, terminal.cursor.row}
        self._cursor_row = terminal.cursor.row
        for row in rows:
            self._strips.pop(row, None)
        if self._back:
            self.refresh()
        elif rows:
            width = self.content_size.width
            self.refresh(*(Region(0, row, width, 1) for row in rows))

    def show_state(self) -> None:
        """Bring the frame's title up to date."""
        agent = self.agent
        mark = _MARKS.get(agent.state, "○")
        title = Content.styled(f" {self.number} {agent.name} ", f"bold {self.color}")
        where = "" if agent.isolated else " · local, not isolated"
        title += Content.styled(f"{mark} {agent.state.value}{where} ", self.color)
        if agent.title not in ("", agent.name):
            title += Content.styled(f"· {agent.title} ", "dim")
        self.border_title = title
        self.border_subtitle = Content(_footnote(agent, self._back))
        self.set_class(agent.state in (AgentState.ENDED, AgentState.FAILED), "-ended")
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
        width, terminal, palette = self.size.width, self.agent.terminal, self._palette()
        blank = rich_style(_PLAIN, palette)
        message = self._message(y)
        if message is not None:
            return Strip([Segment(message.center(width)[:width], blank)], width)
        if y >= terminal.lines:
            return Strip.blank(width, blank)
        segments = [
            Segment(run.text, rich_style(run.style, palette)) for run in terminal.styled(y - self._back)
        ]
        strip = Strip(segments, terminal.columns)
        if not self._back and y == terminal.cursor.row and self._shows_cursor:
            strip = _with_cursor(strip, terminal.cursor.column, self.has_focus)
        return strip.adjust_cell_length(width, blank)

    def _message(self, y: int) -> str | None:
        """Row `y` of what stands in the pane instead of a terminal: under way, or why there is none."""
        trouble = self.agent.trouble
        if self.agent.state is AgentState.FAILED and trouble is not None:
            width = max(10, self.size.width - 4)
            lines = [*wrap(trouble.message, width), "", *wrap(trouble.hint, width), "", "r tries again"]
        elif self.agent.state in (AgentState.STARTING, AgentState.ATTACHING):
            lines = [f"{self.agent.state.value} {self.agent.name} …"]
        else:
            return None
        first = max(0, (self.size.height - len(lines)) // 2)
        return lines[y - first] if first <= y < first + len(lines) else ""

    @property
    def _shows_cursor(self) -> bool:
        return self.agent.terminal.cursor.visible and self.agent.state is AgentState.RUNNING

    # -- input ------------------------------------------------------------------------------------------

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Every key belongs to the agent, except the few of ours."""
        return key not in self._ours

    def on_key(self, event: events.Key) -> None:
        """Give the key to the agent: its bytes as they came, or encoded anew."""
        event.stop()
        event.prevent_default()
        self._follow()
        if self.agent.state in _OVER:
            if event.key == "r":  # not Enter: it may end a line that was typed as the program ended
                self.agent.restart()
            return
        modes = self.agent.terminal.modes
        if isinstance(event, TerminalKey):
            data = key_bytes(event.terminal_key, event.data, event.outer, modes)
        else:
            key = key_from_textual(event.key, event.character)
            data = encode_key(key, modes) if key else None
        if data:
            self.agent.send(data)

    def send_key(self, name: str) -> None:
        """Give the agent a key by its Textual name."""
        key = key_from_textual(name, None)
        data = encode_key(key, self.agent.terminal.modes) if key else None
        if data:
            self.agent.send(data)

    def on_paste(self, event: events.Paste) -> None:
        """Give the pasted text to the agent."""
        event.stop()
        self._follow()
        data = event.data if isinstance(event, TerminalPaste) else event.text.encode()
        self.agent.paste(data)

    def on_focus(self) -> None:
        """The keyboard came here."""
        self.agent.focus(True)
        self.repaint()

    def on_blur(self) -> None:
        """The keyboard went elsewhere."""
        self.agent.focus(False)
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
        modes = self.agent.terminal.modes
        if modes.alternate_screen and modes.alternate_scroll:
            # A full-screen program has no history; xterm's alternateScroll gives it cursor keys instead.
            key = encode_key(Key("up" if rows > 0 else "down"), modes)
            self.agent.send((key or b"") * abs(rows))
        else:
            self.scroll_history(rows)

    def scroll_history(self, rows: int) -> None:
        """Move the view up (positive) or down by rows."""
        back = max(0, min(self._back + rows, self.agent.terminal.history_length))
        if back != self._back:
            self._back = back
            self.show_state()

    def _follow(self) -> None:
        self.scroll_history(-self._back)

    def _to_program(self, event: events.MouseEvent) -> bool:
        offset = event.get_content_offset(self)
        if offset is None:
            return False
        mouse = mouse_from_textual(event, offset.x, offset.y)
        data = encode_mouse(mouse, self.agent.terminal.modes) if mouse else None
        if data:
            self.agent.send(data)
        return bool(data)


def _footnote(agent: Agent, back: int) -> str:
    """What stands at the bottom of the frame."""
    if back:
        return f" {back} rows back · any key returns "
    if agent.state is AgentState.ENDED:
        return f" {agent.ending or 'ended'} · r restarts "
    if agent.state is AgentState.UNREACHABLE and agent.trouble is not None:
        return f" {agent.trouble.message} · trying again "
    return ""


def _with_cursor(strip: Strip, column: int, focused: bool) -> Strip:
    """The strip with the cursor's cell inverted, or underlined in a pane without the keyboard."""
    before, cell, after = strip.divide([column, column + 1, strip.cell_length])
    if cell.cell_length == 0:  # the left half of a wide character lies in the cell before
        before, cell, after = strip.divide([column, column + 2, strip.cell_length])
    look = RichStyle(reverse=True) if focused else RichStyle(underline=True)
    return Strip.join([before, cell.apply_style(look), after])
