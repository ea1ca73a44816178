"""Who answers what programs ask their terminal: the keeper, once, on a real engine, whatever screens do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import docker
import pytest

from qms_tui.core import AgentState
from qms_tui.keeper.journal.records import Ended
from qms_tui.keeper.replies import RGB
from qms_tui.runtime import Size
from qms_tui.terminal.colors import BACKGROUND, FOREGROUND

from . import kept
from .asking import answers, ask, asking, replies_to
from .faulty import until
from .kept import Client, House

DARK: dict[int, RGB] = {1: (1, 2, 3), FOREGROUND: (4, 5, 6), BACKGROUND: (7, 8, 9)}
LIGHT: dict[int, RGB] = {1: (241, 242, 243), FOREGROUND: (17, 18, 19), BACKGROUND: (250, 251, 252)}


@pytest.fixture
async def own_house(engine: docker.APIClient, programs_image: str, tmp_path: Path) -> AsyncIterator[House]:
    """A project whose keeper has seen no other screen."""
    with kept.house(engine, programs_image, tmp_path) as house:
        yield house
        await house.leave()


async def start_again(home: House, engine: docker.APIClient, agent: str, container: str) -> None:
    """As `docker restart` does where the keeper is quick enough to listen to what has ended.

    An engine may be faster than a busy keeper, and what a program asks while nobody listens is in no log.
    """
    await asyncio.to_thread(engine.stop, container, timeout=0)
    await until(lambda: isinstance(home.journal(agent)[-1], Ended), "the keeper to listen to what has ended")
    await asyncio.to_thread(engine.start, container)


async def container_of(client: Client) -> str:
    return (await client.docker.find(client.agent.name)).id


def color(code: int, values: tuple[int, int, int]) -> str:
    parts = "/".join(f"{value:02x}" * 2 for value in values)
    return f"\x1b]{code};rgb:{parts}\x1b\\"


async def test_a_program_that_asks_after_all_screens_have_gone(home: House) -> None:
    client, _ = await home.start("qa", *asking(at_start=False))
    await home.let_go(client)
    ask(home, "qa")
    answers(await replies_to(home, "qa"))


async def test_a_program_that_is_started_without_a_screen(home: House) -> None:
    """As a policy starts it: through the runtime, and nobody stays."""
    client = home.client("bu", command=asking(at_start=True))
    held = await client._runtime.start("bu", Size(80, 24))
    held.close()
    answers(await replies_to(home, "bu"))
    client.docker.opened.free()


async def test_a_container_that_is_started_again_without_a_screen(
    home: House, engine: docker.APIClient
) -> None:
    """Its program asks with its very first bytes, which are no whole line: the engine's log has none."""
    client, _ = await home.start("tu_ui", *asking(at_start=True))
    container = await container_of(client)
    answers(await replies_to(home, "tu_ui"))
    await home.let_go(client)
    for number in (1, 2):
        await start_again(home, engine, "tu_ui", container)
        answers(await replies_to(home, "tu_ui", number))
    again = home.client("tu_ui")
    await again.come_back()
    ask(home, "tu_ui")
    answers(await replies_to(home, "tu_ui", 3))


async def test_a_container_that_is_started_again_under_a_screen(
    home: House, engine: docker.APIClient
) -> None:
    client, _ = await home.start("tu_sim", *asking(at_start=True))
    container = await container_of(client)
    answers(await replies_to(home, "tu_sim"))
    await asyncio.to_thread(engine.restart, container, timeout=0)
    await client.wait(lambda: client.agent.state is AgentState.RUNNING, "its return")
    if heard := await replies_to(home, "tu_sim", 1):  # nothing where the engine was faster than the keeper
        answers(heard)
    ask(home, "tu_sim")
    answers(await replies_to(home, "tu_sim", 2))


async def test_a_container_that_waits_before_it_is_started_again(
    home: House, engine: docker.APIClient
) -> None:
    client, _ = await home.start("tu_scene", *asking(at_start=True))
    container = await container_of(client)
    answers(await replies_to(home, "tu_scene"))
    await home.let_go(client)
    await start_again(home, engine, "tu_scene", container)
    answers(await replies_to(home, "tu_scene", 1))
    await until(lambda: (home.keeper().status() or {})["agents"]["tu_scene"]["held"], "its keeper")


async def test_two_screens_are_one_answer(home: House) -> None:
    first, _ = await home.start("claude", *asking(at_start=False))
    second = home.client("claude")
    await second.come_back()
    ask(home, "claude")
    answers(await replies_to(home, "claude"))
    second.link.paste(b"")  # typed into: now this one leads
    await second.wait(lambda: second.link.leads and not first.link.leads, "the lead")
    ask(home, "claude")
    answers(await replies_to(home, "claude", 1))


async def test_a_killed_keeper_neither_forgets_nor_repeats(home: House) -> None:
    """What the former one has answered is not answered again; what is asked now is."""
    client, _ = await home.start("tu_sketch", *asking(at_start=True))
    answers(await replies_to(home, "tu_sketch"))
    home.kill_keeper()
    await client.comes_again(3)
    ask(home, "tu_sketch")
    answers(await replies_to(home, "tu_sketch", 1))


async def test_the_colours_are_those_of_whoever_led_last(own_house: House) -> None:
    client = own_house.client("qa", command=asking(at_start=True))
    client.show_colors(DARK)
    await client.start()
    told = answers(await replies_to(own_house, "qa"))
    assert told["colour"] == "\x1b]4;1;rgb:0101/0202/0303\x1b\\"
    assert (told["foreground"], told["background"]) == (color(10, (4, 5, 6)), color(11, (7, 8, 9)))
    onlooker = own_house.client("qa")
    onlooker.show_colors(LIGHT)
    await onlooker.come_back()
    ask(own_house, "qa")
    assert answers(await replies_to(own_house, "qa", 1)) == told
    onlooker.link.paste(b"")
    await onlooker.wait(lambda: onlooker.link.leads and not client.link.leads, "the lead")
    await own_house.leave()
    ask(own_house, "qa")
    told = answers(await replies_to(own_house, "qa", 2))
    assert (told["foreground"], told["background"]) == (color(10, (17, 18, 19)), color(11, (250, 251, 252)))


async def test_another_users_keeper_is_silent(own_house: House) -> None:
    """That of whoever has started the agent answers: here nobody's runs any more."""
    with patch("qms_tui.runtime.docker.outfit.maker", lambda: "0123456789abcdef"):
        client, _ = await own_house.start("qa", *asking(at_start=False, patience=2.0))
    own_house.kill_keeper()  # it held what it believed to be its own
    await client.comes_again(3)
    ask(own_house, "qa")
    assert await replies_to(own_house, "qa") == ""
