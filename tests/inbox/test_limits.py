"""inotify's limits, reached for real in a user namespace of its own: nobody else on the machine notices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging
import sys
from pathlib import Path
from tests.inbox.world import watching

logging.disable()
inboxes = {f"a{n}": Path(sys.argv[1]) / f"a{n}" for n in range(5)}
for path in inboxes.values():
    path.mkdir()
with watching(inboxes, rescan=0.05) as (watcher, told):
    for path in inboxes.values():
        (path / "x.md").write_text("x")
    told.until(lambda: len(told.arrived) == 5)
    for path in inboxes.values():
        (path / "x.md").unlink()
    told.until(lambda: len(told.consumed) == 5)
    print(told.troubles)
"""


@pytest.mark.parametrize(
    ("limit", "left"), [("max_inotify_watches", 0), ("max_inotify_watches", 2), ("max_inotify_instances", 0)]
)
def test_without_watches_left_inboxes_are_polled_and_it_is_said_once(
    tmp_path: Path, limit: str, left: int
) -> None:
    script = f'echo {left} > /proc/sys/user/{limit} && exec "$0" "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script]
    done = subprocess.run(
        [*command, sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    if "unshare" in done.stderr or "/proc/sys/user" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr.strip()}")
    assert done.stderr == ""
    assert (
        done.stdout
        == "['the limit of inotify is reached: inboxes are looked at every few seconds instead']\n"
    )
