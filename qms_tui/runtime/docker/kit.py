"""What the agents' image is made of: the files in docker/, and how the image tells which they were."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from qms_tui.errors import ImageError
from qms_tui.runtime.image_files import image_files

LABEL_KIT = "qms-tui.kit"
LABEL_CLIENT = "qms-tui.client"
LABEL_BASE = "qms-tui.base"
LABEL_PACKAGES = "qms-tui.packages"
LABEL_CHECK = "qms-tui.client-check"  # who vouches for the client's archive: CHECKED or UNCHECKED
CHECKED, UNCHECKED = "qms-tui", "registry"
INSIDE = "/usr/local/lib/qms-tui"  # where inside/ stands in the image: read-only for the agent
PRIVATE = "run/qms-tui"  # in the container: what the engine must not show
_CLIENT = re.compile(r"^ARG CLIENT_VERSION=(\S+)$", re.MULTILINE)
_DIGEST = re.compile(r"^ +(\w+)-(\S+)\) digest=(sha512-[A-Za-z0-9+/]{86}==) ;;", re.MULTILINE)


class Kit(Struct, frozen=True):
    """The files that an image is built from, by their path in docker/."""

    files: Mapping[str, bytes]

    @property
    def hash(self) -> str:
        """Names the files' content; the image and every container made of it carry it as a label."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    @property
    def client_version(self) -> str:
        """The version of Claude Code that these files ask for."""
        found = _CLIENT.search(self.files["Dockerfile"].decode())
        assert found is not None, "docker/Dockerfile names no version of the client"
        return found[1]

    def client_digests(self, version: str) -> Mapping[str, str]:
        """The digests that these files know of a version's archives, by processor as npm names it."""
        lines = _DIGEST.findall(self.files["Dockerfile"].decode())
        return {processor: digest for processor, known, digest in lines if known == version}

    def context(self) -> bytes:
        """The files as a tar archive, readable for everybody whatever they are here."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, content in sorted(self.files.items()):
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o644
                archive.addfile(member, io.BytesIO(content))
        return buffer.getvalue()


@cache
def our_kit() -> Kit:
    """The files that came with this qms-tui. Raises ImageError if they are not there."""
    folder = image_files()
    inside = sorted(path for path in (folder / "inside").rglob("*") if path.suffix in (".py", ".json"))
    paths = (folder / "Dockerfile", *inside)
    try:
        return Kit({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})
    except OSError as error:
        raise ImageError(
            f"the files of the image are missing: {error.filename}: {error.strerror}",
            hint="qms-tui was not installed whole: install it again",
        ) from error
