"""An agent runs; then the project gets a qms-tui.toml that this version cannot read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from .direct import DirectRuntime
from .held import SIZE
from .test_app import App

Make = Callable[..., DirectRuntime]
NEWER = "theme = 'light'\nfuture_key = true\n"
FAULT = "qms-tui.toml: future_key: no such key"


@pytest.mark.parametrize("content", [NEWER, "theme = \n"])
async def test_it_can_be_listed_looked_into_and_stopped(
    make_runtime: Make, qms_project: Path, tmp_path: Path, image: str, engine: docker.APIClient, content: str
) -> None:
    (await make_runtime(qms_project).start("qa", SIZE)).close()
    app = App(qms_project, tmp_path / "home", image, os.geteuid())
    (qms_project / "qms-tui.toml").write_text(content)
    for words in (("ps",), ("log", "qa"), ("doctor",), ("stop", "--all")):
        done = app.run(*words)
        said = done.stdout + done.stderr
        assert (done.returncode, said.count("qms-tui.toml: ")) == (int(words == ("doctor",)), 1), said
    assert not engine.containers(all=True, filters={"label": f"qms-tui.project={qms_project}"})


async def test_the_language_of_the_host_arrives(
    make_runtime: Make, qms_project: Path, engine: docker.APIClient
) -> None:
    host = {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "TZ": "Europe/Berlin"}
    runtime = make_runtime(qms_project, host=host, env=tuple(host))
    (await runtime.start("qa", SIZE)).close()
    (found,) = engine.containers(filters={"label": f"qms-tui.project={qms_project}"})
    shown = dict(line.split("=", 1) for line in engine.inspect_container(found["Id"])["Config"]["Env"])
    assert {name: shown.get(name) for name in host} == host
