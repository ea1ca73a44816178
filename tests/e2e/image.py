"""The tiny image of the end-to-end tests: a static busybox, its applets and `agent.sh`, 2 MB.

Made from nothing, because no registry may be needed to run the tests. `agent` is its command; `claude` inside
is the same program, so that qms-tui's defaults start it. Any other argv works too: there is no entrypoint.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker

NAME = "qms-tui-test-agent:1"
CONTENT_LABEL = "qms-tui-test.content"
AGENT = Path(__file__).with_name("agent.sh")
PASSWD = b"root:x:0:0:root:/root:/bin/sh\n"
GROUP = b"root:x:0:\n"


class NoBusybox(Exception):
    """There is no busybox here that runs without libraries."""


def ensure(engine: docker.APIClient) -> str:
    """Return the image's name, after making it where it is missing or made from something else.

    Raises:
        NoBusybox: without the static busybox, the image cannot be made.
    """
    root = root_filesystem(static_busybox())
    content = hashlib.sha256(root).hexdigest()
    if content_in(engine, NAME) != content:
        changes = ["ENV PATH=/bin", 'CMD ["/bin/agent"]', f"LABEL {CONTENT_LABEL}={content}"]
        engine.import_image_from_data(root, repository=NAME, changes=changes)  # Podman heeds no tag=
        assert content_in(engine, NAME) == content, f"the engine did not import {NAME}"
    return NAME


def content_in(engine: docker.APIClient, name: str) -> str | None:
    """What an image that we imported was made from, as a hash; None if there is no such image."""
    labels = [image["Labels"] or {} for image in engine.images(name=name)]
    return labels[0].get(CONTENT_LABEL) if labels else None


def static_busybox() -> Path:
    """The busybox that runs without libraries. Raises NoBusybox."""
    path = shutil.which("busybox")
    if path is None:
        raise NoBusybox("no busybox: apt-get install busybox-static")
    if b"/ld-linux" in Path(path).read_bytes() or b"/ld-musl" in Path(path).read_bytes():
        raise NoBusybox(f"{path} needs libraries: apt-get install busybox-static")
    return Path(path)


def root_filesystem(busybox: Path) -> bytes:
    """A tar archive; the same bytes for the same content, so that its hash names it."""
    applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    links = dict.fromkeys(applets, "busybox") | {"claude": "agent"}
    del links["busybox"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder, mode in {"bin": 0o755, "etc": 0o755, "root": 0o700, "tmp": 0o1777}.items():
            add_member(tar, folder, mode, tarfile.DIRTYPE)
        add_member(tar, "bin/busybox", 0o755, content=busybox.read_bytes())
        add_member(tar, "bin/agent", 0o755, content=AGENT.read_bytes())
        add_member(tar, "etc/passwd", 0o644, content=PASSWD)
        add_member(tar, "etc/group", 0o644, content=GROUP)
        for name, target in sorted(links.items()):
            add_member(tar, f"bin/{name}", 0o777, tarfile.SYMTYPE, target=target)
    return buffer.getvalue()


def add_member(
    tar: tarfile.TarFile,
    name: str,
    mode: int,
    kind: bytes = tarfile.REGTYPE,
    *,
    content: bytes = b"",
    target: str = "",
) -> None:
    """Add one file, folder or link that is the same whenever it is made."""
    member = tarfile.TarInfo(name)
    member.mode, member.type, member.linkname, member.size = mode, kind, target, len(content)
    tar.addfile(member, io.BytesIO(content))
