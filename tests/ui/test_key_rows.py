"""The table of keys against the pure functions: tokenizer, `key_bytes` and the encoders.

Mouse and focus need Textual's events and the widgets' focus; they are run end to end only.
"""

from __future__ import annotations

import pytest

from qms_tui.terminal import encode_paste
from qms_tui.ui.keys import key_bytes
from qms_tui.ui.tokenizer import FocusToken, KeyToken, MouseToken, PasteToken, Token, Tokenizer

from .key_rows import ROWS, Row


def _read(row: Row, tokens: list[Token]) -> bytes:
    """What the program reads of the keys and pastes in `tokens`."""
    answer = b""
    for token in tokens:
        if isinstance(token, KeyToken):
            answer += key_bytes(token.key, token.data, row.terminal.modes, row.program.modes) or b""
        elif isinstance(token, PasteToken):
            answer += encode_paste(token.data, row.program.modes)
    return answer


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row) -> None:
    tokenizer = Tokenizer()
    tokens = tokenizer.feed(row.outer) + tokenizer.flush()
    pointer = [token for token in tokens if isinstance(token, FocusToken | MouseToken)]
    if row.mouse or pointer:
        assert all(isinstance(token, FocusToken | MouseToken) for token in tokens)
    else:
        assert _read(row, tokens) == row.expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_byte_by_byte(row: Row) -> None:
    tokenizer = Tokenizer()
    tokens = [token for byte in row.outer for token in tokenizer.feed(bytes((byte,)))] + tokenizer.flush()
    whole = Tokenizer()
    assert tokens == whole.feed(row.outer) + whole.flush()


def test_the_table_is_large_and_its_names_are_unique() -> None:
    assert len(ROWS) == len({row.name for row in ROWS}) >= 80
