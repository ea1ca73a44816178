"""Starting a process that goes on without us, and waiting until it serves or says why it cannot."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Sequence

from qms_tui.errors import QmsTuiError

START_PATIENCE = 30.0  # seconds until what is being started must serve; it takes one, or many beside others
LOG_HINT = "its log is beside that of qms-tui; try again, or end it with: qms-tui stop --all"
_READ = 65536
Process = subprocess.Popen[bytes]


def launch(command: Sequence[str], lifeline: int = -1) -> Process:
    """Start it; it leaves a child behind, which serves. `lifeline` is a pipe that it inherits."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        pass_fds=() if lifeline < 0 else (lifeline,),
    )


def wait_until_serving(process: Process, name: str, failure: type[QmsTuiError]) -> None:
    """Wait until it serves. Raises `failure` with what it says instead; `name` is for humans."""
    assert process.stdout is not None
    with process.stdout as words:
        said = _said(words.fileno(), time.monotonic() + START_PATIENCE)
    process.wait()  # it has left its child behind and ended
    try:
        line = json.loads(said)
    except ValueError:  # Python's own words: it could not even begin
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise failure(f"{name} does not start: {last or 'it says nothing'}", LOG_HINT) from None
    if "message" in line:
        raise failure(str(line["message"]), str(line.get("hint", "")))


def reap(process: Process) -> None:
    """Reap one that was started and is not waited for; what it has left behind goes on."""
    if process.stdout is not None:
        process.stdout.close()
        process.wait()


def _said(descriptor: int, until: float) -> bytes:
    """What a starting process says, until it lets go of the pipe."""
    said = b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
        data = os.read(descriptor, _READ) if ready else b""
        if not data:
            return said
        said += data
