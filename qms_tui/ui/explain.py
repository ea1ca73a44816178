"""Why an agent's state is what it is: its lights, what each source said and when, the rule that decided."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from qms_tui.activity import Told
from qms_tui.core import AgentView
from qms_tui.text.times import age
from qms_tui.ui.frame import detail, mark, word
from qms_tui.ui.lights import rows
from qms_tui.ui.screens import Dialog

PERIOD = 0.5  # seconds between two times that it is brought up to date


class ExplainScreen(Dialog[None]):
    """Kept up to date while it is open; Esc, q, e or Enter closes it."""

    def __init__(self, read: Callable[[], AgentView], told: Callable[[], Sequence[Told]]) -> None:
        """`read` gives what there is to know of the agent, `told` asks all sources."""
        super().__init__()
        self._read, self._told = read, told

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="explain"):
            yield Static(id="explanation")
            yield Static(Content.styled("Esc closes", "dim"))

    def on_mount(self) -> None:
        self._show()
        self.set_interval(PERIOD, self._show)
        self.query_one("#explain").focus()

    def take(self, event: events.Key) -> None:
        if event.key in ("escape", "q", "e", "enter"):
            event.stop()
            self.dismiss(None)

    def _show(self) -> None:
        agent, now = self._read(), time.time()
        activity = agent.activity
        why = f" · {detail(agent)}" if detail(agent) else ""
        since = f" · for {age(max(1.0, now - activity.since))}" if activity and activity.since else ""
        lines = [
            Content.styled(f"{agent.name}: {mark(agent)} {word(agent)}{why}{since}", "bold"),
            Content(f"rule {activity.rule}" if activity else "the engine says so"),
            Content(""),
            *(rows(agent.lights, now) if agent.lights is not None else ()),
            Content(""),
        ]
        for told in self._told():
            when = f"  {age(max(1.0, now - told.at))} ago" if told.at else ""
            said = Content.assemble((f"{told.source:<12}", "$accent"), Content(told.said))
            lines.append(Content.assemble(said, (when, "dim")))
        self.query_one("#explanation", Static).update(Content("\n").join(lines))
