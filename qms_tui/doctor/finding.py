"""One line of the report."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from qms_tui.errors import QmsTuiError
from qms_tui.text.printable import plain


class Verdict(StrEnum):
    """How bad it is: an error keeps agents from working, a warning may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(Struct, frozen=True):
    """What was found out about a subject, and the remedy if it is not well."""

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding(subject, Verdict.OK, plain(text))


def warning(subject: str, text: str, remedy: str) -> Finding:
    """Something may go wrong."""
    return Finding(subject, Verdict.WARNING, plain(text), plain(remedy))


def error(subject: str, text: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(subject, Verdict.ERROR, plain(text), plain(remedy))


def failed(subject: str, why: QmsTuiError) -> Finding:
    """What was tried did not work."""
    return error(subject, why.message, why.hint)
