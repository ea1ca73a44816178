"""The agent's user in the image's own tables, which are asked of the engine once."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pytest

from qms_tui.runtime.docker import accounts, connect
from qms_tui.runtime.docker.accounts import accounts_folder, accounts_of
from qms_tui.runtime.docker.container import LABEL_THROWAWAY

from .direct import DirectRuntime
from .held import started
from .relay import Relay

HOME = ":x:"  # of whom the agent is there: itself, or root on a rootless engine
OTHER = "somebody:x:4321:4321::/:/bin/false"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return accounts_folder()


def kept(folder: Path) -> Path:
    (file,) = folder.glob("*.json")
    return file


def fill(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in "abc":
        (folder / f"{name}.json").write_text("{}")


def put_in_the_way(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.json")]


async def passwd(runtime: DirectRuntime, engine: docker.APIClient) -> str:
    """The table in a container that is made for this."""
    async with started(runtime, "qa") as qa:
        await qa.expect(rb"agent ready")
        container = (await runtime.find("qa")).container
        job = engine.exec_create(container, ["cat", "/etc/passwd"])
        text: bytes = engine.exec_start(job["Id"])
    await runtime.stop("qa")
    return text.decode()


async def test_what_an_image_has_is_remembered(
    runtime: DirectRuntime, engine: docker.APIClient, cache: Path
) -> None:
    first = await passwd(runtime, engine)
    assert HOME in first
    assert kept(cache).stat().st_mode & 0o777 == 0o600
    content = json.loads(kept(cache).read_text())
    assert "agent:" not in content["passwd"]
    kept(cache).write_text(json.dumps({**content, "passwd": content["passwd"] + OTHER + "\n"}))
    assert OTHER in await passwd(runtime, engine)  # so the engine was not asked again


@pytest.mark.parametrize("content", ["", "{", "[]", '{"passwd": ""}', "[" * 100_000])
async def test_a_spoiled_file_is_made_anew(
    runtime: DirectRuntime, engine: docker.APIClient, cache: Path, content: str
) -> None:
    first = await passwd(runtime, engine)
    kept(cache).write_text(content)
    assert await passwd(runtime, engine) == first
    assert json.loads(kept(cache).read_text())["passwd"]


async def test_a_folder_that_cannot_be_made_is_no_reason_to_fail(
    runtime: DirectRuntime, engine: docker.APIClient, cache: Path
) -> None:
    put_in_the_way(cache.parent)
    assert HOME in await passwd(runtime, engine)


async def test_only_so_many_are_kept(
    runtime: DirectRuntime, engine: docker.APIClient, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "MOST", 2)
    fill(cache)
    await passwd(runtime, engine)
    assert len(names(cache)) == 2


def test_nobody_waits_until_what_was_made_for_it_is_gone(
    engine: docker.APIClient, image: str, qms_project: Path, cache: Path, tmp_path: Path
) -> None:
    with Relay(tmp_path / "engine.sock") as relay:
        relay.swallows = b"DELETE "
        asked = connect(relay.host)
        number = engine.inspect_image(image)["Id"]  # type: ignore[no-untyped-call]
        found = accounts_of(asked.api, number, str(qms_project), cache)
        assert "root" in found.passwd
        (made,) = engine.containers(all=True, filters={"label": f"{LABEL_THROWAWAY}={qms_project}"})
        relay.wait_for("DELETE")
    engine.remove_container(made["Id"], force=True)
    asked.close()
