"""Points in time have one form, in the time zone of this machine, wherever people read them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import qms_tui
from qms_tui.cli.ps_listing import listing
from qms_tui.config import Config
from qms_tui.inbox import preview, scan
from qms_tui.project import Project
from qms_tui.runtime import Condition, Found
from qms_tui.text.times import age, moment, stamp

AT = 1_770_215_422.0  # 2026-02-04T14:30:22Z
UTC = "2026-02-04T14:30:22Z"
HERE = "2026-02-04 20:15:22"  # in Nepal, whose offset of 5:45 nobody gets right by chance


@pytest.fixture(autouse=True)
def nepal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_moments_are_local() -> None:
    assert moment(AT) == HERE
    assert moment(1e300) == f"@{1e300:.0f}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (UTC, HERE),
        ("2026-02-04T14:30:22.123456789Z", HERE),
        ("2026-02-04T09:30:22-05:00", HERE),
        ("2026-02-04 14:30:22+00:00", HERE),
        ("2026-02-04", "2026-02-04"),
        ("2026-02-04T14:30:22", "2026-02-04T14:30:22"),  # nobody knows of which zone
        ("2026-99-99T14:30:22Z", "2026-99-99T14:30:22Z"),
        ("yesterday", "yesterday"),
    ],
)
def test_stamps_become_local_as_far_as_they_say_their_zone(text: str, shown: str) -> None:
    assert stamp(text) == shown


def test_ps_is_local_and_its_json_is_not_touched(tmp_path: Path) -> None:
    started = "2026-02-04T14:30:22.123456789Z"
    found = Found(Condition.RUNNING, None, started, "image", "box")
    never = replace(found, condition=Condition.EXITED, started_at="0001-01-01T00:00:00Z")
    project = Project(tmp_path)
    _, row, idle = listing(project, {"qa": found, "tu": never}, Config(), as_json=False)
    assert HERE in row
    assert UTC[:10] not in row.replace(HERE, "")
    assert "01-01" not in idle
    assert json.loads(listing(project, {"qa": found}, Config(), as_json=True)[0])[0]["started_at"] == started


def test_an_item_is_read_with_local_times(tmp_path: Path) -> None:
    (tmp_path / "msg-qa-2026-02-04-143022.md").write_text(f"---\ntype: message\ntimestamp: {UTC}\n---\n\nx\n")
    ((item,), _) = scan({"lead": tmp_path})
    assert ("sent", HERE) in preview(tmp_path, item).facts


def test_nothing_else_makes_a_form_of_its_own() -> None:
    """But for what programs read: names of files and front matter, as the QMS has them."""
    own = {"text/times.py", "inbox/send.py", "inbox/archive.py", "report/files.py"}
    root = Path(qms_tui.__file__).parent
    made = re.compile(r"\bstrftime\(|\bctime\(|\basctime\(")
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if made.search(path.read_text())}
    assert {path for path in found if not path.startswith("demo/")} <= own


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "now"), (0.9, "now"), (1, "1s"), (59.9, "59s"), (60, "1m"), (7199, "1h"), (200_000, "2d")],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(seconds) == said
