"""inotify's limits, reached for real in a user namespace of its own: nobody else on the machine notices."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui import Tui

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

GREEDY = """
import ctypes, os, sys
inotify = ctypes.CDLL(None, use_errno=True)
descriptor = inotify.inotify_init1(0)
number = 0
while True:
    file = os.memfd_create("greedy")
    while inotify.inotify_add_watch(descriptor, b"/proc/self/fd/%d" % file, 2) < 0:
        print("full", flush=True) if number >= 0 else None
        number = -1
    number += number >= 0
"""
LATE = """
import atexit
import logging
import subprocess
import sys
from pathlib import Path
from tests.inbox.world import watching

logging.disable()
base = Path(sys.argv[1])
inboxes = {f"a{n}": base / f"a{n}/inbox" for n in range(8)}
inboxes["a0"].mkdir(parents=True)
with watching(inboxes) as (watcher, told):
    greedy = subprocess.Popen([sys.executable, "-c", sys.argv[2]], stdout=subprocess.PIPE)
    atexit.register(greedy.kill)
    assert greedy.stdout.readline() == b"full\\n"
    for number, (agent, path) in enumerate(inboxes.items(), 1):
        if path.exists():
            path.rename(base / "moved")
        path.mkdir(parents=True)
        told.until(lambda: watcher._inboxes[agent]._watched.missing == "")
        (path / "x.md").write_text("x")
        told.until(lambda: len(told.arrived) == number)
    greedy.kill()
    greedy.communicate()
    print(told.troubles)
"""


def limited(limit: str, left: int, *command: str) -> list[str]:
    """The command, as root of a user namespace with that limit."""
    script = f'echo {left} > /proc/sys/user/{limit} && exec "$0" "$@"'
    return ["unshare", "--user", "--map-root-user", "sh", "-c", script, *command]


def checked(command: list[str]) -> str:
    """What it prints."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if "unshare" in done.stderr or "/proc/sys/user" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr.strip()}")
    assert done.stderr == ""
    return done.stdout


def test_a_greedy_agent_does_not_blind_us_to_inboxes_that_come_later(tmp_path: Path) -> None:
    """It takes every watch there is, and at once each one that is given up; nothing is ever rescanned."""
    command = limited("max_inotify_watches", 300, sys.executable, "-c", LATE, str(tmp_path), GREEDY)
    assert checked(command) == "[]\n"


@pytest.mark.parametrize(
    ("limit", "left"), [("max_inotify_watches", 0), ("max_inotify_watches", 2), ("max_inotify_instances", 0)]
)
def test_without_watches_left_inboxes_are_polled_and_it_is_said_once(
    tmp_path: Path, limit: str, left: int
) -> None:
    said = checked(limited(limit, left, sys.executable, "-c", PROGRAM, str(tmp_path)))
    assert said == "['the limit of inotify is reached: inboxes are looked at every few seconds instead']\n"


def test_inboxes_are_watched_before_the_first_agent_starts(tmp_path: Path) -> None:
    """Even one that takes every watch with its first breath. Nothing is rescanned within the hour."""
    root, home = tmp_path / "project", tmp_path / "home"
    for folder in (root / ".claude/users/claude/inbox", home):
        folder.mkdir(parents=True)
    config = home / "config.toml"
    config.write_text("[inbox]\nrescan = 3600\n")
    command = limited("max_inotify_watches", 300, sys.executable, "-m", "qms_tui")
    program = tmp_path / "greedy.py"
    program.write_text(GREEDY)
    agent = shlex.join([sys.executable, str(program)])
    words = ("--config", str(config), "--runtime", "local", "--command", agent, "claude")
    environment = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    with Tui(*words, cwd=root, env=environment, program=command) as tui:
        tui.wait("full")
        task = root / ".claude/users/claude/inbox/task-CR-001-review-v0-1.md"
        task.write_text("---\ntask_type: REVIEW\ndoc_id: CR-001\n---\n")
        tui.wait("claude  1 ")
        assert "inotify" not in tui.text
        tui.type("\x11")
        tui.end()
