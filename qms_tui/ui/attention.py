"""The way to the agents that wait for the human, and why an agent's state is what it is."""

from __future__ import annotations

from functools import partial

from qms_tui.api.commands import EXPLAIN, OfAgent
from qms_tui.ui.desk import Desk
from qms_tui.ui.shell import Shell


class Attention:
    """Goes from one who waits to the next; `app` owns this."""

    def __init__(self, app: Shell, desk: Desk) -> None:
        self._app, self._desk = app, desk

    def go_to_next(self) -> None:
        """Give the keyboard to the agent that has waited longest, or to the next one from there.

        After the last one comes the human's own inbox, if anything is in it.
        """
        queue, here = self._app.daemon.mirror.waiting, self._app.pane.agent.name
        at = queue.index(here) + 1 if here in queue and not self._desk.has_keyboard else 0
        if at == len(queue) and self._desk.for_human:
            self._desk.go_to_own()
        elif queue:
            self._app.go_to(queue[at % len(queue)])
        else:
            self._app.notify("No agent waits for you.", markup=False)

    def explain(self) -> None:
        """Show why the focused agent's state is what it is."""
        from qms_tui.ui.explain import ExplainScreen

        daemon, pane = self._app.daemon, self._app.pane
        asked = partial(daemon.request, EXPLAIN, OfAgent(pane.agent.name))
        self._app.push_screen(ExplainScreen(lambda: pane.agent, asked))
