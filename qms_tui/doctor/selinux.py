"""SELinux: whether it would keep agents from what is mounted for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from docker.types import Mount

from qms_tui.doctor.finding import Finding, error, ok
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.selinux import KERNEL, enforced, is_on, is_ours, refusals, sources


def selinux(engine: Engine, mounted: Iterable[Mount], kernel: Path = KERNEL) -> Iterator[Finding]:
    """What is wrong, for every path; nothing on an engine without it, or whose files are not seen here."""
    if not engine.labels_here:
        return
    if not enforced(engine, kernel):
        yield ok("selinux", "permissive: it logs what it would refuse to agents")
        return
    theirs = (source for source in sources(mounted) if not is_ours(source.path))  # ours get labels at a start
    refused = refusals(theirs, is_on)
    yield from (error("selinux", refusal.text, refusal.remedy) for refusal in refused)
    if not refused:
        yield ok("selinux", "enforced, and agents may use what is mounted for them")
