"""A project that was renamed while an agent of it runs: no second one starts in the same folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import docker

from .direct import DirectRuntime
from .engine import remove_project
from .held import SIZE
from .test_app import App


async def test_no_second_container_in_the_same_folder(
    make_runtime: Callable[..., DirectRuntime], make_qms_project: Callable[..., Path], tmp_path: Path,
    image: str, engine: docker.APIClient,
) -> None:  # fmt: skip
    before = make_qms_project("before", os.geteuid())
    (await make_runtime(before).start("qa", SIZE)).close()
    app = App(before, tmp_path / "home", image)
    after = before.rename(before.with_name("after"))
    app.root = after
    done = app.run("qa")
    assert done.returncode == 2
    assert f"qa of this very folder still runs under its old name, {before}" in done.stderr
    assert f"qms-tui prune --project {before}" in done.stderr
    assert not engine.containers(all=True, filters={"label": f"qms-tui.project={after}"})
    app.run("prune", "--project", str(before), "--yes")
    assert "old name" not in app.run("qa").stderr
    remove_project(engine, str(after))
