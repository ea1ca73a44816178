"""Bytes of the outer terminal to tokens: keys, pastes, mouse, focus, and what must never be typed.

Pure. Any bytes are accepted, nothing raises, and what is kept of an unfinished token is bounded. Every token
carries its bytes. Sources: ECMA-48 for the shape of sequences, xterm's ctlseqs, the kitty keyboard protocol.

What is ambiguous, and what it is taken for:
- ESC, then silence for `ESCAPE_DELAY`: the Escape key. ESC x: Alt+x. ESC ESC: Escape twice, which is what
  Claude Code's users press; ESC and a cursor or function key's sequence: Alt with that key (rxvt).
- ESC [, ESC O, ESC ], ESC P, ESC X, ESC ^, ESC _, then silence: Alt with that character.
- While an answer is expected, all these wait longer: on a slow line ESC may be its first byte. If its
  beginning was taken for keys all the same, its rest is no input, as long as that comes in one piece.
- CSI 1 ; 2-16 R: F3 with modifiers (xterm). Any other CSI r ; c R: a cursor position report. Nobody in a full
  screen asks for one, and F3 is pressed.
- 0x08 is Ctrl+H, as the byte says.
- CSI number $ is rxvt's Shift (a report of an ANSI mode has a semicolon); CSI M and 3 bytes is X10 mouse.
- C1 controls are not read as such: in UTF-8 their bytes are continuations.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from qms_tui.terminal.keys import UNKNOWN, Key, text_key
from qms_tui.ui.sequences import NO_KEY, NO_PRESS, control_key, csi_key, ss3_key, tilde_key, with_alt

ESCAPE_DELAY = 0.015  # after what may be a key by itself; a person's next key comes later
SEQUENCE_DELAY = 0.1  # within a sequence: a slow line may cut it anywhere, and its rest must not be typed
ANSWER_DELAY = 3.0  # within an answer to what we ask at the start: no key begins like it
PASTE_DELAY = 3.0  # within a paste: a stalled line must not turn the rest into keys, a lost end must not stay
MAX_PASTE = 16 * 1024 * 1024  # a longer paste comes in pieces, so that memory stays bounded
MAX_SEQUENCE = 4096  # a longer one is let go in pieces; the replies that anybody reads are shorter


class KeyToken(Struct, frozen=True):
    """A key press."""

    key: Key
    data: bytes


class PasteToken(Struct, frozen=True):
    """What stood between the marks of a bracketed paste."""

    data: bytes


class MouseToken(Struct, frozen=True):
    """A mouse report: xterm's button code, and the position counted from 1, in cells or pixels."""

    code: int
    x: int
    y: int
    released: bool
    data: bytes


class FocusToken(Struct, frozen=True):
    """The outer terminal got or lost the focus."""

    focused: bool
    data: bytes


class ReplyToken(Struct, frozen=True):
    """An answer of the outer terminal, or a sequence that is no input. Never to be typed."""

    data: bytes


class IgnoredToken(Struct, frozen=True):
    """The release of a key, or a sequence that broke off or has no end. Never to be typed."""

    data: bytes


Token = KeyToken | PasteToken | MouseToken | FocusToken | ReplyToken | IgnoredToken

_PASTE_START, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_RUN = 512  # text is decoded in runs of at most so many bytes: each error in it decodes the run again
_TEXT = re.compile(rb"[^\x00-\x1f\x7f]{1,%d}" % _RUN)
# "-" is no parameter byte, but Ghostty has sent negative mouse positions. Possessive: linear on any bytes.
_CSI = re.compile(rb"\x1b\[([<=>?]?+)([-0-9:;]*+)([-0-?]*+[ -/]*+)([@-~])")
_CSI_PART = re.compile(rb"\x1b\[[-0-?]*+[ -/]*+")
_CSI_END = re.compile(rb"[@-~]|(?=[^ -~])")
_RXVT_SHIFT = re.compile(rb"\x1b\[(\d{1,2})\$")
_CONSOLE_KEY = re.compile(rb"\x1b\[\[[A-E]")
_X10_MOUSE = re.compile(rb"\x1b\[M[^\x01-\x1f]{3}")
_X10_MOUSE_PART = re.compile(rb"\x1b\[M[^\x01-\x1f]{0,2}")
_SS3 = re.compile(rb"\x1bO(?:[0-9]?;)?([0-9]?)([A-Za-z ])")
_SS3_PART = re.compile(rb"\x1bO[0-9]?;?[0-9]?")
_STRING_END = re.compile(rb"[\x07\x18\x1a]|\x1b\\?")
_STRING_STARTS = b"]PX^_"  # OSC, DCS, SOS, PM, APC
# To DECRQM, kitty's flags and DA1; and to whether it takes status reports.
_ANSWER = re.compile(rb"\x1b(?:\[\?[0-9;]*(?:\$y|[uc])|\]7501;\?(?:\x07|\x1b\\))")
_ANSWER_PART = re.compile(rb"\x1b(?:\[\?[0-9;]*\$?|\]7(?:5(?:0(?:1(?:;(?:\?\x1b?)?)?)?)?)?)")
_MAYBE_KEYS = re.compile(rb"\x1b?\x1b[\[O]?|\x1b[\]PX^_]")


class Tokenizer:
    """Cuts bytes into tokens; which ones does not depend on how the bytes are split."""

    def __init__(self) -> None:
        self._rest = b""  # an unfinished token
        self._paste: bytearray | None = None
        self._skipping: re.Pattern[bytes] | None = None  # what ends an overlong sequence that is being let go
        self._tokens: list[Token] = []
        self._cut = b""  # the beginning of a sequence, of which nothing more came in time
        self.expects_answer = False
        """Whether the terminal has been asked something and may answer at any moment."""

    @property
    def delay(self) -> float | None:
        """Seconds of silence after which `flush` is due; None while nothing is pending."""
        if self._paste is not None:
            return PASTE_DELAY
        if not self._rest:
            return SEQUENCE_DELAY if self._skipping else None
        if _ANSWER_PART.fullmatch(self._rest):
            return ANSWER_DELAY
        is_maybe_key = _MAYBE_KEYS.fullmatch(self._rest) and not self.expects_answer
        return ESCAPE_DELAY if is_maybe_key else SEQUENCE_DELAY

    @property
    def pending(self) -> bool:
        """Whether something unfinished is held back."""
        return self.delay is not None

    def feed(self, data: bytes) -> list[Token]:
        """The tokens that `data` completes."""
        self._scan(self._rest + self._without_late_rest(data), final=False)
        tokens, self._tokens = self._tokens, []
        return tokens

    def flush(self) -> list[Token]:
        """The tokens in what is pending, when nothing followed it."""
        self._cut = self._rest if self._paste is None and self._skipping is None else b""
        self._scan(self._rest, final=True)
        if self._paste is not None:
            self._end_paste(self._paste)
        self._skipping = None
        tokens, self._tokens = self._tokens, []
        return tokens

    def _without_late_rest(self, data: bytes) -> bytes:
        """Take the rest of an answer that was cut by silence; what else there is of `data`."""
        cut, self._cut = self._cut, b""
        answer = _ANSWER.match(cut + data) if cut else None
        if answer is None or answer.end() <= len(cut):
            return data
        self._tokens.append(ReplyToken(answer[0]))
        return data[answer.end() - len(cut) :]

    def _scan(self, data: bytes, final: bool) -> None:
        position, end = 0, len(data)
        while position < end:
            after = self._next(data, position, final)
            if after is None:
                break
            position = after
        self._rest = data[position:]

    def _next(self, data: bytes, position: int, final: bool) -> int | None:
        """Take one token at `position` and return where it ends; None if it is unfinished."""
        if self._paste is not None:
            return self._pasted(self._paste, data, position, final)
        if self._skipping is not None:
            return self._skip(self._skipping, data, position, final)
        byte = data[position]
        if byte == 0x1B:
            return self._escape(data, position, final)
        if byte < 0x20 or byte == 0x7F:
            return self._key(control_key(byte), data, position, position + 1)
        return self._text(data, position, final)

    # -- keys without a sequence ------------------------------------------------------------------------

    def _key(self, key: Key, data: bytes, start: int, end: int) -> int:
        self._tokens.append(KeyToken(key, data[start:end]))
        return end

    def _text(self, data: bytes, start: int, final: bool) -> int | None:
        run = _TEXT.match(data, start)
        assert run is not None  # `_next` looked at the first byte
        try:
            text, end, bad = run[0].decode(), run.end(), b""
        except UnicodeDecodeError as error:
            text, end = run[0][: error.start].decode(), start + error.end
            bad = data[start + error.start : end]
            more = (end == len(data) and not final) or end - start == _RUN
            if more and error.reason == "unexpected end of data":
                end, bad = start + error.start, b""
        self._tokens.extend(map(_text_token, text))
        if bad:
            self._tokens.append(KeyToken(Key(UNKNOWN), bad))
        return end if end > start else None

    def _alt(self, data: bytes, start: int, escape: int, final: bool) -> int | None:
        """Alt and the character after `escape`; if `start` is another ESC before it, that one's key alone."""
        if start < escape:
            return self._key(Key("escape"), data, start, escape)
        byte = data[start + 1]
        if byte < 0x80:
            key = control_key(byte) if byte < 0x20 or byte == 0x7F else text_key(chr(byte))
            return self._key(with_alt(key), data, start, start + 2)
        end = start + 1 + _utf8_length(byte)
        try:
            key = text_key(data[start + 1 : end].decode())
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and end > len(data) and not final:
                return None
            return self._key(Key("escape"), data, start, start + 1)
        return self._key(with_alt(key), data, start, end)

    # -- sequences --------------------------------------------------------------------------------------

    def _escape(self, data: bytes, start: int, final: bool) -> int | None:
        if start + 1 == len(data):
            return self._key(Key("escape"), data, start, start + 1) if final else None
        second = data[start + 1]
        if second == 0x1B:
            return self._escape_escape(data, start, final)
        if second in b"[O":
            return self._sequence(data, start, start, final)
        if second in _STRING_STARTS:
            return self._string(data, start, final)
        return self._alt(data, start, start, final)

    def _escape_escape(self, data: bytes, start: int, final: bool) -> int | None:
        """The Escape key, and what the second ESC begins; or Alt with a cursor or function key."""
        if start + 2 == len(data) and not final:
            return None
        if data[start + 2 : start + 3] in (b"[", b"O"):
            return self._sequence(data, start, start + 1, final)
        return self._key(Key("escape"), data, start, start + 1)

    def _sequence(self, data: bytes, start: int, escape: int, final: bool) -> int | None:
        """CSI or SS3 at `escape`; at `start` the same, or one ESC more."""
        if data[escape + 1] == 0x4F:
            return self._ss3(data, start, escape, final)
        third = data[escape + 2 : escape + 3]
        if third == b"M":
            return self._x10_mouse(data, start, escape, final)
        if third == b"[":
            return self._console_key(data, start, escape, final)
        if rxvt := _RXVT_SHIFT.match(data, escape):
            return self._coded(tilde_key([[rxvt[1].decode()], ["2"]]), data, start, escape, rxvt.end())
        return self._csi(data, start, escape, final)

    def _csi(self, data: bytes, start: int, escape: int, final: bool) -> int | None:
        csi = _CSI.match(data, escape)
        if csi and csi.end() - escape <= MAX_SEQUENCE:
            return self._whole_csi(csi, data, start, escape)
        part = _CSI_PART.match(data, escape)
        assert part is not None  # both bytes of CSI are there
        if part.end() == len(data) and not final:
            return self._too_long(_CSI_END, data, start)
        if part.end() == escape + 2:
            return self._alt(data, start, escape, final)
        end = csi.end() if csi else part.end()
        self._tokens.append(IgnoredToken(data[start:end]))
        return end

    def _whole_csi(self, csi: re.Match[bytes], data: bytes, start: int, escape: int) -> int:
        prefix, parameters, rest, last = (group.decode() for group in csi.groups())
        token: Token | None = None
        if csi[0] == _PASTE_END:
            token = IgnoredToken(csi[0])
        elif not prefix and not rest and not parameters and last in "IO":
            token = FocusToken(last == "I", csi[0])
        elif not rest:
            token = _mouse(prefix, parameters, last, csi[0])
        if token is None and csi[0] != _PASTE_START:
            key = NO_KEY if prefix or rest else csi_key(parameters, last)
            return self._coded(key, data, start, escape, csi.end())
        if start < escape:
            return self._key(Key("escape"), data, start, escape)
        if token is None:
            self._paste = bytearray()
        else:
            self._tokens.append(token)
        return csi.end()

    def _coded(self, key: Key | str, data: bytes, start: int, escape: int, end: int) -> int:
        """What a whole sequence means: a key, with Alt if another ESC stands before it; or why none."""
        if isinstance(key, Key):
            return self._key(with_alt(key) if start < escape else key, data, start, end)
        if start < escape:
            return self._key(Key("escape"), data, start, escape)
        token = IgnoredToken if key == NO_PRESS else ReplyToken
        self._tokens.append(token(data[start:end]))
        return end

    def _x10_mouse(self, data: bytes, start: int, escape: int, final: bool) -> int | None:
        if start < escape:
            return self._key(Key("escape"), data, start, escape)
        if report := _X10_MOUSE.match(data, start):
            code, x, y = (byte - 32 for byte in report[0][3:])
            self._tokens.append(MouseToken(code, x, y, False, report[0]))
            return report.end()
        part = _X10_MOUSE_PART.match(data, start)
        if part is not None and part.end() == len(data) and not final:
            return None
        self._tokens.append(IgnoredToken(data[start : start + 3]))
        return start + 3

    def _console_key(self, data: bytes, start: int, escape: int, final: bool) -> int | None:
        """CSI [ A-E: F1-F5 of the Linux console."""
        if console := _CONSOLE_KEY.match(data, escape):
            number = console[0][-1] - ord("A") + 1
            return self._coded(Key(f"f{number}"), data, start, escape, console.end())
        if escape + 3 == len(data) and not final:
            return None
        return self._alt(data, start, escape, final)

    def _ss3(self, data: bytes, start: int, escape: int, final: bool) -> int | None:
        if (ss3 := _SS3.match(data, escape)) and (key := ss3_key(ss3[1].decode(), ss3[2].decode())):
            return self._coded(key, data, start, escape, ss3.end())
        part = _SS3_PART.match(data, escape)
        if part is not None and part.end() == len(data) and not final:
            return None
        return self._alt(data, start, escape, final)

    def _string(self, data: bytes, start: int, final: bool) -> int | None:
        """OSC, DCS, SOS, PM, APC, up to BEL, ST or whatever breaks it off."""
        stop = _STRING_END.search(data, start + 2)
        unfinished = stop is None or (stop[0] == b"\x1b" and stop.end() == len(data))
        if unfinished and not final:
            return self._too_long(_STRING_END, data, start)
        end = len(data) if stop is None else stop.start() if stop[0] == b"\x1b" else stop.end()
        if end == start + 2:
            return self._alt(data, start, start, final)
        length = (len(data) if stop is None else stop.start()) - start
        token = IgnoredToken if length > MAX_SEQUENCE else ReplyToken
        self._tokens.append(token(data[start:end]))
        return end

    # -- what is long -----------------------------------------------------------------------------------

    def _too_long(self, stop: re.Pattern[bytes], data: bytes, start: int) -> int | None:
        """Keep an unfinished sequence while it is short; else let it go piece by piece up to `stop`."""
        end = len(data) - data.endswith(b"\x1b")
        if end - start <= MAX_SEQUENCE:
            return None
        self._skipping = stop
        self._tokens.append(IgnoredToken(data[start:end]))
        return end

    def _skip(self, stop: re.Pattern[bytes], data: bytes, start: int, final: bool) -> int | None:
        found = stop.search(data, start)
        if found is None:
            self._tokens.append(IgnoredToken(data[start:]))
            return len(data)
        bare = found[0] == b"\x1b"
        if bare and found.end() == len(data) and not final:
            end = found.start()
        else:
            self._skipping = None
            end = found.start() if bare else found.end()
        if end > start:
            self._tokens.append(IgnoredToken(data[start:end]))
        return end if end > start or self._skipping is None else None

    def _pasted(self, paste: bytearray, data: bytes, start: int, final: bool) -> int | None:
        end = data.find(_PASTE_END, start)
        if end >= 0:
            paste += data[start:end]
            self._end_paste(paste)
            return end + len(_PASTE_END)
        end = len(data) - (0 if final else _partial_end(data, start))
        paste += data[start:end]
        if len(paste) >= MAX_PASTE:
            self._tokens.append(PasteToken(bytes(paste)))
            paste.clear()
        return end if end > start else None

    def _end_paste(self, paste: bytearray) -> None:
        self._tokens.append(PasteToken(bytes(paste)))
        self._paste = None


def _partial_end(data: bytes, start: int) -> int:
    """How many bytes at the end of `data` may be the beginning of the end mark."""
    for length in range(min(len(_PASTE_END) - 1, len(data) - start), 0, -1):
        if data.endswith(_PASTE_END[:length]):
            return length
    return 0


@lru_cache(maxsize=4096)
def _text_token(character: str) -> KeyToken:
    return KeyToken(text_key(character), character.encode())


def _utf8_length(first: int) -> int:
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _mouse(prefix: str, parameters: str, last: str, data: bytes) -> MouseToken | None:
    """SGR (CSI < code ; x ; y M or m) or urxvt (CSI code + 32 ; x ; y M)."""
    sgr = prefix == "<" and last in "Mm"
    urxvt = not prefix and last == "M"
    fields = parameters.split(";")
    if not (sgr or urxvt) or len(fields) != 3 or not all(re.fullmatch(r"-?\d{1,7}", f) for f in fields):
        return None
    code, x, y = map(int, fields)
    return MouseToken(code if sgr else code - 32, x, y, last == "m", data)
