"""The whole app on a real engine, worked as a person works it: T1, T2, T3 and T5 of the original record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import docker
import pytest

import qms_tui
from qms_tui.runtime.docker.container import Identity
from tests.trusted import trust
from tests.tui import Tui

from .engine import PROJECT_LABEL
from .user import as_user, give

ALT_1, ALT_2, PREFIX, LEAVE = "\x1b1", "\x1b2", "\x02", "\x11"
WIDE = (160, 45)
Rows = list[dict[str, object]]


class App:
    """qms-tui on one project, with a home of its own: as the project's owner has it, or as `uid`."""

    def __init__(self, root: Path, home: Path, image: str, uid: int | None = None) -> None:
        self.root = root
        self.uid = root.stat().st_uid if uid is None else uid
        self.config = home / "config.toml"
        self.program: Sequence[str] = (*as_user(self.uid), sys.executable, "-m", "qms_tui")
        home.mkdir()
        self.config.write_text(f'[agent]\nimage = "{image}"\n')
        self.environment = {
            "HOME": str(home),
            **{name: str(home / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")},
            "PYTHONPATH": str(Path(qms_tui.__file__).parents[1]),
        }
        give(self.uid, home, self.config)
        self.trust()

    def trust(self) -> None:
        """What stands in the project is its user's own."""
        state = Path(self.environment["XDG_STATE_HOME"])
        trust(self.root, state, self.config)
        give(self.uid, state, *state.rglob("*"))

    def set(self, text: str) -> None:
        """Add to the user's configuration."""
        self.config.write_text(self.config.read_text() + text)

    def use(self, network: str, variables: Mapping[str, str], *tools: str) -> None:
        """Its agents have these variables, may use these tools, and reach that network."""
        self.environment |= variables
        self.set(f'network = "{network}"\nenv = {json.dumps(list(variables))}\ntools = {json.dumps(tools)}\n')

    def open(self, *args: str, size: tuple[int, int] = WIDE) -> Tui:
        """The screen, in a terminal."""
        return Tui(
            *("--config", str(self.config), *args),
            cwd=self.root, size=size, env=self.environment, program=self.program,
        )  # fmt: skip

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command, without a terminal."""
        return subprocess.run(
            [*self.program, "--config", str(self.config), *args],
            cwd=self.root, env=os.environ | self.environment | environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def ps(self) -> dict[str, dict[str, object]]:
        """What `ps --json` says, by agent."""
        rows: Rows = json.loads(self.run("ps", "--json").stdout)
        return {str(row["agent"]): row for row in rows}


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    return App(qms_project, tmp_path / "home", image)


def leave(tui: Tui) -> None:
    tui.type(LEAVE)
    assert tui.end() == 0


def wait_in(tui: Tui, side: str, text: str) -> None:
    """Wait for a text in the left or the right half."""
    deadline = time.monotonic() + 30
    half = WIDE[0] // 2
    while True:
        shown = "\n".join(row[:half] if side == "left" else row[half:] for row in tui.terminal.display)
        if text in shown:
            return
        assert time.monotonic() < deadline, f"no {text!r} on the {side}:\n{tui.text}"
        assert tui._read(1.0), f"ended before {text!r}"


def test_t1_claude_starts(app: App) -> None:
    with app.open("claude") as tui:
        tui.wait("1 claude ● running", "agent ready claude uid=", "1 of 1 running")
        tui.type("hello\r")
        tui.wait("echo:hello")
        tui.type("sh\rhead -n 1 CLAUDE.md; echo $QMS_USER in $PWD with $CLAUDE_CONFIG_DIR; exit\r")
        tui.wait("# Project context of claude", "claude in /pipe-dream with /claude-config")
        leave(tui)


def test_t2_qa_starts_with_its_definition(app: App) -> None:
    with app.open("qa") as tui:
        tui.wait("1 qa ● running", "agent ready qa uid=")
        tui.type("sh\rtail -n 1 CLAUDE.md; id -un; exit\r")
        tui.wait("You are qa.")
        leave(tui)


def test_t3_both_side_by_side(app: App) -> None:
    """No agent named means claude and qa."""
    with app.open() as tui:
        tui.wait("1 claude ● running", "2 qa ● running", "2 of 2 running")
        wait_in(tui, "left", "agent ready claude")
        wait_in(tui, "right", "agent ready qa")
        tui.type("one\r")
        wait_in(tui, "left", "echo:one")
        tui.type(ALT_2 + "two\r")
        wait_in(tui, "right", "echo:two")
        tui.type(ALT_1 + "three\r")
        wait_in(tui, "left", "echo:three")
        tui.type(PREFIX)
        tui.wait("next pane")
        tui.type("n")
        tui.wait("echo:three", absent="next pane")
        tui.type("four\r")
        wait_in(tui, "right", "echo:four")
        assert tui.column("echo:one") < WIDE[0] // 2
        leave(tui)


def test_keys_typed_right_behind_a_command_of_the_menu(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        tui.type(PREFIX + "nuro\r")
        tui.wait("agent ready claude", absent="next pane")
        tui.type(ALT_2 + "still here\r")
        wait_in(tui, "right", "still here")
        leave(tui)


def test_t5_configurations_are_apart(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        tui.type("sh\recho of claude >$CLAUDE_CONFIG_DIR/.credentials.json; exit\rclaude done\r")
        tui.wait("echo:claude done")
        tui.type(ALT_2)
        tui.type("sh\rcd /; ls -A claude-config pipe-dream/.claude/users; exit\rqa done\r")
        tui.wait("echo:qa done")
        leave(tui)
    users = app.root / ".claude/users"
    assert (users / "claude/container/.credentials.json").read_text() == "of claude\n"
    assert [p.name for p in (users / "qa/container").iterdir()] == [".gitignore"]
    assert ".credentials.json" not in tui.text


def test_leaving_and_coming_back(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        tui.type("remember me\r")
        tui.wait("echo:remember me")
        leave(tui)
    before = app.ps()
    assert {row["condition"] for row in before.values()} == {"running"}
    with app.open("claude", "qa") as tui:
        tui.wait("2 of 2 running", "echo:remember me")
        tui.type("again\r")
        wait_in(tui, "left", "echo:again")
        leave(tui)
    assert app.ps() == before


def test_leaving_says_who_goes_on_and_what_to_do(app: App) -> None:
    def said(tui: Tui) -> list[str]:
        leave(tui)
        return [row.rstrip() for row in tui.terminal.display if row.strip()]

    ways = f"--config {app.config}"
    with app.open("claude", "qa") as tui:
        tui.wait("2 of 2 running")
        assert "claude and qa go on in their containers." in said(tui)
    with app.open() as tui:
        tui.wait("2 of 2 running", "agent ready claude")
        tui.type("exit 3\r")
        tui.wait("1 of 2 running")
        assert said(tui)[-3:] == [
            "qa goes on in its container.",
            f"  to come back:  qms-tui {ways}",
            f"  to end it:     qms-tui stop {ways} qa",
        ]


def test_a_killed_interface_harms_no_agent(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        tui.type("before the kill\r")
        tui.wait("echo:before the kill")
        before = app.ps()
        tui.process.kill(signal.SIGKILL)
        assert tui.end() == -signal.SIGKILL
    assert app.ps() == before
    with app.open("claude", "qa") as tui:
        tui.wait("2 of 2 running", "echo:before the kill")
        tui.type("after the kill\r")
        wait_in(tui, "left", "echo:after the kill")
        leave(tui)


def test_a_second_interface_destroys_nothing(app: App) -> None:
    with app.open("claude", "qa") as one:
        one.wait("agent ready claude", "agent ready qa")
        before = app.ps()
        with app.open("claude", "qa") as two:
            two.wait("2 of 2 running")
            two.type("from the second\r")
            two.wait("echo:from the second")
            one.wait("echo:from the second")
            leave(two)
        assert app.ps() == before
        one.type("still here\r")
        one.wait("echo:still here")
        leave(one)


def test_two_that_open_at_the_same_time(app: App) -> None:
    with app.open("claude", "qa") as one, app.open("claude", "qa") as two:
        one.wait("2 of 2 running")
        two.wait("2 of 2 running")
        one.type("hello both\r")
        one.wait("echo:hello both")
        two.wait("echo:hello both")
        leave(one)
        leave(two)


def test_an_agent_that_ends_can_be_restarted(app: App) -> None:
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        first = app.ps()["claude"]
        tui.type("last words\rexit 7\r")
        tui.wait("exit code 7", "r restarts", "echo:last words", "1 of 2 running")
        assert app.ps()["claude"]["exit_code"] == 7
        tui.type(PREFIX + "r")
        tui.wait("2 of 2 running", "agent ready claude", absent="echo:last words")
        tui.type("new life\r")
        tui.wait("echo:new life")
        assert app.ps()["claude"]["started_at"] != first["started_at"]
        leave(tui)


def test_an_agent_that_was_killed_says_so(app: App, engine: docker.APIClient) -> None:
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        engine.kill(Identity(str(app.root), "qa").container)
        tui.wait("exit code 137 (killed)", "r restarts")
        leave(tui)
    with app.open("qa") as tui:
        tui.wait("exit code 137 (killed)", "r restarts")
        tui.type(PREFIX + "r")
        tui.wait("agent ready qa", "1 of 1 running")
        leave(tui)


def test_a_failing_start_does_not_hold_up_the_other(app: App) -> None:
    app.set('[agent.qa]\nnetwork = "qms-tui-no-such-network"\n')
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "no-such-network", "1 of 2 running")
        tui.type("working\r")
        tui.wait("echo:working")
        leave(tui)
    assert list(app.ps()) == ["claude"]


def test_a_planted_link_is_named_in_the_pane(app: App) -> None:
    workspace = app.root / ".claude/users/qa/workspace"
    workspace.rmdir()
    workspace.symlink_to("/")
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "a file or a link is in the way", "1 of 2 running")
        leave(tui)


def test_ps_and_stop(app: App, engine: docker.APIClient, image: str) -> None:
    assert "no agent of project has a container" in app.run("ps").stdout
    with app.open("claude", "qa") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        leave(tui)
    rows = app.ps()
    digest = engine.inspect_image(image)["Id"]  # type: ignore[no-untyped-call]
    activity = rows["qa"].pop("activity")
    assert isinstance(activity, dict)
    assert (activity["word"], activity["rule"]) == ("running", "1: not Claude Code")
    lights = rows["qa"].pop("lights")
    assert isinstance(lights, dict)
    states = {"container": "fine", "program": "fine", "mcp": "not there", "login": "not there"}
    assert {name: light["state"] for name, light in lights.items()} == states | {"waker": "not there"}
    assert rows["qa"] | {"started_at": "", "container": "", "id": ""} == {
        "project": str(app.root), "agent": "qa", "condition": "running", "started_at": "", "image": image,
        "runtime": "docker",
        "digest": digest, "outdated": False, "foreign": False, "wrong": "", "container": "",
        "exit_code": None, "reason": "", "cpu": None, "memory": None, "memory_limit": None,
        "id": "", "renamed_from": "", "state": "running", "plan": "", "trouble": "",
    }  # fmt: skip
    assert str(rows["qa"]["container"]).startswith("qms-project-")
    table = app.run("ps").stdout.splitlines()
    assert [line.split()[:2] for line in table] == [
        ["AGENT", "CONDITION"],
        ["claude", "running"],
        ["qa", "running"],
    ]
    assert f"{image} ({digest.removeprefix('sha256:')[:12]})" in table[2]
    stopped = app.run("stop", "qa")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert "qa: stopped" in stopped.stdout
    assert list(app.ps()) == ["claude"]
    assert "qa: has no container" in app.run("stop", "qa").stdout
    assert "claude: stopped" in app.run("stop", "--all").stdout
    assert app.ps() == {}
    filters = {"label": f"{PROJECT_LABEL}={app.root}"}
    assert not engine.containers(all=True, filters=filters)
    assert not engine.networks(filters=filters)


def test_stop_under_an_open_screen(app: App) -> None:
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        assert app.run("stop", "qa").returncode == 0
        tui.wait("r restarts", "0 of 1 running")
        tui.type(PREFIX + "r")
        tui.wait("agent ready qa", "1 of 1 running")
        leave(tui)


def test_stop_touches_no_other_project(
    app: App, make_qms_project: Callable[..., Path], tmp_path: Path, image: str
) -> None:
    (tmp_path / "twin").mkdir()
    other = App(make_qms_project("twin/project"), tmp_path / "home2", image)
    for one in (app, other):
        with one.open("qa") as tui:
            tui.wait("agent ready qa")
            leave(tui)
    app.run("stop", "--all")
    assert app.ps() == {}
    assert other.ps()["qa"]["condition"] == "running"


def test_a_big_paste_arrives(app: App) -> None:
    import hashlib

    pasted = b"0123456789abcdef" * 20_000
    with app.open("qa") as tui:
        tui.wait("agent ready qa")
        tui.type(f"sum {len(pasted)}\r")
        tui.wait("sum ready")
        tui.type(b"\x1b[200~")
        for start in range(0, len(pasted), 2048):
            tui.type(pasted[start : start + 2048])
            tui._read(0)
        tui.type(b"\x1b[201~")
        tui.wait(hashlib.sha256(pasted).hexdigest()[:40])
        tui.wait("sum done")
        leave(tui)


@pytest.mark.parametrize("command", [["claude"], ["ps"], ["stop", "--all"]])
def test_without_an_engine(app: App, command: list[str]) -> None:
    done = app.run(*command, DOCKER_HOST=f"unix://{app.root}/none.sock")
    assert done.returncode == 2
    assert f"cannot reach the engine at unix://{app.root}/none.sock" in done.stderr
    assert "start Docker, or --runtime local, or try: qms-tui demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_image(app: App) -> None:
    done = app.run("--image", "qms-tui-no-such-image:1", "claude")
    assert done.returncode == 2
    assert "there is no image 'qms-tui-no-such-image:1' for claude" in done.stderr
    assert "--image" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_nothing_else_of_the_project_is_touched(app: App) -> None:
    def names() -> set[str]:
        return {str(path.relative_to(app.root)) for path in app.root.rglob("*")}

    before = names()
    with app.open("claude", "tu_ui") as tui:
        tui.wait("2 of 2 running", "agent ready tu_ui")
        leave(tui)
    made = {".claude/users/claude/container", ".claude/users/claude/container/.gitignore"}
    made |= {
        f".claude/users/tu_ui{part}"
        for part in ("", "/inbox", "/workspace", "/container", "/container/.gitignore")
    }
    assert names() - before == made
    assert before <= names()


def test_a_killed_interface_opens_as_it_was(app: App) -> None:
    with app.open("qa", "claude") as tui:
        tui.wait("agent ready claude", "agent ready qa")
        tui.type(ALT_2)
        tui.type("remember me\r")
        tui.wait("echo:remember me")
        tui.type(PREFIX + "z")
        tui.wait("2 claude ● running", "zoomed", absent="1 qa ● running")
        tui.process.kill(signal.SIGKILL)
        tui.end()
    with app.open() as tui:
        tui.wait("2 claude ● running", "zoomed", "echo:remember me", absent="1 qa ● running")
        leave(tui)
    assert sorted(app.ps()) == ["claude", "qa"]


def test_after_everything_was_stopped_elsewhere_it_starts_again(app: App) -> None:
    """Its keeper has gone as well, which the screen had started itself."""
    with app.open("claude") as tui:
        tui.wait("agent ready claude")
        assert app.run("stop", "--all").returncode == 0
        tui.wait("the container was removed")
        tui.type(PREFIX + "r")
        tui.wait("1 claude ● running", "agent ready claude")
        leave(tui)
