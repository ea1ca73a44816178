"""The program's entry: answers `--version` before anything heavy is imported."""

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from qms_tui import __version__

        print(f"qms-tui {__version__}")
        return
    from qms_tui.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
