"""The table of keys against the pure functions: tokenizer, `key_bytes` and the encoders."""

from __future__ import annotations

import pytest

from qms_tui.terminal import Modes, encode_focus, encode_mouse, encode_paste
from qms_tui.ui.input import Pointer
from qms_tui.ui.keys import key_bytes, mouse_from_textual
from qms_tui.ui.tokenizer import FocusToken, KeyToken, MouseToken, PasteToken, Token, Tokenizer

from .key_rows import ROWS, Row, moved


def _sent(token: Token, pointer: Pointer, outer: Modes, inner: Modes) -> bytes | None:
    """What a pane that fills the screen sends its program for a token."""
    match token:
        case KeyToken(key, data):
            return key_bytes(key, data, outer, inner)
        case PasteToken(data):
            return encode_paste(data, inner)
        case FocusToken(focused):
            return encode_focus(focused, inner)
        case MouseToken():
            event = pointer.event(token)
            mouse = mouse_from_textual(event, event.x, event.y) if event else None
            return encode_mouse(mouse, inner) if mouse else None
        case _:
            return None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row) -> None:
    tokenizer, pointer = Tokenizer(), Pointer()
    tokens = tokenizer.feed(row.outer) + tokenizer.flush()
    sent = (_sent(token, pointer, row.terminal.modes, row.program.modes) for token in tokens)
    assert b"".join(filter(None, sent)) == row.expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_byte_by_byte(row: Row) -> None:
    tokenizer, whole = Tokenizer(), Tokenizer()
    tokens = [token for byte in row.outer for token in tokenizer.feed(bytes((byte,)))] + tokenizer.flush()
    assert tokens == whole.feed(row.outer) + whole.flush()


def test_the_table_is_large_and_its_names_are_unique() -> None:
    assert len(ROWS) == len({row.name for row in ROWS}) >= 80


def test_mouse_rows_move_with_the_pane() -> None:
    assert moved(b"\x1b[<0;5;3M\x1b[<0;5;3m", 40, 2) == b"\x1b[<0;45;5M\x1b[<0;45;5m"
