"""The list of what has arrived: two rows for each item, newest first, drawn as far as it is in view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from time import time
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from qms_tui.api.commands import Items
from qms_tui.api.inbox import InboxItem
from qms_tui.text.times import age
from qms_tui.ui.input import hand_on
from qms_tui.ui.keymap import SIDEBAR_KEYS
from qms_tui.ui.receipts import receipt

ROWS = 2  # of an item
_MINUTE = 60.0  # seconds; below, an age is not worth to be kept up to date
_PLAIN, _BOLD, _DIM = Style(), Style(bold=True), Style(dim=True)
_CHOSEN = "notifications--chosen"
_EMPTY = Items()
Ask = Callable[[str, InboxItem | None], None]
"""Told an action of the sidebar's keys, and the chosen item if there is one."""


class Notifications(Widget, can_focus=True):
    """Shows items; one is chosen and stays so while others come and go.

    No ScrollView: that lays out the whole screen whenever its list gets longer.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {_CHOSEN}

    def __init__(self, color: Callable[[str], str], ask: Ask) -> None:
        """`color` gives an agent's; `ask` is called at once: the next key may be for somebody else then."""
        super().__init__(id="notifications")
        self._color = color
        self._ask = ask
        self._shown = _EMPTY
        self._at = 0  # the chosen item
        self._top = 0  # the first row in view
        self._base: Style | None = None
        self._actions = {key: command.action for command in SIDEBAR_KEYS for key in command.keys}

    @property
    def chosen(self) -> InboxItem | None:
        """The item that keys are about."""
        return self._shown.items[self._at] if self._shown.items else None

    def show(self, found: Items) -> None:
        """Show these. The chosen one stays in its place on the screen as well as that goes."""
        before, old, self._shown = self.chosen, self._at, found
        self._at = _find(found.items, before, old)
        if self._top:
            self._top += ROWS * (self._at - old)
        self._scroll(0)

    @property
    def place(self) -> str:
        """Which one is chosen, of how many."""
        count = len(self._shown.items)
        return f"{self._at + 1:,} of {count + self._shown.more:,}" if count else ""

    def notify_style_update(self) -> None:
        """The theme, or who has the keyboard, is another."""
        super().notify_style_update()
        self._base = None

    def on_resize(self) -> None:
        """The chosen one stays in view."""
        self.choose(self._at)

    def choose(self, index: int) -> None:
        """Choose the item at an index, as near as there is one."""
        self._at = max(0, min(index, len(self._shown.items) - 1))
        first, last = ROWS * self._at, ROWS * (self._at + 1) - self.size.height
        self._top = max(last, min(self._top, first))
        self._scroll(0)
        self._ask("move", self.chosen)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self._scroll(ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self._scroll(-ROWS)

    def _scroll(self, rows: int) -> None:
        extent = ROWS * len(self._shown.items) + bool(self._shown.more)
        self._top = max(0, min(self._top + rows, extent - self.size.height))
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Every key is for the list, none for an agent."""
        if self.app.screen is not self.screen or self.screen.focused is not self:
            hand_on(self, event)
            return
        event.stop()
        event.prevent_default()
        action = self._actions.get(event.key)
        if action == "move":
            self._move(event.key)
        elif action is not None:
            self._ask(action, self.chosen)

    def on_click(self, event: events.Click) -> None:
        """Choose; a double click reads."""
        offset = event.get_content_offset(self)
        if offset is None or (index := (offset.y + self._top) // ROWS) >= len(self._shown.items):
            return
        self.choose(index)
        if event.chain == 2:
            self._ask("preview", self.chosen)

    def _move(self, key: str) -> None:
        page = max(1, self.size.height // ROWS - 1)
        last = len(self._shown.items)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page, "home": -last, "end": last}
        self.choose(self._at + steps[key])

    # -- painting: segments and no Content, whose rendering of a screenful takes long enough to hold up a key

    def render_line(self, y: int) -> Strip:
        """One row of the list."""
        width = self.content_size.width
        index, second = divmod(y + self._top, ROWS)
        base = self._base = self._base or self.rich_style
        if index >= len(self._shown.items):
            return Strip([Segment(_fit(self._rest(index, second), width), base + _DIM)], width)
        if index == self._at and self.has_focus:
            base += self.get_component_rich_style(_CHOSEN, partial=True)
        item = self._shown.items[index]
        left, right = self._below(item) if second else self._above(item)
        look = self._look(item)
        room = max(0, width - 2 - cell_len(right.text))
        cells = [Segment("▎", look), *_fitting(left, room), Segment(" "), right]
        return Strip(Segment.apply_style(cells, base), width).adjust_cell_length(width, base)

    def _above(self, item: InboxItem) -> tuple[list[Segment], Segment]:
        seconds = time() - item.arrived
        when = age(seconds) if seconds >= _MINUTE else "now"
        return [Segment(item.headline, _DIM if item.consumed else _BOLD)], Segment(when, _DIM)

    def _below(self, item: InboxItem) -> tuple[list[Segment], Segment]:
        sender = f" · from {item.sender}" if item.sender else ""
        left = [Segment(item.agent, self._look(item)), Segment(f" · {item.kind.value}{sender}", _DIM)]
        if item.consumed is None:
            known = receipt(item, time()) or "pending"
            return left, Segment(known, Style.parse(self.app.theme_variables["warning"]))
        return left, Segment(f"✓ after {age(item.consumed - item.arrived)}", _DIM)

    def _look(self, item: InboxItem) -> Style:
        return _agent_style(self._color(item.agent)) + (_DIM if item.consumed else _PLAIN)

    def _rest(self, index: int, second: int) -> str:
        if not self._shown.items:
            return "" if index or second else " nothing"
        more = index == len(self._shown.items) and not second and self._shown.more
        return f" {more:,} older: search for them" if more else ""


@lru_cache(maxsize=256)
def _agent_style(color: str) -> Style:
    """Of a name of a colour, or #rrggbb."""
    return Style(color=Color.parse(color).rich_color)


def _fitting(segments: Sequence[Segment], width: int) -> Iterator[Segment]:
    """The segments in exactly so many cells."""
    for segment in segments[:-1]:
        text = _fit(segment.text, min(width, cell_len(segment.text)))
        width -= cell_len(text)
        yield Segment(text, segment.style)
    yield Segment(_fit(segments[-1].text, width), segments[-1].style)


def _fit(text: str, width: int) -> str:
    """The text in exactly so many cells."""
    if cell_len(text) > width > 0:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, max(0, width))


def _find(items: Sequence[InboxItem], chosen: InboxItem | None, index: int) -> int:
    """Where the chosen item is now; if it is nowhere, what stands in its place."""
    if chosen is not None:
        key = (chosen.agent, chosen.id, chosen.arrived)
        for at, item in enumerate(items):
            if (item.agent, item.id, item.arrived) == key:
                return at
    return max(0, min(index, len(items) - 1))
