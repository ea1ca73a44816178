"""What looks like an agent's and is none is named, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from qms_tui.doctor.finding import Verdict
from qms_tui.doctor.left_out import MOST_NAMED, left_out
from qms_tui.doctor.project import inbox
from qms_tui.project import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (".claude/agents", ".claude/users/qa/inbox"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".claude/agents/qa.md").write_text("You are qa.\n")
    return tmp_path


def lines(root: Path) -> list[str]:
    return [f"{each.text}: {each.remedy}" for each in left_out(Project(root))]


def test_nothing_is_said_of_what_counts(root: Path) -> None:
    (root / ".claude/agents/notes.txt").touch()
    (root / ".claude/agents/.hidden.md").touch()
    assert lines(root) == []


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("code-reviewer", "code_reviewer"),
        ("QA2", "qa2"),
        ("tu.ui", "tu_ui"),
        ("2nd", "agent_2nd"),
        ("é", "agent"),
    ],
)
def test_a_name_that_no_agent_can_have(root: Path, name: str, better: str) -> None:
    (root / f".claude/agents/{name}.md").touch()
    (root / f".claude/users/{name}/inbox").mkdir(parents=True)
    definition, folder = lines(root)
    assert definition.startswith(f".claude/agents/{name}.md is left out: no agent can be called so: rename")
    assert f" {better}.md:" in definition
    assert folder.startswith(f".claude/users/{name} is left out, with its inbox")


def test_a_link_and_capital_letters_of_the_ending(root: Path) -> None:
    (root / ".claude/agents/bu.md").symlink_to("qa.md")
    (root / ".claude/agents/lead.MD").touch()
    assert [line.partition(":")[0] for line in lines(root)] == [
        ".claude/agents/bu.md is left out", ".claude/agents/lead.MD is left out",
    ]  # fmt: skip


def test_many_are_not_all_named(root: Path) -> None:
    for number in range(MOST_NAMED + 5):
        (root / f".claude/agents/a-{number}.md").touch()
    assert len(lines(root)) == MOST_NAMED


@pytest.mark.parametrize("folder", ["agents", "users"])
def test_a_folder_behind_a_link(root: Path, folder: str) -> None:
    (root / ".claude" / folder).rename(root / "elsewhere")
    (root / ".claude" / folder).symlink_to(root / "elsewhere")
    (line,) = lines(root)
    assert f"nobody in .claude/{folder} is known: {root}/.claude/{folder} is a link" in line


def test_an_inbox_behind_a_link(root: Path) -> None:
    assert not list(inbox(Project(root), "qa"))
    (root / ".claude/users/qa/inbox").rename(root / "mail")
    (root / ".claude/users/qa/inbox").symlink_to(root / "mail")
    (finding,) = inbox(Project(root), "qa")
    assert (finding.verdict, "inbox is a link" in finding.text) == (Verdict.ERROR, True)
