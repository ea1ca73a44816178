"""The list of what has arrived: two rows for each item, newest first, drawn as far as it is in view."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from qms_tui.inbox import Entry, View
from qms_tui.inbox.words import age
from qms_tui.ui.keymap import SIDEBAR_KEYS

ROWS = 2  # of an entry
_MINUTE = 60.0  # seconds; below, an age is not worth to be kept up to date
_CHOSEN = "notifications--chosen"
_EMPTY = View((), 0)
Ask = Callable[[str, Entry | None], None]
"""Told an action of the sidebar's keys, and the chosen entry if there is one."""


class Notifications(ScrollView, can_focus=True):
    """Shows a view of the ledger; one entry is chosen and stays so while others come and go."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_CHOSEN}

    def __init__(self, color: Callable[[str], str], ask: Ask) -> None:
        """`color` gives an agent's; `ask` is called at once: the next key may be for somebody else then."""
        super().__init__(id="notifications")
        self._color = color
        self._ask = ask
        self._view = _EMPTY
        self._at = 0
        self._actions = {key: command.action for command in SIDEBAR_KEYS for key in command.keys}

    @property
    def chosen(self) -> Entry | None:
        """The entry that keys are about."""
        return self._view.entries[self._at] if self._view.entries else None

    def show(self, view: View) -> None:
        """Show these entries. The chosen one stays in its place on the screen as well as that goes."""
        before, old, self._view = self.chosen, self._at, view
        self._at = _find(view, before, old)
        rows = ROWS * len(view.entries) + (1 if view.more or not view.entries else 0)
        self.virtual_size = Size(self.content_size.width, rows)
        if self._at != old and self.scroll_offset.y:
            self.scroll_to(y=self.scroll_offset.y + ROWS * (self._at - old), animate=False, immediate=True)
        self.refresh()

    def on_resize(self) -> None:
        """The rows are as wide as the list."""
        self.show(self._view)

    def choose(self, index: int) -> None:
        """Choose the entry at an index, as near as there is one."""
        self._at = max(0, min(index, len(self._view.entries) - 1))
        self.scroll_to_region(Region(0, ROWS * self._at, 1, ROWS), animate=False, immediate=True)
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Every key is for the list, none for an agent."""
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
        if offset is None or (index := (offset.y + self.scroll_offset.y) // ROWS) >= len(self._view.entries):
            return
        self.choose(index)
        if event.chain == 2:
            self._ask("preview", self.chosen)

    def _move(self, key: str) -> None:
        page = max(1, self.size.height // ROWS - 1)
        last = len(self._view.entries)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page, "home": -last, "end": last}
        self.choose(self._at + steps[key])

    # -- painting ---------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row of the list."""
        width = self.content_size.width
        index, second = divmod(y + self.scroll_offset.y, ROWS)
        style = self.visual_style
        if index < len(self._view.entries):
            entry = self._view.entries[index]
            content = self._below(entry, width) if second else self._above(entry, width)
            if index == self._at and self.has_focus:
                style = self.get_visual_style(_CHOSEN)
        else:
            content = Content.styled(self._rest(index, second), "dim")
        return Visual.to_strips(self, content.truncate(width, pad=True), width, 1, style, pad=True)[0]

    def _above(self, entry: Entry, width: int) -> Content:
        item = entry.item
        seconds = time() - item.arrived
        when = age(seconds) if seconds >= _MINUTE else "now"
        headline = Content.styled(item.headline, "bold" if entry.consumed is None else "dim")
        return self._row(entry, headline, Content.styled(when, "dim"), width)

    def _below(self, entry: Entry, width: int) -> Content:
        item = entry.item
        look = self._color(item.agent) + (" dim" if entry.consumed else "")
        sender = f" · from {item.sender}" if item.sender else ""
        left = Content.assemble((item.agent, look), (f" · {item.kind.value}{sender}", "dim"))
        return self._row(entry, left, _state(entry), width)

    def _row(self, entry: Entry, left: Content, right: Content, width: int) -> Content:
        look = "dim" if entry.consumed else ""
        bar = Content.styled("▎", f"{self._color(entry.item.agent)} {look}".strip())
        room = max(0, width - 2 - right.cell_length)
        return bar + left.truncate(room, ellipsis=True, pad=True) + Content(" ") + right

    def _rest(self, index: int, second: int) -> str:
        if not self._view.entries:
            return "" if index or second else " nothing"
        more = index == len(self._view.entries) and not second and self._view.more
        return f" {more:,} older: search for them" if more else ""


def _state(entry: Entry) -> Content:
    if entry.consumed is None:
        return Content.styled("pending", "$warning")
    return Content.styled(f"✓ after {age(entry.consumed - entry.item.arrived)}", "dim")


def _find(view: View, chosen: Entry | None, index: int) -> int:
    """Where the chosen item is now; if it is nowhere, what stands in its place."""
    if chosen is not None:
        key = (chosen.item.agent, chosen.item.file, chosen.item.arrived)
        for at, entry in enumerate(view.entries):
            if (entry.item.agent, entry.item.file, entry.item.arrived) == key:
                return at
    return max(0, min(index, len(view.entries) - 1))
