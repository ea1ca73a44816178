"""Real programs, each before our terminal and a stand-in for its model: what they report of themselves, and when.

They are not part of the tests' packages: `.ci/newest-programs` installs them and runs this, for a job of every
night. What they wrote then is played by `test_recordings.py` in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .programs import Place
from .reporter import Reporter
from .scenes import SCENES, Scene


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name.replace(" ", "-"))
def test_it_reports(
    scene: Scene,
    pytestconfig: pytest.Config,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    given = str(pytestconfig.getoption("real_programs"))
    folder = Path(given, scene.folder).absolute()
    if not given or not folder.is_dir():
        pytest.skip(f"not installed: {scene.name}; .ci/newest-programs does that")
    with scene.model() as model:
        start = scene.start(Place(folder, tmp_path, model))
        with Reporter(start.argv, start.env, tmp_path / "project") as program:
            scene.play(program)
        record_property("reports", (scene.name, program.rows))
