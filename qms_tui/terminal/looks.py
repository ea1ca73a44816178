"""How cells look, interned: a row keeps one code point per cell that names its look here.

The table is bounded: when it is full, looks no longer on any row are forgotten (the screen says which are).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple

from qms_tui.terminal import sgr
from qms_tui.terminal.packing import utf8_size
from qms_tui.terminal.rows import PLAIN
from qms_tui.terminal.shapes import State, checked, plain
from qms_tui.terminal.style import Attribute, Style, Underline

MAX_LOOKS = 32768  # distinct ones alive at a time; below the surrogates, 8 MB at worst
MAX_LINK_BYTES = 1_500_000  # of all links together: 15,000 usual ones, or 500 of the longest
_MAX_TURNS = 4096  # remembered SGR steps, see `Turns`
_SAVED_LINK = 16  # bytes of a saved link besides its texts
_MAX_REMEMBERED = 1024  # rows, see `remembered`: the states between which programs switch a whole screen

_PLAIN = {"_next": int, "_turn_count": int}
_COLUMNS = ([int | None], [int | None], [int], [int], [int | None], [tuple | None], [bool])  # of a Look
_SAVED = {"_looks": (str, tuple), "_turns": {str: str}, **_PLAIN}

# What an SGR sequence (its body without CSI) turns the current look into, and that look's own turns.
Turns = dict[str, "Turn"]
Turn = tuple[str, Turns]


Link = tuple[str, str]  # id, URI


class Look(NamedTuple):
    """What SGR, OSC 8 and DECSCA say about a cell."""

    foreground: int | None = None
    background: int | None = None
    attributes: int = 0
    underline: int = 0
    underline_color: int | None = None
    link: Link | None = None
    protected: bool = False


class Looks:
    """Looks and the code points that stand for them."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {PLAIN: Look()}
        self._codes: dict[Look, str] = {Look(): PLAIN}
        self._next = 1
        self._links: dict[Link, Link] = {}  # of all looks, each once: many looks may have the same
        self._link_bytes = 0
        self.links_forgotten = 0  # how often: runs made before may have links that are gone
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
        self._index(dict(zip(codes, looks, strict=True)))
        self._next, self._turn_count = state["_next"], state["_turn_count"]
        self.need(PLAIN, *state["_turns"].values(), *(step[:1] for step in state["_turns"]))
        for step, after in state["_turns"].items():
            self.turns(step[0])[step[1:]] = after, self.turns(after)
        if self._link_bytes > MAX_LINK_BYTES:  # saved before there was a bound
            self.forget_old_links()

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
            if look.link:
                look = look._replace(link=self._known(look.link))
            self._codes[look], self._looks[code] = code, look
        return code

    def has_room(self, link: Link | None) -> bool:
        """Whether one more link may be kept; one that is known needs no room."""
        return link is None or link in self._links or self._link_bytes + _link_size(link) <= MAX_LINK_BYTES

    def forget_old_links(self) -> None:
        """Keep the newest links only, until half of the room for them is free; cells keep their colours."""
        surplus = self._link_bytes - MAX_LINK_BYTES // 2
        old: set[Link] = set()
        for link in self._links:
            if surplus <= 0:
                break
            surplus -= _link_size(link)
            old.add(link)
        if old:
            self._forget(old)

    def _forget(self, links: set[Link]) -> None:
        looks = self._looks.items()
        self._index({code: look._replace(link=None) if look.link in links else look for code, look in looks})
        self._remembered.clear()
        self._forget_turns()
        self.links_forgotten += 1

    def _known(self, link: Link) -> Link:
        """This link as the looks that have it already do, so that it is kept and saved once."""
        if link not in self._links:
            self._links[link] = link
            self._link_bytes += _link_size(link)
        return self._links[link]

    def _index(self, looks: dict[str, Look]) -> None:
        """Take all looks by their codes."""
        self._looks, self._codes, self._links, self._link_bytes = looks, {}, {}, 0
        for code, look in looks.items():
            if look.link:
                look = looks[code] = look._replace(link=self._known(look.link))
            self._codes[look] = code

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
        self._index({code: look for code, look in self._looks.items() if code in alive})
        self._blanks = {PLAIN: PLAIN}
        self._remembered.clear()
        self._forget_turns()

    def _forget_turns(self) -> None:
        for turns in self._turns.values():  # each by itself: the parser holds one of them
            turns.clear()
        self._turns.clear()
        self._turn_count = 0


def _link_size(link: Link) -> int:
    """Bytes that a link takes in a saved state."""
    return utf8_size(link[0]) + utf8_size(link[1]) + _SAVED_LINK


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
