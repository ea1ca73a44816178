"""The keeper's process: detached, locked, one per project and engine. Started by interfaces, never by hand.

Says one line of JSON on its standard output when it serves, or why it cannot, and then nothing any more.
"""

from __future__ import annotations

import sys

from qms_tui.ipc.detached import detach


def main() -> int:
    """Leave whoever started us, then be the keeper until nobody needs one."""
    detach()
    try:
        from qms_tui.keeper.process import serve

        return serve(sys.argv[1:])
    except Exception as error:  # nobody reads what a process without a terminal prints
        from qms_tui.report import report_crash

        report_crash(error, ["keeper", *sys.argv[1:]])
        raise


if __name__ == "__main__":
    sys.exit(main())
