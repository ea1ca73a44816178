"""What of an item's file is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.inbox import Item, Preview, preview, scan
from tests.inbox.samples import MESSAGE, task


def only_item(inbox: Path) -> Item:
    (item,) = scan({"qa": inbox})[0]
    return item


def previewed(inbox: Path, content: bytes, name: str = "msg-claude-2026-02-04-143022.md") -> Preview:
    (inbox / name).write_bytes(content)
    return preview(inbox, only_item(inbox))


def test_facts_and_text(inbox: Path) -> None:
    said = previewed(inbox, task("CR-1"), "task-CR-1-pre_review-v0-1.md")
    assert dict(said.facts) == {
        "title": "Add multi agent", "workflow": "PRE_REVIEW", "status": "IN_PRE_REVIEW", "version": "0.1",
        "responsible": "claude", "assigned by": "claude", "assigned": "2026-11-22",
    }  # fmt: skip
    assert said.text == "# REVIEW REQUEST: CR-1\n\n| a | b |\n|---|---|"
    assert said.trouble == ""


@pytest.mark.parametrize(("content", "text"), [
    (b"no front matter\n", "no front matter"),
    (b"---\n---\nbody\n", "body"),
    (b"\xef\xbb\xbf---\r\ntype: message\r\n---\r\n\r\nbody\r\n", "body"),
    (b"---\nnever: closed\n", "---\nnever: closed"),
    (b"", ""),
    (b"a\tb\x1b[2J\x07c", "a\tb\ufffd[2J\ufffdc"),
    ("\u202eabc\u2066".encode(), "\ufffdabc\ufffd"),
    (b"\xff\xfe\x00", "\ufffd\ufffd\ufffd"),
    (b"[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
])  # fmt: skip
def test_text_is_data(inbox: Path, content: bytes, text: str) -> None:
    assert previewed(inbox, content).text == text


def test_facts_are_one_line_each(inbox: Path) -> None:
    said = previewed(inbox, b'---\ntype: message\nfrom: claude\ntitle: "a\\nb\\e[2J"\n---\n')
    assert dict(said.facts)["title"] == "a b\ufffd[2J"


def test_a_huge_file_is_cut_and_says_so(inbox: Path) -> None:
    said = previewed(inbox, MESSAGE + b"x" * 10_000_000)
    assert len(said.text) < 64 * 1024
    assert said.trouble == "only the first 64 kB are shown"


def test_a_consumed_item_has_no_text(inbox: Path) -> None:
    path = inbox / "msg-claude-2026-02-04-143022.md"
    path.write_bytes(MESSAGE)
    item = only_item(inbox)
    path.with_name("other").write_bytes(b"another file")
    path.with_name("other").rename(path)
    assert preview(inbox, item) == Preview(trouble="the file has left the inbox")
    path.unlink()
    assert preview(inbox, item) == Preview(trouble="the file has left the inbox")


def test_no_link_is_followed(inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (inbox / "link.md").symlink_to(secret)
    assert preview(inbox, only_item(inbox)) == Preview(trouble="this is no regular file: it is not opened")


def test_no_pipe_is_opened(inbox: Path) -> None:
    os.mkfifo(inbox / "pipe.md")
    assert preview(inbox, only_item(inbox)).trouble == "this is no regular file: it is not opened"


def test_an_inbox_behind_a_link_is_not_read(inbox: Path, tmp_path: Path) -> None:
    (inbox / "a.md").write_text("text")
    item = only_item(inbox)
    inbox.rename(tmp_path / "elsewhere")
    inbox.symlink_to(tmp_path / "elsewhere")
    assert preview(inbox, item).trouble.startswith("the file cannot be read")
