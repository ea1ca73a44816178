"""The system calls that an agent may make: the engine's default, without any way to a set-uid or set-gid bit.

With such a bit, a program in an agent's workspace gives whoever runs it on the host the rights of the
project's owner. No capability and no mount option that the engine has prevents that.

The default is moby's (see `moby/README.md`). An allow rule without conditions beats every other rule for the
same call, so these calls leave the groups that they are in and come back with conditions:

- calls with a mode: allowed if the mode has neither bit;
- `open` and `openat`: also if they make no file, since the mode may then be anything;
- `openat2`, whose mode is behind a pointer, and io_uring, which makes calls that no filter sees: as on a
  kernel that does not have them, so that programs fall back to the calls above.

`mkdir` drops the bits by itself. On MIPS O_CREAT has another value, and the bits stay possible at `open`;
Claude Code does not exist for it.

Docker takes the profile as text, Podman as a file on its own machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qms_tui.runtime.docker.agent_files import Entry
from qms_tui.runtime.docker.engine import Engine

DEFAULT = Path(__file__).with_name("moby") / "default.json"
VERSION = "github.com/moby/profiles/seccomp v0.1.0"
SHA256 = "01536f1d1df938ae611eba20d6349e0de7a99b6ecdee1549427a0b01b8301e28"
FILE = "seccomp.json"  # among the container's own files, for Podman

_SET_ID = 0o6000
_MAKES_FILE = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE
_ENOSYS = 38
# Which argument is the mode, counted from 0.
_MODE = {"chmod": 1, "fchmod": 1, "mknod": 1, "creat": 1, "fchmodat": 2, "fchmodat2": 2, "mknodat": 2}
_FLAGS_AND_MODE = {"open": (1, 2), "openat": (2, 3)}
_MISSING = ("openat2", "io_uring_setup", "io_uring_enter", "io_uring_register")
_CHANGED = {*_MODE, *_FLAGS_AND_MODE, *_MISSING}


def without_set_id(default: Mapping[str, Any]) -> dict[str, Any]:
    """The profile in the engines' own format, derived from such a profile."""
    kept = (
        {**group, "names": [name for name in group["names"] if name not in _CHANGED]}
        for group in default["syscalls"]
    )
    return {**default, "syscalls": [*(group for group in kept if group["names"]), *_rules()]}


def _rules() -> Iterator[dict[str, Any]]:
    for name, mode in _MODE.items():
        yield _allow(name, mode, _SET_ID)
    for name, (flags, mode) in _FLAGS_AND_MODE.items():  # of two rules for a call either is enough
        yield _allow(name, flags, _MAKES_FILE)
        yield _allow(name, mode, _SET_ID)
    yield {"names": list(_MISSING), "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS}


def _allow(name: str, argument: int, mask: int) -> dict[str, Any]:
    """Allow a call if an argument has no bit of the mask; the format has the mask in `value`."""
    condition = {"index": argument, "value": mask, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [condition]}


@cache
def profile() -> str:
    """The profile of every agent's container, as JSON."""
    return json.dumps(without_set_id(json.loads(DEFAULT.read_bytes())), separators=(",", ":"))


def entries(engine: Engine) -> list[Entry]:
    """What the container's own files need for it."""
    return [Entry(FILE, profile().encode(), 0o444)] if engine.seccomp and engine.podman else []


def options(engine: Engine, files: Path) -> list[str]:
    """What of a host configuration's `security_opt` asks for it; `files` is where the container's own are.

    An engine without seccomp refuses every profile, so it gets none; doctor says so.
    """
    if not engine.seccomp:
        return []
    return [f"seccomp={files / FILE if engine.podman else profile()}"]
