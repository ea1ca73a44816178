"""What is safe to show of outside text, and what real text keeps."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from qms_tui.text.printable import REPLACEMENT, is_plain, json_text, painted, plain

KEPT = {
    *(0xAD, 0x200C, 0x200D, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD),
    *range(0x600, 0x606),
    *range(0x13430, 0x13440),
}
REAL = [
    "Grüße, 日本語, 한국어, 👍🏽 é",
    "👩‍👩‍👧 ❤️ ☎︎",
    "می‌خواهم",  # with a ZWNJ
    "क्‍ष",  # with a ZWJ
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
    "葛\U000e0100",  # an ideograph's variant
]
FORGED = "🏴\U000e0068\U000e0069\U000e007f"  # tags that make no flag


@pytest.mark.parametrize("text", REAL)
def test_real_text_stays(text: str) -> None:
    assert plain(text) == text
    assert painted(text) == text


def test_every_hidden_character_is_replaced_or_kept_on_purpose() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        category = unicodedata.category(char)
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp") and code not in KEPT:
            assert plain(char) == REPLACEMENT, hex(code)
            assert not is_plain(painted(char)) or painted(char) in ("", REPLACEMENT), hex(code)
        elif category != "Cn":
            assert plain(char) == char, hex(code)


def test_tags_that_make_no_flag_go() -> None:
    assert plain(FORGED) == "🏴" + REPLACEMENT * 3
    assert painted(FORGED) == "🏴"


@given(st.text(st.characters(), max_size=40))
def test_what_is_painted_is_as_wide_as_before(text: str) -> None:
    assert painted(text) == painted(painted(text))
    assert sum(map(cell_len, painted(text))) == sum(map(cell_len, text))


@given(st.text(st.characters(), max_size=40), st.booleans())
def test_json_says_the_same_and_is_safe(text: str, ascii_only: bool) -> None:
    document = json_text({"name": text}, ascii_only=ascii_only)
    assert json.loads(document) == {"name": text}
    assert plain(document) == document
