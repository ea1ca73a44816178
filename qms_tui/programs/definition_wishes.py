"""What the front matter of an agent's definition asks for besides its words: a model, tools. Pure.

Claude Code obeys these keys of an agent that it runs as a subagent. Ours run as its main program, so what has
an effect is said on its command line, and what has none is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qms_tui.config import AgentConfig, parse
from qms_tui.config.text import WrongValue

OBEYED = ("model", "tools")
ODD: object = {}
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ \t]*:(?=\s|$)")
LARGEST = 16 * 2**10  # bytes of front matter that are looked at
MOST_TOOLS = 200
# What a subagent gets by them, an agent of ours does not.
WITHOUT_EFFECT = (
    "disallowedTools", "permissionMode", "mcpServers", "hooks", "skills", "maxTurns", "effort", "memory",
    "initialPrompt", "isolation", "background",
)  # fmt: skip
INHERIT = "inherit"  # a subagent's word for the model of whoever runs it


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for; `ignored` has a sentence for each key that has no effect, without its subject."""

    model: str | None = None
    tools: tuple[str, ...] | None = None
    """The only ones of the client's own that it is to have; None for all."""
    ignored: tuple[str, ...] = ()


NO_WISHES = Wishes()


def read_wishes(definition: bytes, hindrance: str = "") -> Wishes:
    """Those of an agent's own definition; `hindrance` is why none has an effect, if so: "until ..."."""
    found = _front_matter(definition)
    if isinstance(found, str):
        return Wishes(ignored=(found,))
    said = [key for key in OBEYED if key in found and found[key] not in (None, "", INHERIT)]
    ignored = tuple(f"{key}: has no effect here" for key in WITHOUT_EFFECT if key in found)
    if hindrance:
        return Wishes(ignored=(*(f"{key}: has no effect {hindrance}" for key in said), *ignored))
    model, wrong = _model(found.get("model")) if "model" in said else (None, ())
    tools, odd = _tools(found.get("tools")) if "tools" in said else (None, ())
    return Wishes(model, tools, (*wrong, *odd, *ignored))


def _model(value: object) -> tuple[str | None, tuple[str, ...]]:
    try:
        return parse.model(value), ()
    except WrongValue:
        return None, ("model: is not a model's name, and has no effect",)


def _tools(value: object) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """A list, or names with commas between; a rule in parentheses is a permission, which nobody gets so."""
    words = [word.strip() for word in value.split(",")] if isinstance(value, str) else value
    try:
        found = parse.tools([word for word in words if word]) if isinstance(words, list) else None
    except WrongValue:
        found = None
    if found is None or len(found) > MOST_TOOLS:
        return None, ("tools: is not a list of tools, and has no effect",)
    if "*" in found:
        return None, ()
    return tuple(dict.fromkeys(tool.partition("(")[0] for tool in found)), ()


def _front_matter(content: bytes) -> dict[str, object] | str:
    """The keys at the top, with the values of those that count; a sentence instead where there is no end.

    Each key is read for itself, as the client does: a colon in a description spoils nothing but that.
    """
    head = content[:LARGEST].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    lines = head.decode(errors="replace").split("\n")
    if lines[0].rstrip() != "---":
        return {}
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        return "front matter: has no end within 16 kB, and no effect"
    blocks: dict[str, list[str]] = {}
    key = ""
    for line in lines[1:end]:
        if found := _KEY.match(line):
            key = found[1]
            blocks[key] = [line]
        elif key:
            blocks[key].append(line)
    return {key: _value("\n".join(block)) if key in OBEYED else True for key, block in blocks.items()}


def _value(block: str) -> object:
    """One key's value, a text or a list of texts; `ODD` for everything else."""
    import yaml  # only here: most definitions ask for nothing

    try:
        odd = yaml.AliasToken | yaml.AnchorToken | yaml.TagToken
        if any(isinstance(token, odd) for token in yaml.scan(block)):
            return ODD
        (found,) = yaml.load(block, Loader=yaml.BaseLoader).values()  # texts only: no tag is obeyed
    except (yaml.YAMLError, ValueError, AttributeError, RecursionError):
        return ODD
    return found


def in_words(found: Wishes, config: AgentConfig) -> str:
    """What of it has an effect, where the settings say nothing else; empty if nothing has."""
    model = f"model {found.model}" if found.model and config.model is None else ""
    tools = "" if found.tools is None else f"no tools but {', '.join(found.tools) or 'those of servers'}"
    return ", ".join(part for part in (model, tools) if part)
