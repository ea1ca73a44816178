"""The scripted agent of `qms-tui demo`: a prompt worth two minutes of play, with no model behind it.

Run as `python -m qms_tui.demo.agent` on a terminal, with the agent's name in QMS_USER and the project as the
working folder. Imports the standard library only: several of them start at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn

from qms_tui.demo.commands import complete, count_line, run_line
from qms_tui.demo.ink import accent, bold, clip, faint, in_color, ink, one_line, pad, wrapped
from qms_tui.demo.jobs import Jobs
from qms_tui.demo.keyboard import check_hung_up, listen_for_sizes, set_title, size, without_flow_control
from qms_tui.demo.prompt import Interrupts, Prompt
from qms_tui.demo.qms import Qms
from qms_tui.demo.session import Session
from qms_tui.demo.status import Reporter
from qms_tui.demo.workflow import check_agent
from qms_tui.errors import ProjectError, QmsTuiError, UnknownAgentError, UsageError
from qms_tui.status_report import ProgramState

_MAX_FRAME = 66  # columns; a wider one looks empty
_NATURE = "A scripted agent: no model, no network, no Docker."
_FAILED = 70  # EX_SOFTWARE of sysexits.h
_INTERRUPTED = 130  # what shells report for SIGINT


def main() -> NoReturn:
    """Run the agent of QMS_USER and exit: with the code of `exit`, 0 at Ctrl+D, 2 when it cannot start."""
    _prepare()
    code = 0
    try:
        with without_flow_control():
            code = _run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except OSError:
        code = 128 + signal.SIGHUP  # the terminal is gone, and nobody is there to tell
    except Exception as error:  # ours: one line in the pane says more than a traceback scrolled through it
        code = _FAILED
        with contextlib.suppress(OSError):
            print(ink("31", clip(f"this agent failed: {one_line(repr(error))}", 200)))
    _leave(code)


def _run() -> int:
    try:
        session = _session(os.environ.get("QMS_USER", ""), Path.cwd())
    except QmsTuiError as error:
        _complain(error)
        return 2
    set_title(session.agent)
    print(greeting(session, size().columns), end="")
    session.prompt.edit(lambda line, word: complete(session, line, word))
    try:
        session.prompt.type_ahead(session.reporter.open())
        signal.signal(signal.SIGALRM, lambda _number, _frame: session.jobs.look())  # at the prompt
        _converse(session)
    finally:
        session.reporter.close()
    return 0


_interrupts = Interrupts()


def _prepare() -> None:
    """Streams that take any text and any byte; signals that end us in order."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGINT, _interrupts)  # also when started with it ignored
    signal.signal(signal.SIGALRM, lambda _number, _frame: None)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)  # Ctrl+\ is too near to Ctrl+] to end an agent
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    listen_for_sizes()


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Through SystemExit, so that the screen and the modes of the terminal are put back on the way out."""
    for other in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _session(agent: str, folder: Path) -> Session:
    if not agent:
        raise UsageError("QMS_USER is not set", hint="it names the agent; 'qms-tui demo' sets it")
    if not (folder / "qms.config.json").is_file():
        raise ProjectError(f"{folder} is no QMS project", hint="'qms-tui demo' makes one and starts us there")
    reporter = Reporter()
    name = check_agent(agent)
    return Session(name, Qms(folder), lambda: datetime.now(UTC), Prompt(), reporter, Jobs(reporter))


def _converse(session: Session) -> None:
    """Prompt, do, again; until Ctrl+D, `exit` or a signal."""
    told = 0
    line_left = False
    while True:
        try:
            _interrupts.armed = True
            if line_left:
                print()
                line_left = False
            _tell_jobs(session)
            told = _tell_count(session, told)
            line = session.prompt.line(session.agent)
            _do(session, line)
            if line.split() == ["inbox"]:
                told = session.qms.inboxes.count(session.agent)  # it has just been said
            _interrupts.armed = False
        except KeyboardInterrupt:
            line_left = True  # the cursor stands behind what was typed
            session.reporter.report(ProgramState.IDLE)
        except EOFError:
            check_hung_up()
            print(faint("bye"))
            return


def _tell_count(session: Session, told: int) -> int:
    count = session.qms.inboxes.count(session.agent)
    if count != told:
        print(count_line(count))
    return count


def _tell_jobs(session: Session) -> None:
    session.jobs.look()
    for job in session.jobs.take_ended():
        print(ink("32", f"✓ {job.title} is done"))


def _do(session: Session, line: str) -> None:
    try:
        run_line(session, line)
    except (UsageError, UnknownAgentError) as error:  # mistyped: nothing has failed
        session.reporter.report(ProgramState.IDLE)
        _complain(error)
    except QmsTuiError as error:
        session.reporter.report(ProgramState.ERROR, error.message)
        _complain(error)
    except OSError as error:
        # of a file; where it is of the terminal, this very line fails too and ends us
        complaint = f"that did not work: {one_line(error.strerror or str(error))}"
        session.reporter.report(ProgramState.ERROR, complaint)
        print(ink("31", clip(complaint, 200)))


def _complain(error: QmsTuiError) -> None:
    print(ink("31", one_line(error.message)))
    if error.hint:
        print(faint(one_line(error.hint)))


def greeting(session: Session, columns: int) -> str:
    """Who this is and what can be tried, in a frame that fits into `columns`."""
    inner = max(20, min(columns - 1, _MAX_FRAME)) - 4
    line = f"38;5;{accent(session.agent)}"
    name = clip(session.agent, inner - 2)
    role = one_line(session.qms.description(session.agent)) or "Initiator. Drafts documents and routes them."
    rows = [pad(row, inner) for row in wrapped(role, inner)]
    rows += [faint(pad(row, inner)) for row in wrapped(_NATURE, inner)]
    top = ink(line, "╭─ ") + in_color(session.agent, name) + ink(line, f" {'─' * (inner - 1 - len(name))}╮")
    body = [f"{ink(line, '│')} {row} {ink(line, '│')}" for row in rows]
    bottom = ink(line, f"╰{'─' * (inner + 2)}╯")
    return "\n".join([top, *body, bottom, _suggestions(session), ""])


def _suggestions(session: Session) -> str:
    other = next(iter(session.others()), "qa")
    tries = ("help", "colours", "work", "ask", "page", f"route CR-001 to {other}")
    return "Try: " + faint(", ").join(bold(each) for each in tries)


def _leave(code: int) -> NoReturn:
    """End without another word: the interpreter would complain about a terminal that is gone."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
