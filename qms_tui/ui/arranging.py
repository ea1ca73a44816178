"""How the panes stand on the screen: chosen by the human, remembered, and moved about in."""

from __future__ import annotations

from textual.geometry import Region

from qms_tui.remembered import View
from qms_tui.runtime import Size
from qms_tui.ui.chrome import TabLine
from qms_tui.ui.desk import Desk
from qms_tui.ui.layout import Layout, arrange, nearest, places, spans
from qms_tui.ui.pane import Pane
from qms_tui.ui.shell import Shell


class Arranging:
    """Gives the panes their places; `app` owns this."""

    def __init__(self, app: Shell, desk: Desk, view: View) -> None:
        self._app, self._desk = app, desk
        self.choice = Layout.remembered(view.arrangement)
        self.zoomed = view.zoomed
        self.tabbed = False
        """Whether one pane at a time is shown."""
        self._places: list[Region] = []  # of the panes among each other; none while one at a time is shown
        self._remembered: View | None = None

    @property
    def name(self) -> str:
        """In a word; empty for the usual one."""
        return "zoomed" if self.zoomed else "" if self.choice is Layout.AUTO else self.choice.value

    def zoom(self) -> None:
        """One pane large, and back."""
        self.zoomed = not self.zoomed
        self.rearrange()

    def choose_next(self) -> None:
        """The next arrangement."""
        self.zoomed = False
        self.choice = self.choice.next
        self.rearrange()

    def rearrange(self) -> None:
        """Give the panes their places; hidden ones keep running at the size of the one in view."""
        app, panes = self._app, self._app.panes
        self._desk.arrange()
        room = Size(app.size.width - self._desk.taken, app.size.height - 1)  # the status line
        grid = arrange(len(panes), room, Layout.TABS if self.zoomed else self.choice)
        self.tabbed = grid.tabs
        tracks, taken = (1, [1] * len(panes)) if grid.tabs else spans(len(panes), grid)
        self._places = [] if grid.tabs else places(tracks, taken)
        container = app.base.query_one("#panes")
        container.styles.grid_size_columns = tracks
        container.styles.grid_size_rows = 1 if grid.tabs else grid.rows
        for pane, span in zip(panes, taken, strict=True):
            pane.styles.column_span = span
            pane.display = not grid.tabs or pane is app.pane
        app.base.query_one(TabLine).set_class(grid.tabs, "-shown")
        app.show_chrome()
        self.remember()

    def toward(self, direction: str) -> Pane | None:
        """The nearest pane on that side of the focused one."""
        if not self._places:
            return None
        # Not the panes' regions: those of a new arrangement hold only after the next layout.
        panes = self._app.panes
        here = self._places[panes.index(self._app.pane)]
        return panes[self._places.index(nearest(direction, here, self._places))]

    def remember(self) -> None:
        """Keep it where it survives us, however we end."""
        memory = self._app.session.memory
        names = tuple(pane.agent.name for pane in self._app.panes)
        view = View(names, self.choice.word, self.zoomed, self._app.pane.agent.name)
        if memory is not None and view != self._remembered:
            self._remembered = view
            memory.write(view)
