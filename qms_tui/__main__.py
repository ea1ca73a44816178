"""The program's entry: answers `--version` before anything heavy is imported."""

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from qms_tui import __version__

        print(f"qms-tui {__version__}")
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


if __name__ == "__main__":
    main()
