"""What each look finds, for what is well and for what is not."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from docker.types import Mount

from qms_tui.config import AgentConfig, BuildConfig, Config, OuterNotification
from qms_tui.doctor import (
    Finding,
    Verdict,
    agents,
    as_json,
    as_lines,
    engine,
    host,
    inside,
    project,
    selinux,
    servers,
    terminal,
)
from qms_tui.programs.config_folder import local_folder, make_local_folder
from qms_tui.project import Project
from qms_tui.runtime import Condition, Ending, Found
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.image import Image
from qms_tui.runtime.docker.kit import our_kit
from qms_tui.status_report import STATUS_QUERY
from tests.labels import HOME, set_label
from tests.somebody import ROOT, SOMEBODY, somebody

NOW = 1_800_000_000.0
OURS = {"qms-tui.kit": our_kit().hash, "qms-tui.client": our_kit().client_version}


@pytest.fixture
def found(tmp_path: Path) -> Project:
    (tmp_path / ".claude/agents").mkdir(parents=True)
    (tmp_path / ".claude/agents/qa.md").write_text("You are qa.\n")
    (tmp_path / "CLAUDE.md").write_text("Context\n")
    (tmp_path / ".claude/users/qa/container").mkdir(parents=True)
    return Project(tmp_path)


def told(findings: Iterable[Finding]) -> list[str]:
    """VERDICT TEXT"""
    return [f"{finding.verdict} {finding.text}" for finding in findings]


def test_the_report_is_a_line_each_and_a_count() -> None:
    findings = [Finding("qa", Verdict.OK, "runs"), Finding("engine", Verdict.ERROR, "is away", "start it")]
    assert as_lines(findings) == [
        "ok       qa      runs",
        "error    engine  is away: start it",
        "1 error, 0 warnings",
    ]
    assert as_json(findings)[1] == {
        "subject": "engine",
        "verdict": "error",
        "text": "is away",
        "remedy": "start it",
    }


@pytest.mark.parametrize(
    ("image", "build", "said"),
    [
        (None, BuildConfig(), "error there is no agent:1"),
        (Image("x", 1, {}), BuildConfig(), "ok agent:1, not made by qms-tui build"),
        (Image("x", 1, {"qms-tui.kit": "old"}), BuildConfig(), "warning agent:1 was built by another"),
        (Image("x", 7 * 10**8, OURS), BuildConfig(), f"ok agent:1, Claude Code {our_kit().client_version}"),
        (Image("x", 1, OURS), BuildConfig(client_version="9.9.9"), "warning agent:1 has Claude Code"),
        (
            Image("x", 1, OURS | {"qms-tui.client": "9.9.9"}),
            BuildConfig(client_version="9.9.9"),
            "warning agent:1: Claude Code 9.9.9 is newer than those tested",
        ),
    ],
)
def test_images(image: Image | None, build: BuildConfig, said: str) -> None:
    finding = engine.judge("agent:1", image, build)
    assert told([finding])[0].startswith(said)
    assert ("qms-tui build --tag agent:1" in finding.remedy) is (finding.verdict is not Verdict.OK)


def test_an_engine_that_cannot_limit() -> None:
    assert told(engine.limits({"MemoryLimit": False, "PidsLimit": False, "CpuCfsQuota": True})) == [
        "warning it cannot limit memory, processes"
    ]
    assert told(engine.limits({"MemoryLimit": True})) == []


@pytest.mark.parametrize(
    ("oauth", "said"),
    [
        (None, "warning is not logged in"),
        ([], "warning is not logged in"),
        ({"accessToken": "hush", "refreshToken": "hush", "expiresAt": 1.7e12}, "ok is logged in; renewed"),
        ({"accessToken": "hush", "expiresAt": 1.9e12}, "ok is logged in until 2030-03-17 17:46 UTC"),
        ({"accessToken": "hush", "expiresAt": 1.7e12}, "warning its login ended at 2023-11-14 22:13 UTC"),
        ({"accessToken": "hush", "expiresAt": 1e300}, "warning its login ended at an unknown time"),
        ({"accessToken": "hush", "expiresAt": "soon"}, "warning its login ended at an unknown time"),
    ],
)
def test_logins_of_their_own(found: Project, oauth: object, said: str) -> None:
    (found.folders("qa").config / ".credentials.json").write_text(json.dumps({"claudeAiOauth": oauth}))
    (finding,) = agents.login(found, "qa", AgentConfig(name="qa"), {}, NOW)
    assert told([finding])[0].startswith(said)
    assert "hush" not in str(finding)


def test_a_local_agents_login_is_not_that_of_its_container(
    found: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    said = json.dumps({"claudeAiOauth": {"accessToken": "hush", "refreshToken": "hush"}})
    (found.folders("qa").config / ".credentials.json").write_text(said)
    here = local_folder(found, "qa")
    assert told(agents.login(found, "qa", AgentConfig(), {}, NOW, here)) == ["warning is not logged in"]
    (make_local_folder(found, "qa") / ".credentials.json").write_text(said)
    (finding,) = agents.login(found, "qa", AgentConfig(), {}, NOW, here)
    assert told([finding])[0].startswith("ok is logged in")
    key = {"ANTHROPIC_API_KEY": "hush"}
    assert told(agents.login(found, "qa", AgentConfig(), key, NOW, here, isolated=False)) == [
        "ok logs in with ANTHROPIC_API_KEY of your environment"
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 60_000, "x" * 100_000])
def test_credentials_are_data(found: Project, content: str) -> None:
    (found.folders("qa").config / ".credentials.json").write_text(content)
    assert told(agents.login(found, "qa", AgentConfig(), {}, NOW)) == ["warning is not logged in"]


def test_logins_from_elsewhere(found: Project, tmp_path: Path) -> None:
    token, key = tmp_path / "token", "ANTHROPIC_API_KEY"
    config = AgentConfig(token_file=token)
    assert told(agents.login(found, "qa", config, {}, NOW)) == [f"error its token_file is missing: {token}"]
    token.write_text("hush")
    assert told(agents.login(found, "qa", config, {}, NOW)) == [f"ok logs in with {token}"]
    config = AgentConfig(env=(key,))
    assert told(agents.login(found, "qa", config, {key: "hush"}, NOW)) == [
        f"ok logs in with {key} of your environment"
    ]
    assert told(agents.login(found, "qa", config, {}, NOW)) == ["warning is not logged in"]


def test_labels_that_keep_agents_from_what_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    set_label(tmp_path / "data", HOME)
    mounted = [Mount("/data", str(tmp_path / "data"), type="bind", read_only=True)]
    with APIClient(base_url="unix:///nowhere.sock", version="1.41") as api:
        fedora = Engine(api, "unix:///nowhere.sock", "28", 2, False, selinux=True, kernel=os.uname().release)
        assert told(selinux.selinux(replace(fedora, selinux=False), mounted)) == []
        (refused,) = selinux.selinux(fedora, mounted, tmp_path)
        (tmp_path / "enforce").write_text("0")
        assert told(selinux.selinux(fedora, mounted, tmp_path)) == [
            "ok permissive: it logs what it would refuse to agents"
        ]
    assert (refused.verdict, refused.subject) == (Verdict.ERROR, "selinux")
    assert "its type is user_home_t" in refused.text
    assert refused.remedy.endswith(f"chcon -R -t container_file_t {tmp_path / 'data'}")


EXPECTED = [
    Mount("/p", "/root", type="bind", read_only=True),
    Mount("/p/.claude/users", None, type="tmpfs"),
]
THERE: list[dict[str, Any]] = [
    {"Destination": "/p", "Source": "/root", "RW": False},
    {"Destination": "/p/.claude/users", "Source": "", "RW": True},
]


@pytest.mark.parametrize(
    ("there", "wrong"),
    [
        (THERE, []),
        ([THERE[0] | {"RW": True}, THERE[1]], ["/p"]),
        ([THERE[0] | {"Source": "/other"}, THERE[1]], ["/p"]),
        ([THERE[1]], ["/p"]),
        ([*THERE, {"Destination": "/x", "Source": "/x", "RW": True}], ["/x"]),
    ],
)
def test_mounts_of_yesterday(there: list[Mapping[str, Any]], wrong: list[str]) -> None:
    expected = [f"warning its mounts are not those of today: {', '.join(wrong)}"] if wrong else []
    assert told(agents.differing("qa", there, EXPECTED)) == expected


def test_containers() -> None:
    def facts(memory: Mapping[str, int], **said: Any) -> agents.Facts:
        return agents.Facts(replace(Found(Condition.RUNNING, container="c"), **said), THERE, memory)

    assert told(agents.container("qa", None, EXPECTED)) == ["ok has no container"]
    ended = facts({}, condition=Condition.EXITED, ending=Ending(137, "out of memory"))
    assert told(agents.container("qa", ended, EXPECTED)) == [
        "warning its program has ended: exit code 137 (out of memory)"
    ]
    full = facts(
        {"usage": 95 * 2**20, "limit": 100 * 2**20},
        outdated=True,
        wrong="it is claude, not qa",
        digest=f"sha256:{'4' * 64}",
    )
    assert told(agents.container("qa", full, EXPECTED)) == [
        "ok running in c, image 444444444444, 95 of 100 MB",
        "warning its image is not that of today",
        "error is not who it should be: it is claude, not qa",
        "warning uses 95 % of its memory",
    ]


def test_a_container_of_another_user_is_as_that_user_wants_it() -> None:
    theirs = replace(Found(Condition.RUNNING, container="c"), foreign=True, outdated=True)
    full = {"usage": 95 * 2**20, "limit": 100 * 2**20}
    assert told(agents.container("qa", agents.Facts(theirs, [], full), EXPECTED)) == [
        "ok running in c, 95 of 100 MB, started by another user"
    ]
    ended = replace(theirs, condition=Condition.EXITED, ending=Ending(3))
    assert told(agents.container("qa", agents.Facts(ended, [], {}), EXPECTED)) == [
        "ok exited in c, started by another user"
    ]


def test_a_project_that_is_well(found: Project) -> None:
    said = told(project.project(found, Config(), ["claude", "qa"]))
    assert said == [f"ok {found.root}: claude, qa"]


def test_definitions(found: Project) -> None:
    (found.root / "CLAUDE.md").unlink()
    (found.root / ".claude/agents/qa.md").unlink()
    (found.root / ".claude/agents/qa.md").symlink_to("/etc/passwd")
    said = [told(project.definition(found, Config(), agent))[0] for agent in ("claude", "bu", "qa")]
    assert said[0] == "warning the project has no CLAUDE.md"
    assert said[1] == "warning has no definition, and reads the project's"
    assert said[2] == f"error {found.root}/.claude/agents/qa.md is not a regular file"


def test_a_definition_that_an_agent_can_write(found: Project) -> None:
    (found.root / ".claude/sessions").mkdir()
    (found.root / ".claude/sessions/x.md").write_text("You are mine.\n")
    config = Config(every_agent=AgentConfig(definition=".claude/sessions/x.md"))
    (said,) = told(project.definition(found, config, "qa"))
    assert said.startswith("error ")
    assert "where an agent can write" in said


def test_a_project_that_others_could_replace(found: Project) -> None:
    assert told(project.place(found, Config())) == []
    found.root.chmod(0o777)
    (finding,) = project.place(found, Config())
    assert told([finding]) == [
        f"error everybody may write {found.root}, and so could replace {found.root}/.claude"
    ]
    assert f"chmod +t {found.root}" in finding.remedy


def test_folders_in_the_way(found: Project) -> None:
    assert told(project.folders(found, "qa")) == []
    place = found.folders("qa").workspace
    place.symlink_to("/")
    assert told(project.folders(found, "qa"))[0].startswith(f"error {place}: ")


@pytest.mark.skipif(not ROOT, reason="only root gives folders away")
def test_folders_of_root_in_somebodys_project(found: Project) -> None:
    place = found.folders("qa").config
    os.chown(found.root, SOMEBODY.uid, SOMEBODY.gid)
    (finding,) = project.folders(found, "qa")
    assert told([finding]) == [f"error {place} belongs to root, but its agent runs as user 1000"]
    assert finding.remedy == f"sudo chown -R 1000:1000 {place}"


@pytest.mark.skipif(not ROOT, reason="only root gives folders away")
def test_folders_of_another_user(found: Project) -> None:
    places = found.folders("qa")
    places.workspace.mkdir()
    for place in (places.workspace, places.config):
        os.chown(place, 4321, 4321)
    (finding,) = project.folders(found, "qa")
    said = f"warning {places.workspace} belongs to user 4321: this project's agents are user 4321's"
    assert told([finding]) == [said]
    assert finding.remedy.startswith("only user 4321 starts them; ")


@pytest.mark.skipif(not ROOT, reason="root becomes somebody else here")
def test_folders_that_this_user_may_not_look_at(found: Project) -> None:
    found.root.chmod(0o755)
    with somebody(found) as here:
        assert told(project.folders(here, "qa")) == [
            "warning .claude/users/qa/container belongs to root: this project's agents are root's"
        ]
    with somebody(found) as here:
        assert told(agents.login(here, "qa", AgentConfig(), {}, NOW)) == ["warning is not logged in"]
    found.folders("qa").config.chmod(0o700)
    with somebody(found) as here:
        assert told(agents.login(here, "qa", AgentConfig(), {}, NOW)) == [
            "ok whether it is logged in you are not allowed to see"
        ]
    found.folders("qa").config.parent.chmod(0o700)
    with somebody(found) as here:
        (finding,) = project.folders(here, "qa")
    assert told([finding]) == ["warning you are not allowed to look at .claude/users/qa/workspace"]


def test_tracked_credentials(found: Project, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", found.root, *words], check=True, capture_output=True)

    assert told(project.tracked(found)) == []
    git("init")
    git("config", "core.fsmonitor", f"touch {tmp_path}/ran #")
    assert told(project.tracked(found)) == ["ok tracks no agent's credentials"]
    (found.folders("qa").config / ".credentials.json").write_text("{}")
    git("-c", "core.fsmonitor=false", "add", "-f", ".claude")
    assert told(project.tracked(found)) == [
        "error tracks agents' credentials: .claude/users/qa/container/.credentials.json"
    ]
    assert not (tmp_path / "ran").exists()


def limits(folder: Path, watches: int, instances: int) -> Path:
    (folder / "max_user_watches").write_text(f"{watches}\n")
    (folder / "max_user_instances").write_text(f"{instances}\n")
    return folder


def test_events_of_files(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/a / ext4 rw 0 0\nhost:/x /mnt/a\\040b nfs4 rw 0 0\nbroken\n")
    few, many = limits(tmp_path, 100, 128), "ok events on ext4: 9000 watches for each user"
    assert told(host.events(Path("/home/p"), few, mounts))[0].startswith("warning only 100 inotify watches")
    assert told(host.events(Path("/home/p"), limits(tmp_path, 9000, 128), mounts)) == [many]
    assert told(host.events(Path("/mnt/a b/p"), tmp_path, mounts)) == [
        "warning nfs4 tells no changes made elsewhere"
    ]
    assert told(host.events(Path("/"), tmp_path / "none", mounts)) == ["warning no inotify here"]
    assert told(host.events(Path("/"), tmp_path / "none", tmp_path / "none")) == ["warning no inotify here"]


def test_a_drive_of_windows_in_wsl(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sdc / ext4 rw 0 0\nC:\\134 /mnt/c 9p rw,aname=drvfs;path=C:\\;uid=1000 0 0\n")
    (found,) = host.events(Path("/mnt/c/Users/me/p"), limits(tmp_path, 9000, 128), mounts)
    assert found.text == "9p tells no changes made elsewhere"
    assert found.remedy.endswith("in WSL move the project from /mnt to your home there (ext4)")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"\x1b[?0u\x1b[?62;c", "ok kitty keys"),
        (b"\x1b[?62;22c", "warning cannot tell Shift+Enter"),
        (b"", "warning answers no questions"),
    ],
)
def test_keys_of_the_terminal(answer: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if answer:  # however late the thread comes to it
        monkeypatch.setattr(terminal, "ANSWER_SECONDS", 30.0)
    master, slave = os.openpty()

    def play() -> None:
        if answer and os.read(master, 100).endswith(b"\x1b[c"):
            os.write(master, answer)

    player = threading.Thread(target=play)
    player.start()
    assert told([terminal.keys(terminal.ask(slave))])[0].startswith(said)
    player.join()
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("answer", "outer", "said"),
    [
        (STATUS_QUERY + b"\x1b[?62;c", OuterNotification.AUTO, ["ok status reports"]),
        (b"\x1b[?1u\x1b]7501;?\x07\x1b[?62;c", OuterNotification.STATUS, ["ok status reports"]),
        (b"\x1b[?62;c", OuterNotification.AUTO, ["ok takes no status reports"]),
        (b"\x1b[?62;c", OuterNotification.STATUS, ["warning takes no status reports"]),
        (b"", OuterNotification.STATUS, ["warning takes no status reports"]),
        (STATUS_QUERY, OuterNotification.OFF, []),
        (STATUS_QUERY, OuterNotification.OSC9, []),
    ],
)
def test_status_reports_to_the_terminal(answer: bytes, outer: OuterNotification, said: list[str]) -> None:
    found = told(list(terminal.status_reports(answer, outer)))
    assert [words[: len(wanted)] for words, wanted in zip(found, said, strict=True)] == said


def test_colours_of_the_terminal() -> None:
    assert told([terminal.colors({"COLORTERM": "truecolor"})]) == ["ok true colour"]
    assert terminal.colors({}).verdict is Verdict.WARNING


def test_settings_of_tmux(tmp_path: Path) -> None:
    tmux = tmp_path / "tmux"
    tmux.write_text('#!/bin/sh\ncase "$3" in extended-keys) echo off;; set-clipboard) echo external;; esac\n')
    tmux.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TMUX": "x"}
    said = told(terminal.tmux(environment))
    assert said == ["warning extended-keys is off: Shift+Enter becomes Enter"]
    assert len(told(terminal.tmux({"PATH": "/nowhere"}))) == 2


@pytest.mark.parametrize(
    ("status", "running", "said"),
    [
        (None, 0, "ok git: started with the first agent"),
        (None, 1, "error agents run, and the gateway to their servers does not"),
        ({"servers": [{"name": "git", "state": "up"}]}, 1, "ok git is up"),
        (
            {"servers": [{"name": "git", "state": "down", "detail": "killed\x1b"}]},
            1,
            "error git is down: killed\ufffd",
        ),
        ({"servers": []}, 1, "warning git is not known to the gateway yet"),
        (
            {
                "servers": [{"name": "git", "state": "up"}],
                "listening": "cannot listen at 127.0.0.1:1: in use",
            },
            1,
            "ok git is up, error the gateway cannot listen at 127.0.0.1:1: in use",
        ),
    ],
)
def test_servers_are_as_the_gateway_says(status: Mapping[str, Any] | None, running: int, said: str) -> None:
    assert ", ".join(told(servers.servers(["git"], status, running))) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"seconds": 0.1, "tools": 6, "error": ""}\n', "ok mcp git: connected in 0.10 s, 6 tools"),
        (b'{"seconds": 9, "tools": 0, "error": ""}', "warning mcp git: connected in 9.00 s, 0 tools"),
        (b'{"seconds": 0, "tools": 0, "error": "agent qa may not"}', "error mcp git: agent qa may not"),
        (b"", "error mcp git: its bridge does not answer"),
        (b"[" * 60_000, "error mcp git: its bridge does not answer"),
        (b'{"seconds": 1e999, "tools": 1e999, "error": ""}', "error mcp git: its bridge does not answer"),
        (b"\xff\xfe", "error mcp git: its bridge does not answer"),
    ],
)
def test_a_bridge_is_as_it_answers(answer: bytes, said: str) -> None:
    assert told([servers.bridge("qa", "git", inside.read(answer))]) == [said]
