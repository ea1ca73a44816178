"""What a definition's front matter asks for reaches the real client's model, or is named as ignored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.model import Model

from . import debian
from .clients import asked, say, status
from .direct import DirectRuntime
from .held import started
from .test_app import App, app, leave
from .test_real_client import real

__all__ = ["app", "real"]
FRONT = "---\nname: qa\nmodel: claude-haiku-4-5\ntools: Read, Grep\nhooks: {}\n---\n\nYou are qa.\n"


async def asked_with(runtime: DirectRuntime, root: Path, model: Model) -> tuple[str, set[str]]:
    async with started(runtime, "qa") as held:
        await status(root, "qa", "idle")
        say(held, "good morning")
        request = await asked(model, "good morning")
    return request["model"], {tool["name"] for tool in request["tools"]}


@pytest.mark.timeout(debian.BUILD_SECONDS)
async def test_model_and_tools_reach_the_model(
    real: Callable[..., DirectRuntime], qms_project: Path, model: Model
) -> None:
    (qms_project / ".claude/agents/qa.md").write_text(FRONT)
    runtime = real(qms_project)
    name, tools = await asked_with(runtime, qms_project, model)
    assert name.startswith("claude-haiku-4-5")
    assert "Read" in tools
    assert not tools & {"Bash", "Edit", "Write", "WebFetch"}


@pytest.mark.timeout(debian.BUILD_SECONDS)
async def test_settings_win(real: Callable[..., DirectRuntime], qms_project: Path, model: Model) -> None:
    (qms_project / ".claude/agents/qa.md").write_text(FRONT)
    runtime = real(qms_project, model="claude-sonnet-4-5", tools=("Bash(git log:*)",))
    name, tools = await asked_with(runtime, qms_project, model)
    assert name.startswith("claude-sonnet-4-5")
    assert {"Read", "Bash"} <= tools
    assert not tools & {"Edit", "Write", "WebFetch"}


def test_what_has_no_effect_is_named(app: App, qms_project: Path) -> None:
    (qms_project / ".claude/agents/qa.md").write_text(FRONT)
    app.trust()
    config, doctor = app.run("config").stdout, app.run("doctor").stdout
    assert "# The definition of qa asks for model claude-haiku-4-5, no tools but Read, Grep." in config
    assert "# The definition of qa, hooks: has no effect here." in config
    assert "its definition asks for model claude-haiku-4-5" in doctor
    assert "of its definition, hooks: has no effect here" in doctor
    with app.open("qa") as tui:
        tui.wait("of the definition of qa, hooks")
        leave(tui)
