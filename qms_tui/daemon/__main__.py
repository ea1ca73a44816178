"""The daemon's process: detached, locked, one per project. Started by clients, never by hand.

    python -m qms_tui.daemon --project FOLDER [--config FILE] [--log-level LEVEL] [--lifeline PIPE]

Says one line of JSON on its standard output when it serves, or why it cannot, and then nothing any more.
"""

from __future__ import annotations

import sys

from qms_tui.ipc.detached import detach


def main() -> int:
    """Leave whoever started us, then be the daemon until nobody needs one."""
    detach()
    try:
        from qms_tui.daemon.process import serve

        return serve(sys.argv[1:])
    except Exception as error:  # nobody reads what a process without a terminal prints
        from qms_tui.report import report_crash

        report_crash(error, ["daemon", *sys.argv[1:]])
        raise


if __name__ == "__main__":
    sys.exit(main())
