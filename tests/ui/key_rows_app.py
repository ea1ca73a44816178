"""The whole app with one agent that is `key_reader.py`; run as `python key_rows_app.py FD PROJECT SOCKET`.

At SIGUSR1 it tells where the pane's terminal is on the screen and which modes its program has set.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from qms_tui.config import Config
from qms_tui.project import Project
from qms_tui.runtime.environment import inherited
from qms_tui.ui import app
from qms_tui.ui.app import QmsTuiApp
from qms_tui.ui.session import Session
from tests.here import HereRuntime
from tests.in_process import InProcess

READER = str(Path(__file__).with_name("key_reader.py"))


class Told(QmsTuiApp):
    """Tells about its pane."""

    house: InProcess
    CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))  # Textual looks beside the subclass

    def on_mount(self) -> None:
        """Textual calls the base's, too."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.tell)

    async def on_unmount(self) -> None:
        """Likewise; the application ends within its event loop."""
        await self.house.close()

    def tell(self) -> None:
        """Write one line on the descriptor in argv[1]."""
        corner = self.pane.content_region.offset
        modes = self.pane.link.terminal.modes
        fact = {"kind": "pane", "time": time.monotonic(), "x": corner.x, "y": corner.y, "modes": repr(modes)}
        os.write(int(sys.argv[1]), json.dumps(fact).encode() + b"\n")


def main() -> None:
    """Run the app."""
    project = Project(Path(sys.argv[2]))
    runtime = HereRuntime(
        project.root, lambda _: (sys.executable, READER, sys.argv[3]), lambda _: inherited(os.environ)
    )
    house = InProcess(project, Config(), ("claude",), project.roster(), runtime)
    told = Told(Session(project, Config(), ("claude",), house.connect, "local", outlives=False))
    told.house = house
    told.run()


if __name__ == "__main__":
    main()
