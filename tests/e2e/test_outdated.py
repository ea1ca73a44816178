"""A container of an image that was built from other files is told, and one key builds the image anew."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from qms_tui.errors import ImageError
from qms_tui.runtime.docker.container import Identity
from qms_tui.runtime.docker.kit import LABEL_BASE, LABEL_KIT, our_kit

from . import debian
from .direct import DirectRuntime
from .held import started
from .test_app import App, leave

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)


@pytest.fixture
def old_image(engine: docker.APIClient, client_image: str) -> Iterator[str]:
    """The product's image under a name of its own, as if it was built from other files."""
    name = f"qms-tui-test-old:{os.getpid()}"
    recipe = f"FROM {client_image}\nLABEL {LABEL_KIT}=0123456789abcdef\n"
    list(engine.build(fileobj=io.BytesIO(recipe.encode()), tag=name, decode=True, rm=True))
    yield name
    engine.remove_image(name, force=True)


async def test_an_image_of_others_is_never_replaced(
    engine: docker.APIClient, runtime: DirectRuntime, image: str
) -> None:
    before = engine.inspect_image(image)["Id"]  # type: ignore[no-untyped-call]
    with pytest.raises(ImageError, match="was not made by qms-tui build"):
        await runtime.rebuild("qa", lambda step: None)
    assert engine.inspect_image(image)["Id"] == before  # type: ignore[no-untyped-call]


async def test_one_whose_image_was_replaced_is_outdated(
    engine: docker.APIClient, make_runtime: Callable[..., DirectRuntime], client_image: str, qms_project: Path
) -> None:
    """Built anew with other packages, say; the container has the old one until it is made anew."""
    name = f"qms-tui-test-replaced:{os.getpid()}"
    runtime = make_runtime(qms_project, image=name, command=("sleep", "600"))
    engine.tag(client_image, name.partition(":")[0], name.partition(":")[2])
    try:
        async with started(runtime, "qa"):
            before = await runtime.find("qa")
            assert (before.digest, before.outdated) == (digest_of(engine, client_image), False)
            other = io.BytesIO(f"FROM {client_image}\nLABEL x=y\n".encode())
            list(engine.build(fileobj=other, tag=name, rm=True))
            assert await runtime.find("qa") == replace(before, outdated=True)
            assert runtime.containers.all()["qa"].outdated
        await runtime.stop("qa")
        async with started(runtime, "qa"):
            after = await runtime.find("qa")
            assert (after.digest, after.outdated) == (digest_of(engine, name), False)
    finally:
        await runtime.stop("qa")
        engine.remove_image(name, force=True)


async def test_one_of_another_image_is_not_outdated(
    engine: docker.APIClient, make_runtime: Callable[..., DirectRuntime], client_image: str, qms_project: Path
) -> None:
    """The screen was opened with --image; whoever lists containers does not say so again."""
    name = f"qms-tui-test-chosen:{os.getpid()}"
    other = io.BytesIO(f"FROM {client_image}\nLABEL x=chosen\n".encode())
    list(engine.build(fileobj=other, tag=name, rm=True))
    chosen = make_runtime(qms_project, image=name, command=("sleep", "600"))
    plain = make_runtime(qms_project, image=client_image)
    try:
        async with started(chosen, "qa"):
            assert not (await plain.find("qa")).outdated
            assert not plain.containers.all()["qa"].outdated
    finally:
        await chosen.stop("qa")
        engine.remove_image(name, force=True)


async def test_a_restart_is_enough_where_the_image_is_built_already(
    make_runtime: Callable[..., DirectRuntime], client_image: str, old_image: str, qms_project: Path
) -> None:
    old = make_runtime(qms_project, image=old_image, command=("sleep", "600"))
    new = make_runtime(qms_project, image=client_image)
    async with started(old, "qa"):
        there, wanted = await old.find("qa"), await new.find("qa")
        assert (there.outdated, there.needs_build) == (True, True)
        assert (wanted.outdated, wanted.needs_build) == (True, False)
    await old.stop("qa")


def test_the_pane_offers_a_restart_where_that_is_enough(
    engine: docker.APIClient, old_image: str, client_image: str, qms_project: Path, tmp_path: Path
) -> None:
    """As after `qms-tui build` in another terminal."""
    app = App(qms_project, tmp_path / "home", old_image)
    app.set('command = ["sh"]\n')
    with app.open("qa") as tui:
        tui.wait("1 qa ● running", "outdated image: b in the menu builds it anew")
        leave(tui)
    name, tag = old_image.split(":")
    engine.tag(client_image, name, tag)
    with app.open("qa") as tui:
        tui.wait("1 qa ● running", "outdated image: r in the menu restarts it in the new one")
        assert "r in its pane's menu restarts it in that" in app.run("ps").stdout
        tui.type("\x02r")
        tui.wait("End the running program of qa")
        tui.type("y")
        tui.wait("1 qa ● running", absent="outdated image")
        leave(tui)
    app.run("stop", "qa")


def digest_of(engine: docker.APIClient, image: str) -> str:
    return str(engine.inspect_image(image)["Id"])  # type: ignore[no-untyped-call]


def test_an_old_image_is_told_and_built_anew(
    engine: docker.APIClient, old_image: str, client_image: str, qms_project: Path, tmp_path: Path
) -> None:
    facts = engine.inspect_image(client_image)  # type: ignore[no-untyped-call]
    app = App(qms_project, tmp_path / "home", old_image)
    app.set(f'command = ["sh"]\n[build]\nbase = "{facts["Config"]["Labels"][LABEL_BASE]}"\n')
    with app.open("qa") as tui:
        tui.wait("1 qa ● running", "outdated image: b in the menu builds it anew")
        assert app.ps()["qa"]["outdated"] is True
        assert "running, outdated" in app.run("ps").stdout
        tui.type("echo still $((6 * 7))\r")
        tui.wait("still 42")
        tui.type("\x02b")
        tui.wait("Build the image of qa anew?")
        tui.type("y")
        tui.wait("1 qa ● running", absent="still 42", patience=debian.BUILD_SECONDS / 2)
        tui.wait("1 qa ● running", absent="building the image")
        leave(tui)
    assert app.ps()["qa"]["outdated"] is False
    name = Identity(str(qms_project), "qa").container
    assert engine.inspect_container(name)["Config"]["Labels"][LABEL_KIT] == our_kit().hash
