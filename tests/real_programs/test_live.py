"""What real programs report of themselves, and how soon, before our terminal and stand-ins for their models.

They are not part of the tests' packages: `.ci/newest-programs` installs them and runs this, for a job of
every night. What they wrote once is played by `test_recordings.py` in every run.
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
    folder = Path(pytestconfig.getoption("real_programs"), scene.folder).absolute()
    if not folder.is_dir():
        pytest.skip(f"{scene.name} is not installed")
    with scene.model() as model:
        start = scene.start(Place(folder, tmp_path, model))
        with Reporter(start.argv, start.env, tmp_path / "project") as program:
            scene.play(program)
        record_property("reports", (scene.name, program.rows))
