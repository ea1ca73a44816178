"""Subjects that nobody wrote, and who is answered."""

from __future__ import annotations

import pytest

from qms_tui.errors import UsageError
from qms_tui.inbox import Identity, Item, Kind, is_blank, reply_to, subject_of
from qms_tui.inbox.subject import LONGEST_FIRST_LINE, LONGEST_SUBJECT
from qms_tui.text.printable import is_plain

KNOWN = ("claude", "qa", "lead")


def item(headline: str, sender: str = "qa", kind: Kind = Kind.MESSAGE) -> Item:
    return Item("lead", "x.md", kind, headline, "", sender, 0.0, Identity(1, 2), "x.md")


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ("ok", "ok"),
        ("\n\n  Please look.\nAt page two.", "Please look."),
        ("## Is it good?\n", "Is it good?"),
        ("> > - quoted", "quoted"),
        ("a\tb \u200b c", "a b c"),
        ("\x1b[2Jevil", "[2Jevil"),
        ("---\n", "---"),
        (" \n\t\u3000\u200b", ""),
    ],
)
def test_of_the_first_line(body: str, subject: str) -> None:
    assert subject_of(body) == subject


@pytest.mark.parametrize("body", ["word " * 50, "x" * 300, "\u4e00" * 300, "e\u0301" * 300])
def test_a_long_line_is_cut_with_a_sign(body: str) -> None:
    subject = subject_of(body)
    assert subject.endswith("…")
    assert len(subject) <= LONGEST_FIRST_LINE
    assert "word…" in subject or "word" not in body
    assert not subject.endswith("e…")  # its accent belongs to it


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n", "\u00a0\u3000", "\u200b\ufeff", "\x00\x1b"])
def test_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}.")


@pytest.mark.parametrize(
    ("headline", "subject"),
    [
        ("Message from qa: Note: on CR-1", "Re: Note: on CR-1"),
        ("Message from qa: RE: Note", "RE: Note"),
        ("New task: Review CR-1", "Re: Review CR-1"),
        ("Message from qa: \U0001f468\u200d\U0001f469 ok", "Re: \U0001f468 \U0001f469 ok"),
    ],
)
def test_of_a_reply(headline: str, subject: str) -> None:
    answer = reply_to(item(headline), KNOWN)
    assert (answer.to, answer.subject) == ("qa", subject)


def test_the_longest_subject_is_answered() -> None:
    answer = reply_to(item("Message from qa: " + "s " * 100), KNOWN)
    assert len(answer.subject) <= LONGEST_SUBJECT
    assert is_plain(answer.subject)


@pytest.mark.parametrize(
    ("sender", "said"), [("", "does not say"), ("lead", "is from you"), ("evil", "no inbox here")]
)
def test_who_is_not_answered(sender: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        reply_to(item("Message from x: y", sender), KNOWN)
    assert caught.value.hint
