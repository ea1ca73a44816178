"""qms-tui where Python lacks what macOS's lacks: as near as a Linux machine comes to it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
# For PYTHONPATH: Python imports `sitecustomize` from there first, in every process that inherits it.
LACKING = os.pathsep.join((str(Path(__file__).with_name("lacking")), str(ROOT)))
