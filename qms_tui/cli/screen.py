"""The screen, and what it asks of the terminal."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from qms_tui.cli.printing import note, warn
from qms_tui.config import Config
from qms_tui.errors import UsageError
from qms_tui.inbox.past import Past
from qms_tui.project import Project
from qms_tui.remembered import Memory, View

if TYPE_CHECKING:
    from qms_tui.mcp.lights import Standing
    from qms_tui.runtime import Runtime

NO_SCREEN = frozenset({"", "dumb", "unknown"})  # values of TERM for terminals that cannot move the cursor
SMALLEST = (40, 10)  # columns and lines of the outer terminal
BY_SIGNAL = 128  # exit statuses above say which one has ended the screen, which did not fail then


def show(
    project: Project,
    config: Config,
    names: Sequence[str],
    runtime: Runtime,
    engine: str,
    remarks: Sequence[str] = (),
    view: View | None = None,
    memory: Memory | None = None,
    past: Past | None = None,
    servers: Callable[[], Awaitable[Standing]] | None = None,
    *,
    inside: Callable[[str, str], str | None] | None = None,
    on_left: Callable[[Sequence[str]], None] | None = None,
) -> int:
    """Show the screen until it is left; the exit status. Raises UsageError where it cannot be shown.

    `on_left` is called with the agents that go on.
    """
    check_terminal()
    gc.disable()  # until the first painting: what is made before that is hardly ever garbage
    from qms_tui.cli.in_process import InProcess
    from qms_tui.report import watch_threads
    from qms_tui.ui.app import QmsTuiApp
    from qms_tui.ui.session import Session

    roster = project.roster((*config.agents, *names))
    house = InProcess(project, config, names, roster, runtime, past=past, servers=servers)
    notices = (*config.notices, *remarks)
    agents, keeper, outlives = tuple(names), runtime.keeper, runtime.outlives
    session = Session(
        project, config, agents, engine, house.connect, keeper, outlives, house.close, notices, view, memory,
        inside,
    )  # fmt: skip
    watch_threads(sys.argv[1:])
    app = QmsTuiApp(session)
    runtime.show_colors(app.palette().colors)
    app.run()
    if on_left is not None:
        on_left(app.left_behind)
    if 0 < (app.return_code or 0) < BY_SIGNAL:
        _tell_of_crash(app.fault)
    return app.return_code or 0


def _tell_of_crash(fault: BaseException | None) -> None:
    from qms_tui.report import report_crash

    report = report_crash(fault, sys.argv[1:]) if fault is not None else None
    how = f"please read this report, and send it: {report}" if report else "the log file says how"
    warn(f"the screen failed; {how}")
    note("  agents go on: start qms-tui again to get back to them")


def check_terminal() -> None:
    """Raise UsageError where no screen can be shown."""
    for stream, name in ((sys.stdin, "input"), (sys.stdout, "output")):
        if not stream.isatty():
            raise UsageError(
                f"standard {name} is no terminal", hint="run qms-tui in a terminal, without pipes"
            )
    term = os.environ.get("TERM", "")
    if term in NO_SCREEN:
        said = f"TERM is {term!r}" if term else "TERM is not set"
        raise UsageError(
            f"{said}: that terminal cannot show the screen",
            hint="run qms-tui in another one, or name what it really is, as in TERM=xterm-256color",
        )
    size = shutil.get_terminal_size()
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        raise UsageError(
            f"the terminal is too small: {size.columns}x{size.lines}",
            hint=f"make it at least {SMALLEST[0]} columns by {SMALLEST[1]} lines",
        )
