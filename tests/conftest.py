"""What holds for all tests."""

import signal


def pytest_configure() -> None:
    """A run under nohup would hand its deafness for hang-ups on to the programs under test."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
