"""An address in the human's browser: one with windows of its own, or one that takes the terminal."""

from __future__ import annotations

import asyncio
import sys
import webbrowser
from asyncio.subprocess import DEVNULL

from textual.app import App

from qms_tui.errors import UsageError
from qms_tui.ui.lending import lent_terminal


async def open_address(app: App[None], url: str) -> None:
    """Open an address. Raises UsageError where there is no browser."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error as error:
        raise UsageError("there is no browser here", hint="Enter copies the address instead") from error
    if _takes_terminal(browser):
        with lent_terminal(app):
            browser.open(url)
        return
    # Apart from us: what a browser prints would be painted over the panes.
    command = (sys.executable, "-m", "webbrowser", url)
    opened = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    await opened.wait()


def _takes_terminal(browser: webbrowser.BaseBrowser) -> bool:
    """Whether it runs in the foreground, as w3m and lynx do; the standard library says so in two ways."""
    return type(browser) is webbrowser.GenericBrowser or not getattr(browser, "background", True)
