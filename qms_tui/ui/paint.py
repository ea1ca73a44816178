"""Painting one widget at once, where Textual would take turns.

A widget's refresh() reaches the screen through two message queues and a timer: six turns of the event loop,
in each of which other agents' output is read. For the echo of a key that is too late. This does what the
screen's timer does, for one widget; it is the only place that knows those names of Textual.
"""

from __future__ import annotations

from textual.widget import Widget


def paint_now(widget: Widget) -> None:
    """Bring to the terminal what `widget.refresh(...)` has marked, and nothing else.

    Left to Textual while more than single widgets is to be painted: a layout, a dialog, a batch.
    """
    screen = widget.screen
    if widget.app.screen is not screen or widget.app._batch_count:
        return
    if screen._layout_required or screen._repaint_required:
        return
    others = screen._dirty_widgets - {widget}
    screen._compositor.update_widgets({widget})
    screen._compositor_refresh()
    screen._dirty_widgets |= others  # it forgets them, painted or not
