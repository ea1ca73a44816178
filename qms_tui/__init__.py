"""qms-tui: Claude Code agents side by side, each in its own container."""

__version__ = "0.1.0"
