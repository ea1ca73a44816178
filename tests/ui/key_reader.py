"""The program in the pane: tells on a socket what it reads, and writes what it is told there.

Started by the app as `python key_reader.py SOCKET`. Raw mode, so that every byte comes as it was sent.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import tty


def main() -> None:
    """Pass bytes between the terminal and the socket until one of them ends."""
    tty.setraw(0)
    test = socket.socket(socket.AF_UNIX)
    test.connect(sys.argv[1])
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(test, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                data = os.read(key.fd, 65536)
                if not data:
                    return
                if key.fd == 0:
                    test.sendall(data)
                else:
                    os.write(1, data)


if __name__ == "__main__":
    main()
