"""Whose environment agents start with: that of the human who asks for it, else the newest that came."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import PurePosixPath

from qms_tui.api.commands import Environment
from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.runtime.caller import Caller
from qms_tui.text.printable import plain


class Callers:
    """Of one daemon. Nothing of it is ever written down."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.newest = Caller.here()
        """Of who came last, else of whoever started us."""
        self._asked: dict[str, Caller] = {}  # for starts of agents that have not begun
        self._begun: dict[str, Caller] = {}
        self.newest_at = 0.0
        """When a client brought the newest, in seconds since 1970; 0 if none has."""

    def come(self, caller: Caller) -> None:
        """A client has brought its own: what starts by itself gets that from now on."""
        self.newest, self.newest_at = caller, self._clock()

    def ask(self, agent: str, caller: Caller | None) -> None:
        """A client with this environment, or with none, has asked for the agent's start."""
        self._asked[agent] = caller or self.newest

    def begin(self, agent: str) -> Caller:
        """The agent starts now: who asked for it, else who came last."""
        self._begun[agent] = self._asked.pop(agent, self.newest)
        return self._begun[agent]

    def of(self, agent: str) -> Caller:
        """Whose environment it was started with last, or would be now."""
        return self._begun.get(agent, self.newest)


def caller_of(brought: Environment) -> Caller:
    """What a client brings, over what this process has of it. Raises ApiError for what cannot be."""
    for name in (variable.name for variable in brought.variables):
        if not name or "=" in name or "\0" in name:
            raise _wrong(f"{plain(name[:40])!r} cannot be the name of a variable")
    if any("\0" in variable.value for variable in brought.variables):
        raise _wrong("a variable has a NUL byte")
    if not 0 <= brought.umask <= 0o777 or not PurePosixPath(brought.folder).is_absolute():
        raise _wrong("no umask, or no absolute folder")
    others = {} if brought.whole else {k: v for k, v in os.environ.items() if k not in brought.names}
    variables = {variable.name: variable.value for variable in brought.variables}
    return Caller(others | variables, brought.umask, brought.folder)


def _wrong(what: str) -> ApiError:
    return ApiError(ErrorCode.WRONG_PARAMETERS, f"environment: {what}", "leave it out")
