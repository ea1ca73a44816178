"""What can go wrong in a way that somebody can act on.

QmsTuiError            what failed and where; `hint` says what to do next
├── UsageError         words on the command line
├── ConfigError        a configuration file: file, key, what is wrong, how to write it
├── ProjectError       the QMS project on disk
│   └── OwnerError     its agents are another user's, who alone starts them
├── UnknownAgentError  a name that is not in the roster
├── EngineError        the engine is not there, refuses us, or failed at something
├── KeeperError        the keeper cannot be started, or does not answer
├── DaemonError        the daemon cannot be started, or does not answer
├── OpeningError       the screen cannot be opened on these agents: what its daemon says
├── GatewayError       the MCP gateway cannot be asked
├── ImageError         the agent's image is missing
├── JournalError       what an agent has printed: nothing kept, or its folder cannot be used
└── RuntimeFailure     an agent's program could not be started or held
"""

from __future__ import annotations

import errno
import os

# What to do about what the system refuses. ENOTDIR is also what a link gets where only a folder will do.
_REMEDIES = {
    errno.ENOSPC: "the disk is full: make room there",
    errno.EDQUOT: "your quota on that disk is used up: make room there, or ask for more",
    errno.EROFS: "the file system is read-only: mount it so that it can be written",
    errno.EACCES: "you may not: look at the owner and the mode of it, and of the folders above",
    errno.EPERM: "you may not: look at who owns it, and at its attributes (lsattr)",
    errno.ENOTDIR: "a file or a link is in the way: put a real folder there (no link) that you may write",
    errno.ELOOP: "links are not followed: put the file or folder itself there, no link",
    errno.ENAMETOOLONG: "the path is too long: use a folder with a shorter name",
    errno.EMFILE: "too many files are open: raise the limit with ulimit -n",
    errno.ENFILE: "too many files are open on this machine: end programs, or raise fs.file-max",
    errno.ENOENT: "a folder on the way is missing: is everything mounted, and the project still there?",
    errno.EIO: "the disk reports errors: look at the kernel's log",
    errno.ESTALE: "the file server has forgotten it: mount it again",
}


def remedy(error: OSError, otherwise: str) -> str:
    """What to do about what the system has refused; `otherwise` if it is none of the usual errors."""
    return _REMEDIES.get(error.errno or 0, otherwise)


def state_remedy(error: OSError, otherwise: str) -> str:
    """The same for the files that qms-tui keeps of its own, which can be elsewhere."""
    return f"{remedy(error, otherwise)}; or keep qms-tui's own files elsewhere: export XDG_STATE_HOME=FOLDER"


def refused(error: OSError, place: os.PathLike[str] | str) -> str:
    """Where, and what: a write that fails does not know the name of its file, and of a name made for it only
    the place is of interest."""
    named = error.filename if isinstance(error.filename, str) and os.path.isabs(error.filename) else place
    return f"{os.fspath(named)}: {error.strerror or error}"


class QmsTuiError(Exception):
    """Base of all errors shown to the user: one line what failed, one line what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(QmsTuiError):
    """The command line asks for something that cannot be."""


class ConfigError(QmsTuiError):
    """A configuration file is wrong."""


class ProjectError(QmsTuiError):
    """There is no QMS project, or something in it cannot be used."""


class OwnerError(ProjectError):
    """The project's agents are another user's."""


class ExposureError(ProjectError):
    """What is to be mounted for an agent has something in it that no agent may see."""


class UnknownAgentError(QmsTuiError):
    """A name that is not in the project's roster."""


class EngineError(QmsTuiError):
    """The engine cannot be reached, refuses us, or failed."""


class KeeperError(QmsTuiError):
    """The keeper cannot be started, or does not answer."""


class DaemonError(QmsTuiError):
    """The daemon cannot be started, or does not answer."""


class OpeningError(QmsTuiError):
    """The screen cannot be opened on these agents, says their daemon, or why there is none."""


class GatewayError(QmsTuiError):
    """The MCP gateway does not answer."""


class ImageError(EngineError):
    """The image of an agent is missing."""


class JournalError(QmsTuiError):
    """The journal of an agent's output is not there, or its folder cannot be used."""


class RuntimeFailure(QmsTuiError):
    """An agent's program could not be started, or its terminal not be held."""
