from qms_tui.terminal import Key


def key_bytes(*a):
    return None


def key_from_textual(name, char):
    return Key(name, char)


def mouse_from_textual(*a):
    return None
