"""What a project would like to do, and how it stands, in lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from qms_tui.inbox import Item
from qms_tui.text.amounts import counted
from qms_tui.trust import ConfigFolder, JudgedFile, Standing

NOT_COVERED = "Trust covers these files byte by byte, not what they run in turn."
MOST_NAMED = 3  # of an inbox
LONGEST = 400  # characters of a line


def claim_lines(standing: Standing, waiting: Sequence[Item], most: int = 10**6) -> Iterator[str]:
    """Everything that the project brings; of each part at most so many lines."""
    for file in standing.claims.files:
        yield from _part(_title(standing, file), _about(standing, file), most)
    yield from _part("config folders that came with the project", map(_folder, standing.foreign), most)
    yield from _part("items that wait in inboxes", _items(waiting), most)
    yield from _part("also there, and not covered by trust", _uncovered(standing), most)
    yield from _part("cannot be judged, so the project cannot be trusted", standing.claims.unjudged, most)


def _part(title: str, lines: Iterator[str] | Sequence[str] | map[str], most: int) -> Iterator[str]:
    found = list(lines)
    if not found:
        return
    yield f"  {title}"
    yield from (f"      {line[:LONGEST]}{'...' if len(line) > LONGEST else ''}" for line in found[:most])
    if len(found) > most:
        yield f"      ... {len(found) - most} more: qms-tui trust --show"


def _title(standing: Standing, file: JudgedFile) -> str:
    if file.path not in standing.changes or standing.record.answer is None:
        return file.path
    known = file.path in standing.record.files
    return f"{file.path}, {'changed' if known else 'new'} since you were asked"


def _about(standing: Standing, file: JudgedFile) -> Sequence[str]:
    changed = standing.diff(file.path) if file.path in standing.changes else ()
    return changed or file.effects


def _uncovered(standing: Standing) -> Iterator[str]:
    asked = standing.record.answer is not None
    for kind, names in standing.claims.names.items():
        new = ", new since you were asked" if asked and kind not in standing.record.named else ""
        yield f"{kind}: {names}{new}"


def _folder(folder: ConfigFolder) -> str:
    has = ["settings"] if folder.settings else []
    if folder.transcripts:
        has.append(f"{counted(folder.transcripts, 'conversation')} to go on with")
    return f"{folder.agent}: {' and '.join(has) or 'no settings, no conversation'}"


def _items(waiting: Sequence[Item]) -> Iterator[str]:
    owners = Counter(item.agent for item in waiting)
    for agent, count in sorted(owners.items()):
        named = [item.headline for item in waiting if item.agent == agent][:MOST_NAMED]
        more = ", ..." if count > MOST_NAMED else ""
        yield f"{agent}: {counted(count, 'item')}: {', '.join(named)}{more}"


def summary(standing: Standing) -> Mapping[str, object]:
    """The same as a document."""
    return {
        "project": str(standing.project.root),
        "word": standing.word.value,
        "files": [
            {"path": file.path, "sha256": file.sha256, "changed": file.path in standing.changes,
             "effects": list(file.effects)}
            for file in standing.claims.files
        ],
        "config_folders": [each.agent for each in standing.foreign],
        "not_covered": dict(standing.claims.names),
        "cannot_be_judged": list(standing.claims.unjudged),
    }  # fmt: skip
