"""What may go, and how it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qms_tui.leftovers import Kind, Thing, as_json, as_table, why_to_go
from qms_tui.leftovers.table import age
from qms_tui.leftovers.thing import project_exists

RUNNING = Thing(Kind.CONTAINER, "1a", "qms-p-qa", "/p", True, "running", True, 3600.0, True, "qa")
ENDED = replace(RUNNING, state="exited", used=False)
MADE = replace(RUNNING, state="created", used=False)
NETWORK = Thing(Kind.NETWORK, "2b", "qms-p", "/p", True, "unused", False, 3600.0, True)
GONE = "its project is gone"


@pytest.mark.parametrize(
    ("thing", "why"),
    [
        (RUNNING, ""),
        (replace(RUNNING, state="paused"), ""),
        (replace(RUNNING, project_exists=None), ""),
        (replace(RUNNING, project_exists=False), GONE),
        (replace(RUNNING, project_exists=False, mine=False), ""),
        (ENDED, "it has ended"),
        (replace(ENDED, age=1), "it has ended"),
        (replace(ENDED, project_exists=None), "it has ended"),
        (replace(ENDED, mine=False), ""),
        (MADE, "nobody uses it"),
        (replace(MADE, age=1), ""),
        (NETWORK, "nobody uses it"),
        (replace(NETWORK, age=1), ""),
        (replace(NETWORK, used=True), ""),
        (replace(NETWORK, used=True, project_exists=False), GONE),
        (replace(NETWORK, kind=Kind.JOURNAL), ""),
        (replace(NETWORK, kind=Kind.LAYOUT), ""),
        (replace(NETWORK, kind=Kind.SOCKET), "nobody uses it"),
        (replace(NETWORK, mine=False, project_exists=False), ""),
    ],
)
def test_what_may_go(thing: Thing, why: str) -> None:
    assert why_to_go(thing) == why


def test_whether_a_project_is_there(tmp_path: Path) -> None:
    (tmp_path / "p" / ".claude").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    seen = [project_exists(str(tmp_path / name)) for name in ("p", "none", "file", "loop")]
    assert seen == [True, False, False, None]
    assert project_exists("a\0b") is None


def test_as_a_table() -> None:
    other = replace(RUNNING, mine=False, name="qms-\x1b[2Jx", project="/a\nb")
    lines = as_table([replace(NETWORK, project_exists=False), other])
    assert [line.split()[0] for line in lines] == ["WHAT", "container", "network"]
    assert "(not made by you here)" in lines[1]
    assert lines[2].endswith("/p (gone)                    yes, its project is gone")
    assert not [c for line in lines for c in line if not c.isprintable()]


def test_as_values() -> None:
    assert as_json([ENDED]) == [
        {
            "kind": "container", "name": "qms-p-qa", "project": "/p", "project_exists": True, "agent": "qa",
            "state": "exited", "age": 3600, "yours": True, "prune": "it has ended",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0 s"), (59, "59 s"), (7199, "1 h"), (9e5, "10 d")])
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text
