"""Containers that never run: the engine's archive calls need one, and an agent's own will not do.

An archive call mounts for itself whatever the container mounts, in its own way in each version of the engine:
some refuse a file below a read-only folder, rootless ones a device. So files are read and written through a
container that has no mounts, or nothing but the volume that is to be filled.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tarfile
import threading
from collections.abc import Iterator

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import Mount
from requests import RequestException

from qms_tui.runtime.docker.container import LABEL_MAKER, LABEL_THROWAWAY, NO_LABELS
from qms_tui.runtime.docker.maker import maker

VOLUME = "/qms-tui"  # where a volume is mounted that is to be filled
_log = logging.getLogger(__name__)
_NEVER_RUN = ["/nothing"]  # an image without a command is refused else


@contextlib.contextmanager
def throwaway(
    api: APIClient, image: str, project: str, volume: str = "", *, linger: bool = False
) -> Iterator[str]:
    """The id of a container of the image, removed at the end. Raises what the docker SDK raises.

    One that may `linger` is not waited for: its removal takes the engine longer than to make it. What remains
    where that fails is taken by prune.
    """
    mounts = [Mount(VOLUME, volume, type="volume", no_copy=True)] if volume else []
    container = api.create_container(
        image,
        _NEVER_RUN,
        entrypoint=[],
        labels={**NO_LABELS, LABEL_THROWAWAY: project, LABEL_MAKER: maker()},
        host_config=api.create_host_config(network_mode="none", mounts=mounts),
    )["Id"]
    try:
        yield container
    finally:
        if linger:
            threading.Thread(target=_remove_late, args=(api, container)).start()
        else:
            _remove(api, container)


def _remove(api: APIClient, container: str) -> None:
    with contextlib.suppress(NotFound):
        api.remove_container(container, v=True, force=True)


def _remove_late(api: APIClient, container: str) -> None:
    try:
        _remove(api, container)
    except (DockerException, RequestException, OSError) as error:
        _log.warning("the throw-away container %s stays: %s", container, error)


def read_file(api: APIClient, container: str, path: str) -> str:
    """A small text file of a throw-away container; empty if there is none."""
    try:
        chunks, _ = api.get_archive(container, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile(os.path.basename(path))
            return member.read().decode(errors="replace") if member else ""
    except (NotFound, KeyError):
        return ""


def fill(api: APIClient, image: str, project: str, volume: str, archive: bytes) -> None:
    """Unpack a tar archive into a volume."""
    with throwaway(api, image, project, volume) as container:
        if not api.put_archive(container, VOLUME, archive):
            raise APIError(f"the volume {volume} cannot be filled")
