"""A row of the screen as an immutable value, and what can be done to one.

A row is `(text, looks, wrapped)`: one code point per cell in `text`, one per cell in `looks` (see
looks.py), and whether the line goes on in the next row because it was too long (soft wrap). Two strings
instead of a list of cells make a write two slices and a join, a scrolled line one reference, and "has this
row changed?" an identity check. Three code points mean something else than themselves in `text`:

- FILLER: the second cell of a wide character;
- SPACER: the blank last cell of a row whose wide character did not fit any more and went to the next row;
- U+100000 and above: a cluster of several code points (see clusters.py).

Both strings may be shorter than the screen is wide: the rest is blank and plain. `looks` is never longer
than `text`. Columns count from 0, ends are exclusive.
"""

from __future__ import annotations

Row = tuple[str, str, bool]

FILLER = "\0"
SPACER = "\1"
FIRST_CLUSTER = 0x100000  # clusters are kept as code points of plane 16, so a real one is made a cluster
PLAIN = "\0"  # the look of text that nothing was done to
EMPTY: Row = ("", "", False)


def sever(text: str, at: int) -> str:
    """`text` with blanks in place of a wide character that lies across column `at`."""
    if text[at : at + 1] == FILLER and at:
        return text[: at - 1] + "  " + text[at + 1 :]
    return text


def splice(row: Row, x: int, cells: str, looks: str) -> Row:
    """Replace the cells from column `x` on; a wide character cut in half leaves a blank."""
    text, old, wrapped = row
    end = x + len(cells)
    if x < len(text):
        if FILLER in text:
            text = sever(sever(text, x), end)
        text = text[:x] + cells + text[end:]
    else:
        text = text.ljust(x) + cells
    if len(old) < x:
        old = old.ljust(x, PLAIN)
    return text, old[:x] + looks + old[end:], wrapped


def erase(row: Row, start: int, end: int, look: str, columns: int) -> Row:
    """Blank the cells `start` to `end` in the given look; erasing the last column ends a soft wrap."""
    text, looks, wrapped = row
    if look == PLAIN and end >= len(text):
        row = sever(text, start)[:start], looks[:start], wrapped
    else:
        count = end - start
        row = splice(row, start, " " * count, look * count)
    return (row[0], row[1], False) if end >= columns else row


def filled(columns: int, look: str) -> Row:
    """A blank row in the given look."""
    return EMPTY if look == PLAIN else (" " * columns, look * columns, False)


def full(row: Row, columns: int) -> tuple[str, str]:
    """Text and looks, both exactly `columns` long."""
    return row[0].ljust(columns), row[1].ljust(columns, PLAIN)


def insert(row: Row, x: int, count: int, right: int, look: str, columns: int) -> Row:
    """Push `count` blanks in at `x`; what passes column `right` is lost."""
    count = min(count, right - x)
    text, looks = full(row, columns)
    text = sever(sever(sever(text, x), right - count), right)
    text = text[:x] + " " * count + text[x : right - count] + text[right:]
    looks = looks[:x] + look * count + looks[x : right - count] + looks[right:]
    return text, looks, row[2] and right < columns


def delete(row: Row, x: int, count: int, right: int, look: str, columns: int) -> Row:
    """Take `count` cells out at `x`; blanks come in at column `right`."""
    count = min(count, right - x)
    text, looks = full(row, columns)
    text = sever(sever(sever(text, x), x + count), right)
    text = text[:x] + text[x + count : right] + " " * count + text[right:]
    looks = looks[:x] + looks[x + count : right] + look * count + looks[right:]
    return text, looks, row[2] and right < columns


def cut(row: Row, left: int, right: int, columns: int) -> tuple[str, str]:
    """The cells `left` to `right`, whole characters only."""
    text, looks = full(row, columns)
    text = sever(sever(text, left), right)
    return text[left:right], looks[left:right]


def clip(row: Row, columns: int) -> Row:
    """The row on a screen of another width, without reflow: no line goes on at its end any more."""
    text, looks, _ = row
    if len(text) <= columns:
        return text, looks, False
    return sever(text, columns)[:columns], looks[:columns], False
