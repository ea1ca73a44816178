"""What real programs wrote must leave the screens that tmux showed of the same bytes.

Recorded by `python -m tests.bench.programs --save`; see README.md. The second part starts with a resize.
"""

import json
from pathlib import Path

import pytest

from qms_tui.terminal import Terminal
from tests.bench.programs import Fed, look, looks

RECORDINGS = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_program_looks_as_in_tmux(path: Path) -> None:
    screens = json.loads(path.read_text())
    terminal = Terminal(screens[0]["columns"], screens[0]["lines"])
    for number, screen in enumerate(screens):
        terminal.resize(screen["columns"], screen["lines"])
        terminal.feed(path.with_suffix(f".{number}.bytes").read_bytes())
        shown = look(Fed(terminal))
        text = [screen["otherwise"].get(str(y), row) for y, row in enumerate(screen["tmux"])]
        assert shown.text == text
        assert [looks(row) for row in shown.rows] == screen["looks"]


def test_the_main_programs_are_there() -> None:
    names = {path.stem for path in RECORDINGS}
    assert names >= {
        "bash_fancy_prompt",
        "claude_code",
        "git_log_p_color",
        "htop",
        "less",
        "mc",
        "nano",
        "vim",
    }


def test_an_intermediate_makes_it_no_sgr() -> None:
    """vim asks so at its start what a terminal does with sequences it does not know."""
    terminal = Terminal(10, 2)
    terminal.feed(b"\x1b[44m\x1b[0%mx")
    assert terminal.styled(0)[0].style.background == 4
