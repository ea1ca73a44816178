"""The keeper on other engines: far away by ssh, and Podman."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import docker
import pytest

from . import image as images
from .kept import House, house
from .own_engine import NoOwnEngine, OwnEngine
from .podman import NoPodman, Podman
from .sshd import NoSshd, Sshd

ACT = ("sh", "-c", "seq 200; printf 'colours \\033[31mred\\033[0m\\r\\nhalf a '; exec cat")
Place = tuple[str, Callable[[], docker.APIClient]]


@pytest.fixture(scope="module", params=["ssh", "podman"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An engine's address, and how to get a client of it; it has the tiny image."""
    folder = tmp_path_factory.mktemp(request.param)
    try:
        yield from _far(folder) if request.param == "ssh" else _podman(folder)
    except (NoOwnEngine, NoSshd, NoPodman) as reason:
        pytest.skip(str(reason))


def _far(folder: Path) -> Iterator[Place]:
    with OwnEngine(folder / "engine") as far, Sshd(folder) as sshd, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{sshd.bin}:{os.environ['PATH']}")
        with far.client as client:
            images.ensure(client)
        yield sshd.host(far.socket), lambda: far.client


def _podman(folder: Path) -> Iterator[Place]:
    with Podman(folder) as podman:
        with podman.client() as client:
            images.ensure(client)
        yield podman.host, podman.client


@pytest.fixture
async def home(place: Place, tmp_path: Path) -> AsyncIterator[House]:
    host, client = place
    with client() as engine, house(engine, images.NAME, tmp_path, host) as made:
        yield made
        await made.leave()


async def test_coming_back_is_exact_there(home: House) -> None:
    client, _ = await home.start("qa", *ACT)
    await client.expect("half a")
    client.type(b"line")
    left = await client.settle("half a line")
    await client.close()
    again = home.client("qa", command=ACT)
    assert (await again.come_back()).differences(left) == []
    again.type(b" more\r")
    await again.expect("half a line more")


async def test_a_killed_keeper_is_replaced_there(home: House) -> None:
    client, _ = await home.start("qa", *ACT)
    left = await client.settle("half a")
    before = len(client.restored)
    home.kill_keeper()
    assert (await client.comes_again(before + 1)).shown == left.shown
    client.type(b"goes on\r")
    await client.expect("half a goes on")
