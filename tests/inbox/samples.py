"""Items as the public QMS command line writes them."""

from __future__ import annotations

MESSAGE = b"""---
type: message
from: claude
to: qa
timestamp: 2026-02-04T14:30:22Z
subject: "Note on CR-056"
---

CR-056 involves UI changes.
"""

NOTICE = b"""---
type: notification
event: APPROVED
doc_id: CR-056
timestamp: 2026-02-04T15:45:00Z
---

CR-056 has been approved by qa.
"""


def task(document: str, task_type: str = "REVIEW") -> bytes:
    """A task of REVIEW or APPROVAL."""
    return f"""---
task_id: task-{document}-pre_{task_type.lower()}-v0-1
task_type: {task_type}
workflow_type: PRE_{task_type}
doc_id: {document}
title: Add multi agent
status: IN_PRE_{task_type}
responsible_user: claude
assigned_by: claude
assigned_date: 2026-11-22
version: 0.1
---

# {task_type} REQUEST: {document}

| a | b |
|---|---|
""".encode()
