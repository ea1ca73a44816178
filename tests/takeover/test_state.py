"""Files of the first edition in the user's state folder, as it wrote them: they are read as they are.

The project was at /srv/pipe-dream; nothing of it need be there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from qms_tui.armed import ArmedFile
from qms_tui.inbox.item import Identity, Item, Kind
from qms_tui.inbox.past import Past
from qms_tui.keeper.journal.reader import read_entries, read_segments
from qms_tui.keeper.journal.records import Output
from qms_tui.keeper.past import read_past
from qms_tui.keeper.paths import project_key
from qms_tui.remembered import Memory, View, project_of
from qms_tui.trust import Answer, TrustStore
from qms_tui.trust.record import FileRecord, FolderIdentity
from qms_tui.waking.typed import Typed

DATA = Path(__file__).parent / "data"
ROOT = Path("/srv/pipe-dream")
ENGINE = "unix:///var/run/docker.sock"
NAMES = json.loads((DATA / "names.json").read_text())


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "state"))


@pytest.mark.parametrize("names", NAMES, ids=[each["keeper"] for each in NAMES])
def test_files_have_the_same_names(names: dict[str, str]) -> None:
    root, folder = Path(names["root"]), Path("/folder")
    assert {
        "root": names["root"],
        "layout": Memory(root, folder).path.name,
        "trust": TrustStore(folder).path(root).name,
        "past": Past(root, folder).path.name,
        "keeper": project_key(root, ENGINE),
    } == names


def test_the_layout(state: Path) -> None:
    memory = Memory(ROOT, state / "layouts")
    assert memory.read() == View(("tu_ui", "qa"), "columns", zoomed=True, focused="qa")
    assert project_of(memory.path) == str(ROOT)


def test_trust_and_config_folders(state: Path) -> None:
    record = TrustStore(state / "trust").read(ROOT)
    assert record is not None
    assert record.answer is Answer.TRUST
    assert record.folder == FolderIdentity(42, 99)
    assert record.files == {".mcp.json": FileRecord.of(b'{"mcpServers": {}}\n')}
    assert record.folders == {"qa": FolderIdentity(42, 100)}
    assert record.named == {"hooks"}


def test_what_was_consumed_and_typed(state: Path) -> None:
    past = Past(ROOT, state / "past")
    (consumed,) = past.read()
    assert consumed.at == 1790000100.25
    assert consumed.item == item("CR-056", 11)
    typed = Typed(past)
    assert typed.at(item("CR-057", 12)) == 1790000050.0
    assert typed.at(item("CR-057", 13)) is None


def test_the_journal(state: Path) -> None:
    folder = state / "journal"
    past = read_past(folder, 100)
    assert past is not None
    assert past.container == "c0ffee"
    assert past.tail.endswith(b"printed later\r\n$ ")
    assert [row.rstrip() for row in past.terminal.display[:4]] == ["first", "red", "printed later", "$"]
    assert past.terminal.title == "a title"
    entries = read_entries(read_segments(folder))
    assert b"".join(e.fact.data for e in entries if isinstance(e.fact, Output)) == b"printed later\r\n$ "


def test_nothing_starts_by_itself_until_something_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether policies may act is not in those files."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    shutil.copytree(DATA, tmp_path / "qms-tui")
    assert ArmedFile.of(ROOT).read() is None


def item(document: str, inode: int) -> Item:
    return Item(
        agent="qa",
        name=f"task-{document}",
        kind=Kind.REVIEW,
        headline=f"review {document}",
        document=document,
        sender="claude",
        arrived=1790000000.5,
        identity=Identity(7, inode),
        file=f"task-{document}-pre_review-v0-1.md",
    )
