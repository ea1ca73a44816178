"""Files on disk: what is read, what is refused, and the message for each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qms_tui.config import LARGEST_FILE
from qms_tui.errors import ConfigError

from .world import World

TOML = "see https://toml.io for how values are written"


def refused(world: World, config: Path | None = None) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        world.load(config=config)
    return caught.value.message, caught.value.hint


def test_a_link_is_not_followed(world: World) -> None:
    (world.home / "elsewhere").write_text('theme = "light"')
    world.project_file.symlink_to(world.home / "elsewhere")
    assert refused(world) == (
        "qms-tui.toml: is a link",
        "put the file itself there; links are not followed",
    )


def test_a_dangling_link_is_no_missing_file(world: World) -> None:
    world.project_file.symlink_to(world.home / "nowhere")
    assert refused(world)[0] == "qms-tui.toml: is a link"


def test_a_pipe_is_not_waited_for(world: World) -> None:
    os.mkfifo(world.project_file)
    assert refused(world) == (
        "qms-tui.toml: not a regular file",
        "put a text file there, or remove it",
    )


def test_a_folder_is_no_file(world: World) -> None:
    world.project_file.mkdir()
    assert refused(world)[0] == "qms-tui.toml: not a regular file"


def test_a_huge_file_is_refused_unread(world: World) -> None:
    with open(world.project_file, "wb") as stream:
        stream.truncate(2**30)
    assert refused(world) == (
        "qms-tui.toml: larger than 64 kB",
        "a configuration is a few lines; is it the right file?",
    )


def test_the_largest_file_is_read(world: World) -> None:
    text = 'theme = "light" #'
    assert world.load_project(text + "x" * (LARGEST_FILE - len(text))).theme == "light"


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (b'theme = "light"\nprefix = \n', "line 2: invalid value", TOML),
        (b'theme = "light"\ntheme = "dark"', "cannot overwrite a value", TOML),
        (b'# \n\n"\xff" = 1', "line 3: not UTF-8", "save it as UTF-8 text"),
        (b"theme = '\x1b[2J'", "line 1: found invalid character '\\x1b'", TOML),
        (b"x = " + b"[" * 60_000, "nested too deep", TOML),
        (
            b"\n" + b"a." * 30_000 + b"a = 1",
            "line 2: more than 250 dots",
            "write a long list in several lines",
        ),
        (
            b"[agent]\npids = 0x" + b"f" * 60_000,
            "agent.pids: something huge is not between",
            "write it like 512",
        ),
        (
            b"[agent]\ncpus = [0x" + b"f" * 60_000 + b"]",
            "agent.cpus: something huge is not a number",
            "write it",
        ),
        (
            b"[agent]\ncpus = 0x" + b"f" * 60_000,
            "agent.cpus: something huge is not between",
            "write it like 2",
        ),
        (b"[agent]\npids = " + b"9" * 60_000, "exceeds the limit (4300 digits)", TOML),
        (
            b'[agents.qa]\ncolor = "red"',
            "agents: a table is not a list of agents' names",
            "write it like agents = [",
        ),
        (
            b"colour = 1",
            "colour: no such key",
            "the keys here: agents, prefix, theme, agent, terminal, inbox, notify, engine",
        ),
        (b"them = 1", "them: no such key", "did you mean theme?"),
        (b"memory = '1g'", "memory: no such key", "it belongs below [agent]"),
        (b"[agent]\nmemroy = '1g'", "agent.memroy: no such key", "did you mean memory?"),
        (b"[agent.qa]\ncolour = 'red'", "agent.qa.colour: no such key", "did you mean color?"),
        (b"[agent.qa]\ntheme = 'dark'", "agent.qa.theme: no such key", "it belongs above the first [table]"),
        (b"[terminal]\nscroll = 1", "terminal.scroll: no such key", "did you mean scrollback?"),
        (b"[engine]\nimage = 'x'", "engine.image: no such key", "it belongs below [agent]"),
        (b"[agent.QA]\ncolor = 'red'", "agent.QA: 'QA' is not an agent's name", "write it like 'qa'"),
        (b"[agent.env]\nA = '1'", "agent.env: a table is not a list of variables' names", "write it like"),
        (b"agent = 3", "agent: 3 is not a table", "write [agent], and its keys below"),
        (b"[[terminal]]", "terminal: [{}] is not a table", "write [terminal], and its keys below"),
        (b'"a\\u001b[2Jb" = 1', "'a\\x1b[2Jb': no such key", "the keys here: "),
        (b'"\\u202Eprefix" = 1', "'\\u202eprefix': no such key", "did you mean prefix?"),
        (b"[agent.qa]\nmemory = '4 gigs'", "agent.qa.memory: '4 gigs' is not a size", "write it like '4g'"),
    ],
)
def test_says_what_is_wrong_where(world: World, content: bytes, what: str, hint: str) -> None:
    world.project_file.write_bytes(content)
    message, said = refused(world)
    assert message.startswith(f"qms-tui.toml: {what}")
    assert said.startswith(hint)
    assert message.isprintable()
    assert said.isprintable()
    assert len(message) < 300


def test_the_users_file_is_named_as_the_user_would(world: World) -> None:
    world.user_file.write_text("[agent]\npids = 1\n")
    assert refused(world)[0] == ("~/.config/qms-tui/config.toml: agent.pids: 1 is not between 16 and 4194304")


def test_the_users_file_may_be_a_link(world: World) -> None:
    (world.home / "dotfiles.toml").write_text('theme = "light"')
    world.user_file.symlink_to(world.home / "dotfiles.toml")
    assert world.load().theme == "light"


def test_config_is_read_instead_of_the_users_file(world: World) -> None:
    world.user_file.write_text('prefix = "ctrl+a"')
    other = world.home / "other.toml"
    other.write_text('theme = "light"')
    config = world.load(config=other)
    assert (config.prefix, config.theme) == ("ctrl+b", "light")


def test_config_may_be_empty_or_a_pipe(world: World) -> None:
    world.user_file.write_text('prefix = "ctrl+a"')
    assert world.load(config=Path(os.devnull)).prefix == "ctrl+b"
    reader, writer = os.pipe()
    try:
        os.write(writer, b'theme = "light"')
        os.close(writer)
        assert world.load(config=Path(f"/dev/fd/{reader}")).theme == "light"
    finally:
        os.close(reader)


def test_config_must_exist(world: World) -> None:
    assert refused(world, world.home / "nowhere.toml") == (
        "~/nowhere.toml: no such file",
        "--config takes an existing file",
    )


def test_without_a_project_the_users_file_holds(world: World) -> None:
    from qms_tui.config import NO_TRUST, load_config, read_files

    world.user_file.write_text('theme = "light"')
    assert load_config(read_files(None), trust=NO_TRUST).theme == "light"
