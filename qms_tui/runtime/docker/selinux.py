"""SELinux on this machine: what agents' containers may use of it, by the labels of files.

A container runs as container_t, with categories of its own (s0:c1,c2). What that may use stands in the
policies of Fedora and RHEL, and was read there, not tried: container-selinux 2.230 (container.te,
container.if), and selinux-policy (virt.te, domain.te, files.te, mcs).

Files of our own are labelled here. Nothing else is: a label also decides what other programs may do with a
file. What else is mounted must have a label that fits, or the agent is not started.

What is not looked at: files below what is mounted (a project is large, and what is made there takes the
label of its folder), and a policy module of the user's own, which may allow more.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from docker.types import Mount
from msgspec import Struct

from qms_tui.errors import EngineError
from qms_tui.runtime.docker.engine import Engine

ATTRIBUTE = "security.selinux"
KERNEL = Path("/sys/fs/selinux")
FITTING = "container_file_t"
LABEL = f"system_u:object_r:{FITTING}:s0"
# The second and third are older names of the first. A container may manage what FUSE shows.
WRITABLE = {FITTING, "svirt_sandbox_file_t", "svirt_lxc_file_t", "fusefs_t"}
READABLE = (
    WRITABLE
    | {"container_ro_file_t", "container_share_t"}  # what images are made of; the second is an older name
    | {"usr_t", "etc_t", "etc_runtime_t", "system_conf_t", "system_db_t", "src_t", "boot_t"}  # files.te
    | {"bin_t", "lib_t", "locale_t", "man_t", "fonts_t", "hwdata_t"}  # domain.te, virt.te
)
# Types that a boolean of the policy opens. Most are of file systems that keep no labels.
SWITCHES = {
    "nfs_t": "virt_use_nfs",
    "cifs_t": "virt_use_samba",
    "cephfs_t": "container_use_cephfs",
    "ecryptfs_t": "container_use_ecryptfs",
}
SWITCHES_TO_READ = SWITCHES | {"cert_t": "container_read_certs"}
# Types that no program of the machine needs: any other may have been given to a place on purpose.
UNCLAIMED = (
    {"user_home_t", "admin_home_t", "user_tmp_t", "tmp_t", "default_t", "mnt_t"}
    | {"var_t", "usr_t", "unlabeled_t"}  # of /srv, of /opt, of a disk that came from elsewhere
)
_MEANS_MORE = re.compile(r"[.^$*+?()\[\]{}|\\]")  # in a pattern of semanage


class Source(Struct, frozen=True):
    """A file or folder of this machine that is to be mounted; no label where none can be read."""

    path: Path
    label: str | None
    writable: bool
    is_folder: bool


class Refusal(Struct, frozen=True):
    """A source that containers may not use as wanted: why, and the command that changes it."""

    path: Path
    why: str
    remedy: str

    @property
    def text(self) -> str:
        """What is wrong, in one line."""
        return f"SELinux keeps agents' containers from {self.path}: its {self.why}"


# -- deciding (pure) ---------------------------------------------------------------------------------------


def refusals(sources: Iterable[Source], is_on: Callable[[str], bool]) -> list[Refusal]:
    """What containers may not use. What lies below another one is left out: the same command changes it.

    `is_on`: whether a boolean of the policy is. A source without a label is let through: where the kernel
    has SELinux it shows one for every file, so there nothing is known, and the engine has its own word.
    """
    found: list[Refusal] = []
    for source in sources:
        refusal = judge(source, is_on)
        if refusal is not None and not any(source.path.is_relative_to(other.path) for other in found):
            found.append(refusal)
    return found


def judge(source: Source, is_on: Callable[[str], bool]) -> Refusal | None:
    """Whether containers may not use this one, by the type of its label and then by its categories."""
    _, kind, level = _parts(source.label or "")
    switch = (SWITCHES if source.writable else SWITCHES_TO_READ).get(kind)
    if switch is not None:
        remedy = f"sudo setsebool -P {switch} on"
        return None if is_on(switch) else Refusal(source.path, f"type is {kind}", remedy)
    if kind and kind not in (WRITABLE if source.writable else READABLE):
        why = "which they may only read" if kind in READABLE else f"not {FITTING}"
        return Refusal(source.path, f"type is {kind}, {why}", relabelling(source, kind))
    if ":" in level:
        remedy = f"chcon {_recursive(source)}-l s0 {shlex.quote(str(source.path))}"
        return Refusal(source.path, f"level is {level}, of another container", remedy)
    return None


def _parts(label: str) -> tuple[str, str, str]:
    """User, type and level, which has colons of its own; all empty if that is not a label."""
    user, _, kind, *level = label.split(":", 3) if label.count(":") > 1 else ("", "", "")
    return user, kind, "".join(level)


def relabelling(source: Source, kind: str) -> str:
    """The commands that replace that type: for good, or until the whole file system is labelled again."""
    path, recursive = str(source.path), _recursive(source)
    place, pattern = shlex.quote(path), shlex.quote(_pattern(path) + ("(/.*)?" if source.is_folder else ""))
    lasting = f"sudo semanage fcontext -a -t {FITTING} {pattern} && sudo restorecon {recursive}{place}"
    careful = "" if kind in UNCLAIMED else f" (or mount a copy, if other programs need {kind})"
    return f"{lasting}, or: chcon {recursive}-t {FITTING} {place}{careful}"


def _recursive(source: Source) -> str:
    return "-R " if source.is_folder else ""


def _pattern(path: str) -> str:
    """The path as a regular expression without white space, which would end it in the policy's files."""
    return _MEANS_MORE.sub(r"\\\g<0>", path).replace(" ", r"\s")


def fitting_label(label: str | None) -> str:
    """The label with the type that containers may use, as `chcon -t` makes it.

    Its user stays: not everybody may give files to another one.
    """
    user, kind, _ = _parts(label or "")
    return f"{user}:object_r:{FITTING}:s0" if kind else LABEL


# -- this machine ------------------------------------------------------------------------------------------


def admit(engine: Engine, mounted: Sequence[Mount]) -> None:
    """Label what of it is ours, and see to it that a container may use the rest.

    Raises EngineError for the first that it may not.
    """
    label_ours(engine, mounted)
    if enforced(engine):
        for refusal in refusals(sources(mounted), is_on):
            raise EngineError(refusal.text, hint=refusal.remedy)


def enforced(engine: Engine, kernel: Path = KERNEL) -> bool:
    """Whether SELinux keeps the engine's containers from things of this machine, and does not just log it."""
    return engine.labels_here and _read(kernel / "enforce") != "0"


def is_on(boolean: str, kernel: Path = KERNEL) -> bool:
    """Whether a boolean of the policy is on; one that cannot be read counts as on."""
    return _read(kernel / "booleans" / boolean)[:1] != "0"


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def sources(mounted: Iterable[Mount]) -> Iterator[Source]:
    """What of this machine is to be mounted, with its labels."""
    for mount in mounted:
        if mount["Type"] == "bind":
            path = Path(mount["Source"])
            yield Source(path, label_of(path), not mount["ReadOnly"], os.path.isdir(path))


def label_of(path: Path, *, follow: bool = True) -> str | None:
    """The label of a file, if it has one that can be read."""
    if sys.platform != "linux":
        return None
    try:
        return os.getxattr(path, ATTRIBUTE, follow_symlinks=follow).rstrip(b"\0").decode(errors="replace")
    except OSError:
        return None


def label_ours(engine: Engine, mounted: Iterable[Mount]) -> None:
    """Give what of it lies in our state folder a label that fits, with everything inside.

    What resists keeps the label that it has, and is judged by that like everything else.
    """
    if not engine.labels_here:
        return
    for source in sources(mounted):
        if is_ours(source.path):
            for path in _everything(source.path):
                _make_fit(path)


def _everything(top: Path) -> Iterator[Path]:
    """The file or folder and all below it, links themselves and not what they lead to."""
    yield top
    for folder, folders, files in os.walk(top):
        yield from (Path(folder, name) for name in (*folders, *files))


def is_ours(path: Path) -> bool:
    """Whether it lies in this user's state folder, where nobody but us has files."""
    import platformdirs

    return path.is_relative_to(platformdirs.user_state_path("qms-tui"))


def _make_fit(path: Path) -> None:
    if sys.platform != "linux":
        return
    label = label_of(path, follow=False)
    if (fitting := fitting_label(label)) != label:
        with contextlib.suppress(OSError):
            os.setxattr(path, ATTRIBUTE, fitting.encode() + b"\0", follow_symlinks=False)
