"""Full and read-only disks: which folder, which error, and what to do; on real file systems."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import qms_tui
from qms_tui.doctor.disks import disks
from qms_tui.doctor.finding import Verdict
from qms_tui.errors import refused, remedy, state_remedy

KNOWN = (
    "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EMFILE", "ENFILE",
    "ENOENT",
)  # fmt: skip
Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """`mount(options)`: a small file system in memory."""
    made: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("no file system can be mounted here")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> None:
    """Until nothing fits in."""
    written = 1
    with contextlib.suppress(OSError), open(folder / "fill", "wb", buffering=0) as stream:
        while written:
            written = stream.write(b"x" * 512) or 0


def project(root: Path) -> Path:
    (root / ".claude/users/qa/inbox").mkdir(parents=True)
    return root


def run(root: Path, state: Path, *words: str, program: str = "qms_tui") -> subprocess.CompletedProcess[str]:
    environment = {
        "HOME": str(root / ".claude"), "PATH": os.environ["PATH"], "XDG_STATE_HOME": str(state),
        "PYTHONPATH": str(Path(qms_tui.__file__).parents[1]), "DOCKER_HOST": f"unix://{root}/none.sock",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", program, *words], cwd=root, env=environment, text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip


def test_each_error_has_a_remedy_of_its_own() -> None:
    errors = [OSError(getattr(errno, name), "x") for name in KNOWN]
    assert len({remedy(error, "none") for error in errors} - {"none"}) == len(errors)
    assert all("XDG_STATE_HOME" in state_remedy(error, "none") for error in errors)
    assert remedy(OSError(errno.EDOM, "x"), "none") == "none"


def test_a_place_is_named_though_the_error_does_not_know_it() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert refused(full, Path("/a")) == "/a: No space left on device"
    assert refused(OSError(errno.EACCES, "No", "/b/c"), Path("/a")) == "/b/c: No"
    assert refused(OSError(errno.EACCES, "No", ".hidden.tmp"), Path("/a")) == "/a: No"


def test_a_message_on_a_full_disk(mount: Mount, tmp_path: Path) -> None:
    root = project(mount("size=200k"))
    fill(root)
    done = run(root, tmp_path / "state", "send", "qa", "--subject", "hello", "a word")
    assert done.returncode == 2
    assert f"{root}/.claude/users/qa/inbox: No space left on device\n" in done.stderr
    assert "make room there" in done.stderr
    assert "None" not in done.stderr


def test_doctor_on_full_and_read_only_disks(mount: Mount, tmp_path: Path) -> None:
    full = mount("size=200k")
    fill(full)
    (state, own) = disks(full, full / "state/qms-tui")
    assert (state.verdict, own.verdict) == (Verdict.ERROR, Verdict.ERROR)
    assert f"{full}/state/qms-tui: No space left on device" in state.text
    assert "XDG_STATE_HOME" in state.remedy
    assert "XDG_STATE_HOME" not in own.remedy
    closed = mount("ro")
    (state, own) = disks(tmp_path, closed / "qms-tui")
    assert (state.verdict, own.verdict) == (Verdict.ERROR, Verdict.OK)
    assert "Read-only file system" in state.text
    (tmp_path / "a-file").touch()
    (state, _) = disks(tmp_path, tmp_path / "a-file" / "qms-tui")
    assert "Not a directory" in state.text


def test_a_full_state_folder(mount: Mount, tmp_path: Path) -> None:
    state = mount("size=200k")
    fill(state)
    root = project(tmp_path / "project")
    done = run(root, state, "doctor")
    assert done.returncode == 1
    assert f"error    state     qms-tui keeps its files in {state}/qms-tui: No space left" in done.stdout
    done = run(root, state, "trust")
    assert "XDG_STATE_HOME" in done.stderr
    assert str(state) in done.stderr
    done = run(root, state, "--project", str(root), "--engine", "unix:///none", program="qms_tui.keeper")
    said = json.loads(done.stdout)
    assert said["message"].startswith(f"the keeper cannot start: {state}/qms-tui")
    assert said["message"].endswith(": No space left on device")
    assert "XDG_STATE_HOME" in said["hint"]
