"""What an ssh:// address means, and what never becomes one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from qms_tui.errors import EngineError
from qms_tui.runtime.docker.tunnel import Destination, Tunnel, parse_destination


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("ssh://build", Destination("build")),
        ("ssh://build/", Destination("build")),
        ("ssh://me@Build.example:2222", Destination("Build.example", "me", 2222)),
        ("ssh://me@[fe80::1]:22", Destination("fe80::1", "me", 22)),
        ("ssh://me@realm@build", Destination("build", "me@realm")),
        ("ssh://build/run/user/1000/docker.sock", Destination("build", socket="/run/user/1000/docker.sock")),
    ],
)
def test_addresses(address: str, meant: Destination) -> None:
    assert parse_destination(address) == meant


@pytest.mark.parametrize(
    "address",
    [
        "ssh://",
        "ssh://-oProxyCommand=touch",
        "ssh://-l@build",
        "ssh://me@-build",
        "ssh://a b",
        "ssh://build:port",
        "ssh://build:123456",
        "ssh://me:secret@build",
        "ssh://build/a:b",
        "ssh://build\n",
        "ssh://bü",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(EngineError, match="no ssh address"):
        parse_destination(address)


def test_an_option_is_never_taken_from_an_address() -> None:
    command = parse_destination("ssh://me@build:2222/x.sock").command(Path("/here.sock"))
    assert command[-2:] == ["--", "build"]
    assert command[command.index("-L") + 1] == "/here.sock:/x.sock"
    assert command[command.index("-l") + 1] == "me"
    assert command[command.index("-p") + 1] == "2222"
    assert "-oBatchMode=yes" in command


def test_it_is_shown_as_one_types_it() -> None:
    assert str(parse_destination("ssh://me@build:2222")) == "-p 2222 me@build"
    assert str(parse_destination("ssh://build")) == "build"


def test_a_group_in_which_all_have_ended_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS says EPERM of it."""
    (tmp_path / "ssh").write_text("#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    killpg = os.killpg

    def refusing(group: int, number: int) -> None:
        killpg(group, number)
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refusing)
    with pytest.raises(EngineError, match="Permission denied"):
        Tunnel("ssh://build")


@pytest.mark.parametrize(("state", "where"), [("state", "state/qms-tui/tunnels"), ("s" * 80, "tmp")])
def test_its_socket_is_where_no_agent_sees_it(
    monkeypatch: pytest.MonkeyPatch, state: str, where: str
) -> None:
    """Unless that path is too long for a socket. In each case nobody else may enter, and nothing stays."""
    with tempfile.TemporaryDirectory(prefix="q-", dir="/tmp") as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        script = """#!/bin/sh
        while [ "$1" != -L ]; do shift; done
        echo "$2" > "$SAID"
        place="${2%%:*}"
        stat -c %a "${place%/*}" >> "$SAID" || stat -f %Lp "${place%/*}" >> "$SAID"
        echo 'Permission denied (publickey).' >&2
        exit 255
        """
        (folder / "ssh").write_text(script)
        (folder / "ssh").chmod(0o755)
        monkeypatch.setenv("PATH", name, prepend=os.pathsep)
        monkeypatch.setenv("SAID", str(folder / "said"))
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / state))
        monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        with pytest.raises(EngineError, match="Permission denied"):
            Tunnel("ssh://build")
        forward, mode = (folder / "said").read_text().split()
        place = Path(forward.partition(":")[0]).parent
        assert place.parent == folder / where
        assert mode == "700"
        assert not place.exists()
