"""The headless screen: the whole app on Textual's Pilot, its agents real programs on real PTYs.

    async def test_echo(open_app):
        async with open_app("claude", "qa") as ui:
            await ui.type("hello")
            await ui.until(lambda: "hello" in ui.text("claude"))

`open_app(*agents, size=(columns, lines), command=..., config=..., view=..., memory=..., past=...,
servers=..., relay=...)` gives a `Screen`.
Nothing of ours is replaced: the runtime is the local one, the agents run `command` (default: a shell without
profile).
Never sleep: `until` waits for a condition and says what the screen showed when it did not come true.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.content import Content
from textual.notifications import Notification
from textual.pilot import Pilot

from qms_tui.config import Config
from qms_tui.core import Agent, Core
from qms_tui.core.servers import Look
from qms_tui.inbox import Past
from qms_tui.programs.values import Word
from qms_tui.project import Project
from qms_tui.remembered import Memory, View
from qms_tui.runtime.environment import inherited
from qms_tui.ui.agent_lines import Agents
from qms_tui.ui.app import QmsTuiApp
from qms_tui.ui.notifications import Notifications
from qms_tui.ui.pane import Pane
from qms_tui.ui.servers import Servers
from qms_tui.ui.session import Session
from qms_tui.ui.terminals.link import Link
from tests.here import HereRuntime

from .relay import House, Relay
from .tmux import Tmux

PATIENCE = 30.0  # seconds; what is waited for takes milliseconds unless the machine is busy
SHELL = ("/bin/sh", "-i")
Kind = type[object]  # of a dialog
QUEUES = 5  # that a key goes through until all of what it does is done


@dataclass
class Screen:
    """The app under test and the hands on its keyboard."""

    app: QmsTuiApp
    pilot: Pilot[None]
    house: House
    runtime: HereRuntime

    @property
    def core(self) -> Core:
        """The application on the other side of the daemon's socket."""
        return self.house.core

    async def press(self, *keys: str) -> None:
        """Press keys by their Textual names."""
        await self.pilot.press(*keys)
        await self._settled()

    async def type(self, text: str, *, enter: bool = True) -> None:
        """Type a line of plain characters into whatever has the keyboard."""
        await self.press(*text, *(["enter"] if enter else []))

    async def click(self, *where: Any, **how: Any) -> None:
        """Click as Pilot does."""
        await self.pilot.click(*where, **how)
        await self._settled()

    async def _settled(self) -> None:
        """Wait for what has been typed or clicked to be acted on.

        Pilot guesses that by the processor's time, of which a busy machine gives little. Each turn goes one
        queue further: from the app's to the widget's, from there to who hears of it, to what that opens.
        """
        for _ in range(QUEUES):
            await self.pilot._wait_for_screen()

    def pane(self, agent: str) -> Pane:
        """The agent's pane."""
        return next(pane for pane in self.app.panes if pane.agent.name == agent)

    def link(self, agent: str) -> Link:
        """The way to its terminal."""
        return self.app.terminals.link(agent)

    def agent(self, agent: str) -> Agent:
        """What the core has of it."""
        return self.core.agents[agent]

    def word(self, agent: str) -> Word | None:
        """What its program does, as far as it runs, and the core knows."""
        activity = self.core.view(agent).activity
        return activity.word if activity else None

    def typing(self, agent: str) -> str:
        """How it stands with typing at its prompt."""
        return self.core.waking.explain(self.agent(agent))[0].said

    def text(self, agent: str) -> str:
        """What the agent's terminal shows."""
        return "\n".join(self.pane(agent).link.terminal.display)

    def painted(self, agent: str) -> str:
        """What the pane paints of it."""
        pane = self.pane(agent)
        return "\n".join(pane.render_line(y).text for y in range(pane.content_size.height))

    def title(self, agent: str) -> str:
        """The title in the pane's frame."""
        return Content.from_markup(str(self.pane(agent).border_title)).plain

    def footnote(self, agent: str) -> str:
        """What stands at the bottom of the pane's frame."""
        return Content.from_markup(str(self.pane(agent).border_subtitle)).plain

    @property
    def toasts(self) -> list[str]:
        """What the toasts say."""
        return [str(each.message) for each in self.app._notifications]

    @property
    def sidebar(self) -> str:
        """What the sidebar's list shows, a line a row."""
        listed = self.app.query_one(Notifications)
        return "\n".join(listed.render_line(y).text.rstrip() for y in range(listed.size.height))

    @property
    def above(self) -> list[str]:
        """The rows above the list."""
        return str(self.app.query_one(Agents).content).splitlines()

    @property
    def agents(self) -> list[str]:
        """Those that are no lights, their words apart by one blank."""
        return [" ".join(row.split()) for row in self.above if not row.endswith("waker")]

    @property
    def lights(self) -> list[str]:
        """Those that are."""
        return [row for row in self.above if row.endswith("waker")]

    @property
    def servers(self) -> list[str]:
        """The lines of the MCP servers, their words apart by one blank."""
        return [" ".join(line.split()) for line in str(self.app.query_one(Servers).content).splitlines()]

    @property
    def focused(self) -> str:
        """The agent whose pane has the keyboard."""
        return self.app.pane.agent.name

    def shows(self, kind: Kind) -> bool:
        """Whether a dialog of that kind is open, with all that is in it."""
        return isinstance(self.app.screen, kind) and self.app.screen.is_mounted

    async def until(self, condition: Callable[[], object], patience: float = PATIENCE) -> None:
        """Let the app work until the condition holds."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                shown = {pane.agent.name: (self.title(pane.agent.name), self.text(pane.agent.name).split())
                         for pane in self.app.panes}  # fmt: skip
                raise AssertionError(f"waited {patience:g} s in vain; shown: {shown}")
            await self.pilot.pause()
            await asyncio.sleep(0)

    async def running(self) -> None:
        """Wait until every agent's program runs."""
        await self.until(lambda: all("running" in self.title(p.agent.name) for p in self.app.panes))
        await self.until(lambda: all(pane.link.attached for pane in self.app.panes))

    def hang_up(self, agent: str) -> None:
        """The keeper closes the connection that shows the agent."""
        assert self.runtime.held is not None
        for guest in [*self.runtime.held._guests]:
            if guest.agent is not None and guest.agent.name == agent:
                guest.close()


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What programs use differs from run to run: it stands in frames only where a test wants it."""
    monkeypatch.setattr("qms_tui.core.usage.PAUSE", 3600.0)


@pytest.fixture(autouse=True)
def toasts_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the first of several would have gone before the last comes."""
    monkeypatch.setattr(Notification, "time_left", 3600.0)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A tmux server of the test's own."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path)
    yield server
    server.run("kill-server")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with claude, qa and seven more agents."""
    root = tmp_path / "project"
    definitions = root / ".claude" / "agents"
    definitions.mkdir(parents=True)
    for name in ("qa", "bu", *(f"tu_{n}" for n in range(1, 7))):
        (definitions / f"{name}.md").write_text(f"---\nname: {name}\n---\n")
    return Project(root)


@pytest.fixture
def open_app(project: Project) -> Callable[..., object]:
    """See the module."""

    @asynccontextmanager
    async def opened(
        *agents: str,
        size: tuple[int, int] = (160, 40),
        command: Sequence[str] = SHELL,
        config: Config | None = None,
        view: View | None = None,
        memory: Memory | None = None,
        past: Past | None = None,
        servers: Look | None = None,
        relay: Relay | None = None,
    ) -> AsyncIterator[Screen]:
        def environment(agent: str) -> dict[str, str]:
            return inherited(os.environ) | {"QMS_USER": agent, "PS1": f"{agent}$ "}

        runtime = HereRuntime(project.root, lambda agent: command, environment)
        settings, names = config or Config(), agents or ("claude", "qa")
        house = House(
            project, settings, names, project.roster(), runtime, past=past, servers=servers, relay=relay
        )
        session = Session(
            project, settings, names, house.connect, "local", outlives=False, view=view, memory=memory
        )
        app = QmsTuiApp(session, headless_driver=True)
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                yield Screen(app, pilot, house, runtime)
        finally:
            await house.close()

    return opened
