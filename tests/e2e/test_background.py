"""The real client's session moves to the background: its items, its state and its conversation go along.

By default it cannot. Who has the client's agent view on moves it by the left arrow at an empty prompt.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from qms_tui.activity import Sight, armed
from qms_tui.programs.claude.reader import ClaudeReader
from qms_tui.programs.claude.report import ClaudeReport
from qms_tui.programs.claude.rules import judge
from qms_tui.programs.values import Activity, Word
from qms_tui.project import Project
from qms_tui.runtime import Condition
from tests.bench.model import Model

from . import debian
from .clients import asked, press, say, until
from .direct import DirectRuntime
from .held import started
from .woken import AGENT, LINE, VARIABLES, Woken, host, woken

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
VIEW = "CLAUDE_CODE_DISABLE_AGENT_VIEW"
LEFT, ENTER, ESC = b"\x1b[D", b"\r", b"\x1b"
WHERE = "in the background"
Start = Callable[..., DirectRuntime]


@pytest.fixture
def make(
    make_runtime: Start, qms_project: Path, client_image: str, network: tuple[str, str], model: Model
) -> Callable[..., DirectRuntime]:
    """`make(**environment)`: a runtime whose agents are the real client."""

    def make(**environment: str) -> DirectRuntime:
        whole = host(model) | environment
        settings = {"image": client_image, "network": network[0], "env": (*VARIABLES, *environment)}
        return make_runtime(qms_project, whole, **settings)

    return make


@pytest.fixture
def runtime(make: Start) -> DirectRuntime:
    """Of agents that have the agent view."""
    return make(**{VIEW: "0"})


@pytest.fixture
async def agent(runtime: DirectRuntime, qms_project: Path, model: Model) -> AsyncIterator[Woken]:
    """One that has said something: an empty session does not move."""
    async with woken(runtime, qms_project, model) as agent:
        await agent.say("hello")
        await asked(model, "hello")
        await agent.ready()
        yield agent


class Look:
    """What the host sees of the agent."""

    def __init__(self, root: Path) -> None:
        self.reader = ClaudeReader(Project(root), AGENT)

    @property
    def report(self) -> ClaudeReport:
        return self.reader.read(time.monotonic())

    @property
    def activity(self) -> Activity:
        report = self.report
        began = report.birth.started if report.birth else 0.0
        return judge(report, Sight(began=began), time.time())[0]

    def says(self, word: Word, detail: str = "") -> bool:
        activity = self.activity
        return activity.word is word and detail in activity.detail


@pytest.fixture
def look(qms_project: Path) -> Iterator[Look]:
    look = Look(qms_project)
    yield look
    look.reader.close()


async def move(agent: Woken, look: Look) -> None:
    """To the background; until the session there waits for items."""
    agent.held.type(LEFT)  # once: in the list that comes up then it would be another key
    await until(lambda: agent.state().get("parkedJobId"))
    await until(lambda: look.says(Word.IDLE, WHERE))
    session = look.report.session
    assert session is not None
    assert session.background
    await until(lambda: armed(look.report, time.time()))


async def test_by_default_it_does_not_move(
    make: Callable[..., DirectRuntime], qms_project: Path, model: Model
) -> None:
    async with woken(make(), qms_project, model) as agent:
        await agent.say("hello")
        await asked(model, "hello")
        await agent.ready()
        agent.held.type(LEFT)
        await agent.command("/background")
        await agent.wakes("CR-001")
        assert "parkedJobId" not in agent.state()
        assert len(list((qms_project / f".claude/users/{AGENT}/container/sessions").glob("*.json"))) == 1


async def test_items_and_states_go_along(agent: Woken, look: Look, model: Model) -> None:
    await move(agent, look)
    agent.put("CR-001")
    await agent.reached("CR-001")
    await until(lambda: look.says(Word.IDLE, WHERE))
    agent.held.unseen.clear()
    agent.held.type(ENTER)
    await agent.held.expect(rb"manual mode")  # it is open
    say(agent.held, "tool")
    await until(lambda: look.says(Word.NEEDS_YOU, f"permission: Bash touch made && echo made it, {WHERE}"))
    agent.put("CR-002")
    await press(agent.held, ESC, lambda: look.says(Word.IDLE) or look.says(Word.BUSY))
    await agent.reached("CR-002")
    assert len(model.asked(LINE.format(document="CR-001"))) == 1


async def test_a_new_container_goes_on_with_what_was_said_there(
    agent: Woken, look: Look, runtime: DirectRuntime, model: Model
) -> None:
    await move(agent, look)
    agent.put("CR-001")
    await agent.reached("CR-001")
    await until(lambda: look.says(Word.IDLE, WHERE))
    await runtime.stop(AGENT)
    async with started(runtime, AGENT) as held:
        again = Woken(agent.root, model, held)
        await again.ready()
        await again.say("and now")
        said = str((await asked(model, "and now"))["messages"])
    assert "CR-001" in said
    assert (await runtime.find(AGENT)).condition is Condition.RUNNING
