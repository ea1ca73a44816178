"""Walking a path of this machine."""

from __future__ import annotations

import errno
import gc
import os
import re
from pathlib import Path

import pytest

from qms_tui.runtime.host_path import FileId, walk


def test_what_is_passed(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("text")
    (tmp_path / "link").symlink_to("a/./b/../b")
    with walk(tmp_path / "link/file") as way:
        assert way.real == tmp_path.resolve() / "a/b/file"
        assert way.id == FileId.of((tmp_path / "a/b/file").stat())
        passed = [step.path for step in way.steps][-5:]
        base = tmp_path.resolve()
        assert passed == [base / "link", base / "a", base / "a/b", base / "a/b", base / "a/b/file"]
        assert [folder.path for folder in way.folders][-2:] == [base / "a", base / "a/b"]
        with open(way.open_file()) as stream:
            assert stream.read() == "text"


def test_the_top(tmp_path: Path) -> None:
    with walk(Path("/")) as way:
        assert (way.real, way.steps, way.id) == (Path("/"), (), FileId.of(os.stat("/")))


def test_a_top_of_ones_own_is_never_left(tmp_path: Path) -> None:
    """As the root folder of a container is: neither by `..` nor by a link to the machine's folders."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "up").symlink_to("../../../../etc")
    (tmp_path / "far").symlink_to("/etc")
    top = os.open(tmp_path, os.O_RDONLY)
    try:
        for path in ("/up", "/far", "/etc/../../../etc", "/etc"):
            with walk(Path(path), top=top) as way:
                assert way.id == FileId.of((tmp_path / "etc").stat())
    finally:
        os.close(top)


@pytest.mark.parametrize(
    ("path", "why"),
    [("missing/x", errno.ENOENT), ("file/x", errno.ENOTDIR), ("circle", errno.ELOOP), ("link", None)],
)
def test_what_cannot_be_walked(tmp_path: Path, path: str, why: int | None) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "link").symlink_to("file")
    gc.collect()  # what tests before have left is not to be closed meanwhile
    before = len(os.listdir("/dev/fd"))
    if why is not None:
        with pytest.raises(OSError, match=re.escape(f"[Errno {why}]")), walk(tmp_path / path):
            pass
    with pytest.raises(OSError, match="Errno"), walk(tmp_path / path, links=False):
        pass
    assert len(os.listdir("/dev/fd")) == before


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with walk(tmp_path / "pipe") as way, pytest.raises(OSError, match="not a regular file"):
        way.open_file()
