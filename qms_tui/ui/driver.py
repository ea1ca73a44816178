from textual.drivers.linux_driver import LinuxDriver as TerminalDriver
from textual import events


class TerminalKey(events.Key):
    pass


class TerminalPaste(events.Paste):
    pass
