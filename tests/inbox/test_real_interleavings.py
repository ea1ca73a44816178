"""Real writers on a real folder, events thrown away: at the end the watcher knows what the folder holds."""

from __future__ import annotations

import os
import random
import tempfile
import threading
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qms_tui.inbox.book import Hint
from qms_tui.inbox.watcher import InboxWatcher
from tests.inbox.world import Told

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "replace", "rename", "delete", "touch", "link"]),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=30,
)


class Forgetful(InboxWatcher):
    """Loses some of what inotify tells it, as a queue that runs over does."""

    def __init__(self, folder: Path, told: Told, seed: int, losses: float) -> None:
        super().__init__({"qa": folder}, told, rescan=0.05, settle=0.03)
        self._random = random.Random(seed)
        self._losses = losses

    def on_hint(self, agent: str, name: str, hint: Hint) -> None:
        if self._random.random() >= self._losses:
            super().on_hint(agent, name, hint)


def _do_all(folder: Path, steps: list[tuple[str, int, int]]) -> None:
    for step in steps:
        _do(folder, *step)


def _do(folder: Path, step: str, one: int, two: int) -> None:
    path, other = folder / f"{one}.md", folder / f"{two}.md"
    try:
        if step == "write":
            path.write_text(f"{one} {two}")
        elif step == "replace":
            (folder / f"{one}.tmp").write_text(f"{one} {two}")
            (folder / f"{one}.tmp").rename(path)
        elif step == "rename":
            path.rename(other)
        elif step == "link":
            other.hardlink_to(path)
        elif step == "touch":
            os.utime(path)
        else:
            path.unlink()
    except (FileNotFoundError, FileExistsError):
        pass  # another writer was quicker


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    writers=st.lists(_STEPS, min_size=1, max_size=4),
    seed=st.integers(),
    losses=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_after_quiescence_the_watcher_knows_what_the_folder_holds(
    writers: list[list[tuple[str, int, int]]], seed: int, losses: float
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, told = Path(name).resolve(), Told()
        watcher = Forgetful(folder, told, seed, losses)
        watcher.start()
        try:
            told.until(lambda: bool(told.initial))
            threads = [threading.Thread(target=_do_all, args=(folder, steps)) for steps in writers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            (folder / "last.md").write_text("last")
            held = {path.name for path in folder.glob("*.md")}
            told.until(lambda: {item.file for item in watcher.pending("qa")} == held)
            told.until(lambda: _balance(told) == dict.fromkeys(held, 1))
        finally:
            watcher.close()


def _balance(told: Told) -> dict[str, int]:
    """Arrivals less consumptions, by name; never more than one of a kind in a row."""
    balance = Counter(told.arrived)
    balance.subtract(told.consumed)
    assert all(count in (0, 1) for count in balance.values()), balance
    return {name: count for name, count in balance.items() if count}
