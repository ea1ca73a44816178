"""A hook of Claude Code: keeps which instructions it has loaded, as a hash, for the host to compare.

Gets the event on standard input (`file_path`); appends a line of JSON to qms-tui/instructions.jsonl in the
client's configuration. Prints nothing and always succeeds: the client waits for it and shows its failures.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys

LARGEST = 4 * 1024 * 1024  # bytes of an instruction file that are read
MOST = 48 * 1024  # bytes of our file, which the host reads up to 64 kB


def main() -> None:
    """Append one line."""
    path = str(json.loads(sys.stdin.read(LARGEST)).get("file_path", ""))
    with open(path, "rb") as stream:
        digest = hashlib.sha256(stream.read(LARGEST)).hexdigest()
    line = json.dumps({"file": path, "sha256": digest}).encode() + b"\n"
    folder = os.path.join(os.environ["CLAUDE_CONFIG_DIR"], "qms-tui")
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(os.path.join(folder, "instructions.jsonl"), flags, 0o600)
    with open(descriptor, "ab") as kept:
        if os.fstat(descriptor).st_size + len(line) <= MOST:
            kept.write(line)


if __name__ == "__main__":
    with contextlib.suppress(OSError, ValueError, KeyError, AttributeError):
        main()
