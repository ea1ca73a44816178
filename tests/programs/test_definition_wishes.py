"""What the front matter of a definition asks for, and what of that has an effect."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from qms_tui.config import AgentConfig
from qms_tui.programs.definition_wishes import NO_WISHES, Wishes, in_words
from qms_tui.programs.registry import program_of
from qms_tui.runtime.definition import Definition, wishes

CLAUDE = AgentConfig()


def defined(front: str, own: bool = True) -> Definition:
    content = f"---\nname: qa\n{front}\n---\n\n# You are qa\n\nmodel: haiku\n"
    return Definition(PurePosixPath(".claude/agents/qa.md"), content.encode(), own)


@pytest.mark.parametrize(
    ("front", "model", "tools"),
    [
        ("model: opus", "opus", None),
        ('model: "claude-opus-4-5"  # the best', "claude-opus-4-5", None),
        ("model: inherit", None, None),
        ("model:", None, None),
        ("tools: Read, Grep,Bash", None, ("Read", "Grep", "Bash")),
        ("tools: [Read, 'Grep']", None, ("Read", "Grep")),
        ("tools:\n  - Read\n  - mcp__qms__ping\nmodel: opus", "opus", ("Read", "mcp__qms__ping")),
        ("tools:\n- Read\n- Bash(git log:*)", None, ("Read", "Bash")),
        ("tools: []", None, ()),
        ("tools: '*'", None, None),
        ("tools:", None, None),
        ("description: Use it: when, and: never\nmodel: opus", "opus", None),  # as a whole it is not YAML
        ("description: [\nmodel: opus\nhooked: no", "opus", None),
        ("description: |\n  model: haiku\nmodel: opus", "opus", None),
    ],
)
def test_what_has_an_effect(front: str, model: str | None, tools: tuple[str, ...] | None) -> None:
    assert wishes(defined(front), CLAUDE, trusted=True) == Wishes(model, tools)
    windows = defined(front.replace("\n", "\r\n"))
    content = b"\xef\xbb\xbf" + windows.content.replace(b"\r", b"").replace(b"\n", b"\r\n")
    assert wishes(Definition(windows.path, content, own=True), CLAUDE, trusted=True) == Wishes(model, tools)


@pytest.mark.parametrize(
    ("front", "named"),
    [
        ("model: [opus]", ["model"]),
        ("model: --bare", ["model"]),
        ("model: 'a b'", ["model"]),
        ("tools: {Read: yes}", ["tools"]),
        ("tools: [[Read]]", ["tools"]),
        ("tools: [Read, '--x']", ["tools"]),
        ("tools: &all [Read]", ["tools"]),
        ("tools: !!python/name:os.system x", ["tools"]),
        ("tools: [Read", ["tools"]),
        ("tools: [" + "Read, " * 300 + "]", ["tools"]),
        ("hooks:\n  Stop: []\npermissionMode: plan", ["permissionMode", "hooks"]),
    ],
)
def test_what_has_none_is_named(front: str, named: list[str]) -> None:
    found = wishes(defined(front), CLAUDE, trusted=True)
    assert (found.model, found.tools) == (None, None)
    assert [said.partition(":")[0] for said in found.ignored] == named


def test_nothing_has_an_effect_in_a_project_that_is_not_trusted_or_on_another_program() -> None:
    definition = defined("model: opus\ntools: Read")
    for found, why in (
        (wishes(definition, CLAUDE, trusted=False), "has no effect until the project is trusted"),
        (
            wishes(definition, AgentConfig(command=("sh",)), trusted=True),
            "on a program that is not Claude Code",
        ),
    ):
        assert (found.model, found.tools) == (None, None)
        assert len(found.ignored) == 2
        assert all(why in said for said in found.ignored)


def test_only_of_a_definition_of_its_own() -> None:
    assert wishes(defined("model: opus", own=False), CLAUDE, trusted=True) == NO_WISHES
    assert wishes(None, CLAUDE, trusted=True) == NO_WISHES
    plain = Definition(PurePosixPath("x.md"), b"model: opus\n---\n", own=True)
    assert wishes(plain, CLAUDE, trusted=True) == NO_WISHES
    endless = Definition(PurePosixPath("x.md"), b"---\nmodel: opus\n", own=True)
    assert wishes(endless, CLAUDE, trusted=True).ignored[0].startswith("front matter: has no end")


def test_settings_win() -> None:
    found = wishes(defined("model: opus\ntools: Read, mcp__qms"), CLAUDE, trusted=True)

    def line(config: AgentConfig) -> tuple[str, ...]:
        return program_of(config.command).command_line(config, None, wishes=found)

    assert line(AgentConfig()) == ("claude", "--model", "opus", "--tools=Read")
    assert line(AgentConfig(model="haiku", tools=("Edit", "mcp__qms", "Bash(git:*)"))) == (
        "claude", "--model", "haiku", "--tools=Read,Edit,Bash", "--allowedTools=Edit,mcp__qms,Bash(git:*)",
    )  # fmt: skip
    assert line(AgentConfig(args=("--model=x", "--tools", ""))) == ("claude", "--model=x", "--tools", "")
    assert line(AgentConfig(command=("bash",))) == ("bash",)
    assert in_words(found, AgentConfig()) == "model opus, no tools but Read, mcp__qms"
    assert in_words(found, AgentConfig(model="haiku")) == "no tools but Read, mcp__qms"
