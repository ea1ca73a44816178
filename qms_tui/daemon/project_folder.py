"""The folder that a daemon serves, and whether its path still leads there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from qms_tui.files import open_folder
from qms_tui.trust import FolderIdentity

_ELSEWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # nothing there, or no folder


class ProjectFolder:
    """Holds on to a project's folder until it is closed.

    Else its inode could be that of the next one at once, as ext4 has it: after `rm -r` and `git clone`
    everything would seem to be as before. Its file system cannot be unmounted meanwhile.
    """

    def __init__(self, root: Path) -> None:
        """`root` is absolute and free of links. Raises OSError."""
        self._root = root
        self._descriptor = open_folder(root, search=True)
        self._identity = FolderIdentity.of(self._descriptor)

    @property
    def is_there(self) -> bool:
        """Whether the path leads to that folder, and over no link: else it has another path by now.

        A disk that is away for a moment changes nothing. Blocking.
        """
        try:
            path = os.path.realpath(self._root, strict=True)
            return path == os.fspath(self._root) and FolderIdentity.of(self._root) == self._identity
        except OSError as error:
            return error.errno not in _ELSEWHERE

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)
