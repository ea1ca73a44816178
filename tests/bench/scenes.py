"""The programs that are compared, each with a script of keys; everything a clock or a machine decides is off.

Both sides run in a folder of the same name, so that paths on the screen are equal.
"""

# ruff: noqa: E501, RUF001  -- scripts of keys read best unbroken, and prompts have glyphs

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import client
from tests.bench.model import Model

_DAY = 1_700_000_000  # seconds; the age of every file


@dataclass(frozen=True)
class Step:
    """Keys, and the regular expression that must appear before the screen counts."""

    keys: str
    expected: str


@dataclass(frozen=True)
class Stage:
    """What one run needs: command, environment, and what goes on the screen's unequal parts."""

    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """A program: `before` is typed at the first size, `after` at the second (its first step only resizes)."""

    name: str
    needs: str
    stage: Callable[[Path], Iterator[Stage]]
    before: tuple[Step, ...]
    after: tuple[Step, ...]
    unequal: re.Pattern[str] | None = None
    """Rows that no two runs show alike (a clock, a word by chance): blanked where live screens are compared."""
    known: str = ""
    """Why the screens may differ, and who is right."""

    def is_possible(self) -> bool:
        """Whether the program is there."""
        return (self.needs == "claude" and client.find_client() is not None) or bool(shutil.which(self.needs))


SCENES: list[Scene] = []


def _scene(
    name: str,
    needs: str,
    before: list[tuple[str, str]],
    after: list[tuple[str, str]],
    unequal: str = "",
    known: str = "",
) -> Callable[[Callable[[Path], Iterator[Stage]]], None]:
    def register(stage: Callable[[Path], Iterator[Stage]]) -> None:
        pattern = re.compile(unequal, re.M) if unequal else None
        steps = (tuple(Step(*each) for each in before), tuple(Step(*each) for each in after))
        SCENES.append(Scene(name, needs, stage, *steps, pattern, known))

    return register


@contextmanager
def staged(scene: Scene, folder: Path) -> Iterator[Stage]:
    """The scene in a folder made anew; the environment is whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = contextmanager(scene.stage)(folder)
    with source as stage:
        for path in folder.rglob("*"):
            if not path.is_socket():
                os.utime(path, (_DAY, _DAY), follow_symlinks=False)
        yield Stage(stage.argv, _environment(folder) | dict(stage.env))


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm-256color", "COLORTERM": "truecolor",
        "LANG": "C.UTF-8", "SHELL": "/bin/bash", "TZ": "UTC", "HISTFILE": "/dev/null",
    }  # fmt: skip


_PROGRAM = '''"""A program to look at."""
import sys

GREETING = "Grüße, 日本語, 한국어, 👍🏽 é"


class Thing:
    """Has a value."""

    def __init__(self, value: int) -> None:
        self.value = value  # a comment

    def doubled(self) -> int:
        return self.value * 2


def main() -> int:
    things = [Thing(number) for number in range(10)]
    for thing in things:
        print(f"{thing.value:>4} {thing.doubled():>4}", file=sys.stderr)
    a_long_line = "0123456789 " * 3 + "abcdefghij " * 3 + "klmnopqrst " * 3 + "uvwxyz " * 3 + "日本語日本語日本語"
    return 0


''' + "\n".join(f"VALUE_{number} = {number * 7}" for number in range(40))  # fmt: skip


def _source(folder: Path) -> None:
    (folder / "thing.py").write_text(_PROGRAM + "\n")


@_scene(
    "vim",
    "vim",
    [
        ("", "Has a value"),
        (":vsplit\r", r"thing.py.*thing.py"),
        ("/def\r", "doubled"),
        ("jVjj", "VISUAL LINE"),
        ("\x1b:set hlsearch nowrap\r", "thing"),
        ("GoEnde 日本語 ok\x1b", "Ende 日本語 ok"),
    ],
    [
        ("", "Ende 日本語 ok"),
        ("gg", "A program to look at"),
        (":set wrap\r\x0c", "A program"),
        ("\x06", "VALUE_1"),
    ],
    known="a thumb with a skin tone is one cluster of 2 cells, as in kitty, ghostty and foot; two characters of 4 in "
    "tmux 3.3 and in vim, which then leaves 2 blanks",
)
def _vim(folder: Path) -> Iterator[Stage]:
    _source(folder)
    (folder / "vimrc").write_text(
        "set nocompatible number cursorline laststatus=2 ruler showcmd termguicolors ttimeoutlen=20\n"
        "syntax on\ncolorscheme desert\nset noswapfile viminfo= mouse=a list listchars=tab:>-,trail:·\n"
    )
    yield Stage(["vim", "-u", "vimrc", "-i", "NONE", "thing.py"])


@_scene(
    "less",
    "less",
    [("", "Has a value"), (" ", "VALUE_1"), ("?doubled\r", "doubled"), ("G", "VALUE_39"), ("g", "A program")],
    [
        ("", "A program"),
        ("\x06", "VALUE_"),
        ("kkkk", "VALUE_"),
        ("-S", "chop|fold|Chop|Fold"),
        ("\rg", "A program"),
        ("\x1b)", "bcdef"),
    ],
)
def _less(folder: Path) -> Iterator[Stage]:
    _source(folder)
    colored = re.sub(r"(def|class|return)", "\x1b[1;38;5;208m\\1\x1b[0m", _PROGRAM)
    colored = colored.replace("日本語", "\x1b[4;48;2;40;40;90m日本語\x1b[m").replace(
        "Has", "\x1b[3mHas\x1b[23m"
    )
    (folder / "colored.txt").write_text(colored)
    yield Stage(["less", "-R", "-N", "colored.txt"], {"LESSHISTFILE": "-"})


@_scene(
    "nano",
    "nano",
    [
        ("", "Has a value"),
        ("\x17doubled\r", "doubled"),
        ("# typed 日本\r", "typed 日本"),
        ("\x1bA", "thing.py"),
        ("\x1b[B\x1b[B\x1b[B\x1b[C", "thing.py"),
        ("\x16", "VALUE_2"),
    ],
    [
        ("", "VALUE_2"),
        ("\x07", "nano help text|Main"),
        ("\x18", "VALUE|class"),
        ("\x17VALUE_30\r", "VALUE_30"),
        ("\x18", "Save modified"),
    ],
)
def _nano(folder: Path) -> Iterator[Stage]:
    _source(folder)
    (folder / "nanorc").write_text('include "/usr/share/nano/*.nanorc"\nset linenumbers\nset constantshow\n')
    yield Stage(["nano", "-f", "nanorc", "thing.py"])


@_scene(
    "mc",
    "mc",
    [
        ("", "thing.py"),
        ("\t", "thing.py"),
        ("\x1b[B\x1b[B\x1b[2~", "thing.py"),
        ("\x1b9", "File|Left"),
        ("\r", "Listing format|File listing|Quick view"),
        ("\x1b\x1b", "thing.py"),
        ("\x1b[F\x1b3", "\ntext"),
    ],
    [
        ("", "\ntext"),
        ("\x1b0", "thing.py"),
        ("\x1b7", "Create a new Directory|Enter directory"),
        ("für", "f.r"),
        ("\x1b\x1b", "thing.py"),
        ("\x1b0", "Quit|quit"),
    ],
)
def _mc(folder: Path) -> Iterator[Stage]:
    _source(folder)
    for name in ("Grüße.txt", "日本語.txt", "a file with a long name that does not fit into the panel.md"):
        (folder / name).write_text("text\n")
    (folder / "sub").mkdir()
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    settings = folder / ".config/mc/ini"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        "[Midnight-Commander]\nuse_internal_view=true\nold_esc_mode=true\nconfirm_exit=true\nold_esc_mode_timeout=100000\n"
        "[Layout]\nfree_space=false\nmessage_visible=false\nxterm_title=true\n"
    )
    yield Stage(["mc", "-u"])


@_scene(
    "htop",
    "htop",
    [
        ("", "sleep"),
        ("\x1bOQ", "Setup|Categories|Meters"),
        ("\x1b", "sleep"),
        ("\x1bOR", "Search"),
        ("\x1b", "sleep"),
    ],
    [("", "sleep"), ("h", "htop"), ("q", "sleep"), ("\x1b[B", "sleep"), ("\x1b[C\x1b[C", "sleep|PRI|S")],
    unequal=r"sleep 1000",
)
def _htop(folder: Path) -> Iterator[Stage]:
    settings = folder / "htoprc"
    settings.write_text(
        "htop_version=3.2.2\nconfig_reader_min_version=3\nfields=0 48 17 18 38 39 40 1\nhide_kernel_threads=1\n"
        "delay=15\nheader_layout=two_50_50\ncolumn_meters_0=Blank\ncolumn_meter_modes_0=2\n"
        "column_meters_1=Blank\ncolumn_meter_modes_1=2\nshow_program_path=1\nhighlight_base_name=1\n"
    )
    with subprocess.Popen(["sleep", "1000"]) as sleep:
        try:
            yield Stage(["htop", "-p", str(sleep.pid)], {"HTOPRC": str(settings)})
        finally:
            sleep.kill()


@_scene(
    "tmux in it",
    "tmux",
    [
        ("", r"\$"),
        (
            "printf '\\033[3;4:3;58:5:1mcurly\\033[m \\033[9mstrike\\033[m \\033[38:2::9:200:9mgreen\\033[m 日本語\\n'\r",
            "\ncurly",
        ),
        ("\x02%", r"\$.*│"),
        ("seq 40\r", "40"),
        ('\x02"', "─"),
        ("echo lower\r", "\n.*lower"),
        ("\x02[", r"\[\d+/\d+\]"),
        ("q", "lower"),
        ("\x02w", r"\(0\)"),
    ],
    [
        ("", r"\(0\)"),
        ("q", "lower"),
        ("\x02z", "lower"),
        ("vim -u NONE thing.py\r", "A program"),
        (":q\r", r"thing.py\n\$"),
        ("\x02z", "curly"),
    ],
    known="live: the inner tmux knows the outer one by its XTVERSION reply, so it sends it curly underlines; played: it "
    "scrolls between left and right margins, which our DA1 offers and the outer tmux does not obey",
)
def _tmux(folder: Path) -> Iterator[Stage]:
    _source(folder)
    (folder / "inner.conf").write_text(
        "set -g status-right 'right é'\nset -g status-left '[inner] '\nset -g default-command 'env PS1=\"$ \" sh'\n"
        "set -sg escape-time 0\nset -g default-terminal tmux-256color\nset -g mouse on\nset -g automatic-rename off\n"
        "set -g pane-border-status top\nset -g pane-border-format 'pane #P'\n"
    )
    socket = folder / "inner"
    argv = ["tmux", "-S", str(socket), "-f", "inner.conf"]
    try:
        yield Stage([*argv, "new-session", "-n", "one"])
    finally:
        subprocess.run([*argv, "kill-server"], capture_output=True, check=False)


_TEXTUAL_APP = """
from textual.app import App
from textual.widgets import *

class Look(App):
    def compose(self):
        yield Header(); yield Footer()
        with TabbedContent():
            with TabPane("Table"):
                yield DataTable()
            with TabPane("Text"):
                yield Markdown("# Title\\n\\nSome **bold** text, `code`, 日本語 👍🏽\\n\\n- one\\n- two\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |")
            with TabPane("Input"):
                yield Input(placeholder="Type"); yield Checkbox("Check"); yield Button("Press", variant="success")
                yield ProgressBar(total=10, show_eta=False)

    def on_mount(self):
        self.title = "Look"
        table = self.query_one(DataTable)
        table.add_columns("name", "value", "日本")
        for number in range(50):
            table.add_row(f"row {number}", number * 3, "語" * (number % 5))
        self.query_one(ProgressBar).advance(4)
        table.focus()

Look().run()
"""


@_scene(
    "Textual app",
    sys.executable,
    [
        ("", "row 1"),
        ("\x1b[6~", "row 3"),
        ("\x1b[B\x1b[B", "row"),
        ("\x1b[Z\x1b[C", "Title"),
        ("\x1b[C", "Type"),
        ("\t", "Type"),
        ("typed 日本", "typed"),
        ("\x10", "Search|command"),
    ],
    [
        ("", "Search|command"),
        ("\x1b", "typed"),
        ("\t ", "Check"),
        ("\x1b[Z", "typed"),
        ("\x1b[Z", "typed"),
        ("\x1b[D", "Title"),
        ("\x1b[D", "row"),
    ],
    unequal="Search for commands|typed",  # where a cursor blinks
)
def _textual(folder: Path) -> Iterator[Stage]:
    (folder / "look.py").write_text(_TEXTUAL_APP)
    yield Stage([sys.executable, "look.py"], {"TEXTUAL_ANIMATIONS": "none"})


@_scene(
    "git log -p --color",
    "git",
    [("", "Third"), (" ", "Second|diff"), ("/First\r", "First"), ("g", "Third")],
    [("", "Third"), (" ", "diff"), ("G", "END"), ("kkkkk", "VALUE_3")],
)
def _git(folder: Path) -> Iterator[Stage]:
    when = {"GIT_AUTHOR_DATE": f"{_DAY} +0000", "GIT_COMMITTER_DATE": f"{_DAY} +0000"}
    config = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> None:
        argv = ["git", "-c", "user.name=Ä. Übel", "-c", "user.email=a@example.org", *words]
        subprocess.run(
            argv, cwd=folder, env={**os.environ, **when, **config}, capture_output=True, check=True
        )

    git("init", "-b", "main")
    for title, number in (("First", 2), ("Second 日本語", 3), ("Third", 5)):
        (folder / "thing.py").write_text(
            _PROGRAM.replace("* 2", f"* {number}").replace("\n    for", "\n\tfor")
        )
        git("add", "-A")
        git("commit", "-m", f"{title}\n\nIts body says why.")
    yield Stage(["git", "log", "-p", "--color", "--graph"], {**config, "LESS": "-R", "LESSHISTFILE": "-"})


@_scene(
    "python REPL",
    "python3",
    [
        ("", ">>>"),
        ("print('Grüße 日本語', 6 * 7)\r", "\nGrüße 日本語 42"),
        ("for i in range(3):\r  print('\\033[3%dm' % i, i, '\\033[m')\r\r", "\n.*2"),
        ("1/0\r", "ZeroDivisionError"),
        ("'x' * 250\r", "x'"),
        ("\x1b[A\x1b[A\x1b[D\x1b[D", ">>> 1/0"),
        ("\x05" + " + 12345678901234567890" * 5, "90 \\+ 1|67890"),
        ("\x01\x1b[C\x1b[C\x1b[C\x1b[3~", "1/0|1/ "),
    ],
    [("", ">>> 1"), ("\x05", "90"), ("\x15print('after')\r", "\nafter"), ("help(len)\r", "len\\(obj")],
    known="made smaller, tmux cuts the blank rows below first, then wraps long lines, which scrolls rows away above "
    "blank ones; here the wrapped lines take the blank rows",
)
def _python(folder: Path) -> Iterator[Stage]:
    # Debian's, which has a readline of its own kind; PAGER so that help() stays in the REPL
    yield Stage(
        ["/usr/bin/python3" if Path("/usr/bin/python3").exists() else "python3", "-q"], {"PAGER": "cat"}
    )


_BASHRC = r"""
shopt -s checkwinsize
right() { local t="main ✔ 日"; printf '\e[s\e[%dC\e[38;5;208m%s\e[0m\e[u' $((COLUMNS - 9)) "$t"; }
PROMPT_COMMAND='printf "\e]0;%s\a\e]133;A\a" "$PWD"'
PS1='\[$(right)\]\[\e[48;5;24;97m\] \u \[\e[38;5;24;48;5;240m\]\[\e[97m\] \W \[\e[0;38;5;240m\]\[\e[0m\]\n\[\e[1;32m\]❯\[\e[0m\] '
export LS_COLORS='di=01;34:*.py=38;2;255;150;0:ex=01;32'
alias ls='ls --color=always'
bind 'set enable-bracketed-paste on' 'set completion-query-items 0'
"""


@_scene(
    "bash, fancy prompt",
    "bash",
    [
        ("", "❯"),
        ("ls\r", "thing.py"),
        ("echo " + "0123456789" * 13, "0123456789"),
        ("\x01# \x05", "# echo"),
        ("\r", r"❯\s*\Z"),
        ("seq 15\r", "\n15\n"),
        ("\x12ls", "reverse-i-search"),
        ("\x07", "❯"),
        ("printf '%s\\n' 日本 '👩‍👩‍👧|' 'é|' '❤️|'\r", "❤"),
        ("\x1b[200~pasted text\x1b[201~", "pasted text"),
    ],
    [
        ("", "pasted text"),
        ("\x15\r", r"❯\s*\Z"),
        ("cat th\t", "thing.py"),
        ("\r", "VALUE_39"),
        ("clear\r", "❯"),
        ("tput cup 10 20; echo there\r", "there"),
    ],
)
def _bash(folder: Path) -> Iterator[Stage]:
    _source(folder)
    (folder / "sub").mkdir()
    (folder / "rc").write_text(_BASHRC)
    yield Stage(["bash", "--rcfile", "rc", "-i"])


def _claude(name: str, tui: str) -> None:
    @_scene(
        name,
        "claude",
        [
            ("", "shortcuts"),
            ("/mod", "/model"),
            ("\x15", "shortcuts"),
            ("\x1b[200~markdown\x1b[201~", "markdown"),
            ("\r", "second[^?]*done"),
            ("\x1b[200~tool\x1b[201~", "tool"),
            ("\r", "Do you want"),
        ],
        [
            ("", "Do you want"),
            ("\r", "The tool has run[^?]*done"),
            ("\x1b[200~slow\x1b[201~", "slow"),
            ("\r", "The end[^?]*done"),
            ("one\x1b\rtwo", "one\n.*two"),
        ],
        unequal=r"^. \w+ for \d+s|ctrl\+o to |Say something|manual mode on|Claude Code v|API Usage|ctrl\+y to paste",
    )
    def stage(folder: Path) -> Iterator[Stage]:
        with Model() as model:
            client.make_home(folder, {"tui": tui})
            env = client.environment(folder, model)
            yield Stage([client.find_client() or "claude"], {**env, "PWD": str(folder / "project")})


_claude("Claude Code", "fullscreen")
_claude("Claude Code, main screen", "default")
