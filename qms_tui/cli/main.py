"""The commands, and the outermost boundary: what a failure prints, and exit statuses."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import click

from qms_tui.cli.build import build
from qms_tui.cli.completion import COMPLETE_VARIABLE, completion
from qms_tui.cli.config import config
from qms_tui.cli.demo import demo
from qms_tui.cli.doctor import doctor
from qms_tui.cli.group import OPEN, cli
from qms_tui.cli.inbox import inbox
from qms_tui.cli.journal import log, record
from qms_tui.cli.local import local
from qms_tui.cli.mcp import mcp
from qms_tui.cli.open import open_screen
from qms_tui.cli.printing import complain, note, warn
from qms_tui.cli.prune import prune
from qms_tui.cli.ps import ps
from qms_tui.cli.send import send
from qms_tui.cli.start import start
from qms_tui.cli.stop import stop
from qms_tui.cli.streams import output_failure, with_streams
from qms_tui.cli.trust import trust
from qms_tui.cli.unpause import unpause
from qms_tui.errors import QmsTuiError

COMMANDS = (
    build, completion, config, demo, doctor, inbox, local, log, mcp, open_screen, prune, ps, record, send,
    start, stop, trust, unpause,
)  # fmt: skip
for _command in COMMANDS:
    cli.add_command(_command)


def run(args: Sequence[str]) -> int:
    """Run the command line; the process's exit status: 0, 1 for a fault of ours, 2 for what you can mend."""
    return with_streams(lambda: _run(args))


def _run(args: Sequence[str]) -> int:
    try:
        status = cli.main(
            list(args), "qms-tui", standalone_mode=False, complete_var=COMPLETE_VARIABLE, obj=tuple(args)
        )
    except QmsTuiError as error:
        return complain(error.message, error.hint)
    except click.exceptions.Abort:
        return 130
    except click.UsageError as error:
        return complain(_in_one_line(error), f"see: {_command_of(error)} --help")
    except click.ClickException as error:
        return complain(error.format_message(), "")
    except SystemExit as end:
        if end.__context__ is None or output_failure():  # a completion has been printed, or could not be
            return 0
        return _unexpected(end.__context__, args)  # click's for EPIPE, here of something that we do not print
    except Exception as error:  # the outermost boundary: a user never sees a traceback
        return 0 if error is output_failure() else _unexpected(error, args)  # `with_streams` tells of it
    return status if isinstance(status, int) else 0


def _unexpected(error: BaseException, args: Sequence[str]) -> int:
    if not logging.getLogger().handlers:  # it went wrong early: logging would print the traceback
        from qms_tui.log import setup_logging

        setup_logging("info")
    logging.getLogger(__name__).error("unexpected", exc_info=error)
    from qms_tui.report import crash_lines

    what, where = crash_lines(error, args)
    warn(what)
    note(f"  {where}")
    return 1


def _in_one_line(error: click.UsageError) -> str:
    """click sets each of the choices of a missing argument in, on a line of its own."""
    return error.format_message().replace("\n\t", " ")


def _command_of(error: click.UsageError) -> str:
    """Whose help says how it is written."""
    context = error.ctx
    return "qms-tui" if context is None or context.command.name == OPEN else context.command_path
