"""Bytes to tokens: what each sequence means, and that how the bytes are split means nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.terminal import Key, Modifier
from qms_tui.terminal.keys import UNKNOWN
from qms_tui.ui.tokenizer import (
    ANSWER_DELAY,
    ESCAPE_DELAY,
    MAX_PASTE,
    MAX_SEQUENCE,
    PASTE_DELAY,
    SEQUENCE_DELAY,
    FocusToken,
    IgnoredToken,
    KeyToken,
    MouseToken,
    PasteToken,
    ReplyToken,
    Token,
    Tokenizer,
)

NONE, SHIFT, ALT, CTRL = Modifier.NONE, Modifier.SHIFT, Modifier.ALT, Modifier.CTRL
START, END = b"\x1b[200~", b"\x1b[201~"


def _all(data: bytes) -> list[Token]:
    tokenizer = Tokenizer()
    return tokenizer.feed(data) + tokenizer.flush()


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"a", Key("a", NONE, "a")),
        (b"A", Key("a", SHIFT, "A")),
        (b"\x01", Key("a", CTRL)),
        (b"\x08", Key("h", CTRL)),
        (b"\x7f", Key("backspace")),
        (b"\t", Key("tab")),
        (b"\r", Key("enter")),
        (b"\n", Key("j", CTRL)),
        (b"\x1b", Key("escape")),
        (b"\x00", Key(" ", CTRL)),
        (b"\x1c", Key("\\", CTRL)),
        (b"\x1f", Key("_", CTRL)),
        (b"\x1ba", Key("a", ALT)),
        (b"\x1bA", Key("a", ALT | SHIFT)),
        (b"\x1b\x01", Key("a", ALT | CTRL)),
        (b"\x1b\x7f", Key("backspace", ALT)),
        (b"\x1b\r", Key("enter", ALT)),
        (b"\x1b[", Key("[", ALT)),
        (b"\x1bO", Key("o", ALT | SHIFT)),
        (b"\x1bP", Key("p", ALT | SHIFT)),
        (b"\x1b]", Key("]", ALT)),
        ("\x1bé".encode(), Key("é", ALT)),
        (b"\x1b[A", Key("up")),
        (b"\x1bOA", Key("up")),
        (b"\x1b[1;5A", Key("up", CTRL)),
        (b"\x1b[1;129A", Key("up")),
        (b"\x1b[1;133A", Key("up", CTRL)),
        (b"\x1b[5C", Key("right", CTRL)),
        (b"\x1bO5C", Key("right", CTRL)),
        (b"\x1bO1;5C", Key("right", CTRL)),
        (b"\x1bOc", Key("right", CTRL)),
        (b"\x1b[c", Key("right", SHIFT)),
        (b"\x1b\x1b[A", Key("up", ALT)),
        (b"\x1b\x1bOA", Key("up", ALT)),
        (b"\x1b[1~", Key("home")),
        (b"\x1b[7~", Key("home")),
        (b"\x1b[8~", Key("end")),
        (b"\x1b[7$", Key("home", SHIFT)),
        (b"\x1b[7^", Key("home", CTRL)),
        (b"\x1b[7@", Key("home", CTRL | SHIFT)),
        (b"\x1b[3;5~", Key("delete", CTRL)),
        (b"\x1b[Z", Key("tab", SHIFT)),
        (b"\x1bOP", Key("f1")),
        (b"\x1b[P", Key("f1")),
        (b"\x1b[11~", Key("f1")),
        (b"\x1b[[A", Key("f1")),
        (b"\x1b[[E", Key("f5")),
        (b"\x1b[13~", Key("f3")),
        (b"\x1b[1;2R", Key("f3", SHIFT)),
        (b"\x1b[1;16R", Key("f3", Modifier(15))),
        (b"\x1b[R", Key("f3")),
        (b"\x1b[24;2~", Key("f12", SHIFT)),
        (b"\x1b[25~", Key("f13")),
        (b"\x1bOp", Key("kp_0")),
        (b"\x1bOM", Key("kp_enter")),
        (b"\x1b[E", Key("kp_begin")),
        (b"\x1b[57427~", Key("kp_begin")),
        (b"\x1b[1;5p", Key("0", CTRL)),
        (b"\x1b[99~", Key(UNKNOWN)),
        # kitty
        (b"\x1b[97;5u", Key("a", CTRL)),
        (b"\x1b[97;6u", Key("a", CTRL | SHIFT)),
        (b"\x1b[97:65;6u", Key("a", CTRL | SHIFT)),
        (b"\x1b[97;5:1u", Key("a", CTRL)),
        (b"\x1b[97;5:2u", Key("a", CTRL)),
        (b"\x1b[97u", Key("a", NONE, "a")),
        (b"\x1b[97;2u", Key("a", SHIFT, "A")),
        (b"\x1b[97;;229u", Key("a", NONE, "å")),
        (b"\x1b[51:35;2;35u", Key("3", SHIFT, "#")),
        (b"\x1b[0;;44032:44033u", Key(UNKNOWN, NONE, "가각")),
        (b"\x1b[1089::99;5u", Key("c", CTRL)),
        (b"\x1b[97::113;5u", Key("a", CTRL)),
        (b"\x1b[13;2u", Key("enter", SHIFT)),
        (b"\x1b[27u", Key("escape")),
        (b"\x1b[57399u", Key("kp_0")),
        (b"\x1b[57441;2u", Key("left_shift", SHIFT)),
        (b"\x1b[57376;3u", Key("f13", ALT)),
        (b"\x1b[97;9u", Key("a", Modifier.SUPER)),
        # modifyOtherKeys
        (b"\x1b[27;5;97~", Key("a", CTRL)),
        (b"\x1b[27;6;65~", Key("a", CTRL | SHIFT)),
        (b"\x1b[27;2;65~", Key("a", SHIFT, "A")),
        (b"\x1b[27;2;13~", Key("enter", SHIFT)),
        (b"\x1b[27;5;8~", Key("backspace", CTRL)),
        (b"\x1b[65;6u", Key("a", CTRL | SHIFT)),
    ],
)
def test_one_key(data: bytes, key: Key) -> None:
    assert _all(data) == [KeyToken(key, data)]


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[?62;22c",
        b"\x1b[>1;4000;29c",
        b"\x1b[5;10R",
        b"\x1b[1;17R",
        b"\x1b[0n",
        b"\x1b[?997;1n",
        b"\x1b[?2026;2$y",
        b"\x1b[4;2$y",
        b"\x1b[?1u",
        b"\x1b[48;24;80;480;640t",
        b"\x1b[1t",
        b"\x1b[3;1;1;128;128;1;0x",
        b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]52;c;aGVsbG8=\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b^x\x1b\\",
        b"\x1bXx\x1b\\",
        "\x1b]0;\u0419 é\x07".encode(),
        b"\x1b[1114112u",
        b"\x1b[55296u",
        b"\x1b[123456789u",
        b"\x1b[1;2;3;4A",
    ],
)
def test_no_key(data: bytes) -> None:
    assert _all(data) == [ReplyToken(data)]


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[97;5:3u",
        b"\x1b[1;1:3A",
        b"\x1b[3;1:3~",
        END,
        b"\x1b[1;2",
        b"\x1b[M !",
        b"\x1b]" + b"x" * (MAX_SEQUENCE + 1) + b"\x07",
        b"\x1b[" + b"1" * (MAX_SEQUENCE + 1) + b"A",
    ],
)
def test_ignored(data: bytes) -> None:
    assert b"".join(token.data for token in _all(data) if isinstance(token, IgnoredToken))[:3] == data[:3]
    assert not [token for token in _all(data) if isinstance(token, KeyToken) and token.key.text is None]


def test_escape_and_what_follows() -> None:
    escape, up = KeyToken(Key("escape"), b"\x1b"), KeyToken(Key("up"), b"\x1b[A")
    assert _all(b"\x1b\x1b") == [escape, escape]
    assert _all(b"\x1b\x1b\x1b[A") == [escape, KeyToken(Key("up", ALT), b"\x1b\x1b[A")]
    assert _all(b"\x1b\x1ba") == [escape, KeyToken(Key("a", ALT), b"\x1ba")]
    assert _all(b"\x1b[1;2\x1b[A") == [IgnoredToken(b"\x1b[1;2"), up]
    assert _all(b"\x1b[\x1b[A") == [KeyToken(Key("[", ALT), b"\x1b["), up]
    # What is no key does not take the Escape key with it.
    assert _all(b"\x1b\x1b[<35;1;1M") == [escape, MouseToken(35, 1, 1, False, b"\x1b[<35;1;1M")]
    assert _all(b"\x1b\x1b[I") == [escape, FocusToken(True, b"\x1b[I")]
    assert _all(b"\x1b" + START + b"x" + END) == [escape, PasteToken(b"x")]
    assert _all(b"\x1b\x1b]11;x\x07") == [escape, ReplyToken(b"\x1b]11;x\x07")]
    assert _all(b"\x1b\x1b[?1u") == [escape, ReplyToken(b"\x1b[?1u")]


def test_mouse() -> None:
    assert _all(b"\x1b[<0;5;3M") == [MouseToken(0, 5, 3, False, b"\x1b[<0;5;3M")]
    assert _all(b"\x1b[<0;5;3m") == [MouseToken(0, 5, 3, True, b"\x1b[<0;5;3m")]
    assert _all(b"\x1b[<35;-1;3M") == [MouseToken(35, -1, 3, False, b"\x1b[<35;-1;3M")]  # Ghostty
    assert _all(b"\x1b[32;5;3M") == [MouseToken(0, 5, 3, False, b"\x1b[32;5;3M")]  # urxvt
    assert _all(b"\x1b[M %#") == [MouseToken(0, 5, 3, False, b"\x1b[M %#")]
    assert _all(b"\x1b[M \xff\xfe") == [MouseToken(0, 223, 222, False, b"\x1b[M \xff\xfe")]


def test_broken_utf8_is_kept() -> None:
    assert _all(b"\xe9") == [KeyToken(Key(UNKNOWN), b"\xe9")]
    assert _all(b"\xe2\x82a") == [KeyToken(Key(UNKNOWN), b"\xe2\x82"), KeyToken(Key("a", NONE, "a"), b"a")]
    assert _all(b"\x1b\xe9") == [KeyToken(Key("escape"), b"\x1b"), KeyToken(Key(UNKNOWN), b"\xe9")]
    assert [token.data for token in _all(b"\xff" * 2000)] == [b"\xff"] * 2000


def test_utf8_split_over_reads() -> None:
    tokenizer = Tokenizer()
    assert tokenizer.feed(b"\xe2\x82") == []
    assert tokenizer.pending
    assert tokenizer.feed(b"\xac") == [KeyToken(Key("€", NONE, "€"), "€".encode())]
    assert not tokenizer.pending
    assert len(_all("€".encode() * 5000)) == 5000


@pytest.mark.parametrize(
    ("data", "delay"),
    [
        (b"a", None),
        (b"\x1b", ESCAPE_DELAY),
        (b"\x1b\x1b", ESCAPE_DELAY),
        (b"\x1b[", ESCAPE_DELAY),
        (b"\x1bO", ESCAPE_DELAY),
        (b"\x1b\x1b[", ESCAPE_DELAY),
        (b"\x1b]", ESCAPE_DELAY),
        (b"\x1b[1", SEQUENCE_DELAY),
        (b"\x1b]1", SEQUENCE_DELAY),
        (b"\xe2", SEQUENCE_DELAY),
        (b"\x1b]" + b"x" * 5000, SEQUENCE_DELAY),
        (START, PASTE_DELAY),
        (START + b"x" + END[:3], PASTE_DELAY),
        (START + b"x" + END, None),
    ],
)
def test_how_long_to_wait(data: bytes, delay: float | None) -> None:
    tokenizer = Tokenizer()
    tokenizer.feed(data)
    assert tokenizer.delay == delay
    tokenizer.flush()
    assert tokenizer.delay is None
    assert tokenizer.feed(b"z") == [KeyToken(Key("z", NONE, "z"), b"z")]


def test_paste() -> None:
    assert _all(START + b"a\x1b[31m\x1b[200~\xe9\0" + END) == [PasteToken(b"a\x1b[31m\x1b[200~\xe9\0")]
    assert _all(START + END) == [PasteToken(b"")]
    assert _all(START + b"abc") == [PasteToken(b"abc")]
    assert _all(START + b"a" + END + END + b"b") == [
        PasteToken(b"a"),
        IgnoredToken(END),
        KeyToken(Key("b", NONE, "b"), b"b"),
    ]


def test_a_paste_byte_by_byte() -> None:
    tokenizer = Tokenizer()
    content = b"\x1b[201\x1b[201\x1b\x1b[20"
    tokens = [token for byte in START + content + END for token in tokenizer.feed(bytes((byte,)))]
    assert tokens == [PasteToken(content)]


def test_memory_is_bounded() -> None:
    tokenizer = Tokenizer()
    piece = b"x" * (1 << 20)
    tokens = tokenizer.feed(START)
    for _ in range(40):
        tokens += tokenizer.feed(piece)
    assert [len(token.data) for token in tokens] == [MAX_PASTE] * 2
    tokenizer.flush()
    for opening in (b"\x1b]", b"\x1b[", b"\x1bP"):
        tokenizer.feed(opening)
        for _ in range(20):
            tokenizer.feed(b"1" * 10000)
            assert len(tokenizer._rest) <= MAX_SEQUENCE
        tokenizer.flush()


# -- any bytes, any split -----------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [bytes((byte,)) for byte in b"\x1b[O]P\\\x07\x18<?Mmu~$RA01;:-a\xc3\xa9\xe9\r\x00\x7f"]
    + [b"27", b"97", b"200", b"201", b"\xf0\x9f", START, END, b"\x1b[1;5", b"\x1b]11;rgb:", b"1" * 700]
)
_BYTES = st.lists(_PIECES, max_size=30).map(b"".join) | st.binary(max_size=60)


def _joined(tokens: list[Token]) -> list[Token]:
    """Tokens with neighbouring ignored ones as one: overlong sequences are let go in pieces."""
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if isinstance(token, IgnoredToken) and isinstance(last, IgnoredToken):
            joined[-1] = IgnoredToken(last.data + token.data)
        else:
            joined.append(token)
    return joined


@settings(max_examples=500, deadline=None)
@given(_BYTES, st.randoms(use_true_random=False))
def test_the_split_means_nothing(data: bytes, chance: random.Random) -> None:
    tokenizer = Tokenizer()
    tokens, position = [], 0
    while position < len(data):
        step = chance.choice((1, 1, 2, 3, 7, 50))
        tokens += tokenizer.feed(data[position : position + step])
        position += step
    assert _joined(tokens + tokenizer.flush()) == _joined(_all(data))


@settings(max_examples=500, deadline=None)
@given(_BYTES)
def test_no_byte_is_lost_or_added(data: bytes) -> None:
    told = b"".join(
        START + token.data + END if isinstance(token, PasteToken) else token.data for token in _all(data)
    )
    # A paste that never ended is told with an end.
    assert told in (data, data + END) or told[: len(data)] == data


@settings(max_examples=300, deadline=None)
@given(_BYTES, _BYTES)
def test_nothing_is_pending_forever(data: bytes, more: bytes) -> None:
    tokenizer = Tokenizer()
    tokenizer.feed(data)
    tokenizer.flush()
    assert not tokenizer.pending
    assert tokenizer.feed(more) + tokenizer.flush() == _all(more)


ANSWERS = (b"\x1b]7501;?\x1b\\", b"\x1b]7501;?\x07", b"\x1b[?62;22c", b"\x1b[?1u", b"\x1b[?2026;2$y")


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_silence_cuts_is_not_typed(answer: bytes) -> None:
    for at in range(1, len(answer)):
        tokenizer = Tokenizer()
        began = [*tokenizer.feed(answer[:at]), *tokenizer.flush()]
        assert tokenizer.feed(answer[at:] + b"x")[-1] == KeyToken(Key("x", NONE, "x"), b"x")
        typed = [token for token in began if isinstance(token, KeyToken)]
        assert len(typed) <= 1, at  # the Escape key, or Alt+[ or Alt+]: nothing else begins like it
        assert at <= 2 or not typed or answer[at - 1 : at] == b"\x1b", at


@pytest.mark.parametrize("answer", ANSWERS)
def test_there_is_patience_within_an_answer(answer: bytes) -> None:
    for at in range(1, len(answer)):
        tokenizer = Tokenizer()
        tokenizer.feed(answer[:at])
        assert tokenizer.delay == (ANSWER_DELAY if at > 2 else ESCAPE_DELAY)
        tokenizer.expects_answer = True
        assert tokenizer.delay == (ANSWER_DELAY if at > 2 else SEQUENCE_DELAY)
        assert tokenizer.feed(answer[at:]) == [ReplyToken(answer)]


@pytest.mark.parametrize("keys", [b"]", b"[A", b"[?", b"]7501;", b"\x1b[A", b"P\x1b", b"x]7501;?\x07"])
def test_keys_after_escape_stay_keys(keys: bytes) -> None:
    tokenizer = Tokenizer()
    assert tokenizer.feed(b"\x1b") + tokenizer.flush() == [KeyToken(Key("escape"), b"\x1b")]
    assert tokenizer.feed(keys) + tokenizer.flush() == _all(keys)
