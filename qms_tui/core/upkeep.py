"""Looking again, now and then, at what an agent's runtime knows of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from qms_tui.errors import QmsTuiError
from qms_tui.runtime import Found

_log = logging.getLogger(__name__)

# Who an agent is it says a second or two after its start; later something may still come to light.
FIRST_PAUSE, MOST_PAUSE, LONGER = 2.0, 60.0, 4  # seconds, each time so many times longer


async def keep_looking(find: Callable[[], Awaitable[Found]], tell: Callable[[Found], None]) -> None:
    """Find and tell until cancelled; a runtime that does not answer is asked again later."""
    pause = FIRST_PAUSE
    while True:
        await asyncio.sleep(pause)
        try:
            tell(await find())
        except QmsTuiError as error:
            _log.info("%s", error)
        pause = min(pause * LONGER, MOST_PAUSE)
