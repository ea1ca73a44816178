"""The whole app, headless: keys in, programs on real PTYs, what the panes show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TypeAlias

import pytest
from textual.geometry import Region
from textual.widgets import OptionList, Static

from qms_tui.config import Clipboard, Config, TerminalConfig, Theme
from qms_tui.ui.screens import HelpScreen, MenuScreen, PickScreen, QuestionScreen

from .conftest import Screen

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[Screen]]


async def test_each_pane_shows_its_own_agent(open_app: OpenApp) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        await ui.type("echo I am $QMS_USER")
        await ui.until(lambda: "I am claude" in ui.painted("claude"))
        await ui.press("alt+2")
        assert ui.focused == "qa"
        await ui.type("echo I am $QMS_USER")
        await ui.until(lambda: "I am qa" in ui.painted("qa"))
        assert "I am qa" not in ui.painted("claude")


async def test_title_tells_name_state_and_isolation(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        assert "1 claude" in ui.title("claude")
        assert "local, not isolated" in ui.title("claude")


async def test_program_title_is_shown_as_data(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        await ui.type(r"printf '\033]2;[@click=app.quit]x[/]\007'")
        await ui.until(lambda: "[@click=app.quit]x[/]" in ui.title("claude"))


@pytest.mark.parametrize("opening", ["f12", "ctrl+b"])
async def test_menu_goes_round_the_panes(open_app: OpenApp, opening: str) -> None:
    async with open_app("claude", "qa", "bu", size=(200, 40)) as ui:
        seen = [ui.focused]
        for letter in ("n", "n", "n", "p", "right", "left", "2"):
            await ui.press(opening)
            assert isinstance(ui.app.screen, MenuScreen)
            await ui.press(letter)
            await ui.until(lambda: len(ui.app.screen_stack) == 1)
            seen.append(ui.focused)
        assert seen == ["claude", "qa", "bu", "claude", "bu", "bu", "qa", "qa"]


async def test_prefix_twice_reaches_the_agent(open_app: OpenApp) -> None:
    async with open_app("claude", command=("cat", "-v")) as ui:
        await ui.running()
        await ui.press("ctrl+b", "ctrl+b", "enter")
        await ui.until(lambda: "^B" in ui.text("claude"))


async def test_other_keys_reach_the_agent(open_app: OpenApp) -> None:
    raw = ("/bin/sh", "-c", "stty raw -echo; echo ready; exec od -An -v -tx1 -w1")
    async with open_app("claude", command=raw) as ui:
        await ui.until(lambda: "ready" in ui.text("claude"))
        await ui.press("escape", "tab", "ctrl+p", "ctrl+c", "ctrl+a", "f5", "x")
        await ui.until(lambda: "78" in ui.text("claude"))
        typed = bytes.fromhex("".join(ui.text("claude").split()[1:]))
        assert typed == b"\x1b\t\x10\x03\x01\x1b[15~x"


async def test_end_keeps_the_screen_and_the_menu_restarts(open_app: OpenApp) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        await ui.type("echo last words; exit 3")
        await ui.until(lambda: "exit code 3" in ui.footnote("claude"))
        assert "exited" in ui.title("claude")
        assert "last words" in ui.painted("claude")
        await ui.press("f12", "r")
        await ui.running()
        await ui.type("echo back again")
        await ui.until(lambda: "back again" in ui.text("claude"))


async def test_killed_program_says_so(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        await ui.type("kill -9 $$")
        await ui.until(lambda: "SIGKILL" in ui.footnote("claude"))


async def test_program_that_cannot_start_says_why(open_app: OpenApp) -> None:
    async with open_app("claude", command=("no-such-program",)) as ui:
        await ui.until(lambda: "cannot start" in ui.title("claude"))
        assert "cannot run 'no-such-program'" in ui.painted("claude")


async def test_stop_asks_first(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        for answer, state in (("n", "running"), ("y", "exited")):
            await ui.press("f12", "x")
            await ui.until(lambda: ui.shows(QuestionScreen))
            await ui.press(answer)
            await ui.until(partial(_in_title, ui, state))


def _in_title(ui: Screen, word: str) -> bool:
    return word in ui.title("claude")


async def test_help_opens_and_closes(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.press("f1")
        await ui.until(lambda: ui.shows(HelpScreen))
        await ui.press("alt+1", "f12", "f4")  # ours, yet not for what lies below the dialog
        assert isinstance(ui.app.screen, HelpScreen)
        await ui.press("escape")
        await ui.until(lambda: len(ui.app.screen_stack) == 1)


async def test_zoom_hides_the_others_and_keeps_them_running(open_app: OpenApp) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        small = ui.pane("claude").content_size.width
        await ui.press("f4")
        await ui.until(lambda: ui.pane("claude").content_size.width > 2 * small)
        assert not ui.pane("qa").display
        await ui.press("alt+2")
        await ui.until(lambda: ui.pane("qa").display and not ui.pane("claude").display)
        await ui.type("echo zoomed $QMS_USER")
        await ui.until(lambda: "zoomed qa" in ui.text("qa"))
        await ui.press("f4")
        await ui.until(lambda: ui.pane("claude").display and ui.pane("qa").display)


async def test_size_reaches_the_program(open_app: OpenApp) -> None:
    async with open_app("claude", size=(120, 40)) as ui:
        await ui.running()
        await ui.type("stty size")
        await ui.until(lambda: "37 118" in ui.text("claude"))
        await ui.pilot.resize_terminal(100, 30)
        await ui.until(lambda: ui.pane("claude").content_size.width == 98)
        await ui.type("stty size")
        await ui.until(lambda: "27 98" in ui.text("claude"))


async def test_hidden_agents_start_at_the_size_of_the_pane_in_view(open_app: OpenApp) -> None:
    async with open_app("claude", "qa", size=(80, 24)) as ui:
        await ui.running()
        assert [pane.display for pane in ui.app.panes] == [True, False]
        assert ui.pane("qa").link.terminal.columns == ui.pane("claude").link.terminal.columns == 78


async def test_one_more_agent_from_the_roster(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        await ui.press("f12", "c")
        await ui.until(lambda: ui.shows(PickScreen))
        names = [str(option.id) for option in ui.app.screen.query_one(OptionList).options]
        assert "claude" not in names
        assert "bu" in names
        await ui.press("enter")
        await ui.until(lambda: len(ui.app.panes) == 2)
        await ui.running()
        assert ui.focused == names[0]
        await ui.type("echo I am $QMS_USER")
        await ui.until(lambda: f"I am {names[0]}" in ui.text(names[0]))


async def test_nine_agents_run(open_app: OpenApp) -> None:
    names = ("claude", "qa", "bu", *(f"tu_{n}" for n in range(1, 7)))
    async with open_app(*names, size=(300, 80)) as ui:
        await ui.running()
        await ui.press("alt+9")
        assert ui.focused == "tu_6"
        widths = {pane.content_size.width for pane in ui.app.panes}
        assert min(widths) >= 60


async def test_wheel_shows_history_and_escape_returns(open_app: OpenApp) -> None:
    async with open_app("claude", size=(100, 20)) as ui:
        await ui.running()
        await ui.type("seq 100")
        await ui.until(lambda: ui.painted("claude").split()[-2:] == ["100", "claude$"])
        first = ui.painted("claude").splitlines()[0]
        pane = ui.pane("claude")
        pane.scroll_history(10)
        assert "rows back" in ui.footnote("claude")
        assert ui.painted("claude").splitlines()[10] == first
        await ui.press("escape")
        await ui.until(lambda: "rows back" not in ui.footnote("claude"))


async def test_bell_and_hostile_output_harm_nothing(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        await ui.type("head -c 200000 /dev/urandom; printf '\\033c'; echo alive")
        await ui.until(lambda: "alive" in ui.text("claude"))


async def test_light_theme(open_app: OpenApp) -> None:
    async with open_app("claude", config=Config(theme=Theme.LIGHT)) as ui:
        assert not ui.app.current_theme.dark


async def test_configured_prefix(open_app: OpenApp) -> None:
    async with open_app("claude", command=("cat", "-v"), config=Config(prefix="ctrl+g")) as ui:
        await ui.running()
        await ui.press("ctrl+b", "enter")
        await ui.until(lambda: "^B" in ui.text("claude"))
        await ui.press("ctrl+g")
        await ui.until(lambda: ui.shows(MenuScreen))


async def test_leaving_ends_local_agents(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
        process = ui.runtime.programs._processes["claude"]
        await ui.press("ctrl+q")
    assert not process.isalive()


@pytest.mark.parametrize(("allowed", "answer", "copied"), [
    (Clipboard.OFF, "", ""), (Clipboard.ON, "", "from the agent"),
    (Clipboard.ASK, "y", "from the agent"), (Clipboard.ASK, "n", ""),
])  # fmt: skip
async def test_clipboard_is_the_humans(
    open_app: OpenApp, allowed: Clipboard, answer: str, copied: str
) -> None:
    config = Config(terminal=TerminalConfig(clipboard=allowed))
    async with open_app("claude", config=config) as ui:
        await ui.running()
        await ui.type(r"printf '\033]52;c;%s\007' $(printf 'from the agent' | base64); echo done")
        await ui.until(lambda: "\ndone" in ui.text("claude"))
        if answer:
            await ui.until(lambda: ui.shows(QuestionScreen))
            await ui.press(answer)
            await ui.until(lambda: len(ui.app.screen_stack) == 1 and ui.app.clipboard == copied)
        else:
            await ui.until(lambda: len(ui.app._notifications) == 1)
        assert ui.app.clipboard == copied


SYNCHRONIZED = (
    "/bin/sh",
    "-c",
    r"stty -echo; printf ready; read line; printf '\033[?2026hhalf'; read line;"
    r" printf ' whole\033[?2026l'; read line",
)


async def test_synchronized_output_is_painted_as_one(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qms_tui.ui.pane.HOLD", 3600.0)
    async with open_app("claude", command=SYNCHRONIZED) as ui:
        await ui.until(lambda: "ready" in ui.painted("claude"))  # the start has painted all of it
        await ui.press("enter")
        await ui.until(lambda: "half" in ui.text("claude"))
        assert "half" not in ui.painted("claude")
        await ui.press("enter")
        await ui.until(lambda: "half whole" in ui.painted("claude"))


async def test_synchronized_output_is_held_for_a_moment_only(open_app: OpenApp) -> None:
    async with open_app("claude", command=SYNCHRONIZED) as ui:
        await ui.until(lambda: "ready" in ui.painted("claude"))  # the start has painted all of it
        await ui.press("enter")
        await ui.until(lambda: "half" in ui.painted("claude"))
        assert ui.pane("claude").link.terminal.synchronized


async def test_program_learns_our_colours(open_app: OpenApp) -> None:
    script = r"stty raw -echo; printf '\033]11;?\033\\'; head -c 24 | od -An -c | tr -d ' \n'"
    async with open_app("claude", command=("/bin/sh", "-c", script), config=Config(theme=Theme.LIGHT)) as ui:
        await ui.until(lambda: "rgb:fbfb/fbfb/fafa" in ui.text("claude"))


@pytest.mark.parametrize(("shape", "drawn"), [(2, "reverse"), (4, "underline"), (6, "▏")])
async def test_cursor_shapes(open_app: OpenApp, shape: int, drawn: str) -> None:
    script = rf"printf '\033[2J\033[5;5H\033[{shape} qx'; read line"
    async with open_app("claude", command=("/bin/sh", "-c", script)) as ui:
        await ui.until(lambda: "x" in ui.painted("claude"))
        cell = ui.pane("claude").render_line(4).crop(5, 6)
        style = next(iter(cell)).style
        assert style is not None
        assert {"reverse": bool(style.reverse), "underline": bool(style.underline), "▏": cell.text == "▏"}[
            drawn
        ]


async def test_hidden_panes_are_fed_and_not_painted(open_app: OpenApp) -> None:
    async with open_app("claude", "qa", size=(80, 24)) as ui:
        await ui.running()
        hidden = ui.pane("qa")
        hidden.link.send(b"seq 300\r")
        await ui.until(lambda: "\n300" in ui.text("qa"))
        assert not hidden._strips
        await ui.press("alt+2")
        await ui.until(lambda: "300" in ui.painted("qa"))


async def test_mouse_in_pixels_is_the_middle_of_the_cell(open_app: OpenApp) -> None:
    script = r"stty raw -echo; printf '\033[?1000h\033[?1016hready'; head -c 11 | od -An -c | tr -d ' \n'"
    async with open_app("claude", command=("/bin/sh", "-c", script)) as ui:
        await ui.until(lambda: "ready" in ui.text("claude"))
        await ui.pilot.mouse_down(ui.pane("claude"), offset=(3, 2))  # the frame is column and row 0
        await ui.until(lambda: "[<0;21;25M" in ui.text("claude"))


async def test_output_does_not_keep_a_new_title_from_the_screen(open_app: OpenApp) -> None:
    """Rows are painted past Textual's compositor, which must still paint what else has changed."""
    async with open_app("claude") as ui:
        await ui.running()
        pane = ui.pane("claude")
        await ui.until(lambda: not pane._repaint_regions)
        pane.refresh()
        pane.link.terminal.feed(b"more")
        pane._paint()
        assert Region(0, 0, *pane.outer_size) in pane._repaint_regions


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40), (200, 50)])
async def test_the_menu_shows_every_command_whole(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app("claude", size=size) as ui:
        await ui.running()
        await ui.press("ctrl+b")
        menu = ui.app.screen.query_one("#menu")
        await ui.until(lambda: menu.content_size.width > 0)
        lines = str(menu.query(Static).first().content).splitlines()
        assert max(map(len, lines)) <= menu.content_size.width


async def test_a_layout_that_is_told_after_the_end_opens_nothing(open_app: OpenApp) -> None:
    async with open_app("claude") as ui:
        await ui.running()
    ui.app._open_agents()


async def test_a_focus_that_is_told_after_the_end_is_no_failure(open_app: OpenApp) -> None:
    async with open_app("claude", "qa") as ui:
        await ui.running()
        await ui.press("alt+2")
    ui.app.on_descendant_focus()
    ui.app.on_app_focus()
    assert ui.focused == "qa"
