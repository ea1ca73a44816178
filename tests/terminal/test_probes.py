"""One probe per thing that stock pyte gets wrong or leaves out: bytes in, rows, cursor and replies out.

The screen has 10 columns and 4 lines; rows are compared right-stripped, missing ones are blank.
"""

from dataclasses import dataclass

import pytest

from qms_tui.terminal import Terminal

COLUMNS, LINES = 10, 4


@dataclass(frozen=True)
class Probe:
    """What `data` must lead to; None is not looked at. The cursor is (row, column) from 0."""

    name: str
    data: str
    rows: tuple[str, ...] | None = None
    cursor: tuple[int, int] | None = None
    replies: str | None = None
    history: int | None = None


FULL = "0\r\n1\r\n2\r\n3"
P = Probe

RAISED = [
    P("asks modifyOtherKeys", "\x1b[?4ma", ("a",), replies="\x1b[>4;0m"),
    P("DECXCPR", "ab\x1b[?6n", ("ab",), replies="\x1b[?1;3;1R"),
    P("restores a mode never saved", "\x1b[?1ra", ("a",)),
    P("surplus parameters", "\x1b[1;2;3;4;5;6;7;8;9Ha", (" a",)),
    P("a million parameters", "\x1b[" + "1;" * 100_000 + "1ma", ("a",)),
    P("EL 3", "ab\x1b[3Kc", ("abc",)),
    P("ED 5", "ab\x1b[5Jc", ("abc",)),
    P("origin mode without margins", "\x1b[?6h\x1b[2;2Ha", ("", " a"), (1, 2)),
    P("half of a wide character overwritten", "漢\x1b[1;2Ha", (" a",), (0, 2)),
    P("a huge number", "\x1b[" + "9" * 900 + "Ca", ("         a",)),
]
DROPPED = [
    P("ZWJ", "a\u200db", ("a\u200db",), (0, 2)),
    P("VS16", "❤\ufe0fb", ("❤\ufe0fb",), (0, 3)),
    P("ZWSP", "a\u200bb", ("a\u200bb",), (0, 2)),
    P("BOM", "a\ufeffb", ("a\ufeffb",), (0, 2)),
]
PRINTED = [
    P("colon colour", "\x1b[38:2::1:2:3ma", ("a",)),
    P("colon underline", "\x1b[4:3ma", ("a",)),
    P("kitty pop", "\x1b[<ua", ("a",)),
    P("kitty set", "\x1b[=1ua", ("a",)),
    P("DECSTR", "\x1b[!pa", ("a",)),
    P("DECRQSS", "\x1bP$qm\x1b\\a", ("a",), replies="\x1bP1$r0m\x1b\\"),
    P("XTGETTCAP", "\x1bP+q544e\x1b\\a", ("a",), replies="\x1bP0+r\x1b\\"),
    P("sixel", "\x1bPq#0;2;0;0;0~-\x1b\\a", ("a",)),
    P("kitty graphics", "\x1b_Ga=T,f=24;AAAA\x1b\\a", ("a",)),
    P("PM", "\x1b^secret\x1b\\a", ("a",)),
    P("SOS", "\x1bXsecret\x1b\\a", ("a",)),
    P("ESC * B", "\x1b*Ba", ("a",)),
    P("ESC SP F", "\x1b Fa", ("a",)),
    P("unknown CSI", "\x1b[1;2$wa\x1b[?5zb\x1b[>1;2pc", ("abc",)),
    P("unknown OSC", "\x1b]4242;x\x07a\x1b]L;x\x1b\\b\x1b]\x07c", ("abc",)),
    P("malformed CSI", "\x1b[1?2ha\x1b[ 1qb", ("ab",)),
]
MISREAD = [
    P("CSI > 4 m is not underline", "\x1b[>4;2ma", ("a",)),
    P("DA2", "\x1b[>c", replies="\x1b[>41;354;0c"),
    P("DECCOLM without mode 40", "ab\x1b[?3hc", ("c",), (0, 1)),
    P("DECCOLM with mode 40", "ab\x1b[2;3r\x1b[?40h\x1b[?3hc\x1b[9;1Hd", ("c", "", "", "d")),
]
SCREENS = [
    P("1049 hides and brings back", "main\x1b[?1049halt\x1b[?1049l", ("main",), (0, 4)),
    P("1049 starts empty, keeps the cursor", "main\x1b[?1049halt", ("    alt",), (0, 7)),
    P("1049 clears again", "\x1b[?1049hold\x1b[?1049l\x1b[?1049h", ("",)),
    P("1047", "main\x1b[?1047h\x1b[Halt\x1b[?1047l", ("main",), (0, 3)),
    P("47 keeps its text", "\x1b[?47halt\x1b[?47l\x1b[?47h", ("alt",)),
    P("1048", "ab\x1b[?1048h\x1b[3;3H\x1b[?1048lc", ("abc",)),
    P("alternate screen has no history", "\x1b[?1049h" + "x\r\n" * 9, history=0),
    P("saved cursor per screen", "\x1b[2;2H\x1b7\x1b[?47h\x1b[3;3H\x1b7\x1b[?47l\x1b8", cursor=(1, 1)),
]
EDITING = [
    P("REP", "ab\x1b[3bc", ("abbbbc",)),
    P("REP wide", "漢\x1b[2b", ("漢漢漢",), (0, 6)),
    P("REP wraps", "\x1b[8Ga\x1b[5b", ("       aaa", "aaa"), (1, 3)),
    P("REP of more than a row", "a\x1b[1000bb", ("a" * 10, "b"), (1, 1)),
    P("REP of more than a row, wide", "漢\x1b[1000bb", ("漢" * 5, "b"), (1, 1)),
    P("REP of more than a row when one is full", "123456789a\x1b[1000bb", ("123456789a", "a" * 10, "b")),
    P("SU", FULL + "\x1b[2S", ("2", "3"), (3, 1), history=2),
    P("SD", FULL + "\x1b[T", ("", "0", "1", "2"), (3, 1)),
    P("SD ECMA", FULL + "\x1b[^", ("", "0", "1", "2")),
    P("CHT", "\x1b[Ia", ("        a",)),
    P("CHT stops at the edge", "\x1b[5Ia", ("         a",)),
    P("CBT", "\t\x1b[Za", ("a",)),
    P("SCOSC SCORC", "ab\x1b[s\x1b[3;3H\x1b[uc", ("abc",)),
    P("DECSTR resets margins and origin", "\x1b[2;3r\x1b[?6h\x1b[!p\x1b[Ha", ("a",)),
    P("ICH", "abc\x1b[2G\x1b[2@x", ("ax bc",)),
    P("DCH", "abcdef\x1b[2G\x1b[2P", ("adef",)),
    P("ECH", "abcdef\x1b[2G\x1b[2X", ("a  def",), (0, 1)),
    P("IL", FULL + "\x1b[2H\x1b[L", ("0", "", "1", "2"), (1, 0)),
    P("DL", FULL + "\x1b[2H\x1b[2M", ("0", "3"), (1, 0), history=0),
    P("IL outside of the region", FULL + "\x1b[2;3r\x1b[4H\x1b[L", ("0", "1", "2", "3")),
    P("insert mode", "abc\x1b[G\x1b[4hxy\x1b[4lz", ("xyzbc",)),
    P("insert mode at the edge", "0123456789\x1b[9G\x1b[4hx", ("01234567x8",)),
    P("EL 1", "abcdef\x1b[3G\x1b[1K", ("   def",)),
    P("ED 0", FULL + "\x1b[2;1H\x1b[J", ("0",)),
    P("ED 1", FULL + "\x1b[2;1H\x1b[1J", ("", "", "2", "3")),
    P("ED 2", FULL + "\x1b[2J", (), (3, 1), history=0),
    P("ED 3 clears the history", "a\r\n" * 9 + "\x1b[3J", history=0),
    P("DECALN", "\x1b[2;3r\x1b#8", ("E" * 10,) * 4, (0, 0)),
    P("DECSEL spares protected", 'a\x1b[1"qb\x1b[0"qc\x1b[?2K', (" b",)),
    P("DECSED spares protected", 'a\x1b[1"qb\x1b[2"qc\x1b[?2J', (" b",)),
    P("EL ignores DECSCA", 'a\x1b[1"qb\x1b[2K', ()),
    P("EL spares SPA", "a\x1bVb\x1bWc\x1b[2K", (" b",)),
    P("DECFI", "abc\x1b[10G\x1b9", ("bc",)),
    P("DECBI", "abc\x1b[G\x1b6", (" abc",)),
    P("DECIC", "abc\r\nabc\x1b[1;2H\x1b[2'}", ("a  bc", "a  bc")),
    P("DECDC", "abcd\r\nabcd\x1b[1;2H\x1b[2'~", ("ad", "ad")),
    P("SL", "abcd\x1b[2 @", ("cd",)),
    P("SR", "abcd\x1b[2 A", ("  abcd",)),
    P("DECFRA", "\x1b[88;2;2;3;3$x", ("", " XX", " XX")),
    P("DECERA", "\x1b#8\x1b[2;2;3;9$z", ("E" * 10, "E        E", "E        E", "E" * 10)),
    P("DECCRA", "abcd\x1b[1;1;1;2;1;3;3;1$v", ("abcd", "", "  ab")),
    P("DECCRA to a row", "abcd\x1b[1;1;1;2;1;3$v", ("abcd", "", "ab")),
    P("DECCRA with defaults", "abcd\x1b[;2;1;3$v", ("bccd",)),
    P("DECSCL is a hard reset", 'a\x1b[2;3H\x1b7\x1b[4h\x1b[61"p\x1b8b\x1b[Gc', ("c",)),
    P("DECNCSM is of level 5", "a\x1b[?95h\x1b[?3h", ()),
    P("DECNCSM at level 5", '\x1b[65"pa\x1b[?95h\x1b[?3h', ("a",)),
]
MARGINS = [
    P("index in the region", FULL + "\x1b[2;3r\x1b[3H\n", ("0", "2", "", "3"), (2, 0), history=0),
    P("index below the region", FULL + "\x1b[1;2r\x1b[4H\n", ("0", "1", "2", "3"), (3, 0), history=0),
    P("region from the top feeds history", FULL + "\x1b[1;3r\x1b[3H\n", ("1", "2", "", "3"), history=1),
    P("RI in the region", FULL + "\x1b[2;3r\x1b[2H\x1bM", ("0", "", "1", "3"), (1, 0)),
    P("RI above the region", "\x1b[3;4r\x1b[1H\x1bMa", ("a",)),
    P("CUU stops at the margin", "\x1b[2;3r\x1b[3H\x1b[9A", cursor=(1, 0)),
    P("CUU from above the region", "\x1b[3;4r\x1b[2H\x1b[9A", cursor=(0, 0)),
    P("CUD stops at the margin", "\x1b[2;3r\x1b[2H\x1b[9B", cursor=(2, 0)),
    P("CUD from below the region", "\x1b[1;2r\x1b[3H\x1b[9B", cursor=(3, 0)),
    P("origin mode clamps", "\x1b[2;3r\x1b[?6h\x1b[9;1H", cursor=(2, 0)),
    P("bad margins are ignored", "\x1b[3;3r\x1b[3;2ra", ("a",)),
    P("DECSLRM wraps inside", "\x1b[?69h\x1b[3;5s\x1b[1;3Habcd", ("  abc", "  d"), (1, 3)),
    P("DECSLRM scrolls inside", "\x1b#8\x1b[?69h\x1b[3;5s\x1b[S", ("E" * 10,) * 3 + ("EE   EEEEE",)),
    P("DECSLRM ICH", "0123456789\x1b[?69h\x1b[3;5s\x1b[1;3H\x1b[@", ("01 2356789",)),
    P("CR to the left margin", "\x1b[?69h\x1b[3;5s\x1b[1;4H\ra", ("  a",)),
]
WRAP = [
    P("wide in the last column", "123456789漢", ("123456789", "漢"), (1, 2)),
    P("pending wrap", "0123456789", ("0123456789",), (0, 9)),
    P("pending wrap then text", "0123456789a", ("0123456789", "a"), (1, 1)),
    P("pending wrap then CR", "0123456789\ra", ("a123456789",)),
    P("pending wrap then CUB", "0123456789\x1b[Da", ("01234567a9",)),
    P("pending wrap then BS", "0123456789\ba", ("01234567a9",)),
    P("pending wrap then EL", "0123456789\x1b[Ka", ("0123456789", "a")),
    P("pending wrap is saved", "0123456789\x1b7\x1b[H\x1b8a", ("0123456789", "a")),
    P(
        "pending wrap is saved, margins go",
        "\x1b[?69h\x1b[1;3sabc\x1b7\x1b[?69l\x1b8" + "x" * 9,
        ("abxxxxxxxx", "x"),
    ),
    P("pending wrap, margins go", "\x1b[?69h\x1b[1;3sabc\x1b[?69l" + "x" * 9, ("abxxxxxxxx", "x")),
    P("pending wrap then LF", "0123456789\na", ("0123456789", "         a")),
    P("no autowrap", "\x1b[?7l0123456789ab", ("012345678b",), (0, 9)),
    P("no autowrap, wide", "\x1b[?7l01234567漢字", ("01234567字",), (0, 9)),
    P("right half overwritten", "a漢b\x1b[3Gx", ("a xb",)),
    P("left half overwritten", "a漢b\x1b[2Gx", ("ax b",)),
    P("wide over two halves", "漢字\x1b[2G語", (" 語",)),
    P("DCH of half a wide character", "漢b\x1b[G\x1b[P", (" b",)),
    P("ECH of half a wide character", "a漢b\x1b[3G\x1b[X", ("a  b",)),
    P("reverse wrap", "\x1b[?45h0123456789a\b\b\bx", ("01234567x9", "a")),
]
CHARSETS = [
    P("line drawing in G0", "\x1b(0lqk\x1b(Bq", ("┌─┐q",)),
    P("line drawing in G1", "\x1b)0q\x0eq\x0fq", ("q─q",)),
    P("SS2", "\x1b*0\x1bNqq", ("─q",)),
    P("SS3", "\x1b+0\x1bOqq", ("─q",)),
    P("LS2", "\x1b*0\x1bnqq", ("──",)),
    P("LS3", "\x1b+0\x1boqq", ("──",)),
    P("DECSC keeps charsets", "\x1b(0\x1b7\x1b(B\x1b8q", ("─",)),
    P("British", "\x1b(A#", ("£",)),
    *(
        P(f"line drawing {code:c}", f"\x1b(0a{code:c}a", (f"▒{drawn}▒",), (0, 3))
        for code, drawn in enumerate(" ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", 0x5F)  # VT220, table 2-4; xterm, VTE
    ),
    P("line drawing ends before and behind", "\x1b(0A^\x1b(B", ("A^",)),
    P("DECRC forgets a pending single shift", "\x1b7\x1b*0\x1bN\x1b8q", ("q",)),
]
STATES = [
    P("ESC inside CSI", "\x1b[1\x1b[2Ca", ("  a",)),
    P("CAN inside CSI", "\x1b[1\x18a", ("a",)),
    P("SUB inside CSI", "\x1b[1\x1aa", ("a",)),
    P("LF inside CSI", "\x1b[\n2Ca", ("", "  a")),
    P("BS inside CSI", "abc\x1b[1\b;1Hx", ("xbc",)),
    P("DEL inside CSI", "\x1b[2\x7fCa", ("  a",)),
    P("a letter like ä inside CSI", "\x1b[2äb", ("äb",)),
    P("a letter like ä after ESC in a string", "\x1bP1\x1bäb", ("äb",)),
    P("CAN in OSC", "\x1b]0;title\x18a", ("a",)),
    P("ESC in OSC", "\x1b]0;title\x1b[2Ca", ("  a",)),
    P("unterminated OSC swallows", "a\x1b]0;title", ("a",)),
    P("C1 as UTF-8", "\x9b2Ca\x9d0;t\x9cb\x85c", ("  ab", "c")),
    P("DEL is no text", "a\x7fb", ("ab",)),
    P("NUL is no text", "a\0b", ("ab",)),
    P("LNM", "ab\x1b[20h\nc", ("ab", "c")),
    P("VT and FF", "a\vb\fc", ("a", " b", "  c")),
]
TABS = [
    P("HT keeps a pending wrap", "0123456789\tab", ("0123456789", "ab"), (1, 2)),
    P("CHT keeps a pending wrap", "0123456789\x1b[3Iab", ("0123456789", "ab"), (1, 2)),
    P("HTs after a full row", "0123456789\t\t\tab", ("0123456789", "ab"), (1, 2)),
    P("HT to the last column wraps nothing", "01234567\tab", ("01234567 a", "b"), (1, 1)),
    P("HT at a right margin", "\x1b[?69h\x1b[1;5s01234\tab", ("01234", "ab"), (1, 2)),
    P("HT without autowrap", "\x1b[?7l0123456789\tab", ("012345678b",), (0, 9)),
    P("CBT ends a pending wrap", "0123456789\x1b[Zx", ("01234567x9",), (0, 9)),
    P("HTS", "\x1b[4G\x1bH\r\ta", ("   a",)),
    P("TBC", "\x1b[9G\x1b[g\r\ta", ("         a",)),
    P("TBC 3", "\x1b[3g\ta", ("         a",)),
    P("DECST8C", "\x1b[3g\x1b[?5W\ta", ("        a",)),
    P("HPA", "\x1b[5`a", ("    a",)),
    P("HPR", "\x1b[2G\x1b[3aa", ("    a",)),
    P("VPA", "\x1b[3da", ("", "", "a")),
    P("VPR", "\x1b[2ea", ("", "", "a")),
    P("CNL", "ab\x1b[2Ec", ("ab", "", "c")),
    P("CPL", "\r\n\r\nab\x1b[Fc", ("", "c", "ab")),
    P("HVP", "\x1b[2;3fa", ("", "  a")),
    P("NEL", "ab\x1bEc", ("ab", "c")),
    P("IND", "ab\x1bDc", ("ab", "  c")),
]
REPLIES = [
    P("DA1", "\x1b[c", replies="\x1b[?64;1;6;21;22;28c"),
    P("DECID", "\x1bZ", replies="\x1b[?64;1;6;21;22;28c"),
    P("DA3", "\x1b[=c", replies="\x1bP!|00000000\x1b\\"),
    P("DSR 5", "\x1b[5n", replies="\x1b[0n"),
    P("DSR 6", "ab\x1b[6n", replies="\x1b[1;3R"),
    P("DSR 6 in origin mode", "\x1b[2;3r\x1b[?6h\x1b[6n", replies="\x1b[1;1R"),
    P("DSR 6 with a pending wrap", "0123456789\x1b[6n", replies="\x1b[1;10R"),
    P("DSR ?15", "\x1b[?15n", replies="\x1b[?13n"),
    P("DSR ?25", "\x1b[?25n", replies="\x1b[?21n"),
    P("DSR ?26", "\x1b[?26n", replies="\x1b[?27;1;0;0n"),
    P("DSR ?996", "\x1b[?996n", replies="\x1b[?997;1n"),
    P("DECRQM reset", "\x1b[?2026$p", replies="\x1b[?2026;2$y"),
    P("DECRQM set", "\x1b[?2026h\x1b[?2026$p", replies="\x1b[?2026;1$y"),
    P("DECRQM unknown", "\x1b[?9999$p", replies="\x1b[?9999;0$y"),
    P("DECRQM 2027", "\x1b[?2027$p", replies="\x1b[?2027;3$y"),
    P("DECRQM 1049", "\x1b[?1049h\x1b[?1049$p", replies="\x1b[?1049;1$y"),
    P("DECRQM ANSI", "\x1b[4h\x1b[4$p\x1b[20$p\x1b[1$p", replies="\x1b[4;1$y\x1b[20;2$y\x1b[1;4$y"),
    P("DECRQSS SGR", "\x1b[1;31;48;5;99;4:3m\x1bP$qm\x1b\\", replies="\x1bP1$r0;1;4:3;31;48:5:99m\x1b\\"),
    P("DECRQSS DECSTBM", "\x1b[2;3r\x1bP$qr\x1b\\", replies="\x1bP1$r2;3r\x1b\\"),
    P("DECRQSS DECSCUSR", "\x1b[4 q\x1bP$q q\x1b\\", replies="\x1bP1$r4 q\x1b\\"),
    P("DECRQSS DECSCL", '\x1bP$q"p\x1b\\', replies='\x1bP1$r64;1"p\x1b\\'),
    P("DECRQSS DECSCA", '\x1b[1"q\x1bP$q"q\x1b\\', replies='\x1bP1$r1"q\x1b\\'),
    P("DECRQSS unknown", "\x1bP$qz\x1b\\", replies="\x1bP0$r\x1b\\"),
    P("XTVERSION", "\x1b[>q", replies="\x1bP>|qms-tui(0.1.0)\x1b\\"),
    P("DECREQTPARM", "\x1b[x\x1b[1x", replies="\x1b[2;1;1;128;128;1;0x\x1b[3;1;1;128;128;1;0x"),
    P("XTWINOPS 14", "\x1b[14t", replies="\x1b[4;64;80t"),
    P("XTWINOPS 16", "\x1b[16t", replies="\x1b[6;16;8t"),
    P("XTWINOPS 18", "\x1b[18t", replies="\x1b[8;4;10t"),
    P("XTWINOPS 19", "\x1b[19t", replies="\x1b[9;4;10t"),
    P("no title report", "\x1b]0;rm -rf\x07\x1b[20t\x1b[21t", replies=""),
    P("no clipboard report", "\x1b]52;c;?\x07", replies=""),
    P("no checksum report", "\x1b[1;1;1;1;1;1*y", replies=""),
    P("OSC 4", "\x1b]4;1;?\x07", replies="\x1b]4;1;rgb:cdcd/0000/0000\x07"),
    P("OSC 4 changed", "\x1b]4;1;rgb:1/2/3\x07\x1b]4;1;?\x07", replies="\x1b]4;1;rgb:1111/2222/3333\x07"),
    P(
        "OSC 104",
        "\x1b]4;1;#fff\x07\x1b]104;1\x07\x1b]4;1;?\x07",
        replies="\x1b]4;1;rgb:cdcd/0000/0000\x07",
    ),
    P("OSC 10", "\x1b]10;?\x07", replies="\x1b]10;rgb:e5e5/e5e5/e5e5\x07"),
    P("OSC 11", "\x1b]11;?\x1b\\", replies="\x1b]11;rgb:0000/0000/0000\x1b\\"),
    P("OSC 12", "\x1b]12;?\x1b\\", replies="\x1b]12;rgb:e5e5/e5e5/e5e5\x1b\\"),
    P("OSC 111", "\x1b]11;red\x07\x1b]111\x07\x1b]11;?\x07", replies="\x1b]11;rgb:0000/0000/0000\x07"),
    P("OSC 11 after S8C1T", "\x1b G\x9d11;?\x9c", replies="\x9d11;rgb:0000/0000/0000\x9c"),
    P("kitty flags", "\x1b[>5u\x1b[?u\x1b[<u\x1b[?u", replies="\x1b[?5u\x1b[?0u"),
    P("kitty flags per screen", "\x1b[>1u\x1b[?1049h\x1b[?u", replies="\x1b[?0u"),
    P("kitty flags that are not kept", "\x1b[>31u\x1b[?u\x1b[=2u\x1b[?u", replies="\x1b[?29u\x1b[?0u"),
    P("kitty event types added", "\x1b[=1u\x1b[=2;2u\x1b[?u\x1b[>2u\x1b[?u", replies="\x1b[?1u\x1b[?0u"),
    P("kitty flags that nobody knows", "\x1b[>4095u\x1b[?u", replies="\x1b[?29u"),
    P("kitty set and add", "\x1b[=1u\x1b[=4;2u\x1b[=1;3u\x1b[?u", replies="\x1b[?4u"),
    P("8-bit replies", "\x1b G\x1b[5n\x1b F\x1b[5n", replies="\x9b0n\x1b[0n"),
    P("modifyOtherKeys", "\x1b[>4;2m\x1b[?4m\x1b[>4m\x1b[?4m", replies="\x1b[>4;2m\x1b[>4;0m"),
]
WIDTHS = [
    P("wide", "漢字", ("漢字",), (0, 4)),
    P("ZWJ family", "👨\u200d👩\u200d👧a", ("👨\u200d👩\u200d👧a",), (0, 3)),
    P("VS15", "⌚\ufe0ea", ("⌚\ufe0ea",), (0, 2)),
    P("VS16 in the last column", "123456789❤\ufe0f", ("123456789", "❤\ufe0f"), (1, 2)),
    P("skin tone", "👍🏽a", ("👍🏽a",), (0, 3)),
    P("flag", "🇺🇸a", ("🇺🇸a",), (0, 3)),
    P("two flags", "🇺🇸🇩🇪", ("🇺🇸🇩🇪",), (0, 4)),
    P("keycap", "1\ufe0f\u20e3a", ("1\ufe0f\u20e3a",), (0, 3)),
    P("combining", "e\u0301a", ("e\u0301a",), (0, 2)),
    P("combining in the last column", "012345678e\u0301a", ("012345678e\u0301", "a")),
    P("combining on a wide one", "漢\u0301a", ("漢\u0301a",), (0, 3)),
    P("jamo", "\u1100\u1161\u11a8a", ("\u1100\u1161\u11a8a",), (0, 3)),
    P("ambiguous is narrow", "¤±a", ("¤±a",), (0, 3)),
    P("private use of plane 16", "\U00100000a", ("\U00100000a",), (0, 2)),
    P("marks are bounded", "a" + "\u0301" * 5000 + "b", ("a" + "\u0301" * 31 + "b",)),
]
ALL = RAISED + DROPPED + PRINTED + MISREAD + SCREENS + EDITING + MARGINS + WRAP + CHARSETS + STATES + TABS
ALL += REPLIES + WIDTHS


@pytest.mark.parametrize("probe", ALL, ids=lambda probe: probe.name)
@pytest.mark.parametrize("pieces", ["whole", "bytes"])
def test_probe(probe: Probe, pieces: str) -> None:
    terminal = Terminal(COLUMNS, LINES)
    data = probe.data.encode()
    step = len(data) if pieces == "whole" or len(data) > 1000 else 1
    for start in range(0, len(data), step):
        terminal.feed(data[start : start + step])
    if probe.rows is not None:
        rows = [row.rstrip() for row in terminal.display]
        assert rows == list(probe.rows) + [""] * (LINES - len(probe.rows))
    if probe.cursor is not None:
        assert (terminal.cursor.row, terminal.cursor.column) == probe.cursor
    if probe.replies is not None:
        assert terminal.take_replies() == probe.replies.encode("latin-1")
    if probe.history is not None:
        assert terminal.history_length == probe.history


def test_names_are_distinct() -> None:
    assert len({probe.name for probe in ALL}) == len(ALL)
