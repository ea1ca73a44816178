"""The screen, and what it asks of the terminal."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qms_tui.cli.printing import note, warn
from qms_tui.config import Config
from qms_tui.errors import UsageError
from qms_tui.project import Project
from qms_tui.remembered import Memory, View

if TYPE_CHECKING:
    from qms_tui.api.agents import AgentView
    from qms_tui.cli.opening import Opening

NO_SCREEN = frozenset({"", "dumb", "unknown"})  # values of TERM for terminals that cannot move the cursor
SMALLEST = (40, 10)  # columns and lines of the outer terminal
BY_SIGNAL = 128  # exit statuses above say which one has ended the screen, which did not fail then


def show(
    project: Project,
    config: Config,
    names: Sequence[str],
    opening: Opening,
    view: View | None = None,
    memory: Memory | None = None,
    *,
    where: str = "",
    outlives: bool = True,
    on_left: Callable[[Sequence[AgentView]], None] = lambda agents: None,
) -> int:
    """Show the screen until it is left; the exit status. Raises OpeningError if the daemon holds nothing.

    `where` agents run, if that is not said of each; `outlives`: they go on when the screen is left. `on_left`
    is called with those that do.
    """
    gc.disable()  # until the first painting: what is made before that is hardly ever garbage
    from qms_tui.report import watch_threads
    from qms_tui.ui.app import QmsTuiApp
    from qms_tui.ui.session import Session

    watch_threads(sys.argv[1:])
    session = Session(
        project, config, tuple(names), opening.connect, where, outlives, view, memory, opening.end_daemon,
        opening.began,
    )  # fmt: skip
    app = QmsTuiApp(session)
    try:
        app.run()
    finally:
        opening.close()
    if app.refusal is not None:
        raise app.refusal
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
