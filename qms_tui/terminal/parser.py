"""Bytes to actions.

One regular expression cuts a chunk into well-formed pieces; `findall` over a whole chunk is what makes a
parser fast in Python. A piece is a control sequence and the narrow text after it, a run of wide characters,
a control character, or one of the rarer things. Where something is not well-formed, or not complete at the
end of the chunk, the rest of the chunk is one piece: it goes through the state machine below, character by
character, until that is back in its ground state. The machine follows the VT500 parser of vt100.net (Paul
Williams), with these deviations, most of them xterm's:

- C1 controls are recognised when they come as UTF-8 (U+0080 to U+009F), raw bytes only after S8C1T;
- a character outside of ASCII in a sequence ends the sequence and is shown: no text is lost;
- BEL ends an OSC, as everywhere; other strings end with ST only, or are dropped by CAN, SUB, ESC;
- DEL is ignored everywhere.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import TYPE_CHECKING

from qms_tui.terminal import late, strings
from qms_tui.terminal.looks import Turn
from qms_tui.terminal.packing import utf8_size
from qms_tui.terminal.rows import FILLER, PLAIN
from qms_tui.terminal.sequences import CONTROLS, MAX_BODY, Plan, escape, graphics, plan
from qms_tui.terminal.sgr import without_zeros
from qms_tui.terminal.shapes import State, assign
from qms_tui.terminal.shapes import plain as plain_state

if TYPE_CHECKING:
    from qms_tui.terminal.screen import Screen

MAX_STRING = 1 << 20  # bytes (UTF-8) of a control string; what is longer is dropped when it ends
_PIECE = 1 << 12  # bytes taken at a time: each thing that is not well-formed copies what is left of them
_MAX_PLANS = 16384  # remembered control sequences, 3 MB: a large screen has 10,000 cursor positions

_CONTROL = r"\x00-\x17\x19\x1c-\x1f"


def _tokens(plain: str, marks: str = "", tied: str = "") -> re.Pattern[str]:
    """Pieces of text as the head of this file has them, for these classes of characters."""
    line = rf"(?![{marks}])[{plain}{marks}]" if marks else f"[{plain}]"
    joined = rf"[{marks}]*[{tied}]+[{plain}]?|[{marks}]+" if marks else "(?!)"
    return re.compile(
        rf"((?:{line}*\r\n){{3,}})"
        rf"|(?:\x1b\[([<-?]?[0-9:;]*[ -/]*[@-~])(?:\x1b\[([0-9:;]*m))?|(?=[{_CONTROL}{plain}]))"
        rf"((?:{line}+)?)(\r\n|[{_CONTROL}])?"
        rf"|({joined})"
        rf"|\x1b([ -/]*[0-OQ-WYZ\\`-~])"
        rf"|(\x1b\][^\x07\x18\x1a\x1b\x9c\udc9c]*(?:\x07|\x1b\\)|\x1bP[^\x18\x1a\x1b\x9c\udc9c]*\x1b\\)"
        rf"|([\x18\x1a\x7f])"
        rf"|((?s:.+))"
    )


_ASCII_TOKENS = _tokens(" -~")


@cache
def _unicode_tokens() -> re.Pattern[str]:
    width = late.width()
    return _tokens(width.PLAIN_TEXT, width.MARKS, width.TIED)


_plans: dict[str, Plan] = {}  # by the sequence's body; what it means depends on no screen, so all share them

_STRING_END = re.compile("[\x07\x18\x1a\x1b\x9c\udc9c]")

_PARAMETERS = re.compile("[ -?]+")

_GROUND, _ESCAPE, _CSI, _STRING, _STRING_ESCAPE = range(5)

_SAVED = {
    "_undecoded": bytes,
    "_state": int,
    "_held": str,
    "_kind": str,
    "_string": [str],
    "_string_size": int,
    "_is_tied": bool,
}


def _keep_c1(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes 0x80 to 0x9F that are no UTF-8 as surrogates: what they are is decided later."""
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start]
    if 0x80 <= byte < 0xA0:
        return chr(0xDC00 + byte), error.start + 1
    return "\ufffd", error.end


codecs.register_error("qms-tui-keep-c1", _keep_c1)
_RAW_C1 = re.compile("[\udc80-\udc9f]")


class Parser:
    """Feeds a screen; keeps what is incomplete until the rest comes."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._undecoded = b""
        self._state = _GROUND
        self._held = ""  # of an escape or control sequence
        self._kind = ""  # of a string: ] P X ^ _
        self._string: list[str] = []
        self._string_size = 0
        self._is_tied = False  # the chunk ended with a character that the next one may join

    def state(self) -> State:
        """What is saved of it: where it is in a sequence, and what it has of that."""
        return plain_state(self, _SAVED) | {"_string": ["".join(self._string)]}

    def restore(self, state: State) -> None:
        """Take a saved state; ValueError if it is none."""
        assign(self, state, _SAVED)
        if not _GROUND <= self._state <= _STRING_ESCAPE:
            raise ValueError("a saved terminal's parser is in no known state")

    def feed(self, data: bytes) -> None:
        """Act on a chunk of any size."""
        for start in range(0, len(data), _PIECE):
            text = self._decoded(data[start : start + _PIECE])
            if self._state != _GROUND:
                text = self._irregular(text)
            elif self._is_tied and late.plain_text().match(text):
                self._is_tied = False
                late.joining().draw(self._screen, text[0])
                text = text[1:]
            while text:
                self._is_tied = False
                text = self._regular(text)

    @property
    def incomplete(self) -> bytes:
        """What it keeps of a character or sequence whose rest has not come yet."""
        begun = {_GROUND: "", _ESCAPE: f"\x1b{self._held}", _CSI: f"\x1b[{self._held}"}.get(self._state)
        if begun is None:
            escape = "\x1b" if self._state == _STRING_ESCAPE else ""
            begun = f"\x1b{self._kind}{''.join(self._string)}{escape}"
        return begun.encode(errors="surrogateescape") + self._undecoded

    def _decoded(self, data: bytes) -> str:
        data = self._undecoded + data
        text, used = codecs.utf_8_decode(data, "qms-tui-keep-c1", False)
        self._undecoded = data[used:]
        if text.isascii() or not _RAW_C1.search(text):
            return text
        may_switch = self._state in (_ESCAPE, _CSI) or "\x1b G" in text or '"p' in text
        return text if self._screen.eight_bit or may_switch else _RAW_C1.sub("\ufffd", text)

    def _regular(self, text: str) -> str:
        """Act on well-formed pieces; the rest that a state machine left over."""
        screen = self._screen
        tokens = _ASCII_TOKENS if text.isascii() else _unicode_tokens()
        rows = screen.rows
        cursor = screen.cursor
        plans = _plans
        look = screen.look
        turns = screen.looks.turns(look)
        for block, csi, sgr, piece, control, tied, esc, string, _ignored, rest in tokens.findall(text):
            if csi:
                turn = turns.get(csi)
                if turn is not None:
                    look, turns = turn
                    screen.look = look
                else:
                    act, parameters = plans.get(csi) or self._plan(csi)
                    if act is graphics:
                        look, turns = self._turn(csi)
                    else:
                        act(screen, parameters)
                        if screen.rows is not rows:
                            rows = screen.rows
                        if screen.look is not look:
                            look = screen.look
                            turns = screen.looks.turns(look)
                if sgr:
                    look, turns = turns.get(sgr) or self._turn(sgr)
                    screen.look = look
            if piece:
                if not piece.isascii() or not screen.limit:
                    piece = screen.cells(piece)
                screen.last = piece
                x = cursor.x
                end = x + len(piece)
                if end >= screen.limit:
                    screen.draw(piece)
                else:
                    y = cursor.y
                    row, looks, wrapped = rows[y]
                    size = len(row)
                    cursor.x = end
                    if x < size and FILLER in row:
                        screen.put(x, piece)
                    else:
                        if x < size:
                            row = row[:x] + piece + row[end:]
                        elif x == size:
                            row += piece
                        else:
                            row = row.ljust(x) + piece
                        if looks or look != PLAIN:
                            if len(looks) < x:
                                looks = looks.ljust(x, PLAIN)
                            looks = looks[:x] + look * len(piece) + looks[end:]
                        rows[y] = row, looks, wrapped
            if control:
                if control == "\r\n":
                    screen.newline()
                elif control == "\r" and screen.limit:
                    cursor.x = 0
                    screen.pending = False
                else:
                    act_control = CONTROLS.get(control)
                    if act_control:
                        act_control(screen)
            elif csi or piece:
                pass
            elif block:
                self._take_lines(block)
            elif tied:
                late.joining().draw(screen, tied)
            elif esc:
                escape(screen, esc)
                rows, cursor, look = screen.rows, screen.cursor, screen.look
                turns = screen.looks.turns(look)
            elif string:
                is_bell = string[-1] == "\x07"
                self._finish(string[1], string[2:-1] if is_bell else string[2:-2], is_bell)
                look = screen.look
                turns = screen.looks.turns(look)
            elif rest:
                return self._irregular(rest)
        self._is_tied = bool(tied)
        return ""

    def _take_lines(self, block: str) -> None:
        """Act on three or more lines of text."""
        screen = self._screen
        lines = block.split("\r\n")
        lines.pop()
        if not block.isascii() or not screen.limit:
            lines = [screen.cells(line) for line in lines]
        screen.last = next((line for line in reversed(lines) if line), screen.last)
        is_simple = screen.is_whole and screen.look == PLAIN and max(map(len, lines)) < screen.columns
        for at, line in enumerate(lines):
            if is_simple and screen.cursor.x == 0:
                screen.draw_lines(lines[at:])
                return
            screen.draw(line)
            screen.newline()

    def _turn(self, csi: str) -> Turn:
        screen = self._screen
        if screen.looks.is_full:
            screen.collect_looks()
        turn = screen.looks.turn(screen.look, csi)
        screen.look = turn[0]
        return turn

    @staticmethod
    def _plan(csi: str) -> Plan:
        found = plan(csi)
        if len(_plans) >= _MAX_PLANS:
            _plans.clear()
        if len(csi) < 64:
            _plans[csi] = found
        return found

    # -- the state machine ----------------------------------------------------------------------------------

    def _irregular(self, text: str) -> str:
        """Step through `text` until the ground state; what is left of it."""
        at = 0
        while at < len(text):
            char = text[at]
            if self._state == _STRING:
                at = self._take_string(text, at)
            elif _RAW_C1.match(char):
                at += 1
                self._take_raw(char)
            elif self._state == _CSI and " " <= char < "@":
                parameters = _PARAMETERS.match(text, at)
                assert parameters
                self._hold(parameters[0])
                at = parameters.end()
            elif char >= "\xa0" and self._state != _GROUND:
                self._drop_string()
            else:
                at += 1
                self._step(char)
            if self._state == _GROUND:
                return text[at:]
        return ""

    def _hold(self, parameters: str) -> None:
        held = self._held + parameters
        self._held = held if len(held) <= MAX_BODY else without_zeros(held)[: MAX_BODY + 1]

    def _take_raw(self, char: str) -> None:
        """A byte 0x80 to 0x9F: a control after S8C1T, else broken UTF-8."""
        if self._screen.eight_bit:
            self._step(chr(ord(char) - 0xDC00))
            return
        if self._state == _STRING_ESCAPE:
            self._drop_string()
        self._state = _GROUND
        late.joining().draw(self._screen, "\ufffd")

    def _step(self, char: str) -> None:
        if self._state == _STRING_ESCAPE:
            if char == "\\":
                self._end_string("\\")
                return
            self._drop_string()
            self._state, self._held = _ESCAPE, ""
        if char in "\x18\x1a":
            self._state = _GROUND
        elif char == "\x1b":
            self._state, self._held = _ESCAPE, ""
        elif "\x80" <= char < "\xa0":
            self._state, self._held = _ESCAPE, ""
            self._step(chr(ord(char) - 0x40))
        elif char < " ":
            act = CONTROLS.get(char)
            if act:
                act(self._screen)
        elif char == "\x7f":
            pass
        elif self._state == _CSI:
            self._step_csi(char)
        elif self._state == _ESCAPE:
            self._step_escape(char)

    def _step_csi(self, char: str) -> None:
        if len(self._held) <= MAX_BODY:
            self._held += char
        if char < "@":
            return
        self._state = _GROUND
        body, self._held = self._held, ""
        if body[-1] != char:  # it was too long to be kept
            return
        act, parameters = self._plan(body)
        if act is graphics:
            self._turn(body)
        else:
            act(self._screen, parameters)

    def _step_escape(self, char: str) -> None:
        if char < "0":
            if len(self._held) < 4:
                self._held += char
        elif not self._held and char in "]PX^_":
            self._state, self._kind = _STRING, char
        elif not self._held and char == "[":
            self._state = _CSI
        else:
            self._state = _GROUND
            escape(self._screen, self._held + char)

    def _take_string(self, text: str, at: int) -> int:
        match = _STRING_END.search(text, at)
        if not match:
            self._keep(text[at:])
            return len(text)
        self._keep(text[at : match.start()])
        char = match[0]
        if char == "\x1b":
            self._state = _STRING_ESCAPE
        elif char == "\udc9c" and not self._screen.eight_bit:
            self._keep("\ufffd")
        elif char in "\x9c\udc9c" or (char == "\x07" and self._kind == "]"):
            self._end_string(char)
        elif char == "\x07":
            self._keep(char)
        else:
            self._drop_string()
        return match.end()

    def _keep(self, text: str) -> None:
        self._string_size += utf8_size(text)
        if self._string_size <= MAX_STRING and self._kind in "]P":
            self._string.append(text)
        elif self._string:
            self._string.clear()

    def _end_string(self, end: str) -> None:
        payload, is_whole = "".join(self._string), self._string_size <= MAX_STRING
        self._drop_string()
        if is_whole:
            self._finish(self._kind, payload, end == "\x07")

    def _drop_string(self) -> None:
        self._state = _GROUND
        self._string.clear()
        self._string_size = 0

    def _finish(self, kind: str, payload: str, is_bell: bool) -> None:
        if not payload.isascii():
            payload = _RAW_C1.sub("\ufffd", payload)
        if kind == "]":
            self._screen.osc_end = "\x07" if is_bell else "\x1b\\"
            strings.osc(self._screen, payload)
        elif kind == "P":
            strings.dcs(self._screen, payload)
