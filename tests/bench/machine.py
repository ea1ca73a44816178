"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.bench.launch import REPOSITORY


def machine() -> str:
    """The machine, the versions of what takes part, and how busy it was."""
    load = os.getloadavg()
    parts = [
        f"{_processor()}, {os.cpu_count()} cores, load {load[0]:.1f} before the first row",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"textual {version('textual')}, {_say('tmux', '-V') or 'no tmux'}, "
        f"docker {_say('docker', 'version', '--format', '{{.Server.Version}}') or 'none'}",
        f"commit {_say('git', '-C', str(REPOSITORY), 'describe', '--always', '--dirty') or 'unknown'}",
    ]
    return "\n".join(parts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _say(*words: str) -> str:
    if shutil.which(words[0]) is None:
        return ""
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
