"""The engine that a command works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qms_tui.cli.loading import load_anywhere, log_to_file, warn_of
from qms_tui.cli.options import Common
from qms_tui.config import Faults

if TYPE_CHECKING:
    from qms_tui.runtime.docker.engine import Engine


def engine_here(common: Common) -> Engine:
    """The engine that holds here, in a project or outside of any."""
    from qms_tui.runtime.docker import connect

    log_to_file(common)
    faults = Faults()
    config = load_anywhere(common, on_fault=faults)
    warn_of(faults)
    return connect(config.engine.host)
