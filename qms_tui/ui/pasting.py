"""A paste on its way to an agent: a path of this machine becomes that under which the agent sees the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

from qms_tui.api.commands import PATH_INSIDE, Outside
from qms_tui.api.errors import ApiError
from qms_tui.ui.chrome import StatusLine
from qms_tui.ui.pane import Pane
from qms_tui.ui.paste_path import replace_path
from qms_tui.ui.shell import Shell


class Pasting:
    """Only its daemon knows what an agent sees; keys wait while it is asked. `app` owns this."""

    def __init__(self, app: Shell) -> None:
        self._app = app

    def give(self, pane: Pane, data: bytes) -> None:
        """Give the pane's agent what it gets of a paste."""
        asked = self._paths(data) if pane.agent.isolated else []
        if asked:
            self._app.ahead_of_keys(self._give_inside(pane, data, asked))
        else:
            pane.link.paste(data)

    def _paths(self, data: bytes) -> Sequence[str]:
        """What it may name, and is there."""
        named: list[str] = []
        if self._app.session.config.terminal.paste_paths:
            replace_path(data, named.append)
        return [path for path in named if os.path.lexists(path)]

    async def _give_inside(self, pane: Pane, data: bytes, paths: Sequence[str]) -> None:
        agent = pane.agent.name
        seen = {path: await self._inside(agent, path) for path in paths}
        found = replace_path(data, seen.get)
        if found is not None:
            self._app.base.query_one(StatusLine).say(f"{agent} got the path in its container: {found.path}")
        pane.link.paste(found.data if found is not None else data)

    async def _inside(self, agent: str, path: str) -> str | None:
        """None also where nobody can be asked: the paste stays as it is."""
        try:
            asked = Outside(agent, quote_from_bytes(os.fsencode(path)))
            said = (await self._app.daemon.request(PATH_INSIDE, asked)).path
        except ApiError:
            return None
        return os.fsdecode(unquote_to_bytes(said)) or None
