"""What a person sees of a build, on a terminal and elsewhere."""

from __future__ import annotations

import pytest

from qms_tui.cli.building import Report
from qms_tui.runtime.docker.build_log import Output, Pull, Step

CLEAR = "\r"  # what click leaves of it where there is no terminal
PROGRESS = (Pull("debian:13"), Step(1, 2, "FROM debian:13"), Output("60 %"), Step(2, 2, "RUN " + "x" * 200))


@pytest.mark.parametrize(
    ("live", "wanted"),
    [
        (False, ["pulling debian:13", "[1/2] FROM debian:13", "[2/2] RUN " + "x" * 66 + "..."]),
        (
            True,
            [
                f"{CLEAR}pulling debian:13",
                f"{CLEAR}[1/2] FROM debian:13",
                f"{CLEAR}    60 %{CLEAR}[2/2] RUN {'x' * 66}...",
            ],
        ),
    ],
)
def test_a_line_a_step_and_what_it_prints_only_while_it_does(
    capsys: pytest.CaptureFixture[str], live: bool, wanted: list[str]
) -> None:
    report = Report(live, columns=80)
    for progress in PROGRESS:
        report(progress)
    assert capsys.readouterr().out.split("\n") == [*wanted, ""]


@pytest.mark.parametrize("live", [True, False])
def test_what_a_step_prints_moves_nothing(capsys: pytest.CaptureFixture[str], live: bool) -> None:
    report = Report(live, columns=80)
    for progress in (Pull("a\x1b[2Jb"), Step(1, 1, "RUN \x1b]0;x\x07"), Output("\x1b[H\u202eok")):
        report(progress)
    printed = capsys.readouterr().out
    assert "a\ufffd[2Jb" in printed
    assert not {"\x1b", "\x07", "\u202e"} & {*printed}
