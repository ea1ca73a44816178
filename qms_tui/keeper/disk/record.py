"""What is known of agents' disk use, as a file in the keeper's folder: for commands, which ask no keeper."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from qms_tui.files import read_regular_file, replace_file
from qms_tui.project import AGENT_NAME
from qms_tui.runtime import Found
from qms_tui.runtime.usage import DiskUse

_log = logging.getLogger(__name__)
FILE = "disk.json"
LARGEST = 2**20  # bytes


def write_record(folder: Path, uses: Mapping[str, DiskUse]) -> None:
    """Keep it: whole or not at all. Not to be able to is no reason to fail."""
    try:
        content = json.dumps({name: asdict(use) for name, use in uses.items()})
        replace_file(folder / FILE, content.encode())
    except OSError as error:
        _log.warning("%s: %s", folder / FILE, error)


def read_record(folder: Path) -> dict[str, DiskUse]:
    """What was kept, by agent; nothing if there is none, or it is broken."""
    try:
        rows = json.loads(read_regular_file(folder / FILE, LARGEST))
        return {name: _use(row) for name, row in rows.items() if AGENT_NAME.fullmatch(name)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        _log.warning("%s is broken: %r", folder / FILE, error)
        return {}


def with_disk(found: Mapping[str, Found], folder: Path) -> dict[str, Found]:
    """The same, with what is known of the disk use of agents that live."""
    uses = read_record(folder)
    return {name: replace(each, disk=uses.get(name)) if each.alive else each for name, each in found.items()}


def _use(row: Mapping[str, object]) -> DiskUse:
    used, limit, text = row["used"], row["limit"], row["text"]
    if not isinstance(used, int) or not isinstance(limit, int) or not isinstance(text, str):
        raise TypeError("not a use")
    return DiskUse(used, limit, text)
