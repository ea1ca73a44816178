"""How many cells text takes: as wcwidth says, which is what programs lay out their lines by."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth, wcwidth
from wcwidth import table_grapheme as grapheme
from wcwidth.table_mc import CATEGORY_MC

from qms_tui.terminal import Terminal
from qms_tui.terminal.width import width

WORDS = {
    "Thai AM": "ทำ กำ น้ำ คำ ซ้ำๆ ก็ เก่ง",
    "Lao AM": "ທຳ ນ້ຳ ຄຳ",
    "halfwidth katakana": "ﾊﾟ ｶﾞ ﾊﾟｶﾞ ｶﾞｷﾞｸﾞ aﾞ",
    "Devanagari": "का कि की कः कं क् क्ष क्षि स्त्री नमस्ते ज्ञान र्क हिन्दी क्‍ष क्‌ष",
    "Bengali": "বাংলা কো ক্ষ ক্কি",
    "Gurmukhi": "ਪੰਜਾਬੀ ਕੀ",
    "Gujarati": "ગુજરાતી ક્ષ",
    "Oriya": "ଓଡ଼ିଆ କ୍ଷ",
    "Tamil": "தமிழ் நி கொ க்ஷ ஸ்ரீ",
    "Telugu": "తెలుగు క్ష కా",
    "Kannada": "ಕನ್ನಡ ಕ್ಷ ಕೋ",
    "Malayalam": "മലയാളം ക്ഷ കോ ക്ക",
    "Sinhala": "සිංහල ශ්‍රී කෝ",
    "Myanmar": "မြန်မာ က္က ကျ ကြ",
    "Khmer": "ខ្មែរ ក្ក កា កោ",
    "Tibetan": "བོད་ཡིག རྒྱ",
    "Javanese and Balinese": "ꦗꦮ ꦏ꧀ꦏ ᬩᬮᬶ ᬓ᭄ᬓ",
    "Hangul": "각 각 ㄱㅏ ᄀ 가 ᅡ ᆨ ᄀᄀ ᄀᄀ가",
    "kana": unicodedata.normalize("NFD", "ガパ"),
    "flags": "🇺🇸 🇺 🇺🇸🇩🇪 🇺🇸🇩",
    "joined emoji": "👨‍👩‍👧 🏳️‍🌈 👩🏽‍💻 ❤️‍🔥",
    "variation selectors": "❤️ ❤ ⌚︎ ⌚ ☺︎ ☺️ a️",
    "keycaps": "1️⃣ #️⃣ 1⃣",
    "skin tones": "👍🏽 ✋🏻 a🏽 ☝🏽 🏽 ☝️🏽",
    "marks": "e\u0301 a\u0301\u0302 ที่ שָׁ",
    "prepended marks": "ب\u0600२ \u06dd१ \U000110bdक",
    "nothing to see": "a\u200bb a\u200cb a\ufeffb a\u2060b a\xadb a\u061cb \u115fa \u3164a \uffa0a",
}


def cells(text: str, terminal: Terminal | None = None) -> int:
    """The column after a text in the first row."""
    terminal = terminal or Terminal(60, 2)
    terminal.feed(b"\r\x1b[K" + text.encode())
    return terminal.cursor.column


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_words(words: str) -> None:
    terminal = Terminal(60, 2)
    for word in words.split(" "):
        assert cells(word, terminal) == wcswidth(word), ascii(word)
        if wcwidth(word[0]):  # else it has nothing to stand on
            assert terminal.display[0].rstrip() == word
        assert sum(run.width for run in terminal.styled(0)) == 60


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_words_byte_by_byte(words: str) -> None:
    whole, pieces = Terminal(24, 6), Terminal(24, 6)
    data = words.encode()
    whole.feed(data)
    for at in range(len(data)):
        pieces.feed(data[at : at + 1])
    assert (pieces.display, pieces.cursor) == (whole.display, whole.cursor)


def test_all_of_unicode_one_by_one() -> None:
    for code in range(0x20, 0x110000):
        if not (0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000):
            assert width(chr(code)) == wcwidth(chr(code)), hex(code)


def test_all_that_is_written_on_the_screen() -> None:
    terminal = Terminal(80, 2)
    for start in range(0x20, 0x20000, 64):
        block = [chr(code) for code in range(start, start + 64)]
        block = [char for char in block if unicodedata.category(char)[0] not in "CM" and wcwidth(char) > 0]
        text = "|".join(block)
        apart = sum(map(wcwidth, block)) + max(len(block) - 1, 0)
        terminal.resize(max(apart + 1, 2), 2)
        assert cells(text, terminal) == apart, hex(start)


_ranges = {
    "consonant": grapheme.INCB_CONSONANT,
    "linker": grapheme.INCB_LINKER,
    "spacing mark": grapheme.GRAPHEME_SPACINGMARK,
    "Mc": CATEGORY_MC[max(CATEGORY_MC)],
    "extend": grapheme.GRAPHEME_EXTEND,
    "leading jamo": grapheme.GRAPHEME_L,
    "pictograph": grapheme.EXTENDED_PICTOGRAPHIC,
    "indicator": grapheme.GRAPHEME_REGIONAL_INDICATOR,
}
_characters = st.one_of(
    *(
        st.sampled_from([chr(code) for first, last in ranges for code in range(first, last + 1)])
        for ranges in _ranges.values()
    ),
    st.sampled_from("a1#漢กﾊ\ufe0f\ufe0e\u20e3\u0301"),
)


@settings(max_examples=500, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_characters, min_size=1, max_size=5).map("".join))
def test_clusters_of_any_kind(text: str) -> None:
    text = f"x{text}"
    by_cluster = sum(map(wcswidth, iter_graphemes(text)))
    assert cells(text) in (wcswidth(text), by_cluster)


def test_a_letter_after_a_joiner_is_seen() -> None:
    assert cells("a\u200db") == 2  # wcswidth says 1, as if it were an emoji; xterm, VTE, libvterm: 2


def test_what_has_its_own_cell_can_be_erased_alone() -> None:
    terminal = Terminal(10, 2)
    terminal.feed("ทำ\b\x1b[K".encode())
    assert terminal.display[0].rstrip() == "ท"
    terminal.feed("\rﾊﾟ\b\x1b[K".encode())
    assert terminal.display[0].rstrip() == "ﾊ"


def test_a_cluster_that_grows_at_the_edge_goes_to_the_next_row() -> None:
    terminal = Terminal(4, 3)
    terminal.feed("abcक".encode())
    terminal.feed("ा|".encode())
    assert [row.rstrip() for row in terminal.display] == ["abc", "का|", ""]
    assert terminal.is_wrapped(0)
    terminal.resize(8, 3)
    assert terminal.display[0].rstrip() == "abcका|"


def test_a_cluster_that_has_grown_is_repeated_as_it_is() -> None:
    terminal = Terminal(12, 2)
    terminal.feed("का\x1b[2b|".encode())
    assert terminal.display[0].rstrip() == "काकाका|"
    assert terminal.cursor.column == 7


def test_more_than_a_cell_holds_loses_no_letter() -> None:
    terminal = Terminal(60, 2)
    terminal.feed(("क्" * 40 + "|").encode())
    assert terminal.display[0].count("क") == 40
