"""Commands and options; the only place that prints and exits.

main        all commands, what a failure prints, and exit statuses
group       `qms-tui` itself, which `qms-tui AGENT...` opens the screen with
options     what several commands take
names       how agents' names are typed
near_misses words of other programs, and the command that each means
loading     the project and the configuration that hold here
deciding    whether a project may have an effect, asked before it is opened
wish        what the daemon is asked to hold, and with whose environment
opening     the screen's way to the daemon
upgrade     what an older version has started
screen      the screen, and what it asks of the terminal
printing    results, notices and complaints

Each other module is a command of its name, or two: `open` is for agents' names, with the word or without,
`journal` has `record` and `log`. What takes long to import is imported by the command that needs it:
`building` by `build`, `ps_listing` by `ps`, `starting` by `start`, `stopping` by `stop`.
"""

from qms_tui.cli.main import run

__all__ = ["run"]
