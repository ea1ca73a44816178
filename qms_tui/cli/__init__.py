"""Commands and options; the only place that prints and exits."""

from qms_tui.cli.main import run

__all__ = ["run"]
