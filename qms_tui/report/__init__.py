"""What a person can send when something went wrong: a file of their own, bounded, without secrets.

crash         a crash: which error, and where; never the values of variables
surroundings  versions, the terminal, the command without its values
settings      which settings are made, and the values of those that tell nothing private
logs          the last lines of the log files
redaction     what must not be in a report, and taking it out of the whole text
files         the report on disk

It must work where the rest does not, so it needs nothing but Python; each part that fails says so and leaves
the others alone.
"""

from qms_tui.report.crash import crash_lines, report_crash, watch_threads

__all__ = ["crash_lines", "report_crash", "watch_threads"]
