"""EI-6 of the original record, as a whole: an agent routes a document, and the other one works it off.

Two real clients in containers, their model a stand-in, the sample QMS behind the gateway. Nobody types but
the one prompt to claude.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from qms_tui import demo
from tests.bench.model import Model

from . import debian
from .clients import KEY, closed_network
from .test_app import App, leave

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
SAMPLE = Path(demo.__file__).parent / "sample" / "QMS"
DOCUMENT = "CR-001"
ROUTE = {"document": DOCUMENT, "to": "qa"}
REVIEW = {"document": DOCUMENT, "recommend": True}
# What the models of the two say, by what they are told last.
RULES = [
    ("please route it", f"call mcp__qms__route {json.dumps(ROUTE)}"),
    ("qa has task", "fine"),
    ("review task CR-001", "call mcp__qms__inbox {}"),
    ("task-CR-001", f"call mcp__qms__review {json.dumps(REVIEW)}"),
]
TIMES = 3
WAKE = "Check your QMS inbox."


@pytest.fixture
def network(engine: docker.APIClient) -> Iterator[tuple[str, str]]:
    with closed_network(engine, f"qms-tui-test-ei6-{os.getpid()}") as found:
        yield found


@pytest.fixture
def model(network: tuple[str, str]) -> Iterator[Model]:
    with Model(network[1]) as model:
        model.rules = RULES
        yield model


@pytest.fixture
def app(
    qms_project: Path, tmp_path: Path, client_image: str, network: tuple[str, str], model: Model
) -> Iterator[App]:
    """Its agents may use the sample QMS, and reach nothing else but the model."""
    shutil.copytree(SAMPLE, qms_project / "QMS", dirs_exist_ok=True)
    made = App(qms_project, tmp_path / "home", client_image)
    given = {
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    made.environment |= given
    server = [sys.executable, "-P", "-m", "qms_tui.demo.server", "."]
    made.set(
        f'network = "{network[0]}"\nenv = {json.dumps(list(given))}\ntools = ["mcp__qms"]\n'
        f"[mcp.qms]\ncommand = {json.dumps(server)}\n"
    )
    yield made
    made.run("stop", "--all")


@pytest.mark.parametrize("time", range(TIMES))
def test_routed_badge_toast_woken_reviewed_noticed(app: App, model: Model, time: int) -> None:
    qa = app.root / ".claude/users/qa/inbox"
    with app.open("claude", "qa") as tui:
        tui.wait("1 claude ● idle", "2 qa ● idle")
        tui.type("\x1b[200~please route it\x1b[201~")
        tui.wait("please route it")
        tui.type("\r")
        tui.wait("New task: Review CR-001")  # the toast
        tui.wait("Notice: CR-001")  # what claude is told in the end
        tui.type("\x1bOQ")
        tui.wait("✓ after", "delivered", "1 notice")
        assert not list(qa.glob("*.md"))
        for _ in range(60):
            if len(wakes(model)) == 2:
                break
            with contextlib.suppress(AssertionError):
                tui.wait("nothing", patience=0.5)  # the screen must be read meanwhile
        tui.type("\x1bOQ")
        leave(tui)
    first, second = wakes(model)
    assert "review task CR-001 from claude" in first
    assert "notice" in second


def wakes(model: Model) -> list[str]:
    """The lines by which agents were woken, each once."""
    lines = (line for text in model.said() for line in text.splitlines() if line.endswith(WAKE))
    return list(dict.fromkeys(lines))
