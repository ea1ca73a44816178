"""How cells look, interned: a row keeps one code point per cell that names its look here.

The table is bounded: when it is full, looks no longer on any row are forgotten (the screen says which are).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple

from qms_tui.terminal import sgr
from qms_tui.terminal.rows import PLAIN
from qms_tui.terminal.shapes import State, checked, plain
from qms_tui.terminal.style import Attribute, Style, Underline

MAX_LOOKS = 32768  # distinct ones alive at a time; below the surrogates, 8 MB at worst
_MAX_TURNS = 4096  # remembered SGR steps, see `Turns`
_MAX_REMEMBERED = 1024  # rows, see `remembered`: the states between which programs switch a whole screen

_PLAIN = {"_next": int, "_turn_count": int}
_COLUMNS = ([int | None], [int | None], [int], [int], [int | None], [tuple | None], [bool])  # of a Look
_SAVED = {"_looks": (str, tuple), "_turns": {str: str}, **_PLAIN}

# What an SGR sequence (its body without CSI) turns the current look into, and that look's own turns.
Turns = dict[str, "Turn"]
Turn = tuple[str, Turns]


class Look(NamedTuple):
    """What SGR, OSC 8 and DECSCA say about a cell."""

    foreground: int | None = None
    background: int | None = None
    attributes: int = 0
    underline: int = 0
    underline_color: int | None = None
    link: tuple[str, str] | None = None  # id, URI
    protected: bool = False


class Looks:
    """Looks and the code points that stand for them."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {PLAIN: Look()}
        self._codes: dict[Look, str] = {Look(): PLAIN}
        self._next = 1
        self._blanks: dict[str, str] = {PLAIN: PLAIN}
        self._turns: dict[str, Turns] = {}
        self._turn_count = 0
        self._remembered: dict[object, Any] = {}

    def state(self) -> State:
        """What is saved of it: looks column by column, remembered steps as look and body, and look after.

        Also what no row uses any more, and the steps: a table that is full is searched when a step is new.
        """
        columns = tuple([*column] for column in zip(*self._looks.values(), strict=True))
        steps = {code + body: turn[0] for code, turns in self._turns.items() for body, turn in turns.items()}
        return plain(self, _PLAIN) | {"_looks": ("".join(self._looks), columns), "_turns": steps}

    def restore(self, state: State) -> None:
        """Take a saved state; ValueError if it is none."""
        codes, columns = checked(state, _SAVED)["_looks"]
        looks = map(Look, *checked(columns, _COLUMNS))
        self._looks = dict(zip(codes, looks, strict=True))
        self._codes = {look: code for code, look in self._looks.items()}
        self._next, self._turn_count = state["_next"], state["_turn_count"]
        self.need(PLAIN, *state["_turns"].values(), *(step[:1] for step in state["_turns"]))
        for step, after in state["_turns"].items():
            self.turns(step[0])[step[1:]] = after, self.turns(after)

    def need(self, *codes: str) -> None:
        """Refuse (ValueError) a saved state in which one of these code points stands for nothing."""
        if not self._looks.keys() >= {*codes}:
            raise ValueError("a saved terminal has a look that it does not know")

    @property
    def is_full(self) -> bool:
        """Whether it is time to forget what no row uses."""
        return len(self._looks) >= MAX_LOOKS

    def code(self, look: Look) -> str:
        """The code point that stands for `look`; plain if there is no room."""
        code = self._codes.get(look)
        if code is None:
            if self.is_full:
                return PLAIN
            code = self._free()
            self._codes[look], self._looks[code] = code, look
        return code

    def look(self, code: str) -> Look:
        """What a cell's code point stands for."""
        return self._looks[code]

    def style(self, code: str) -> Style:
        """The same for whoever draws."""
        return _style(self._looks[code])

    def blank(self, code: str) -> str:
        """The look of cells erased while `code` is current: its background only (BCE)."""
        blank = self._blanks.get(code)
        if blank is None:
            blank = self._blanks[code] = self.code(Look(background=self._looks[code].background))
        return blank

    def turns(self, code: str) -> Turns:
        """The remembered SGR steps from `code`."""
        return self._turns.setdefault(code, {})

    def turn(self, code: str, body: str) -> Turn:
        """Follow an SGR sequence (`body` ends with its m) from `code`."""
        after = self.code(sgr.applied(self._looks[code], body[:-1]))
        if self._turn_count >= _MAX_TURNS:
            self._forget_turns()
        turn = after, self.turns(after)
        if len(body) < 64:
            self.turns(code)[body] = turn
            self._turn_count += 1
        return turn

    def _free(self) -> str:
        while chr(self._next) in self._looks:
            self._next = self._next % MAX_LOOKS + 1
        return chr(self._next)

    def remembered(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gave for `key` before, or gives now; forgotten when codes may change their meaning.

        For what is costly to make of a row's looks: a program may ask for the same again and again.
        """
        made = self._remembered.get(key)
        if made is None:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            made = self._remembered[key] = make()
        return made

    def keep(self, alive: set[str]) -> None:
        """Forget the looks whose code points are not in `alive`."""
        alive = alive | {PLAIN}
        self._looks = {code: look for code, look in self._looks.items() if code in alive}
        self._codes = {look: code for code, look in self._looks.items()}
        self._blanks = {PLAIN: PLAIN}
        self._remembered.clear()
        self._forget_turns()

    def _forget_turns(self) -> None:
        for turns in self._turns.values():  # each by itself: the parser holds one of them
            turns.clear()
        self._turns.clear()
        self._turn_count = 0


@lru_cache(4096)
def _style(look: Look) -> Style:
    return Style(
        look.foreground,
        look.background,
        Attribute(look.attributes),
        Underline(look.underline),
        look.underline_color,
        look.link[1] if look.link else None,
    )
