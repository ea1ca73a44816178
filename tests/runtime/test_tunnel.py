"""What an ssh:// address means, and what never becomes one."""

from __future__ import annotations

import os
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
