"""Mouse events to bytes, against xterm's ctlseqs, "Mouse Tracking"."""

from __future__ import annotations

import pytest

from qms_tui.terminal import (
    Modes,
    Modifier,
    MouseAction,
    MouseButton,
    MouseEncoding,
    MouseEvent,
    MouseTracking,
    encode_mouse,
)

PRESS, RELEASE, MOVE = MouseAction
B = MouseButton
X10, NORMAL, BUTTON, ANY = (
    MouseTracking.X10,
    MouseTracking.NORMAL,
    MouseTracking.BUTTON,
    MouseTracking.ANY,
)
SGR = MouseEncoding.SGR


def _encode(
    action: MouseAction,
    button: MouseButton,
    tracking: MouseTracking = NORMAL,
    encoding: MouseEncoding = SGR,
    at: int = 0,
    held: Modifier = Modifier.NONE,
) -> bytes | None:
    event = MouseEvent(action, button, at, at, held)
    return encode_mouse(event, Modes(mouse_tracking=tracking, mouse_encoding=encoding))


@pytest.mark.parametrize(
    ("action", "button", "wanted"),
    [
        (PRESS, B.LEFT, b"\x1b[<0;1;1M"),
        (PRESS, B.MIDDLE, b"\x1b[<1;1;1M"),
        (PRESS, B.RIGHT, b"\x1b[<2;1;1M"),
        (RELEASE, B.LEFT, b"\x1b[<0;1;1m"),
        (RELEASE, B.RIGHT, b"\x1b[<2;1;1m"),
        (MOVE, B.NONE, b"\x1b[<35;1;1M"),
        (MOVE, B.LEFT, b"\x1b[<32;1;1M"),
        (MOVE, B.RIGHT, b"\x1b[<34;1;1M"),
        (PRESS, B.WHEEL_UP, b"\x1b[<64;1;1M"),
        (PRESS, B.WHEEL_DOWN, b"\x1b[<65;1;1M"),
        (PRESS, B.WHEEL_LEFT, b"\x1b[<66;1;1M"),
        (PRESS, B.WHEEL_RIGHT, b"\x1b[<67;1;1M"),
        (PRESS, B.BACK, b"\x1b[<128;1;1M"),
        (RELEASE, B.FORWARD, b"\x1b[<129;1;1m"),
        (RELEASE, B.WHEEL_UP, None),
        (PRESS, B.NONE, None),
    ],
)
def test_sgr(action: MouseAction, button: MouseButton, wanted: bytes | None) -> None:
    assert _encode(action, button, ANY) == wanted


@pytest.mark.parametrize(
    ("tracking", "reported"),
    [
        (MouseTracking.OFF, ()),
        (X10, ("press",)),
        (NORMAL, ("press", "release", "wheel")),
        (BUTTON, ("press", "release", "wheel", "drag")),
        (ANY, ("press", "release", "wheel", "drag", "move")),
    ],
)
def test_what_is_reported(tracking: MouseTracking, reported: tuple[str, ...]) -> None:
    events = {
        "press": (PRESS, B.LEFT),
        "release": (RELEASE, B.LEFT),
        "wheel": (PRESS, B.WHEEL_UP),
        "drag": (MOVE, B.LEFT),
        "move": (MOVE, B.NONE),
    }
    assert tuple(name for name, event in events.items() if _encode(*event, tracking)) == reported


@pytest.mark.parametrize(
    ("held", "code"),
    [
        (Modifier.SHIFT, 4),
        (Modifier.ALT, 8),
        (Modifier.CTRL, 16),
        (Modifier.SHIFT | Modifier.ALT | Modifier.CTRL | Modifier.SUPER, 28),
    ],
)
def test_modifiers(held: Modifier, code: int) -> None:
    assert _encode(PRESS, B.LEFT, held=held) == b"\x1b[<%d;1;1M" % code
    assert _encode(RELEASE, B.LEFT, NORMAL, MouseEncoding.LEGACY, held=held) == b"\x1b[M%c!!" % (
        32 + 3 + code
    )
    assert _encode(PRESS, B.LEFT, X10, MouseEncoding.LEGACY, held=held) == b"\x1b[M !!"


@pytest.mark.parametrize(
    ("encoding", "at", "wanted"),
    [
        (MouseEncoding.LEGACY, 0, b"\x1b[M !!"),
        (MouseEncoding.LEGACY, 94, b"\x1b[M \x7f\x7f"),
        (MouseEncoding.LEGACY, 222, b"\x1b[M \xff\xff"),
        (MouseEncoding.LEGACY, 223, None),
        (MouseEncoding.UTF8, 94, b"\x1b[M \x7f\x7f"),
        (MouseEncoding.UTF8, 95, b"\x1b[M \xc2\x80\xc2\x80"),
        (MouseEncoding.UTF8, 2014, b"\x1b[M \xdf\xbf\xdf\xbf"),
        (MouseEncoding.UTF8, 2015, None),
        (MouseEncoding.URXVT, 0, b"\x1b[32;1;1M"),
        (MouseEncoding.URXVT, 999, b"\x1b[32;1000;1000M"),
        (SGR, 9999, b"\x1b[<0;10000;10000M"),
        (SGR, -1, None),
    ],
)
def test_positions(encoding: MouseEncoding, at: int, wanted: bytes | None) -> None:
    assert _encode(PRESS, B.LEFT, NORMAL, encoding, at) == wanted


def test_a_release_without_sgr_does_not_tell_the_button() -> None:
    assert _encode(RELEASE, B.RIGHT, NORMAL, MouseEncoding.LEGACY) == b"\x1b[M#!!"
    assert _encode(RELEASE, B.FORWARD, NORMAL, MouseEncoding.LEGACY) == b"\x1b[M#!!"
    assert _encode(RELEASE, B.RIGHT, NORMAL, MouseEncoding.URXVT) == b"\x1b[35;1;1M"


def test_pixels() -> None:
    modes = Modes(mouse_tracking=NORMAL, mouse_encoding=MouseEncoding.SGR_PIXELS)
    exact = MouseEvent(PRESS, B.LEFT, 1, 2, pixel_x=15, pixel_y=40)
    assert encode_mouse(exact, modes) == b"\x1b[<0;16;41M"
    assert encode_mouse(MouseEvent(PRESS, B.LEFT, 1, 2), modes) == b"\x1b[<0;2;3M"
