"""`qms-tui config` and the README's table."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

from qms_tui.config import TABLE, Config, Row, config_table_markdown, describe, format_config

from .world import World

USER = """
agents = ["tu_ui"]
[agent]
command = "claude --verbose 'a \\"b'"
env_file = "agent.env"
mounts = ["~/data:/data"]
[agent.qa]
memory = "1536m"
mounts = []
"""
PROJECT = """
theme = "light"
agents = ["bu"]
[agent]
hide = ["söcrets"]
[agent.bu]
color = "teal"
"""


def test_rows_tell_value_and_origin(world: World) -> None:
    world.user_file.write_text(USER)
    rows = describe(world.load_project(PROJECT))
    mine = "~/.config/qms-tui/config.toml"
    assert Row("agents", '["bu", "tu_ui"]', f"qms-tui.toml, {mine}") in rows
    assert Row("agent.command", '["claude", "--verbose", "a \\"b"]', mine) in rows
    assert Row("agent.memory", '"4g"', "default") in rows
    assert Row("agent.color", "", "default: one per agent") in rows
    assert [row for row in rows if row.key.count(".") == 2] == [
        Row("agent.bu.color", '"teal"', "qms-tui.toml"),
        Row("agent.qa.memory", '"1536m"', mine),
        Row("agent.qa.mounts", "[]", mine),
    ]


def test_what_is_printed_says_the_same_when_read(world: World) -> None:
    world.user_file.write_text(USER)
    before = world.load_project(PROJECT)
    world.project_file.unlink()
    after = world.load_user(format_config(before))
    assert after.origins != before.origins
    assert dataclasses.replace(after, origins=before.origins, trusted=before.trusted) == before


def test_printed_values_and_origins_are_aligned() -> None:
    text = format_config(Config())
    assert text.startswith(
        "# In force, and where each value comes from:\n"
        "agents            = []                       # default\n"
        'prefix            = "ctrl+b"                 # default\n'
    )
    assert (
        "# host            =                          # default: DOCKER_HOST, else Docker's context\n" in text
    )
    assert len({line.index("  # default") for line in text.splitlines() if "  # default" in line}) == 1


def test_a_path_cannot_break_out_of_its_comment(world: World) -> None:
    folder = world.home / "a\nprefix = 'ctrl+a' #\x1b[2J"
    folder.mkdir()
    (folder / "x.toml").write_text('theme = "light"')
    text = format_config(world.load(config=folder / "x.toml"))
    assert "\x1b" not in text
    assert world.load_user(text).prefix == "ctrl+b"


def test_the_readmes_table_has_a_row_per_key() -> None:
    lines = config_table_markdown().splitlines()
    assert len(lines) == 2 + sum(map(len, TABLE.values()))
    assert '| `theme` | `"dark"` | `"light"` | yes | dark or light |' in lines
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_importing_it_is_light() -> None:
    code = (
        "import sys, qms_tui.config, qms_tui.trust;"
        "heavy = {'textual', 'rich', 'docker', 'asyncio', 'platformdirs', 'difflib', 'click'};"
        "heavy &= set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
