"""Every way that we know to a file with set-uid or set-gid bit. Runs inside a container, with Python alone.

    set_id_tries.py FOLDER

Prints a JSON object: for each try `made`, else the error's name; then for each call that must go on working
`works`, or its error. Other processors than x86-64 know fewer ways.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import socket
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

MODE = 0o6755
REGULAR = stat.S_IFREG | MODE
AT_FDCWD = -100
HIGH = 1 << 32  # beyond what the kernel reads of a mode
TMPFILE = 0o20000000 | os.O_DIRECTORY
X32 = 0x40000000
MAP_32BIT = 0x40
# name: numbers on x86-64, on i386 (by int 0x80), on aarch64; None where there is none
NUMBERS: dict[str, tuple[int, int, int | None]] = {
    "open": (2, 5, None),
    "creat": (85, 8, None),
    "chmod": (90, 15, None),
    "fchmod": (91, 94, 52),
    "mknod": (133, 14, None),
    "openat": (257, 295, 56),
    "mknodat": (259, 297, 33),
    "fchmodat": (268, 306, 53),
    "io_uring_setup": (425, 425, 425),
    "io_uring_enter": (426, 426, 426),
    "openat2": (437, 437, 437),
    "fchmodat2": (452, 452, 452),
    "linkat": (265, 303, 37),
}
SYSTEM = platform.machine()
X86 = SYSTEM == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
Call = Callable[..., int]


def number(name: str) -> int | None:
    """A call's number here."""
    return NUMBERS[name][0 if X86 else 2]


def call(name: str, *arguments: object, bit: int = 0) -> int:
    """Make a system call with its arguments as whole registers."""
    known = number(name)
    if known is None:
        raise OSError(errno.ENOSYS, "no such call on this processor")
    registers = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = int(libc.syscall(ctypes.c_long(known | bit), *registers))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def x32(name: str, *arguments: object) -> int:
    """The same as a program with short pointers would."""
    return call(name, *arguments, bit=X32)


class Gate:
    """int 0x80, by which a 64-bit program makes a 32-bit program's calls."""

    CODE = bytes.fromhex("53 89f8 89f3 4189d1 89ca 4489c9 4489c6 cd80 4898 5b c3")
    SIZE = 4096

    def __init__(self) -> None:
        libc.mmap.restype = ctypes.c_void_p
        access, kind = (
            mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC,
            mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
        )
        self._page = int(libc.mmap(None, self.SIZE, access, kind | MAP_32BIT, -1, 0))
        ctypes.memmove(self._page, self.CODE, len(self.CODE))
        self._jump = ctypes.CFUNCTYPE(*[ctypes.c_long] * 6)(self._page)

    def __call__(self, name: str, *arguments: object) -> int:
        """Make a call; a path goes where 32 bits reach it."""
        registers = []
        for each in arguments:
            if isinstance(each, bytes):
                ctypes.memmove(self._page + 1024, each + b"\0", len(each) + 1)
            registers.append(each if isinstance(each, int) else self._page + 1024)
        result: int = self._jump(NUMBERS[name][1], *registers, *[0] * (4 - len(registers)))
        if result < 0:
            raise OSError(-result, name)
        return result


def made(path: bytes) -> bytes:
    """The path of a file that is there."""
    Path(os.fsdecode(path)).touch()
    return path


def descriptor(path: bytes) -> int:
    """One of such a file."""
    return os.open(made(path), os.O_RDWR)


def tmpfile(path: bytes) -> None:
    """A file without a name, made with the bits, gets one."""
    opened = call("openat", AT_FDCWD, os.path.dirname(path), TMPFILE | os.O_RDWR, MODE)
    call("linkat", AT_FDCWD, f"/proc/self/fd/{opened}".encode(), AT_FDCWD, path, 0x400)


def socket_file(path: bytes) -> None:
    """A socket's own mode becomes that of its file."""
    with socket.socket(socket.AF_UNIX) as opened:
        call("fchmod", opened.fileno(), MODE)
        opened.bind(path)


def io_uring(path: bytes) -> None:
    """A ring makes the call in the kernel, past every filter."""
    parameters = bytearray(120)
    ring = call("io_uring_setup", 4, (ctypes.c_char * 120).from_buffer(parameters))
    (_, tail, mask, _, _, _, array, _) = struct.unpack_from("<8I", parameters, 40)
    queue = mmap.mmap(ring, 4096, offset=0)
    entries = mmap.mmap(ring, 4096, offset=0x10000000)
    name = ctypes.create_string_buffer(path)
    flags = os.O_CREAT | os.O_WRONLY
    entry = struct.pack("<BBHiQQII", 18, 0, 0, AT_FDCWD, 0, ctypes.addressof(name), MODE, flags)
    entries[: len(entry)] = entry
    place = struct.unpack_from("<I", queue, tail)[0]
    struct.pack_into("<I", queue, array + 4 * (place & struct.unpack_from("<I", queue, mask)[0]), 0)
    struct.pack_into("<I", queue, tail, place + 1)
    call("io_uring_enter", ring, 1, 1, 1, 0, 0)


def acl(path: bytes) -> None:
    """An access list whose owner may do more than there is."""
    entries = struct.pack("<HHI", 0x01, 0xFFFF, 0xFFFFFFFF)
    entries += struct.pack("<HHI", 0x04, 0xFFFF, 0xFFFFFFFF) + struct.pack("<HHI", 0x20, 0xFFFF, 0xFFFFFFFF)
    os.setxattr(made(path), "system.posix_acl_access", struct.pack("<I", 2) + entries)


def capability(path: bytes) -> None:
    """Not the bits, but as good as they: a program that gets root's rights."""
    os.setxattr(
        made(path), "security.capability", struct.pack("<5I", 0x02000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0)
    )


def ways(do: Call) -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """Through one of the processor's gates."""
    create = os.O_CREAT | os.O_WRONLY
    yield "chmod", lambda path: do("chmod", made(path), MODE)
    yield "fchmod", lambda path: do("fchmod", descriptor(path), MODE)
    yield "fchmodat", lambda path: do("fchmodat", AT_FDCWD, made(path), MODE)
    yield "fchmodat2", lambda path: do("fchmodat2", AT_FDCWD, made(path), MODE, 0)
    yield "open", lambda path: do("open", path, create, MODE)
    yield "openat", lambda path: do("openat", AT_FDCWD, path, create, MODE)
    yield "creat", lambda path: do("creat", path, MODE)
    yield "mknod", lambda path: do("mknod", path, REGULAR, 0)
    yield "mknodat", lambda path: do("mknodat", AT_FDCWD, path, REGULAR, 0)


def _tries() -> Iterator[tuple[str, Callable[[bytes], object]]]:
    yield from ways(call)
    yield "chmod 4755", lambda path: call("chmod" if X86 else "fchmodat", *_at(made(path)), 0o4755)
    yield "chmod 2755", lambda path: call("chmod" if X86 else "fchmodat", *_at(made(path)), 0o2755)
    yield (
        "fchmodat with more bits",
        lambda path: call("fchmodat", AT_FDCWD, made(path), HIGH | 0x10000 | MODE),
    )
    yield (
        "openat exclusive",
        lambda path: call(
            "openat", AT_FDCWD, path, HIGH | os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, MODE
        ),
    )
    yield "O_TMPFILE", tmpfile
    yield (
        "openat2",
        lambda path: call(
            "openat2", AT_FDCWD, path, struct.pack("<3Q", os.O_CREAT | os.O_WRONLY, MODE, 0), 24
        ),
    )
    yield "io_uring", io_uring
    yield "mknodat fifo", lambda path: call("mknodat", AT_FDCWD, path, stat.S_IFIFO | MODE, 0)
    yield "socket", socket_file
    yield "mkdir", lambda path: os.mkdir(path, MODE)
    yield "acl", acl
    yield "capability", capability
    yield from ((f"int 0x80 {name}", do) for name, do in ways(lambda *call: Gate()(*call)))
    yield from ((f"x32 {name}", do) for name, do in ways(x32))


def _at(path: bytes) -> tuple[object, ...]:
    return (path,) if X86 else (AT_FDCWD, path)


TRIES = {name: do for name, do in _tries() if X86 or not name.startswith(("int", "x32"))}
NO_LONGER_MADE = {"chmod", "open", "creat", "mknod"}  # calls that newer processors do not have
WORKS: dict[str, Callable[[bytes], object]] = {
    "chmod 755": lambda path: os.chmod(made(path), 0o755),
    "chmod 1755": lambda path: os.chmod(made(path), 0o1755),
    "fchmod 644": lambda path: os.fchmod(descriptor(path), 0o644),
    "open 600": lambda path: os.open(path, os.O_CREAT | os.O_WRONLY, 0o600),
    "open with any mode": lambda path: call("openat", AT_FDCWD, made(path), os.O_RDONLY, MODE),
    "O_TMPFILE": lambda path: os.open(os.path.dirname(path), TMPFILE | os.O_RDWR, 0o600),
    "mkfifo": lambda path: os.mkfifo(path, 0o644),
    "mkdir 1777": lambda path: os.mkdir(path, 0o1777),
}


def outcome(do: Callable[[bytes], object], path: bytes) -> str:
    """What comes of a try, in a process of its own: a gate that is not there ends it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"nothing"
        try:
            os.umask(0)
            do(path)
        except OSError as error:
            said = errno.errorcode.get(error.errno or 0, str(error.errno)).encode()
        finally:
            os.write(writing, said)
            os._exit(0)
    os.close(writing)
    with open(reading) as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        return f"signal {os.WTERMSIG(status)}"
    try:
        mode, attributes = os.lstat(path).st_mode, os.listxattr(path, follow_symlinks=False)
    except FileNotFoundError:
        return answer
    return "made" if mode & 0o6000 or "security.capability" in attributes else answer


def main(folder: str) -> None:
    """Try everything."""
    results = {"tries": TRIES, "works": WORKS}
    said = {
        kind: {
            name: outcome(do, os.fsencode(f"{folder}/{kind}-{place}"))
            for place, (name, do) in enumerate(each.items())
        }
        for kind, each in results.items()
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
