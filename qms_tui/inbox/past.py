"""What was consumed: a bounded file per project in the user's state folder, a line of JSON per item.

Several interfaces may add to it; what two of them saw go is told once. Whatever is wrong with a line, it is
left out; not to be able to write is no reason to fail.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from qms_tui.files import locked, make_own_folder, open_or_make_file, read_regular_file, replace_file
from qms_tui.inbox.events import ItemConsumed
from qms_tui.inbox.item import Identity, Item, Kind
from qms_tui.inbox.parse import one_line
from qms_tui.project import AGENT_NAME
from qms_tui.text.names import path_word

MOST = 1000  # items told
LARGEST = 2 * 2**20  # bytes; some 4,000 items: then the file is made anew with the newest `MOST`
SAME = 10.0  # seconds between what two interfaces say of one consumption
_LONGEST = 400  # characters of a text
_log = logging.getLogger(__name__)


def past_folder() -> Path:
    """Where the user's files of this kind are."""
    import platformdirs

    return platformdirs.user_state_path("qms-tui") / "inboxes"


class Past(Struct, frozen=True):
    """The consumed items of the project at `root`, as a file in `folder`."""

    root: Path
    folder: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{path_word(self.root, leading='.')}.jsonl"

    def add(self, consumed: Sequence[ItemConsumed]) -> None:
        """Remember these. Blocking, for a moment."""
        try:
            make_own_folder(self.folder)
            with self._locked() as descriptor:
                if not os.fstat(descriptor).st_size:
                    os.write(descriptor, self._head())
                os.write(descriptor, b"".join(_line(event) for event in consumed))
                if os.fstat(descriptor).st_size > LARGEST:
                    self._shorten()
        except OSError as error:
            _log.warning("%s: what was consumed cannot be remembered: %s", self.path, error)

    def read(self) -> tuple[ItemConsumed, ...]:
        """At most `MOST`, the newest last."""
        try:
            content = read_regular_file(self.path, 2 * LARGEST)
        except FileNotFoundError:
            return ()
        except OSError as error:
            _log.warning("%s cannot be read: %s", self.path, error)
            return ()
        return tuple(_without_repeats(_events(content)))[-MOST:]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, open to be added to; nobody makes it anew meanwhile."""
        while True:
            with locked(open_or_make_file(self.path)) as descriptor:
                if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    yield descriptor
                    return

    def _head(self) -> bytes:
        """The first line: whose project it is."""
        return json.dumps({"project": str(self.root)}).encode("ascii") + b"\n"

    def _shorten(self) -> None:
        replace_file(self.path, self._head() + b"".join(_line(event) for event in self.read()))


def _line(event: ItemConsumed) -> bytes:
    item = event.item
    document = {
        "agent": item.agent,
        "file": item.file,
        "name": item.name,
        "kind": item.kind.value,
        "headline": item.headline,
        "document": item.document,
        "sender": item.sender,
        "arrived": item.arrived,
        "consumed": event.at,
        "identity": item.identity.numbers,
    }
    return json.dumps(document).encode("ascii") + b"\n"


def _events(content: bytes) -> Iterator[ItemConsumed]:
    for line in content.splitlines():
        try:
            yield _event(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            continue


def _event(document: dict[str, object]) -> ItemConsumed:
    """Raises KeyError, TypeError or ValueError for what this module does not write."""
    texts = {key: _text(document[key]) for key in ("agent", "name", "headline", "document", "sender")}
    if not AGENT_NAME.fullmatch(texts["agent"]) or not isinstance(document["file"], str):
        raise ValueError("not an item")
    kind, arrived = Kind(str(document["kind"])), _seconds(document["arrived"])
    identity = Identity.of(document["identity"])
    item = Item(**texts, kind=kind, arrived=arrived, identity=identity, file=document["file"])
    return ItemConsumed(item, _seconds(document["consumed"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return one_line(value, _LONGEST)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise ValueError("not a time")
    return float(value)


def _without_repeats(events: Iterator[ItemConsumed]) -> Iterator[ItemConsumed]:
    seen: dict[tuple[str, str, Identity], float] = {}
    for event in events:
        key = (event.item.agent, event.item.file, event.item.identity)
        if abs(event.at - seen.get(key, -SAME)) >= SAME:
            yield event
        seen[key] = event.at
