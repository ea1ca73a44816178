"""`python -m tests.pictures`: makes the README's pictures in assets/ from the running program.

The demo's agents run on real pseudo-terminals; the screen is Textual's headless one, saved as SVG. It
counts a wide character as one column, so nothing wide is shown.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from textual.pilot import Pilot

from qms_tui.config import Config, Theme
from qms_tui.demo import agent_command, agent_environment
from qms_tui.demo.project import make_project
from qms_tui.project import Project
from qms_tui.runtime.environment import inherited
from qms_tui.ui.app import QmsTuiApp
from qms_tui.ui.session import Session
from tests.here import HereRuntime
from tests.in_process import InProcess

ASSETS = Path(__file__).parents[1] / "assets"
PATIENCE = 30.0  # seconds for what an agent must show
# Textual's SVG fetches a font from the network; a picture should not, and needs none: it fixes every width.
_FONT_FACES = re.compile(r"\s*@font-face\s*{.*?}", re.DOTALL)
_FONTS = "font-family: 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace"


@dataclass(frozen=True)
class Stage:
    """The running app, and hands on its keyboard."""

    app: QmsTuiApp
    pilot: Pilot[None]

    async def line(self, agent: str, text: str, shows: str) -> None:
        """Go to the agent, type a line, wait for what it must show."""
        number = next(pane.number for pane in self.app.panes if pane.agent.name == agent)
        await self.pilot.press(f"alt+{number}")
        await self.pilot.press(*text, "enter")
        await self.shown(agent, shows)

    async def calm(self) -> None:
        """Wait until the toasts are gone."""
        while len(self.app._notifications):
            await self.pilot.pause(0.1)
        await self.pilot.pause(0.3)

    async def shown(self, agent: str, text: str) -> None:
        """Wait until the agent's terminal shows the text, and the screen has come to rest."""
        link = next(pane.link for pane in self.app.panes if pane.agent.name == agent)
        deadline = time.monotonic() + PATIENCE
        while text not in "\n".join(link.terminal.display):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{agent} never showed {text!r}: {link.terminal.display}")
            await self.pilot.pause(0.02)
        await self.pilot.pause(0.3)


Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """A picture's file name, who is on it, and what happens before it is taken."""

    name: str
    agents: tuple[str, ...]
    play: Play
    size: tuple[int, int] = (140, 44)
    theme: Theme = Theme.DARK


async def routing(stage: Stage) -> None:
    """claude routes a change record; qa finds it in the inbox and approves it; claude hears of it."""
    await stage.line("claude", "documents", "CR-056")
    await stage.line("claude", "route CR-056 to qa", "has a task")
    await stage.line("claude", "message qa CR-056 is ready for you", "sent to qa")
    await stage.line("qa", "inbox", "pre-approval")
    await stage.line("qa", "approve CR-056", "has been told")
    await stage.line("qa", "message claude Go ahead with CR-056", "sent to claude")
    await stage.line("qa", "colours", "all at once")
    await stage.line("claude", "inbox", "Go ahead")
    await stage.calm()


async def help_screen(stage: Stage) -> None:
    """The keys, over the panes."""
    await routing(stage)
    await stage.pilot.press("f1")
    await stage.pilot.pause(0.5)


async def menu(stage: Stage) -> None:
    """The command menu at the bottom."""
    await routing(stage)
    await stage.pilot.press("f12")
    await stage.pilot.pause(0.5)


async def grid(stage: Stage) -> None:
    """Six agents, each at something of its own."""
    await stage.line("claude", "route CR-056 to qa", "has a task")
    await stage.line("qa", "inbox", "pre-approval")
    await stage.line("tu_ui", "colours", "Attributes")
    await stage.line("tu_scene", "documents", "SOP-002")
    await stage.line("tu_scene", "ask", "answer>")
    await stage.line("tu_sketch", "page", "SOP-001")
    await stage.calm()
    await stage.line("tu_sim", "work 8", "following references")


async def sidebar(stage: Stage) -> None:
    """What has arrived for whom: read, answered, waiting; and a toast."""
    await stage.line("claude", "route CR-001 to qa", "has a task")
    await stage.line("qa", "review CR-001 recommend", "has been told")
    await stage.line("claude", "route CR-001 to qa", "IN_PRE_APPROVAL")
    await stage.line("claude", "route CR-056 to qa", "CR-056")
    await stage.line("qa", "message claude Which page of CR-001 do you mean?", "sent to claude")
    await stage.line("claude", "message lead CR-056 waits for qa", "sent to lead")
    await stage.calm()
    await stage.line("claude", "message qa Note on CR-056", "sent to qa")
    await stage.pilot.press("f2", "down")
    await stage.pilot.pause(0.5)


async def reading(stage: Stage) -> None:
    """An item of the sidebar, opened."""
    await sidebar(stage)
    await stage.pilot.press("up", "down", "down", "down", "enter")
    await stage.pilot.pause(1.0)


PICTURES = (
    Picture("sidebar", ("claude", "qa"), sidebar, (200, 50)),
    Picture("reading", ("claude", "qa"), reading, (200, 50)),
    Picture("main", ("claude", "qa"), routing),
    Picture("help", ("claude", "qa"), help_screen),
    Picture("menu", ("claude", "qa"), menu),
    Picture("grid", ("claude", "qa", "tu_ui", "tu_scene", "tu_sketch", "tu_sim"), grid, (204, 54)),
    Picture("light", ("claude", "qa"), routing, theme=Theme.LIGHT),
)


async def take(picture: Picture, folder: Path) -> str:
    """Play it and give the screen as SVG."""
    make_project(folder, picture.agents)
    project = Project(folder)
    runtime = HereRuntime(
        folder, lambda agent: agent_command(), lambda agent: agent_environment(agent, inherited(os.environ))
    )
    config = replace(Config(), theme=picture.theme)
    house = InProcess(project, config, picture.agents, project.roster(picture.agents), runtime)
    session = Session(project, config, picture.agents, house.connect, "demo, local", outlives=False)
    app = QmsTuiApp(session, headless_driver=True)
    try:
        async with app.run_test(size=picture.size, notifications=True) as pilot:
            stage = Stage(app, pilot)
            for agent in picture.agents:
                await stage.shown(agent, f"{agent}>")
            await picture.play(stage)
            return _without_foreign_fonts(app.export_screenshot(title="qms-tui demo"))
    finally:
        await house.close()


def _without_foreign_fonts(svg: str) -> str:
    return re.sub(r"font-family: Fira Code[^;\n]*", _FONTS, _FONT_FACES.sub("", svg))


def main() -> None:
    """Make every picture."""
    ASSETS.mkdir(exist_ok=True)
    for picture in PICTURES:
        with tempfile.TemporaryDirectory(prefix="qms-tui-pictures-") as folder:
            svg = asyncio.run(take(picture, Path(folder).resolve() / "sample-project"))
        (ASSETS / f"{picture.name}.svg").write_text(svg, encoding="utf-8")
        print(f"assets/{picture.name}.svg")


if __name__ == "__main__":
    main()
