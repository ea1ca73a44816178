"""What of a project's own files Claude Code obeys or runs. Pure."""

from __future__ import annotations

import re

from qms_tui.programs.base import ProjectFiles

# What a definition's front matter may say that reaches further than words for the model.
_REACHING = re.compile(rb"^(hooks|mcpServers|permissionMode|tools|initialPrompt)[ \t]*:", re.MULTILINE)
_OPEN = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_FENCE = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)


def reaching(definition: bytes) -> tuple[str, ...]:
    """The keys of a definition's front matter that the client obeys when it runs it as a subagent.

    `definition` is its beginning; a front matter that goes on behind it may hold anything.
    """
    block = _FENCE.search(definition)
    if block is None and _OPEN.match(definition):
        return ("more than can be looked at",)
    return tuple(key.decode() for key in _REACHING.findall(block[1])) if block else ()


PROJECT_FILES = ProjectFiles(
    settings=".claude/settings*.json",  # it reads two
    files=(".mcp.json",),
    # Definitions are every project's, and come apart.
    folders=tuple(
        f".claude/{name}"
        for name in ("commands", "hooks", "output-styles", "plugins", "rules", "skills", "workflows")
    ),
    reaching=reaching,
)
