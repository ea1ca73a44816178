"""Labels of SELinux on files: any kernel of Linux keeps them, and root may set them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from qms_tui.runtime.docker.selinux import ATTRIBUTE

HOME = "unconfined_u:object_r:user_home_t:s0"  # of what users have in their home folders


def set_label(path: Path, label: str) -> None:
    """As `chcon` does."""
    if sys.platform != "linux":
        pytest.skip("files have no labels here")
    try:
        os.setxattr(path, ATTRIBUTE, label.encode() + b"\0", follow_symlinks=False)
    except OSError as error:
        pytest.skip(f"labels cannot be set here: {error}")


def set_labels(top: Path, label: str) -> None:
    """As `chcon -R` does."""
    for path in (top, *top.rglob("*")):
        set_label(path, label)
