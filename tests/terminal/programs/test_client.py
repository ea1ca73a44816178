"""What Claude Code 2.1.330 asks its terminal, and what it then relies on; see reports.py for the name."""

import re

import pytest

from qms_tui.terminal import Key, Modifier, Terminal, encode_focus, encode_key, encode_paste

# In the order in which the client wrote them, in its full-screen mode; the private OSC, APC and 16t included.
START = (
    b"\x1b[?25h\x1b[?2004h\x1b[?2031h\x1b[?1004h\x1b[?1049h\x1b[2J\x1b[H"
    b"\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h"
)
FIRST_QUESTIONS = b"\x1b[>0q\x1b[?u\x1b]7501;?\x1b\\\x1b[c"
SECOND_QUESTIONS = b"\x1b[?2026$p\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[?1016$p\x1b[c"
KEYBOARD = b"\x1b[>5u\x1b[>4;2m"


def _client() -> Terminal:
    terminal = Terminal(100, 30)
    terminal.feed(START + FIRST_QUESTIONS + SECOND_QUESTIONS + KEYBOARD)
    return terminal


def test_each_question_that_counts_is_answered_in_order() -> None:
    terminal = Terminal(100, 30)
    terminal.feed(START + FIRST_QUESTIONS)
    replies = terminal.take_replies()
    assert re.fullmatch(
        rb"\x1bP>\|qms-tui\([\w.+]+\)\x1b\\\x1b\[\?0u\x1b\]7501;\?\x1b\\\x1b\[\?64;[\d;]+c", replies
    )
    terminal.feed(SECOND_QUESTIONS)
    replies = terminal.take_replies()
    assert replies.startswith(b"\x1b[?2026;2$y\x1b[6;16;8t")
    assert b"G" not in replies  # no reply to the graphics query: no pictures


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        (Key("enter", Modifier.SHIFT), b"\x1b[13;2u"),  # a newline in the composer
        (Key("enter", Modifier.ALT), b"\x1b[13;3u"),  # a newline too
        (Key("enter"), b"\r"),  # submits
        (Key("j", Modifier.CTRL), b"\x1b[106;5u"),
        (Key("escape"), b"\x1b[27u"),  # interrupts; twice, it empties the composer
        (Key("b", Modifier.CTRL), b"\x1b[98;5u"),
        (Key("b", Modifier.ALT), b"\x1b[98;3u"),
        (Key("c", Modifier.CTRL), b"\x1b[99;5u"),
        (Key("tab", Modifier.SHIFT), b"\x1b[9;2u"),  # the next permission mode
        (Key("-", Modifier.CTRL | Modifier.SHIFT), b"\x1b[45;6u"),  # undo
        (Key("backspace", Modifier.ALT), b"\x1b[127;3u"),
        (Key("left", Modifier.CTRL), b"\x1b[1;5D"),
        (Key("b", Modifier.SHIFT, "B"), b"B"),
    ],
)
def test_keys_that_the_client_was_seen_to_obey(key: Key, sent: bytes) -> None:
    assert encode_key(key, _client().modes) == sent


def test_paste_and_focus() -> None:
    modes = _client().modes
    assert encode_paste(b"one\ntwo", modes) == b"\x1b[200~one\ntwo\x1b[201~"
    assert encode_focus(False, modes) == b"\x1b[O"


def test_shift_enter_for_a_client_that_sets_no_keyboard_mode() -> None:
    """2.1.197 goes by TERM_PROGRAM, and reads ESC CR as a newline."""
    terminal = Terminal(100, 30)
    terminal.feed(START)
    assert encode_key(Key("enter", Modifier.SHIFT), terminal.modes) == b"\x1b\r"
