"""What can go wrong in a way that somebody can act on.

QmsTuiError            what failed and where; `hint` says what to do next
├── UsageError         words on the command line
├── ConfigError        a configuration file: file, key, what is wrong, how to write it
├── ProjectError       the QMS project on disk
│   └── OwnerError     its agents are another user's, who alone starts them
├── UnknownAgentError  a name that is not in the roster
├── EngineError        the engine is not there, refuses us, or failed at something
├── KeeperError        the keeper cannot be started, or does not answer
├── GatewayError       the MCP gateway cannot be asked
├── ImageError         the agent's image is missing
├── JournalError       what an agent has printed: nothing kept, or its folder cannot be used
└── RuntimeFailure     an agent's program could not be started or held
"""

from __future__ import annotations


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


class GatewayError(QmsTuiError):
    """The MCP gateway does not answer."""


class ImageError(EngineError):
    """The image of an agent is missing."""


class JournalError(QmsTuiError):
    """The journal of an agent's output is not there, or its folder cannot be used."""


class RuntimeFailure(QmsTuiError):
    """An agent's program could not be started, or its terminal not be held."""
