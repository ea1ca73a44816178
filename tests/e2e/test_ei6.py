"""EI-6 of the original record, as a whole, each time from nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.model import Model

from . import debian
from .clients import START_SECONDS
from .ei6 import BOTH_IDLE, stage, travel, wakes
from .test_app import App, leave

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
TIMES = 3


@pytest.fixture
def app(
    qms_project: Path, tmp_path: Path, client_image: str, network: tuple[str, str], model: Model
) -> Iterator[App]:
    with stage(qms_project, tmp_path / "home", client_image, network[0], model) as app:
        yield app


@pytest.mark.parametrize("time", range(TIMES))
def test_routed_badge_toast_woken_reviewed_noticed(app: App, model: Model, time: int) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait(*BOTH_IDLE, patience=START_SECONDS)
        way = travel(tui, app.root, model)
        tui.type("\x1bOQ")
        tui.wait("✓ after", "delivered", "1 notice")
        tui.type("\x1bOQ")
        leave(tui)
    assert way.in_order
    first, second = wakes(model)
    assert "review task CR-001 from claude" in first
    assert "notice" in second
