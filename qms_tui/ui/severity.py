"""How much a toast matters, in Textual's words."""

from __future__ import annotations

from typing import Literal

from qms_tui.api.errors import ApiError, ErrorCode
from qms_tui.api.snapshot import Severity
from qms_tui.errors import QmsTuiError

ToastSeverity = Literal["information", "warning", "error"]
_TOASTS: dict[Severity, ToastSeverity] = {
    Severity.INFORMATION: "information",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}
_FAILURES = (ErrorCode.FAILED, ErrorCode.UNEXPECTED)


def shown_severity(severity: Severity) -> ToastSeverity:
    """That of a notice; one of a newer version matters as most do."""
    return _TOASTS.get(severity, "information")


def severity_of(error: QmsTuiError) -> ToastSeverity:
    """What was tried and failed is an error, what was refused is a warning."""
    return "error" if not isinstance(error, ApiError) or error.code in _FAILURES else "warning"
