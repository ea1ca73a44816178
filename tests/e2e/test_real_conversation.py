"""A conversation of 30 turns with the real Claude Code: left, come back to, and gone on with anew.

One conversation for each way in which it draws, in the product's image, against a stand-in for the model that
answers at once. A witness that never left the engine says what is right.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.config import BuildConfig
from qms_tui.project import Project
from qms_tui.runtime import Size
from qms_tui.runtime.docker.kit import LABEL_BASE
from tests.bench.model import Model
from tests.trusted import prepared

from . import debian, kept
from .clients import asked, login, registry, say, status, until
from .kept import Client, House
from .shown import Frozen
from .test_app import App, leave
from .test_killed_interface import frozen, rest, wait_for_the_same

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
TURNS = [f"turn {number:02}" for number in range(1, 31)]
ALL = [said for turn in TURNS for said in (f"echo {turn}", turn)]
"""Questions and answers."""
AGENTS = {"bu": "default", "qa": "fullscreen"}
"""And how their clients draw: on the terminal's main screen, or full-screen, as they choose by themselves."""
HIGH = Size(80, 100)
PAGE_UP, TO_THE_END = b"\x1b[5~", b"\x1b[1;5F"


@dataclass(frozen=True)
class Talk:
    """What has been said with an agent of a house, whose terminal looked like `frozen` to the witness."""

    house: House
    agent: str
    settings: dict[str, Any]
    model: Model
    frozen: Frozen

    def client(self) -> Client:
        return self.house.client(self.agent, **self.settings)


@pytest.fixture(scope="module")
def talks(
    engine: docker.APIClient,
    client_image: str,
    network: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Talk]]:
    """All turns of both have been said, and nobody is there any more."""
    folder = tmp_path_factory.mktemp("talk")
    with (
        kept.house(engine, client_image, folder) as house,
        Model(network[1]) as one,
        Model(network[1]) as other,
    ):
        facts = engine.inspect_image(client_image)  # type: ignore[no-untyped-call]
        house.build = BuildConfig(base=facts["Config"]["Labels"][LABEL_BASE])
        models = dict(zip(AGENTS, (one, other), strict=True))
        yield asyncio.run(converse(house, models, {"network": network[0]}))


async def converse(house: House, models: dict[str, Model], settings: dict[str, Any]) -> dict[str, Talk]:
    async def talk(agent: str) -> Talk:
        return await converse_with(house, agent, models[agent], settings)

    talks = await asyncio.gather(*map(talk, models))
    await house.leave()
    return {talk.agent: talk for talk in talks}


async def converse_with(house: House, agent: str, model: Model, settings: dict[str, Any]) -> Talk:
    config = prepared(house.root, agent).config
    place(house.root, config / "settings.json", json.dumps({"tui": AGENTS[agent]}))
    (house.root.parent / agent).write_text("".join(f"{k}={v}\n" for k, v in login(model).items()))
    settings = settings | {"env_file": house.root.parent / agent}
    client, witness = await house.start(agent, "claude", **settings)
    await status(house.root, agent, "idle")
    for turn in TURNS:
        say(client, f"echo {turn}")
        await asked(model, f"echo {turn}")
        await witness.expect(f" {turn}\n")
        await status(house.root, agent, "idle")
    return Talk(house, agent, settings, model, await witness.settle(TURNS[-1]))


def place(root: Path, path: Path, text: str) -> None:
    """Make a file that belongs to the agent."""
    path.write_text(text)
    os.chown(path, Project(root).owner().uid, -1)


@pytest.fixture(params=["bu", "qa"], ids=lambda agent: AGENTS[agent])
def talk(request: pytest.FixtureRequest, talks: dict[str, Talk]) -> Talk:
    return talks[request.param]


@pytest.fixture
def app(talk: Talk, client_image: str, tmp_path: Path) -> Iterator[App]:
    """The program itself, which finds the keeper of the house, and so is its user's.

    It starts nothing; but root opens no project of somebody else.
    """
    root, owner = talk.house.root, Project(talk.house.root).owner()
    os.chown(root, os.geteuid(), os.getegid())
    app = App(root, tmp_path / "home", client_image)
    app.environment["XDG_STATE_HOME"] = os.environ["XDG_STATE_HOME"]
    app.set("".join(f'{name} = "{value}"\n' for name, value in talk.settings.items()))
    app.trust()
    yield app
    os.chown(root, owner.uid, owner.gid)


@pytest.fixture
async def home(talk: Talk) -> AsyncIterator[House]:
    yield talk.house
    await talk.house.leave()


def turns_in(rows: Iterable[str]) -> list[str]:
    """Every question and answer in them, in their order."""
    return [row[2:].rstrip() for row in rows if "turn " in row]


async def test_the_screen_is_the_same_and_each_turn_in_the_scrollback_once(
    talk: Talk, home: House, app: App
) -> None:
    """In the pane's scrollback; full-screen in the client's own, page by page."""
    client = talk.client()
    shown = await client.come_back()
    assert shown.differences(talk.frozen) == []
    if shown.modes.alternate_screen:
        assert await pages(client) == ALL
    else:
        rows = ("".join(run.text for run in row) for row in (*shown.history, *shown.styled))
        assert turns_in(rows) == ALL
        assert turns_in(app.run("log", talk.agent).stdout.splitlines()) == ALL


async def pages(client: Client) -> list[str]:
    """What stands on the pages of the client, which overlap by half, from the last one up to the first."""
    client.link.resize(HIGH)
    await client.wait(lambda: client.screen().lines == HIGH.lines, "the higher terminal")
    found = page = turns_in((await client.settle(TURNS[-1])).display)
    while found[0] != ALL[0]:
        client.type(PAGE_UP)
        await client.wait(lambda seen=page: turns_in(client.screen().display) != seen, "an earlier page")  # type: ignore[misc]
        page = turns_in((await client.settle()).display)
        found = page[: page.index(found[0])] + found
    client.type(TO_THE_END)
    await client.expect(TURNS[-1])
    return found


def test_a_screen_that_is_left_or_killed_is_the_same_again(talk: Talk, app: App) -> None:
    """With a word half typed; in a terminal of another size, for which the client draws all of it anew."""
    with app.open(talk.agent) as tui:
        tui.wait(TURNS[-1])
        tui.type("half a wo")
        tui.wait("half a wo", absent="/effort")  # a hint that it takes away by itself, some seconds later
        rest(tui)
        before = frozen(tui)
        leave(tui)
    with app.open(talk.agent) as tui:
        wait_for_the_same(tui, before)
        tui.process.kill(signal.SIGKILL)
        tui.end()
    with app.open(talk.agent) as tui:
        wait_for_the_same(tui, before)
        tui.type("rd")
        tui.wait("half a word")


async def test_a_new_container_goes_on_with_it(talk: Talk, home: House) -> None:
    client, before = talk.client(), registry(home.root, talk.agent)["procStart"]
    shown = await client.come_back()
    client.agent.rebuild() if shown.modes.alternate_screen else client.agent.restart()
    await until(lambda: registry(home.root, talk.agent).get("procStart") not in (None, before))
    client.docker.opened.free()  # for the witness that a new container would have
    await status(home.root, talk.agent, "idle")
    say(client, "echo after that")
    request = await asked(talk.model, "echo after that")
    texts = [text for message in request["messages"] for text in texts_in(message) if "turn " in text]
    assert texts == ALL


def texts_in(message: dict[str, Any]) -> list[str]:
    content = message["content"]
    return [content] if isinstance(content, str) else [str(block.get("text", "")) for block in content]
