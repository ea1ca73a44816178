"""Record what programs write: python -m tests.real_programs FOLDER, where `.ci/newest-programs` has put them.

Their home is always of the same name, so that nothing of this machine is in what they write.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .conftest import table
from .programs import Place
from .recording import save
from .reporter import Reporter
from .scenes import SCENES, Scene

HOME = Path("/tmp/home")


def record(scene: Scene, installed: Path) -> None:
    """Play it, keep it, show it."""
    HOME.mkdir()
    try:
        with scene.model() as model:
            start = scene.start(Place(installed, HOME, model))
            with Reporter(start.argv, start.env, HOME / "project") as program:
                scene.play(program)
        save(scene.recorded, program.rows, bytes(program.output))
        print(scene.name, *table(program.rows), sep="\n  ")
    finally:
        shutil.rmtree(HOME)


if __name__ == "__main__":
    for each in SCENES:
        if each.recorded:
            record(each, Path(sys.argv[1], each.folder).absolute())
