"""What the README and its companions say is what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qms_tui.cli.group import cli
from qms_tui.config import Config, config_table_markdown
from qms_tui.ui.keymap import COMMANDS, SIDEBAR_KEYS, distinct, global_keys
from tests.test_imports import ALLOWED, TOOLS

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docker/README.md", "CHANGELOG.md", "SECURITY.md", "ARCHITECTURE.md")
ARCHITECTURE_LINES = 150  # one page
RUN = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/qms-tui demo"
TEST = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest"
# A command is in code, and a code span or line begins with it; `qms-tui AGENT` opens the screen.
_SPAN = re.compile(r"`+([^`]+)`+")
_WORDS = re.compile(r"^(?:.*\$\()?qms-tui +([a-z][a-z_-]*)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
COMMANDS_WITH_OPTIONS = (
    "build",
    "doctor",
    "demo",
    "ps",
    "prune",
    "start",
    "stop",
    "record",
    "log",
    "trust",
    "config",
    "mcp",
    "local",
    "send",
    "inbox",
)
AGENTS = {"claude", "qa"}


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code(text: str) -> list[str]:
    """Fenced blocks and code spans."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return blocks + _SPAN.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def usage(*words: str) -> str:
    argv = [sys.executable, "-m", "qms_tui", *words, "--help"]
    return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def key_table(rows: list[tuple[str, str]]) -> str:
    lines = [f"| {shown} | {meaning} |\n" for shown, meaning in rows]
    return "| key | what it does |\n|---|---|\n" + "".join(lines)


def test_the_two_commands_stand_there_to_be_copied() -> None:
    blocks = code(page("README.md"))
    assert f"{RUN}\n" in blocks
    assert f"{TEST}\n" in blocks


def test_the_configuration_table_is_the_programs_own() -> None:
    assert f"\n\n{config_table_markdown()}\n" in page("README.md")


def test_the_key_tables_are_the_programs_own() -> None:
    text = page("README.md")
    assert f"\n\n{key_table(distinct(global_keys(Config().prefix)))}\n" in text
    assert f"\n\n{key_table(distinct(COMMANDS))}\n" in text
    assert f"\n\n{key_table(distinct(SIDEBAR_KEYS))}\n" in text


def test_the_table_of_commands_is_the_programs_own() -> None:
    commands = {name: command for name, command in cli.commands.items() if not command.hidden}
    lines = [f"| `{name}` | {commands[name].get_short_help_str(200)} |\n" for name in sorted(commands)]
    assert f"\n\n| command | what it does |\n|---|---|\n{''.join(lines)}\n" in page("README.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_is_named_exists(name: str) -> None:
    commands = re.findall(r"^  ([a-z]+)  ", usage().partition("Commands:")[2], re.MULTILINE)
    assert "demo" in commands
    named = {word for piece in code(page(name)) for word in _WORDS.findall(piece)}
    assert named <= {*commands, *AGENTS}


@pytest.mark.parametrize("name", PAGES)
def test_every_option_of_ours_that_is_named_exists(name: str) -> None:
    lines = [line for piece in code(page(name)) for line in piece.splitlines()]
    ours = [line for line in lines if line.startswith(("qms-tui", "--"))]
    helps = usage() + "".join(usage(command) for command in COMMANDS_WITH_OPTIONS)
    unlisted: set[str] = set()
    known = unlisted.union(_OPTION.findall(helps))
    assert {option for line in ours for option in _OPTION.findall(line)} <= known


@pytest.mark.parametrize("name", PAGES)
def test_links_and_pictures_lead_somewhere(name: str) -> None:
    targets = [link for link in re.findall(r"\]\(([^)]+)\)", page(name)) if "://" not in link]
    for target in targets:
        path, _, heading = target.partition("#")
        file = (ROOT / name).parent / path
        assert file.is_file(), target
        headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert not heading or heading in {text.lower().replace(" ", "-") for text in headings}


def test_every_picture_is_shown_or_linked() -> None:
    linked = set(re.findall(r"\(assets/([\w.-]+)\)", page("README.md")))
    assert linked == {picture.name for picture in (ROOT / "assets").iterdir()}


@pytest.mark.parametrize("name", PAGES)
def test_files_that_are_named_exist(name: str) -> None:
    files = {span for span in code(page(name)) if re.fullmatch(r"(tests|qms_tui|docker)/[\w./]+", span)}
    assert not [
        file for file in files if not (ROOT / file).exists() and not (ROOT / "qms_tui" / file).exists()
    ]


def rooms() -> dict[tuple[str, ...], str]:
    """The paths in each heading of ARCHITECTURE.md that has some, and the text below it."""
    _, *sections = re.split(r"^#+ (.+)$", page("ARCHITECTURE.md"), flags=re.MULTILINE)
    paths = [tuple(_SPAN.findall(title)) for title in sections[::2]]
    return {found: text for found, text in zip(paths, sections[1::2], strict=True) if found}


def test_every_room_has_a_paragraph_in_the_architecture() -> None:
    named = {path.removeprefix("qms_tui/").removesuffix(".py") for paths in rooms() for path in paths}
    small = {"__main__", "__init__", "account_ids", "ownership", "log"}
    assert {room for room in ALLOWED if "." not in room} | TOOLS <= named | small


def test_files_that_a_paragraph_of_the_architecture_names_exist() -> None:
    sections = {**rooms(), (): page("ARCHITECTURE.md").partition("## Rooms")[0]}
    for paths, text in sections.items():
        folders = [ROOT, ROOT / "qms_tui", *(ROOT / path for path in paths)]
        named = [*paths, *re.findall(r"`([\w/]+\.py)`", text)]
        missing = [name for name in named if not any((folder / name).exists() for folder in folders)]
        assert not missing, f"{', '.join(paths) or 'before the rooms'}: {missing}"


def test_the_arrows_of_the_architecture_are_those_that_are_tested() -> None:
    lines = re.findall(r"^(\w+) +-> (.*)$", page("ARCHITECTURE.md"), re.MULTILINE)
    drawn = {room: set(others.split()) for room, others in lines}
    outer = {room: {other for other in others if "." not in other} for room, others in ALLOWED.items()}
    tested = {
        room: others - TOOLS
        for room, others in outer.items()
        if "." not in room and not room.startswith("__") and others - TOOLS
    }
    assert drawn == tested


def test_the_architecture_is_one_page() -> None:
    assert len(page("ARCHITECTURE.md").splitlines()) <= ARCHITECTURE_LINES
