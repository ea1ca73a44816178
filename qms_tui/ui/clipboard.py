"""What an agent wants to put on the human's clipboard: bounded, cleaned, never without a word about it."""

from __future__ import annotations

LARGEST = 100_000  # characters; nobody copies more by way of a terminal
_PREVIEW = 60  # characters shown in the question
_LAYOUT = "\n\t"


def cleaned(data: bytes) -> str | None:
    """The text of a clipboard write without control characters; None if it is empty or too large."""
    text = data.decode(errors="replace").replace("\r\n", "\n")
    text = "".join(c for c in text if c.isprintable() or c in _LAYOUT)
    return text if 0 < len(text) <= LARGEST else None


def summary(agent: str, text: str) -> str:
    """A few words on who wrote what, for a question or a toast."""
    line = " ".join(text.split())
    shown = line if len(line) <= _PREVIEW else f"{line[:_PREVIEW]}…"
    return f"{agent}: {len(text)} characters: {shown}"
