"""The life of a document, without a project."""

from __future__ import annotations

import pytest

from qms_tui.demo.workflow import (
    Document,
    Version,
    check_document,
    front_matter,
    next_workflow,
    parse_document,
    passed,
    rejected,
    rewritten,
    routed,
)
from qms_tui.errors import ProjectError, UsageError


def _life(doc_id: str, status: str, version: Version) -> list[str]:
    """Route and pass until nothing follows, at most four times."""
    document = Document(doc_id, "T", status, version, "claude")
    seen = []
    for _ in range(4):
        try:
            workflow = next_workflow(document)
        except UsageError:
            break
        document = routed(document)
        seen.append(f"{document.status} {document.version}")
        document = passed(document, workflow)
    return [*seen, f"{document.status} {document.version}"]


def test_a_change_record_is_approved_before_and_after_the_work() -> None:
    assert _life("CR-001", "DRAFT", Version(0, 1)) == [
        "IN_PRE_REVIEW 0.1",
        "IN_PRE_APPROVAL 0.1",
        "IN_POST_REVIEW 1.1",
        "IN_POST_APPROVAL 1.1",
        "CLOSED 2.0",
    ]


def test_a_procedure_gets_one_revision_after_the_other() -> None:
    assert _life("SOP-002", "DRAFT", Version(0, 1)) == [
        "IN_REVIEW 0.1",
        "IN_APPROVAL 0.1",
        "IN_REVIEW 1.1",
        "IN_APPROVAL 1.1",
        "EFFECTIVE 2.0",
    ]


def test_a_rejected_document_returns_to_its_author() -> None:
    document = routed(Document("CR-001", "T", "DRAFT", Version(0, 1), "claude"))
    back = rejected(document, next_workflow(document))
    assert (back.status, str(back.version)) == ("DRAFT", "0.2")


def test_routing_again_lets_another_reviewer_join() -> None:
    document = routed(Document("SOP-001", "T", "EFFECTIVE", Version(1, 0), "qa"))
    assert routed(document) == document


@pytest.mark.parametrize(
    "doc_id",
    ["", "CR", "../CR-001", "CR-001/../x", "CR--1", "-CR-1", "CR-001\n", "CR-" + "1" * 99, "ß-1", "ﬁ-1"],
)
def test_what_is_no_document_id(doc_id: str) -> None:
    with pytest.raises(UsageError):
        check_document(doc_id)


def test_small_letters_mean_the_same_document() -> None:
    assert check_document("cr-056-var-001") == "CR-056-VAR-001"


def test_front_matter_that_is_none() -> None:
    assert front_matter("") == {}
    assert front_matter("# Title\nstatus: X\n") == {}
    assert front_matter("---\nstatus: X\n") == {}
    assert front_matter("---\na: 1\na: 2\n: 3\nno colon\n  b: 4\n---\nc: 5\n") == {"a": "1"}


def test_a_document_without_a_version_says_how_to_write_it() -> None:
    with pytest.raises(ProjectError) as caught:
        parse_document("CR-001", "---\nstatus: DRAFT\nversion: x\n---\n")
    assert "version: 0.1" in caught.value.hint


def test_only_the_front_matter_is_rewritten() -> None:
    text = "---\ntitle: T\nstatus: DRAFT\nversion: 0.1\n---\n\nstatus: this stays\n---\nversion: and this\n"
    document = Document("CR-001", "T", "CLOSED", Version(2, 0), "claude")
    assert rewritten(text, document) == text.replace("DRAFT", "CLOSED").replace("0.1", "2.0")
