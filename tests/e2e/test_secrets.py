"""What an agent logs in with is shown nowhere: not by the engine, our commands, our log or the journal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import docker
import pytest

from qms_tui.runtime.docker.container import Identity

from . import debian
from .clients import KEY
from .project import owner
from .test_app import App, leave

pytestmark = pytest.mark.timeout(debian.BUILD_SECONDS)
TOKEN = "sk-ant-oat01-of-a-file-0123456789-abcdefghij"
HAS_BOTH = 'test "$ANTHROPIC_API_KEY" && test "$CLAUDE_CODE_OAUTH_TOKEN" && echo has both; exec sleep 600'


def test_a_key_and_a_token_are_shown_nowhere(
    engine: docker.APIClient, client_image: str, qms_project: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o400)
    os.chown(token, owner(), -1)
    app = App(qms_project, tmp_path / "home", client_image)
    app.environment["ANTHROPIC_API_KEY"] = KEY
    app.set(f'env = ["ANTHROPIC_API_KEY"]\ntoken_file = "{token}"\n')
    app.set(f"command = {json.dumps(['sh', '-c', HAS_BOTH])}\n")
    with app.open("--log-level", "debug", "qa") as tui:
        tui.wait("has both")
        said = [app.run(*words.split()).stdout for words in ("ps --json", "doctor", "config", "log qa")]
        shown = tui.text
        leave(tui)
    container = Identity(str(qms_project), "qa").container
    facts = json.dumps(engine.inspect_container(container))
    log = (tmp_path / "home/XDG_STATE_HOME/qms-tui/log/qms-tui.log").read_text()
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and "XDG_STATE" in str(path)]
    (private,) = [
        path for path in kept if path.name == "environment.json"
    ]  # the agent's own, and nobody else's
    assert (private.stat().st_mode & 0o777, private.stat().st_uid) == (0o400, owner())
    files = [path.read_bytes().decode(errors="replace") for path in kept if path != private]
    assert "has both" in said[3]
    assert f"and gets {token}" in said[1]
    for text in (*said, shown, facts, log, *files, engine.logs(container).decode()):
        assert KEY not in text
        assert TOKEN not in text
