"""The addresses in a pane: chosen, copied, opened."""

from __future__ import annotations

from qms_tui.errors import UsageError
from qms_tui.ui.links import addresses
from qms_tui.ui.screens import Link, LinkScreen
from qms_tui.ui.shell import Shell


class Addresses:
    """Lists those of the focused pane; `app` owns this."""

    def __init__(self, app: Shell) -> None:
        self._app = app

    def offer(self) -> None:
        """List them; one may be copied or opened."""
        found = addresses(self._app.pane.link.terminal)
        if found:
            self._app.push_screen(LinkScreen(found), self._use)
        else:
            self._app.notify("No address in this pane.", markup=False)

    def _use(self, chosen: Link | None) -> None:
        if chosen is None:
            return
        if chosen.opened:
            self._app.open_url(chosen.url)
        else:
            self._app.copy_to_clipboard(chosen.url)
            self._app.notify(chosen.url, title="Copied", markup=False)

    async def open(self, url: str) -> None:
        """In the human's browser, which must not write over the panes, nor take their keys."""
        from qms_tui.ui.browser import open_address

        try:
            await open_address(self._app, url)
        except UsageError as error:
            self._app.notify(f"{error.message}: {error.hint}", severity="warning", markup=False)
