"""Pasted text and focus to bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.terminal import Modes, encode_focus, encode_paste

BRACKETED = Modes(bracketed_paste=True)
PLAIN = Modes()
START, END = b"\x1b[200~", b"\x1b[201~"


@pytest.mark.parametrize(
    ("data", "bracketed", "plain"),
    [
        (b"hello", b"hello", b"hello"),
        (b"", b"", b""),
        (b"a\nb\r\nc\rd\te", b"a\nb\r\nc\rd\te", b"a\rb\rc\rd\te"),
        (b"a\x1b[31mb", b"a[31mb", b"a[31mb"),
        (b"a\x1b[201~rm -rf /\r", b"a[201~rm -rf /\r", b"a[201~rm -rf /\r"),
        (b"\x1b\x1b[201~[201~", b"[201~[201~", b"[201~[201~"),
        (b"a\xc2\x9b201~b", b"a201~b", b"a201~b"),
        (b"a\xc2\xc2\x9b\x9b201~b", b"a201~b", b"a201~b"),
        (b"a\xc2\x03\x9b201~b", b"a201~b", b"a201~b"),
        (b"a\x03\x04\x1a\x05b", b"ab", b"ab"),
        (b"a\x08\x7f\0b", b"a\x08\x7f\0b", b"ab"),
        (b"\xe9\xff", b"\xe9\xff", b"\xe9\xff"),
        ("é€😀".encode(), "é€😀".encode(), "é€😀".encode()),
    ],
)
def test_paste(data: bytes, bracketed: bytes, plain: bytes) -> None:
    assert encode_paste(data, BRACKETED) == START + bracketed + END
    assert encode_paste(data, PLAIN) == plain


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"\x1b", b"[", b"201~", b"\xc2", b"\x9b", b"\x03", b"a"])).map(b"".join)
    | st.binary()
)
def test_nothing_inside_ends_a_paste(data: bytes) -> None:
    inside = encode_paste(data, BRACKETED)[len(START) : -len(END)]
    assert b"\x1b" not in inside
    assert b"\xc2\x9b" not in inside
    assert "\x9b" not in inside.decode(errors="ignore")


def test_focus() -> None:
    modes = Modes(focus_events=True)
    assert encode_focus(True, modes) == b"\x1b[I"
    assert encode_focus(False, modes) == b"\x1b[O"
    assert encode_focus(True, PLAIN) is None
