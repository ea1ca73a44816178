"""What the lines above and below the panes say where there is little room."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from qms_tui.ui.outer_keys import leave_keys, menu_key
from qms_tui.ui.status_fit import Part, fit, shortened
from qms_tui.ui.tab_window import more_before, more_behind, room_within, shown_tabs

from .local_screen import LocalScreen, leave

LONG = "feature-PLAT-4711-rework-approval-workflow-for-customer-documents-2026"
WIDE = "顧客文書の承認手続きの改訂に関する作業項目一覧二〇二六年版"
HINTS = ("F1 help · F2 inboxes · Ctrl+Q leave", "F1 help")
PARTS = (
    Part("local, not isolated", shorter=("local, not…",), rank=2),
    Part("2 of 3 running", shorter=("2/3",), rank=3),
    Part("zoomed", rank=1),
    Part("1 needs you: F3", shorter=("F3: 1",), rank=4),
)


def line(name: str, width: int) -> str:
    fitting = fit(name, PARTS, HINTS, width)
    left = " " + " · ".join((fitting.name, *(part.text for part in fitting.parts)))
    return f"{left} | {fitting.hint}" if fitting.hint else left


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (200, f" {LONG} · local, not isolated · 2 of 3 running · zoomed · 1 needs you: F3 | {HINTS[0]}"),
        (
            120,
            " feature-PLAT-47… · local, not isolated · 2 of 3 running · zoomed · 1 needs you: F3 | "
            "F1 help · F2 inboxes · Ctrl+Q leave",
        ),
        (90, " feature-PLAT-… · local, not isolated · 2 of 3 running · zoomed · 1 needs you: F3 | F1 help"),
        (80, " fea… · local, not isolated · 2 of 3 running · zoomed · 1 needs you: F3 | F1 help"),
        (72, " feat… · local, not isolated · 2 of 3 running · zoomed · 1 needs you: F3"),
        (60, " featu… · local, not… · 2 of 3 running · 1 needs you: F3 · …"),
        (40, " feature-PL… · 2/3 · 1 needs you: F3 · …"),
        (20, " featur… · F3: 1 · …"),
    ],
)
def test_the_name_gives_way_first(width: int, words: str) -> None:
    assert line(LONG, width) == words


@pytest.mark.parametrize("name", [LONG, WIDE, "short"])
def test_nothing_is_cut_without_a_sign(name: str) -> None:
    whole = line(name, 300).removesuffix(f" | {HINTS[0]}")
    for width in range(10, 200):
        left, _, hint = line(name, width).partition(" | ")
        assert cell_len(left) + (cell_len(hint) + 2 if hint else 0) <= width
        assert left == whole or "…" in left


def test_wide_characters_are_not_halved() -> None:
    for cells in range(1, 8):
        cut = shortened("漢字かな", cells)
        assert cut.endswith("…")
        assert cell_len(cut) <= cells
        assert "漢字かな".startswith(cut.removesuffix("…"))
    assert shortened("漢字かな", 8) == "漢字かな"


@pytest.mark.parametrize(
    ("focused", "room", "indices", "words"),
    [
        (0, 50, range(5), ""),
        (0, 30, range(2), "3→"),
        (2, 30, range(1, 3), "←1  2→"),
        (4, 30, range(3, 5), "←3"),
        (4, 5, range(4, 5), "←4"),
        (1, 12, range(1, 2), "←1  3→"),
    ],
)
def test_the_focused_tab_is_always_shown(focused: int, room: int, indices: range, words: str) -> None:
    shown = shown_tabs([10] * 5, focused, room)
    assert shown == indices
    assert f"{more_before(shown.start)}{more_behind(5 - shown.stop)}".strip() == words
    assert len(shown) == 1 or 10 * len(shown) <= room_within(shown, 5, room)


@pytest.mark.parametrize(
    ("environment", "menu", "leaving"),
    [
        ({}, "Ctrl+B", "Ctrl+Q"),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "TERM": "tmux-256color"}, "F12", "Ctrl+Q"),
        ({"TERM": "screen-256color"}, "F12", "Ctrl+Q"),
        ({"STY": "1.pts", "TERM": "screen"}, "Ctrl+B", "Ctrl+Q"),
        ({"ZELLIJ": "0"}, "F12", "F12 d"),
    ],
)
def test_keys_that_do_not_come_through_are_not_named(
    environment: dict[str, str], menu: str, leaving: str
) -> None:
    assert menu_key("ctrl+b", environment) == menu
    assert leave_keys("ctrl+b", environment) == leaving
    assert menu_key("ctrl+y", environment) == "Ctrl+Y"


def test_a_folder_with_a_long_name_in_a_terminal(tmp_path: Path) -> None:
    screen = LocalScreen(tmp_path, LONG)
    with screen.open("cat", size=(100, 20), env={"TMUX": "/tmp/tmux-0/default,1,0"}) as tui:
        tui.wait("1 of 1 running")
        assert "feature-PLA… · local, not isolated · 1 of 1 running" in tui.text.splitlines()[-1]
        tui.wait("F1 help · F2 inboxes · F12 menu · Ctrl+Q leave", absent="Ctrl+B")
        tui.resize(200, 20)
        tui.wait(f"{LONG} · local", "F3 who waits")
        leave(tui)


def test_more_tabs_than_fit_in_a_terminal(tmp_path: Path) -> None:
    screen = LocalScreen(tmp_path)
    agents = [f"tu_{n}" for n in range(1, 10)]
    with screen.open("cat", *agents, size=(60, 20)) as tui:
        tui.wait(" 1 tu_1 ", "9 of 9 running")
        first = tui.text.splitlines()[0]
        hidden = int(first.rstrip()[:-1].split()[-1])
        assert first.rstrip().endswith(f" {hidden}→")
        assert f" {9 - hidden} tu_{9 - hidden} " in first
        tui.type("\x1b9")
        tui.wait(" 9 tu_9 ", "←", absent=" 1 tu_1 ")
        tui.type("\x1b[<0;1;1M\x1b[<0;1;1m")  # a click on the sign goes to the next one there
        tui.wait(" 4 tu_4 ", "→", absent=" 9 tu_9 ")
        tui.type("\x1b1")
        tui.wait(" 1 tu_1 ", absent="←")
        leave(tui)
