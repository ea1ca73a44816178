"""Numbers as people read them: how many of something, and bytes."""

from __future__ import annotations

_KILO = 1024


def counted(count: int, noun: str, plural: str = "") -> str:
    """How many there are: `1 item`, `10,000 items`; `plural` where that is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def amount(count: int) -> str:
    """Bytes in few words: `64 kB`, `512 MB`, `1.5 GB`."""
    if count < _KILO**2:
        return f"{count / _KILO:.0f} kB"
    if count < 1000 * _KILO**2:
        return f"{count / _KILO**2:.0f} MB"
    return f"{count / _KILO**3:.1f} GB"
