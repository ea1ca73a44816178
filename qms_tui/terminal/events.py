"""What a program asks of whoever shows its terminal, as values. All text is hostile data."""

from __future__ import annotations

from msgspec import Struct


class TitleChanged(Struct, frozen=True):
    """OSC 0 or 2."""

    text: str


class IconChanged(Struct, frozen=True):
    """OSC 0 or 1."""

    text: str


class Bell(Struct, frozen=True):
    """BEL outside a control string."""


class ClipboardWrite(Struct, frozen=True):
    """OSC 52 with data; reading is never answered."""

    selection: str
    data: bytes


class DesktopNotification(Struct, frozen=True):
    """OSC 9 (iTerm2) or OSC 777;notify (urxvt)."""

    title: str
    body: str


class Progress(Struct, frozen=True):
    """OSC 9;4 (ConEmu): state 0 none, 1 normal, 2 error, 3 indeterminate, 4 paused; percent 0..100."""

    state: int
    percent: int


class WorkingDirectory(Struct, frozen=True):
    """OSC 7: a file URL."""

    url: str


class PromptMark(Struct, frozen=True):
    """OSC 133: kind A prompt, B command line, C output, D done (with an exit status if it was given)."""

    kind: str
    exit_status: int | None = None


class StatusChanged(Struct, frozen=True):
    """OSC 7501, RIS or a prompt: the records in the terminal's `status` are others."""


TerminalEvent = (
    TitleChanged
    | IconChanged
    | Bell
    | ClipboardWrite
    | DesktopNotification
    | Progress
    | WorkingDirectory
    | PromptMark
    | StatusChanged
)


class Damage(Struct, frozen=True):
    """What changed since it was last taken.

    `rows` are visible rows whose text or style changed (the cursor's own rows not included);
    `history_added` counts the rows that moved into the history, also when the bound dropped older ones.
    """

    rows: frozenset[int]
    history_added: int = 0
