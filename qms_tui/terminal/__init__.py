"""A terminal without a screen: bytes of a program in, rows of styled text out; keys in, bytes out.

Pure: no file descriptors, no event loop, no Textual. Other rooms use the names listed here.
"""

from qms_tui.status_report import STATUS_QUERY, ProgramState, StatusRecord, encode_clear, encode_report
from qms_tui.terminal.events import (
    Bell,
    ClipboardWrite,
    Damage,
    DesktopNotification,
    IconChanged,
    Progress,
    PromptMark,
    StatusChanged,
    TerminalEvent,
    TitleChanged,
    WorkingDirectory,
)
from qms_tui.terminal.keys import Key, Modifier, encode_key
from qms_tui.terminal.modes import Cursor, CursorShape, Modes, MouseEncoding, MouseTracking
from qms_tui.terminal.mouse import MouseAction, MouseButton, MouseEvent, encode_mouse
from qms_tui.terminal.paste import encode_focus, encode_paste
from qms_tui.terminal.program_status import NO_STATUS, ProgramStatus
from qms_tui.terminal.style import Attribute, Run, Style, Underline, direct_color, rgb
from qms_tui.terminal.terminal import Terminal

__all__ = [
    "NO_STATUS",
    "STATUS_QUERY",
    "Attribute",
    "Bell",
    "ClipboardWrite",
    "Cursor",
    "CursorShape",
    "Damage",
    "DesktopNotification",
    "IconChanged",
    "Key",
    "Modes",
    "Modifier",
    "MouseAction",
    "MouseButton",
    "MouseEncoding",
    "MouseEvent",
    "MouseTracking",
    "ProgramState",
    "ProgramStatus",
    "Progress",
    "PromptMark",
    "Run",
    "StatusChanged",
    "StatusRecord",
    "Style",
    "Terminal",
    "TerminalEvent",
    "TitleChanged",
    "Underline",
    "WorkingDirectory",
    "direct_color",
    "encode_clear",
    "encode_focus",
    "encode_key",
    "encode_mouse",
    "encode_paste",
    "encode_report",
    "rgb",
]
