"""Opening, making, replacing and locking files whose names others may exchange."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

import qms_tui
from qms_tui.files import (
    closing,
    locked,
    make_file,
    make_private,
    open_below,
    open_file_below,
    open_file_or_pipe,
    open_folder,
    open_or_make_file,
    open_private,
    open_regular_file,
    read_regular_file,
    replace_file,
    try_lock,
)

ROOT = os.geteuid() == 0
OTHER = 65534
PATIENCE = 5.0  # seconds
FLAG = "O_NOFOLLOW"
# Modules with flags of their own, and why.
APART = {"keeper/disk/walk.py"}  # starts as a program of its own, without the package

LINK = "Not a directory|symbolic links"  # not every system says the same of a link to a folder
NOT_REGULAR = "not a regular file|Is a directory|No such device|not supported"

Open = Callable[[Path], object]
OPENERS_OF_FILES: list[Open] = [
    open_regular_file,
    open_file_or_pipe,
    open_or_make_file,
    lambda path: read_regular_file(path, 1),
    lambda path: open_file_below(path.parent, PurePosixPath(path.name)).__enter__(),
]
OPENERS_OF_FOLDERS: list[Open] = [
    open_folder,
    lambda path: open_folder(path, search=True),
    open_private,
    make_private,
    lambda path: open_below(path, ()).__enter__(),
    lambda path: open_below(path.parent, (path.name,)).__enter__(),
]
REFUSING = [open_regular_file, open_or_make_file, OPENERS_OF_FILES[3], OPENERS_OF_FILES[4]]


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """Nothing new: threads of earlier tests may yet close what is theirs, and look at something meanwhile."""
    before = opened()
    yield
    deadline = time.monotonic() + PATIENCE
    while new := opened() - before:
        assert time.monotonic() < deadline, new
        time.sleep(0.01)


def opened() -> set[tuple[int, int, int]]:
    """Each descriptor with device and number of what it is of."""
    found = set()
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # that of the listing itself
            status = os.fstat(int(name))
            found.add((int(name), status.st_dev, status.st_ino))
    return found


@contextmanager
def somebody() -> Iterator[None]:
    """Be an ordinary user; only root can become one, and everybody else is."""
    if ROOT:
        os.setegid(OTHER)
        os.seteuid(OTHER)
    try:
        yield
    finally:
        if ROOT:
            os.seteuid(0)
            os.setegid(0)


def content(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


# -- links -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opener", OPENERS_OF_FILES)
@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_a_file_is_not_followed(tmp_path: Path, opener: Open, there: bool) -> None:
    target = tmp_path / "target"
    if there:
        target.write_text("secret")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        opener(tmp_path / "link")
    assert target.exists() is there


@pytest.mark.parametrize("opener", OPENERS_OF_FOLDERS)
def test_a_link_to_a_folder_is_not_followed(tmp_path: Path, opener: Open) -> None:
    target = tmp_path / "target"
    target.mkdir()
    target.chmod(0o755)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError, match=LINK):
        opener(tmp_path / "link")
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_what_leads_to_a_name_is_followed_but_not_below_a_base(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("here")
    (tmp_path / "way").symlink_to("real")
    assert read_regular_file(tmp_path / "way" / "file", 10) == b"here"
    for parts in (("way",), ("real", "..", "way")):
        with pytest.raises(OSError, match=LINK), open_below(tmp_path, parts):
            pass
    with pytest.raises(OSError, match=LINK), open_file_below(tmp_path, PurePosixPath("way/file")):
        pass


@pytest.mark.parametrize("plant", [os.symlink, os.link, lambda _, path: os.mkfifo(path)])
def test_a_new_file_never_takes_a_name_that_is_taken(
    tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    plant(target, tmp_path / "new")
    with pytest.raises(FileExistsError):
        make_file(tmp_path / "new")
    assert target.read_text() == "old"


def test_a_new_file_is_private_and_written_at_its_end(tmp_path: Path) -> None:
    with closing(make_file(tmp_path / "new")) as descriptor:
        os.write(descriptor, b"one")
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b"two")
    assert (tmp_path / "new").read_text() == "onetwo"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


# -- pipes, devices, folders, sockets ------------------------------------------------------------------------


@pytest.mark.parametrize("opener", REFUSING)
@pytest.mark.parametrize("kind", ["pipe", "pipe with a writer", "socket", "folder"])
def test_only_a_regular_file_is_taken_and_nothing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: Open, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    path = Path("odd")
    with socket.socket(socket.AF_UNIX) as listener, open(os.devnull) as other:
        if kind == "folder":
            path.mkdir()
        elif kind == "socket":
            listener.bind("odd")
        else:
            os.mkfifo(path)
        writer = os.open(path, os.O_RDWR) if kind == "pipe with a writer" else os.dup(other.fileno())
        with closing(writer), pytest.raises(OSError, match=NOT_REGULAR):
            opener(path)


@pytest.mark.parametrize("opener", REFUSING[:3])
@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_refused(opener: Open, device: str) -> None:
    with pytest.raises(OSError, match="not a regular file") as caught:
        opener(Path(device))
    assert caught.value.errno == errno.EINVAL


def test_a_terminal_does_not_become_the_callers(tmp_path: Path) -> None:
    main, line = os.openpty()
    with closing(main), closing(line), pytest.raises(OSError, match="not a regular file"):
        open_regular_file(os.ttyname(line))


def test_a_pipe_is_read_where_that_is_asked_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("through",))
    writer.start()
    try:
        assert content(open_file_or_pipe(tmp_path / "pipe")) == b"through"
    finally:
        writer.join()


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("0123456789")
    with closing(open_folder(tmp_path)) as folder:
        assert read_regular_file("file", 4, folder) == b"0123"
    assert read_regular_file(tmp_path / "file", 40) == b"0123456789"


# -- what is checked is what is used -------------------------------------------------------------------------


def test_an_exchanged_file_is_still_the_one_that_was_opened(tmp_path: Path) -> None:
    path, secret = tmp_path / "file", tmp_path / "secret"
    path.write_text("checked")
    secret.write_text("secret")
    descriptor = open_regular_file(path)
    path.unlink()
    path.symlink_to(secret)
    assert content(descriptor) == b"checked"


def test_an_exchanged_folder_is_still_the_one_that_was_reached(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "base" / "a" / "b").mkdir(parents=True)
    with open_below(tmp_path / "base", ("a", "b")) as folder:
        (tmp_path / "base" / "a").rename(tmp_path / "base" / "moved")
        (tmp_path / "base" / "a").symlink_to(outside)
        os.close(make_file("new", folder))
    assert (tmp_path / "base" / "moved" / "b" / "new").exists()
    assert not os.listdir(outside)


def test_a_base_that_is_a_descriptor_stays_open(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with closing(open_folder(tmp_path)) as base:
        for parts in ((), ("a",)):
            with open_below(base, parts) as folder:
                assert folder != base
                assert os.path.samestat(os.fstat(folder), tmp_path.joinpath(*parts).stat())
        assert os.path.samestat(os.fstat(base), tmp_path.stat())


def test_no_program_inherits_what_is_open(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        closing(open_regular_file(tmp_path / "file")) as old,
        closing(make_file(tmp_path / "new")) as new,
        closing(open_or_make_file(tmp_path / "kept")) as kept,
        open_below(tmp_path, ()) as folder,
    ):
        assert not any(map(os.get_inheritable, (old, new, kept, folder)))


# -- whose folders -------------------------------------------------------------------------------------------


def test_a_folder_that_may_only_be_searched_is_passed_by_who_only_searches(tmp_path: Path) -> None:
    if not hasattr(os, "O_PATH"):
        pytest.skip("this system cannot only search")
    tmp_path.chmod(0o755)
    with closing(open_folder(tmp_path)) as base:
        (tmp_path / "closed" / "open").mkdir(parents=True)
        (tmp_path / "closed" / "open").chmod(0o755)
        (tmp_path / "closed").chmod(0o711 if ROOT else 0o100)
        try:
            with somebody():
                with open_below(base, ("closed",), search=True) as closed:
                    os.close(open_folder("open", closed))
                with pytest.raises(PermissionError), open_below(base, ("closed", "open")):
                    pass
        finally:
            (tmp_path / "closed").chmod(0o755)


@pytest.mark.parametrize("mode", [0o777, 0o750, 0o500, 0o700])
def test_a_private_folder_is_closed_to_others(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "folder"
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(mode)
    os.close(open_private(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(not ROOT, reason="only root can make somebody else's folder")
@pytest.mark.parametrize("opener", [open_private, make_private])
def test_another_users_folder_is_not_private(tmp_path: Path, opener: Open) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o755)
    os.chown(folder, OTHER, OTHER)
    with pytest.raises(PermissionError, match="belongs to another user"):
        opener(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_file_in_the_place_of_a_private_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_private(tmp_path / "file")


# -- replacing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("durable", [False, True])
def test_whoever_has_the_old_file_keeps_it(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    old = open_regular_file(path)
    replace_file(path, b"new", durable=durable)
    assert (content(old), path.read_bytes()) == (b"old", b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    replace_file(link, b"new")
    assert (target.read_bytes(), link.read_bytes(), link.is_symlink()) == (b"old", b"new", False)


def test_what_cannot_be_replaced_stays_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "folder", b"new")
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "missing" / "file", b"new")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_root_gives_a_file_away_and_keeps_others(tmp_path: Path) -> None:
    replace_file(tmp_path / "given", b"", uid=OTHER, gid=OTHER)
    replace_file(tmp_path / "kept", b"")
    owners = [(tmp_path / name).stat().st_uid for name in ("given", "kept")]
    assert owners == [OTHER, 0]


# -- locks ---------------------------------------------------------------------------------------------------


def test_one_at_a_time_has_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(open_or_make_file(path)) as other:
        with locked(open_or_make_file(path)):
            assert not try_lock(other)
            assert not try_lock(other, shared=True)
        assert try_lock(other)
    with closing(open_regular_file(path)) as one, closing(open_regular_file(path)) as other:
        assert try_lock(one, shared=True)
        assert try_lock(other, shared=True)
        assert not try_lock(other)


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    begun, got = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        with locked(open_folder(tmp_path)):
            got.set()

    waiter = threading.Thread(target=wait)
    with locked(open_folder(tmp_path)):
        waiter.start()
        assert begun.wait(30)
        assert not got.is_set()
    assert got.wait(30)
    waiter.join()


# -- everybody uses this -------------------------------------------------------------------------------------


def test_no_other_module_opens_without_links_by_itself() -> None:
    package = Path(qms_tui.__file__).parent
    names = {str(path.relative_to(package)) for path in package.rglob("*.py") if FLAG in path.read_text()}
    assert names == {"files.py"} | APART
