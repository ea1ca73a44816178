"""An agent that lies about itself, as fast as it can, in the files by which the host knows its state.

It can only lie about itself: the agent beside it is shown as it is and echoes at once. When the liar tells
the truth again, that is shown.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .test_app import ALT_1, ALT_2, App, leave

ECHO_SECONDS = 15.0  # a key takes milliseconds; a busy machine more
# What a shell can do from then on in the agent's own folder.
LIAR = r"""
cd "$CLAUDE_CONFIG_DIR" && mkdir -p sessions qms-tui || exit
lies() { # garbage, torn files, huge ones, pipes, folders and links, while `flooding` is there
    for status in busy idle waiting '\u001b]0;x\u0007[@click=app.exit]x'; do
        registry "$status"
        printf '{"pid":7,"status":"' >sessions/7.json
        truncate -s 1G sessions/7.json qms-tui/identity.json
        for name in status waiter announced identity; do
            rm -rf "qms-tui/$name.json"
            case $status in
                busy) mkfifo "qms-tui/$name.json" ;;
                idle) ln -s /etc/passwd "qms-tui/$name.json" ;;
                waiting) mkdir "qms-tui/$name.json" ;;
                *) echo '{"at":1e999,"armed":true,"a.md":[],"inbox":[{}]}' >"qms-tui/$name.json" ;;
            esac
        done
    done
}
registry() {
    printf '{"pid":7,"status":"%s","startedAt":%s000,"statusUpdatedAt":%s000}' "$1" "$born" "$(date +%s)" \
        >sessions/7.json
}
flood() {
    touch flooding
    while [ -e flooding ]; do
        yes "{\"at\":$(date +%s),\"event\":\"StopFailure\"}" | head -n 20000 >qms-tui/hooks.jsonl
    done &
    while [ -e flooding ]; do lies; done &
}
pipes() { # for whoever opens one and waits
    rm -rf flooding
    wait
    rm -rf sessions/* qms-tui/*
    for name in identity waiter announced status; do mkfifo "qms-tui/$name.json"; done
    mkfifo sessions/7.json qms-tui/hooks.jsonl
}
truth() { # also of who runs here, from the next second on: the clock of a shell has whole ones
    rm -rf flooding qms-tui sessions
    wait
    mkdir -p sessions qms-tui
    born=$(($(date +%s) + 1))
    while [ "$(date +%s)" -lt "$born" ]; do :; done
    printf '{"pid":7,"program":"claude","started":%s}' "$born" >qms-tui/identity.json
    registry "$1"
}
steal() { # what the other one says of itself
    rm -rf sessions
    ln -s ../../claude/container/sessions sessions
}
"""


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    """Its agents are shells that find the liar's words, and take no more than a part of the machine."""
    (qms_project / "liar.sh").write_text(LIAR)
    made = App(qms_project, tmp_path / "home", image)
    made.set("cpus = 0.5\n")
    return made


def words(app: App) -> dict[str, str]:
    """What the agents are doing, for who looks at their folders for the first time."""
    rows = json.loads(app.run("ps", "--json").stdout)
    return {row["agent"]: row["activity"]["word"] for row in rows}


def test_who_lies_does_so_about_itself_alone(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        tui.type("sh\r. ./liar.sh; truth idle; echo so''be it\r")
        tui.wait("sobe it", "1 claude ● idle")
        tui.type(ALT_2 + "sh\r. ./liar.sh; truth busy; flood; echo in''deed\r")
        tui.wait("indeed")
        tui.type(ALT_1)
        for number in range(20):
            tui.type(f"echo ech''oed {number}\r")
            tui.wait(f"echoed {number}", "1 claude ● idle", patience=ECHO_SECONDS)
        assert words(app)["claude"] == "idle"
        tui.type("registry waiting\r")
        tui.wait("1 claude ◆ needs you")
        tui.type(ALT_2 + "pipes; echo al''l pipes\r")
        tui.wait("all pipes")
        tui.type(ALT_1 + "registry busy\r")
        tui.wait("1 claude ◐ busy")
        assert words(app)["claude"] == "busy"
        tui.type(ALT_2 + "truth waiting\r")
        tui.wait("2 qa ◆ needs you")
        tui.type("steal\r" + ALT_1 + "truth idle\r")  # newer than the thief, whose own it would be
        tui.wait("1 claude ● idle", absent="2 qa ◆ needs you")
        found = words(app)
        assert found["claude"] == "idle"
        assert found["qa"] in ("starting", "unknown")
        tui.type(ALT_2 + "truth busy\r")
        tui.wait("1 claude ● idle", "2 qa ◐ busy")
        leave(tui)
