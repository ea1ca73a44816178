"""Out of memory the daemon ends at once: half of its work would be left undone, and it would go on.

Whoever misses it starts another one. Agents, terminals and keys are the keeper's and go on.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress

_log = logging.getLogger(__name__)


class _Ending(logging.Handler):
    """Every boundary that goes on after an error logs that error, so this hears of each."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], MemoryError):
            with suppress(MemoryError):
                _log.critical("out of memory: ended at once; agents go on")
            os._exit(1)


def end_without_memory() -> None:
    """From now on; after the log has been set up, so that the log has it first."""
    logging.getLogger().addHandler(_Ending())
