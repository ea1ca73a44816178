"""The doctor, the list and the screen agree on whether the real client is logged in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.model import Model

from . import debian
from .clients import login
from .test_app import App, leave
from .user import give

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
TOKEN = "ANTHROPIC_AUTH_TOKEN"


@pytest.fixture
def app(
    qms_project: Path, tmp_path: Path, client_image: str, network: tuple[str, str], model: Model
) -> Iterator[App]:
    """Its agents log in with a gateway's token of an env_file."""
    made = App(qms_project, tmp_path / "home", client_image)
    file = tmp_path / "home/agent.env"
    variables = login(model, key="") | {TOKEN: "placeholder-of-a-gateway"}
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    give(made.uid, file)
    made.set(f'network = "{network[0]}"\nenv_file = "{file}"\n')
    yield made
    made.run("stop", "--all")


def test_a_token_of_an_env_file_is_a_login_everywhere(app: App, model: Model) -> None:
    def doctor() -> list[str]:
        rows = json.loads(app.run("doctor", "--json").stdout)
        return [row["text"] for row in rows if row["subject"] in ("qa", "login")]

    assert f"logs in with {TOKEN} of its env_file" in doctor()  # before it was ever started
    with app.open("claude", "qa") as tui:
        tui.wait("shared login of claude, qa")
        tui.wait("1 claude ● idle", "2 qa ● idle", absent="not logged in")
        leave(tui)
    lights = app.ps()["qa"]["lights"]
    assert isinstance(lights, dict)
    assert (lights["login"]["state"], lights["login"]["why"]) == ("fine", TOKEN)
    said = doctor()
    assert f"logs in with {TOKEN} of its env_file" in said
    assert any(text.startswith("shared login of") and text.endswith(TOKEN) for text in said)
