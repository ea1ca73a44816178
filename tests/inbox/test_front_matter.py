"""What PyYAML writes is read as it was meant, and nothing takes long to read."""

from __future__ import annotations

import re
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qms_tui.inbox.front_matter import LARGEST, MOST_ENTRIES, front_matter

_KEYS = ("type", "task_type", "doc_id", "from", "subject", "title", "event")
_LETTERS = "ab \n\t:#'\"-[]{}&*!|>%@`\\,?é\N{GRINNING FACE}"
_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=150),
    st.text(st.sampled_from(_LETTERS), max_size=120),
    st.lists(st.sampled_from(["word", "Re:", "#12", "it's", '"q"', "\n", "- a", "CR-1"])).map(" ".join),
)
_LINE_ENDS_OF_YAML = "\x85\u2028\u2029"  # in texts without double quotes; no editor shows them


def _one_line(fields: dict[str, str]) -> dict[str, str]:
    return {key: re.sub(r"\s+", " ", value).strip() for key, value in fields.items()}


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(_KEYS), _TEXTS, max_size=4),
    st.sampled_from([None, '"', "'", "|", ">"]),
    st.booleans(),
    st.sampled_from([20, 80, 1000]),
)
def test_what_pyyaml_writes_is_read(
    fields: dict[str, str], style: str | None, unicode: bool, width: int
) -> None:
    if style != '"' and any(c in value for value in fields.values() for c in _LINE_ENDS_OF_YAML):
        return
    text = yaml.safe_dump(fields, default_style=style, allow_unicode=unicode, width=width)
    content = f"---\n{text}---\n".encode()
    if len(content) > LARGEST:
        return
    assert _one_line(front_matter(content)) == _one_line(fields)


@pytest.mark.parametrize(
    "front",
    [
        b"a" + b" " * 4000,
        b'a: "' + b" " * 4000 + b'"',
        b"a: &" + b" " * 4000,
        b'a: "\n' * (MOST_ENTRIES - 1),
        b"a: [\n" * (MOST_ENTRIES - 1),
        b"a: " + b"[" * 4000,
        b"a: [" + b", " * 1900 + b"]",
        b'a: ["' + b'","' * 1300 + b'"]',
        b"a: " + b"& " * 1900,
        b"a:\n " + b"b " * 1900,
        b"&a " + b"a " * 1900,
        b"a " * 2000,
        b"a: x" + b" #" * 1900,
        b"a:\n" + b" \n" * 1900 + b" x",
        b"a: " + b"'" * 4001,
        b"a: " + b"\\" * 4001,
    ],
    ids=range(16),
)
def test_nothing_takes_long(front: bytes) -> None:
    """A burst is 10,000 items, and anybody may write them."""
    start = time.thread_time()  # threads of earlier tests may work, too
    front_matter(b"---\n" + front + b"\n---\n")
    assert time.thread_time() - start < 0.2
