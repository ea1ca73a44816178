"""The sample project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qms_tui.demo.project import is_demo, make_project
from qms_tui.demo.qms import Qms
from qms_tui.demo.workflow import front_matter
from qms_tui.errors import ProjectError, UnknownAgentError


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_has_the_layout_of_a_qms_project(project: Path) -> None:
    for user in ("lead", "claude", "qa", "tu_ui"):
        assert (project / ".claude" / "users" / user / "inbox").is_dir()
        assert (project / ".claude" / "users" / user / "workspace").is_dir()
    assert (project / "CLAUDE.md").is_file()
    assert ".claude/users/*/container/" in (project / ".gitignore").read_text()
    config = json.loads((project / "qms.config.json").read_text())
    assert (config["version"], config["created"]) == ("1.0", "2026-11-22T12:00:00Z")


def test_every_agent_but_claude_has_a_definition(project: Path) -> None:
    definitions = sorted(path.stem for path in (project / ".claude" / "agents").iterdir())
    assert definitions == ["qa", "tu_ui"]
    for name in definitions:
        fields = front_matter((project / ".claude" / "agents" / f"{name}.md").read_text())
        assert fields["name"] == name
        assert fields["group"]
        assert fields["description"]


def test_an_agent_nobody_wrote_a_text_for_gets_one(tmp_path: Path) -> None:
    make_project(tmp_path / "p", ["my_agent2", "any"])
    for name in ("my_agent2", "any"):
        text = (tmp_path / "p" / ".claude" / "agents" / f"{name}.md").read_text()
        assert front_matter(text)["name"] == name
        assert "$" not in text


def test_the_documents_can_be_read(qms: Qms) -> None:
    statuses = {document.doc_id: document.status for document in qms.documents()}
    assert statuses["CR-001"] == "DRAFT"
    assert statuses["SOP-001"] == "EFFECTIVE"
    assert {"CR-056", "CR-056-VAR-001", "SOP-002", "SDLC-QMS-RTM"} <= set(statuses)


def test_an_empty_folder_that_exists_is_fine(tmp_path: Path) -> None:
    make_project(tmp_path, ["claude"])
    assert is_demo(tmp_path)


def test_a_kept_project_is_opened_unchanged(project: Path) -> None:
    (project / "QMS" / "CR" / "CR-001" / "CR-001.md").write_text("mine")
    (project / "QMS" / "SOP" / "SOP-001.md").unlink()
    (project / ".claude" / "agents" / "qa.md").write_text("mine too")
    before = _files(project)
    make_project(project, ["claude", "qa"])
    assert _files(project) == before


def test_missing_agents_are_added_to_a_kept_project(project: Path) -> None:
    before = _files(project)
    make_project(project, ["qa", "bu"])
    added = set(_files(project)) - set(before)
    assert added == {".claude/agents/bu.md"}
    assert (project / ".claude" / "users" / "bu" / "inbox").is_dir()


@pytest.mark.parametrize("config", ["", "{}", "[1]", '{"version": "1.0"}', "\0\xff", '{"demo": 1}'])
def test_a_folder_with_something_else_is_refused(tmp_path: Path, config: str) -> None:
    (tmp_path / "qms.config.json").write_text(config)
    with pytest.raises(ProjectError, match="not empty") as caught:
        make_project(tmp_path, ["claude"])
    assert "--keep" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["qms.config.json"]


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError) as caught:
        make_project(tmp_path / "file", ["claude"])
    assert caught.value.hint


@pytest.mark.parametrize("name", ["../x", "QA", "", "a b", "a\n", "1a", "x" * 33, "lead"])
def test_names_that_are_no_agents(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownAgentError):
        make_project(tmp_path / "p", ["claude", name])
    assert not (tmp_path / "p").exists()
