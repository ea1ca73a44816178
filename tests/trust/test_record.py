"""What is remembered of a project: one file each, for the user only, never obeyed when it is broken."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

import pytest

from qms_tui.errors import QmsTuiError
from qms_tui.remembered import project_of
from qms_tui.trust import Answer, FolderIdentity, Record, TrustStore
from qms_tui.trust.record import FileRecord

ROOT = Path("/srv/pipe-dream")
HERE = FolderIdentity(2**63 + 5, 77)
FULL = Record(
    ROOT,
    HERE,
    Answer.TRUST,
    {"qms-tui.toml": FileRecord.of(b"a = 1\n"), "run": FileRecord.of(b"\x7fELF\xff")},
    {"qa": FolderIdentity(1, 2)},
    frozenset({".claude/skills"}),
)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "state" / "qms-tui" / "trust")


def test_a_record_comes_back_as_it_was(store: TrustStore) -> None:
    assert store.read(ROOT) is None
    store.write(FULL)
    assert store.read(ROOT) == FULL
    assert FULL.files["qms-tui.toml"].text == "a = 1\n"
    assert FULL.files["run"].text is None
    assert store.read(ROOT / "other") is None


def test_it_is_private_and_says_whose_it_is(store: TrustStore) -> None:
    before = os.umask(0)
    try:
        store.write(FULL)
    finally:
        os.umask(before)
    path = store.path(ROOT)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert project_of(path) == str(ROOT)


@pytest.mark.parametrize("key", ["version", "project", "folder", "answer", "files", "folders", "named"])
@pytest.mark.parametrize("value", ["x", 3, [], {}, ["x"], [1], {"a": "b"}, {"a": {"sha256": 1}}], ids=repr)
def test_what_we_did_not_write_is_not_obeyed(store: TrustStore, key: str, value: object) -> None:
    """Whatever stands in one place: it is no record, or one that trusts nothing new."""
    store.write(FULL)
    path = store.path(ROOT)
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    found = store.read(ROOT)
    assert found is None or (found.files.keys() <= FULL.files.keys() and found.answer is Answer.TRUST)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"{}", b"\xff\xfe\x00", b"[" * 200_000])
def test_a_broken_record_trusts_nobody_and_is_replaced(
    store: TrustStore, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(FULL)
    store.path(ROOT).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert store.read(ROOT) is None
    assert "is broken, the project is not trusted" in caplog.text
    store.write(FULL)
    assert store.read(ROOT) == FULL


def test_a_link_or_a_pipe_is_no_record(store: TrustStore, tmp_path: Path) -> None:
    store.write(FULL)
    path = store.path(ROOT)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert store.read(ROOT) is None
    path.unlink()
    os.mkfifo(path)
    assert store.read(ROOT) is None


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = TrustStore(tmp_path / "file" / "trust")
    with pytest.raises(QmsTuiError, match="cannot be written") as caught:
        store.write(FULL)
    assert caught.value.hint
    with pytest.raises(QmsTuiError, match="cannot be written"), store.locked():
        pass


def test_a_project_whose_name_is_no_text(store: TrustStore, tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    store.write(Record(root, HERE, Answer.LOOK_ONLY))
    assert store.read(root) == Record(root, HERE, Answer.LOOK_ONLY)


def test_what_others_have_made_meanwhile_is_kept(store: TrustStore) -> None:
    store.write(FULL)
    found = store.remember(Record(ROOT, HERE, Answer.LOOK_ONLY, folders={"bu": HERE}))
    assert store.read(ROOT) == found
    assert found.folders == {"qa": FolderIdentity(1, 2), "bu": HERE}


def test_only_one_at_a_time_changes_records(store: TrustStore) -> None:
    entered = threading.Event()

    def enter() -> None:
        with store.locked():
            entered.set()

    with store.locked():
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(0.2)
    thread.join(30)
    assert entered.is_set()


def test_what_the_first_edition_trusted_still_is(store: TrustStore) -> None:
    old = store.path(ROOT).parent.with_suffix(".json")
    old.parent.mkdir(parents=True)
    digest = FileRecord.of(b"a").sha256
    old.write_text(json.dumps({"version": 1, "projects": {str(ROOT): digest, "/other": "0"}}))
    assert store.read(ROOT) == Record(ROOT, None, Answer.TRUST, {"qms-tui.toml": FileRecord(digest)})
    assert store.read(Path("/third")) is None
