"""The image with real programs: the host's own bash, python3, nano, less, vim and htop, 40 MB.

Copied with the libraries they need, so that no registry is asked and nothing is downloaded. `acts.py` is in
it, for what no real program does on demand.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker

from .image import CONTENT_LABEL, GROUP, PASSWD, add_member, content_in, static_busybox

REPOSITORY = "qms-tui-test-programs"
PYTHON = "/usr/bin/python3"  # Debian's, whatever runs the tests: it has curses and readline
PROGRAMS = (PYTHON, "/usr/bin/bash", "/usr/bin/nano", "/usr/bin/less", "/usr/bin/vim", "/usr/bin/htop")
ACTS = Path(__file__).with_name("acts.py")
APPLETS = ("sh", "cat", "sleep", "stty", "seq", "kill")
DATA = ("/lib/terminfo/x/xterm-256color", "/usr/lib/locale/C.utf8")
# Of Python: what no program here imports, and what would bring the big libraries of OpenSSL.
UNWANTED = ("test", "tests", "idlelib", "lib2to3", "ensurepip", "dist-packages", "__pycache__", "pydoc_data")
UNWANTED_MODULES = ("_ssl.", "_hashlib.", "_tkinter.", "_test", "libpython")
UNWANTED_OF_VIM = ("doc", "lang", "spell", "tutor", "keymap", "print")


class NoPrograms(Exception):
    """Some of the programs are not on this machine."""


def ensure(engine: docker.APIClient) -> str:
    """Return the image's name, which tells its content, after making it where it is missing.

    Raises:
        NoPrograms, NoBusybox: what it is made of is not here.
    """
    missing = [program for program in PROGRAMS if not Path(program).exists()]
    if missing:
        raise NoPrograms(f"not here: {', '.join(missing)}; apt-get install {' '.join(_packages(missing))}")
    root = _root_filesystem()
    content = hashlib.sha256(root).hexdigest()
    name = f"{REPOSITORY}:{content[:12]}"
    if content_in(engine, name) != content:
        changes = ["ENV PATH=/usr/bin:/bin", 'CMD ["/usr/bin/bash"]', f"LABEL {CONTENT_LABEL}={content}"]
        engine.import_image_from_data(root, repository=name, changes=changes)  # Podman heeds no tag=
        assert content_in(engine, name) == content, f"the engine did not import {name}"
    return name


def _packages(programs: Iterable[str]) -> list[str]:
    return [Path(program).name for program in programs]


def _root_filesystem() -> bytes:
    """A tar archive; the same bytes for the same content, so that its hash names it."""
    files = dict(_files())
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in sorted({parent for path in files for parent in Path(path).parents[:-1]}):
            add_member(tar, str(folder).lstrip("/"), 0o755, tarfile.DIRTYPE)
        add_member(tar, "tmp", 0o1777, tarfile.DIRTYPE)
        add_member(tar, "root", 0o700, tarfile.DIRTYPE)
        add_member(tar, "etc/passwd", 0o644, content=PASSWD)
        add_member(tar, "etc/group", 0o644, content=GROUP)
        for applet in APPLETS:
            add_member(tar, f"bin/{applet}", 0o777, tarfile.SYMTYPE, target="busybox")
        for path, source in sorted(files.items()):
            mode = 0o755 if source.stat().st_mode & 0o111 else 0o644
            add_member(tar, path.lstrip("/"), mode, content=source.read_bytes())
    return buffer.getvalue()


def _files() -> Iterator[tuple[str, Path]]:
    """Where each file is inside, and here."""
    stdlib = _standard_library()
    modules = [path for path in stdlib if path.suffix == ".so"]
    yield "/bin/busybox", static_busybox()
    yield "/etc/acts.py", ACTS
    for program in PROGRAMS:
        yield program, Path(program).resolve()
    for path in (*stdlib, *_tree(Path("/usr/share/vim"), UNWANTED_OF_VIM), *_data()):
        yield str(path), path
    for library in _libraries((*PROGRAMS, *map(str, modules))):
        yield library, Path(library)


def _standard_library() -> list[Path]:
    code = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    said = subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout
    found = _tree(Path(said.strip()), UNWANTED)
    return [path for path in found if not path.name.startswith(UNWANTED_MODULES)]


def _data() -> Iterator[Path]:
    for name in DATA:
        path = Path(name)
        yield from _tree(path, ()) if path.is_dir() else [path]


def _tree(folder: Path, unwanted: tuple[str, ...]) -> list[Path]:
    """The files below a folder, but for those below a folder of an unwanted name."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not set(path.relative_to(folder).parts) & set(unwanted)
    ]


def _libraries(programs: Iterable[str]) -> set[str]:
    """The paths of all shared libraries that these need, and of what loads them."""
    said = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    words = (word for line in said.splitlines() if line.startswith("\t") for word in line.split())
    return {word for word in words if word.startswith("/")}
