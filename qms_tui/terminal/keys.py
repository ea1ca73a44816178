from dataclasses import dataclass


@dataclass
class Key:
    name: str
    text: str | None = None


T = {
    "enter": b"\r",
    "escape": b"\x1b",
    "backspace": b"\x7f",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "tab": b"\t",
}


def encode_key(key, modes):
    if key.name in T:
        return T[key.name]
    if key.name.startswith("ctrl+") and len(key.name) == 6:
        return bytes([ord(key.name[5]) & 31])
    return key.text.encode() if key.text else None


def encode_mouse(*a):
    return None


def encode_paste(d, m):
    return d


def encode_focus(f, m):
    return None
