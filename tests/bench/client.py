"""The real Claude Code client before our terminal, with a stand-in for the model and nothing else to reach.

`python -m tests.bench.client` shows, for many answers to XTVERSION, what the client turns on: the evidence
for the name in qms_tui/terminal/reports.py. The client is $CLAUDE, else `claude` on the path.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qms_tui.terminal import Key, Modifier, encode_key, encode_paste
from tests.bench.model import Model
from tests.bench.seats import Ours, wait_quiet

COLUMNS, LINES = 100, 30
_KEY = "sk-ant-api03-placeholder-placeholder-placeholder"


def find_client() -> str | None:
    """The client's path."""
    return os.environ.get("CLAUDE") or shutil.which("claude")


def make_home(folder: Path, settings: Mapping[str, object] | None = None) -> Path:
    """A home in which no dialog blocks the client, and an empty project beside it."""
    home, project = folder / "home", folder / "project"
    home.mkdir(parents=True)
    project.mkdir()
    state = {
        "hasCompletedOnboarding": True, "theme": "dark", "numStartups": 20, "autoUpdates": False,
        "hasSeenAutoDefaultNudge": True, "hasSeenAutoDefaultNotice": True, "lastReleaseNotesSeen": "99.0.0",
        "customApiKeyResponses": {"approved": [_KEY[-20:]], "rejected": []},
        "projects": {str(project): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}},
    }  # fmt: skip
    (home / ".claude.json").write_text(json.dumps(state))
    given = {
        "permissions": {"defaultMode": "default"},
        "disableAutoMode": "disable",
        "spinnerTipsEnabled": False,
    }
    (home / "settings.json").write_text(json.dumps(given | dict(settings or {})))
    return project


def environment(folder: Path, model: Model, **more: str) -> dict[str, str]:
    """Of a client that reaches nothing but the stand-in."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LANG": "C.UTF-8",
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "SHELL": "/bin/bash",
        "CLAUDE_CONFIG_DIR": str(folder / "home"), "ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": _KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "IS_SANDBOX": "1",
    } | more  # fmt: skip


NAMES = (
    "qms-tui(0.1.0)", "qms-tui 0.1", "kitty(0.36.0)", "ghostty 1.3.1", "WezTerm 20240203-110809-5046fc22",
    "iTerm2 3.5.0", "iTerm2 3.4.0", "foot(1.28.0)", "tmux 3.4", "XTerm(390)", "VTE(7600)", "xterm.js(5.5.0)",
    "Konsole 23.08.5", "alacritty(0.17.0)", "libvterm(0.3)",
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What one run of the client showed; `log` is what it says of the terminal in its debug log."""

    name: str
    sequences: collections.Counter[str]
    log: list[str]
    held: list[float]
    output: bytes
    said: list[str]

    @property
    def counts(self) -> str:
        """How often it wrote what depends on the terminal."""
        return " ".join(f"{what}={self.sequences[kind]}" for what, kind in _TELLING.items())


_TELLING = {
    "2026": "ESC [?2026h", ">5u": "ESC [>5u", ">1u": "ESC [>1u", ">4;2m": "ESC [>4;2m", "2031": "ESC [?2031h",
    "1004": "ESC [?1004h", "1003": "ESC [?1003h", "1016": "ESC [?1016h", "1049": "ESC [?1049h",
    "OSC8": "OSC 8", "9;4": "OSC 9;4", "7501": "OSC 7501", "REP": "CSI b", "ECH": "CSI X", "IL": "CSI L",
    "DL": "CSI M", "SU": "CSI S", "STBM": "CSI r", "CPR": "ESC [6n", "CPR?": "ESC [?6n",
    "graphics": "ESC _Gi=31,s",
}  # fmt: skip
_OF_THE_TERMINAL = re.compile(
    r".*(?:XTVERSION|Terminal capabilities|DECSTBM|[Rr]enderer|Cursor check|theme|Cell size|images:).*"
)


_CONTROL = re.compile(
    rb"\x1b\[[<=>?]?[0-9;:]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]"
)


def kinds(output: bytes) -> collections.Counter[str]:
    """How often each kind of sequence was written: CSI with their parameters only where those are a mode."""
    count: collections.Counter[str] = collections.Counter()
    for match in _CONTROL.finditer(output):
        text = match[0].decode("utf-8", "replace").replace("\x1b", "ESC ")
        if text.startswith("ESC [") and text[5] not in "<=>?" and text[-1] not in "cnqtpu":
            text = f"CSI {text[-1]}"
        elif text.startswith("ESC ]"):
            text = f"OSC {text[5:].split(';')[0]}" + (";4" if text.startswith("ESC ]9;4") else "")
        elif text[4] in "PX^_":
            text = text[:12]
        count[text] += 1
    return count


def try_name(client: str, name: str, *, fullscreen: bool = False, **env: str) -> Evidence:
    """Have a short conversation with the client, answering XTVERSION so."""
    with tempfile.TemporaryDirectory(prefix="qms-tui-client-") as place, Model() as model:
        folder = Path(place)
        settings = {"tui": "fullscreen" if fullscreen else "default"}
        project = make_home(folder, settings)
        log = folder / "debug.log"
        variables = environment(folder, model, **env)
        argv = [client, "--debug-file", str(log)]
        with Ours(argv, COLUMNS, LINES, variables, project, name) as seat:
            wait_quiet(seat, r"\u276f|\? for shortcuts")
            converse(seat)
            wait_quiet(seat, "The end")
        text = log.read_text(errors="replace") if log.exists() else ""
        output = bytes(seat.output)
        said = [line[0] for line in _OF_THE_TERMINAL.finditer(text)]
        return Evidence(name, kinds(output), said, seat.held, output, model.said())


def converse(seat: Ours) -> None:
    """Two lines with Shift+Enter between them, submitted; a tool; a slow answer; Markdown."""
    press(seat, "first line")
    wait_quiet(seat, "first line")  # what comes in one piece with it would be taken for a paste
    press(seat, Key("enter", Modifier.SHIFT))
    wait_quiet(seat, "first line")
    press(seat, "second")
    wait_quiet(seat, "first line\n.*second")
    press(seat, Key("enter"))
    wait_quiet(seat, "Understood")
    press(seat, "tool")
    wait_quiet(seat, r"\u276f\Wtool")
    press(seat, Key("enter"))
    wait_quiet(seat, "Do you want")
    press(seat, Key("enter"))
    wait_quiet(seat, "The tool has run")
    press(seat, "markdown")
    wait_quiet(seat, r"\u276f\Wmarkdown")
    press(seat, Key("enter"))
    wait_quiet(seat, "second")
    press(seat, "slow")
    wait_quiet(seat, r"\u276f\Wslow")
    press(seat, Key("enter"))


def press(seat: Ours, *keys: str | Key) -> None:
    """Type text and press keys as our app encodes them in the modes that the program has set."""
    for key in keys:
        modes = seat.terminal.modes
        sent = encode_key(key, modes) if isinstance(key, Key) else encode_paste(key.encode(), modes)
        if sent:
            seat.type(sent)
        seat.rows()


def main() -> None:
    """Print what each answer to XTVERSION turned on."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.client", description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help="answers to XTVERSION")
    parser.add_argument("--fullscreen", action="store_true", help="in the client's full-screen mode")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="TERM_PROGRAM, say")
    chosen = parser.parse_args()
    client = find_client()
    if client is None:
        parser.exit(1, "no client: set CLAUDE to its path\n")
    version = subprocess.run([client, "--version"], capture_output=True, text=True, check=False).stdout
    print(
        f"{version.strip()}, {'full-screen' if chosen.fullscreen else 'main screen'} {' '.join(chosen.env)}"
    )
    for name in chosen.names:
        more = dict(each.split("=", 1) for each in chosen.env)
        try:
            evidence = try_name(client, name, fullscreen=chosen.fullscreen, **more)
        except TimeoutError as error:
            print(f"\n{name}: {error}", flush=True)
            continue
        newline = "a newline" if "first line\nsecond" in evidence.said else "no newline"
        print(f"\n{name}: {len(evidence.output)} bytes, Shift+Enter {newline}")
        print(f"    {evidence.counts}", *evidence.log, sep="\n    ", flush=True)


if __name__ == "__main__":
    main()
