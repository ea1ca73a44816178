"""What the watch says of agents' disks: to screens and to commands at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from qms_tui.keeper.disk.record import read_record
from qms_tui.keeper.disk.watch import DiskWatch
from qms_tui.project import Project
from qms_tui.runtime.base import ContainerSize
from qms_tui.runtime.docker.tap import Tap
from qms_tui.runtime.usage import DiskUse

HUGE = 2**50  # bytes, above any limit


class Engine:
    """A tap of containers that have written so much."""

    sees_folders = False

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self.paused: list[str] = []

    async def sizes(self) -> Mapping[str, ContainerSize]:
        return {name: ContainerSize(name, size, False, None, False) for name, size in self._sizes.items()}

    async def pause(self, container: str) -> None:
        self.paused.append(container)


async def test_commands_know_of_a_pause_before_the_next_agent_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "project").mkdir()
    (tmp_path / "keeper").mkdir()
    engine = Engine({"qa": HUGE, "bu": HUGE})
    recorded: dict[str, DiskUse | None] = {}
    all_paused = asyncio.Event()

    def tell(name: str, text: str, new: bool) -> None:
        recorded[name] = read_record(tmp_path / "keeper").get(name)
        if len(recorded) == len(engine._sizes):
            all_paused.set()

    watch = DiskWatch(cast(Tap, engine), Project(tmp_path / "project"), tmp_path / "keeper", None)
    running = asyncio.create_task(watch.run(lambda: True, tell))
    try:
        async with asyncio.timeout(30):
            await all_paused.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert engine.paused == ["qa", "bu"]
    assert {name: use is not None and "disk limit" in use.text for name, use in recorded.items()} == {
        "qa": True,
        "bu": True,
    }
