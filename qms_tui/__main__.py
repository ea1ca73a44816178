"""The program's entry: answers `--version` before anything heavy is imported."""

import os
import sys


def main() -> None:
    """Run the command line."""
    _fill_closed_streams()
    if sys.argv[1:] in (["--version"], ["-V"]) and _prints_version():
        return
    try:
        from qms_tui.cli import run
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # a broken installation: what is missing may be what prints or logs
        from qms_tui.report import crash_lines

        what, where = crash_lines(error, sys.argv[1:])
        print(f"qms-tui: {what}\n  {where}", file=sys.stderr)
        sys.exit(1)
    sys.exit(run(sys.argv[1:]))


def _fill_closed_streams() -> None:
    """The place of a closed stream would be the next file's or socket's, and be printed into.

    Reading from standard input fails then, as `nohup` has it: an empty text would be taken for the input.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_WRONLY), True)  # the lowest number that is free


def _prints_version() -> bool:
    """Print the version; False where it does not arrive, which the command line has words for."""
    from qms_tui import __version__

    try:
        return sys.stdout is not None and os.write(1, f"qms-tui {__version__}\n".encode()) > 0
    except OSError:
        return False


if __name__ == "__main__":
    main()
