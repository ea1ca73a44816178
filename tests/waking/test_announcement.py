"""What is typed of items: the same as inside a container, and nothing that anybody could write there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_tui.inbox import Identity, Item, parse
from qms_tui.inbox.item_reader import MOST_NAMED
from qms_tui.waking import announcement
from tests.inbox.samples import MESSAGE, NOTICE, task
from tests.inside.programs import INSIDE

sys.path.append(str(INSIDE))
import announcement as inside

SENDERS = ("lead", "claude", "tu_ui")
SENDER = "(?: from (?:claude|lead|tu_ui))?"
DOCUMENT_ID = "[A-Z0-9-]{4,40}"
LINE = re.compile(
    rf"New in your QMS inbox: (?:(?:(?:review|approval) task(?: {DOCUMENT_ID})?{SENDER}|item|message{SENDER}"
    rf"|notice(?: on {DOCUMENT_ID})?)(?:, )?){{1,5}}\. Go\."
)


def item(name: str, content: bytes) -> Item:
    return parse("qa", name, content, 0.0, Identity(1, 2))


@pytest.mark.parametrize(
    "files",
    [
        {"task-CR-001-pre_review-v0-1.md": task("CR-001")},
        {"a.md": task("SDLC-QMS-RTM", "APPROVAL"), "b.md": MESSAGE, "c.md": NOTICE},
        {"msg-tu_ui-2026-02-04-143022.md": b"", "notif-CR-056-APPROVED-2026-02-04.md": b"\xff"},
        {"task-CR-056-VAR-001-TP-1-post_review-v1-0.md": b"", "report.md": b"# Report"},
        {"x.md": MESSAGE.replace(b"claude", b"somebody_else"), "y.md": task("DELETE-ALL-FILES")},
        {f"{number}.md": MESSAGE for number in range(MOST_NAMED)},
        {f"{number}.md": MESSAGE for number in range(MOST_NAMED + 1)},
    ],
)
def test_it_is_said_as_inside(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / ".claude/agents").mkdir(parents=True)
    (tmp_path / ".claude/agents/tu_ui.md").touch()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    told = announcement([item(*file) for file in files.items()], SENDERS, "Go.")
    assert told == inside.announcement(str(tmp_path), str(tmp_path), [*files], "Go.").replace(";", ",")


_WORDS = st.text(st.characters(exclude_characters="/\0"), max_size=60)
_FIELDS = st.dictionaries(
    st.sampled_from(["type", "task_type", "doc_id", "from", "assigned_by", "event", "subject"]),
    st.one_of(
        st.sampled_from(["message", "notification", "REVIEW", "CR-1", "lead", "$(id)", "`id`"]), _WORDS
    ),
)


@given(st.sampled_from(["{}", "task-{}-review-v0-1.md", "msg-{}-2026-02-04-143022.md"]), _WORDS, _FIELDS)
def test_whatever_stands_there_the_line_is_made_of_known_words(
    form: str, word: str, fields: dict[str, str]
) -> None:
    text = "---\n" + "".join(f"{name}: {value}\n" for name, value in fields.items()) + "---\n"
    hostile = item(form.format(word), os.fsencode(text.encode("utf-8", "surrogatepass").decode("latin-1")))
    assert LINE.fullmatch(announcement([hostile, hostile], SENDERS, "Go."))
