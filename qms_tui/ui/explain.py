"""Why an agent's state is what it is: its lights, what each source said and when, the rule that decided."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from qms_tui.api.agents import AgentView
from qms_tui.api.commands import Explanation, SourceReport
from qms_tui.errors import QmsTuiError
from qms_tui.text.times import age
from qms_tui.ui.frame import detail, mark, word
from qms_tui.ui.lights import rows
from qms_tui.ui.screens import Dialog

PERIOD = 0.5  # seconds between two times that it is brought up to date


class ExplainScreen(Dialog[None]):
    """Kept up to date while it is open; Esc, q, e or Enter closes it."""

    def __init__(self, read: Callable[[], AgentView], explain: Callable[[], Awaitable[Explanation]]) -> None:
        """`read` gives what there is to know of the agent, `explain` asks all sources."""
        super().__init__()
        self._read, self._explain = read, explain
        self._sources: Sequence[SourceReport] = ()
        self._is_asking = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog", id="explain"):
            yield Static(id="explanation")
            yield Static(Content.styled("Esc closes", "dim"))

    def on_mount(self) -> None:
        self._look()
        self.set_interval(PERIOD, self._look)
        self.query_one("#explain").focus()

    def take(self, event: events.Key) -> None:
        if event.key in ("escape", "q", "e", "enter"):
            event.stop()
            self.dismiss(None)

    def _look(self) -> None:
        self._show()
        if not self._is_asking:
            self._is_asking = True
            self.run_worker(self._ask())

    async def _ask(self) -> None:
        try:
            self._sources = (await self._explain()).sources
        except QmsTuiError as error:
            self._sources = (SourceReport("daemon", error.message),)
        self._is_asking = False
        self._show()

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
        for each in self._sources:
            when = f"  {age(max(1.0, now - each.at))} ago" if each.at else ""
            said = Content.assemble((f"{each.source:<12}", "$accent"), Content(each.said))
            lines.append(Content.assemble(said, (when, "dim")))
        self.query_one("#explanation", Static).update(Content("\n").join(lines))
