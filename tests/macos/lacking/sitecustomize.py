"""Takes from this Python what macOS's lacks: names, /proc, long addresses of sockets, C functions of Linux.

The names are those that typeshed has for Linux and not for darwin. Kept is what only stands for macOS's own
way: poll instead of kqueue, Linux's psutil, which reads /proc. So this shows that our code asks for nothing
that is not there, and that its other ways work; not that macOS itself does what its manual says.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import re
import sys
import types
from typing import Any

LONGEST_ADDRESS = 103  # bytes: sun_path of macOS's <sys/un.h>, without the closing NUL
NO_FUNCTIONS = ("prctl", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch")
NO_NAMES = {
    "os": r"EFD_.*|GRND_.*|MFD_.*|O_(DIRECT|LARGEFILE|NOATIME|PATH|RSYNC|TMPFILE)|POSIX_FADV_.*|P_PIDFD"
    r"|RTLD_DEEPBIND|RWF_.*|SCHED_(BATCH|IDLE|RESET_ON_FORK)|SPLICE_.*|XATTR_.*"
    r"|ST_(APPEND|MANDLOCK|NOATIME|NODEV|NODIRATIME|NOEXEC|RELATIME|SYNCHRONOUS|WRITE)"
    r"|copy_file_range|eventfd.*|fdatasync|getrandom|[gs]etres[gu]id|(get|list|remove|set)xattr|memfd_create"
    r"|pidfd_open|pipe2|posix_fa.*|sched_(get|set)(affinity|param|scheduler)|sched_rr_get_interval|splice"
    r"|waitid.*",
    "socket": r"(A|P)F_(ALG|ASH|ATM.*|AX25|BRIDGE|CAN|ECONET|IRDA|KEY|LLC|NETBEUI|NETLINK|NETROM|PACKET)"
    r"|(A|P)F_(PPPOX|QIPCRTR|RDS|ROSE|SECURITY|TIPC|VSOCK|WANPIPE|X25)|(ALG|CAN|J1939|NETLINK|PACKET|TIPC)_.*"
    r"|UDPLITE_.*|IOCTL_VM_.*|IPPROTO_(MPTCP|UDPLITE)|IP_(BIND_ADDRESS_NO_PORT|TRANSPARENT)|VMADDR_.*|VM_SOCKETS_.*"
    r"|MSG_(CMSG_CLOEXEC|CONFIRM|ERRQUEUE|FASTOPEN|MORE)|SCM_(CREDENTIALS|J1939.*)|SOCK_(CLOEXEC|NONBLOCK)"
    r"|SOL_(ALG|CAN.*|RDS|TIPC)|SO_(BINDTODEVICE|DOMAIN|INCOMING_CPU|J1939.*|MARK|PASSCRED|PASSSEC|PEERCRED)"
    r"|SO_(PEERSEC|PRIORITY|PROTOCOL|VM_SOCKETS_.*)|TCP_(CONGESTION|CORK|DEFER_ACCEPT|INFO|KEEPIDLE|LINGER2)"
    r"|TCP_(QUICKACK|SYNCNT|USER_TIMEOUT|WINDOW_CLAMP)",
    "select": r"E?POLLMSG|EPOLL.*|POLLRDHUP|epoll",
    "signal": r"SIG(CLD|POLL|PWR|RTMAX|RTMIN|STKFLT)|pidfd_send_signal|sigtimedwait|sigwaitinfo"
    r"|struct_siginfo",
    "errno": r"EAD[VZ]|EBAD([ER]|FD|RQC|SLT)|EBFONT|ECHRNG|ECOMM|EDEADLOCK|EDOTDOT|EISNAM|EKEY.*|EL[23].*"
    r"|ELIB.*|ELNRNG|EMEDIUMTYPE|ENAVAIL|ENO(ANO|CSI|KEY|MEDIUM|NET|PKG)|ENOT(NAM|UNIQ)|EREM(CHG|OTEIO)|ERESTART|ERFKILL"
    r"|ESRMNT|ESTRPIPE|EUCLEAN|EUNATCH|EXFULL",
    "fcntl": r"DN_.*|F_(ADD_SEALS|EXLCK|GETLK64|GETSIG|GET_SEALS|NOTIFY|SEAL_.*|SETLKW?64|SETSIG|SHLCK)"
    r"|F_[GS]ETPIPE_SZ|LOCK_(MAND|READ|RW|WRITE)",
    "termios": r"B(1000000|1152000|1500000|2000000|2500000|3000000|3500000|4000000|460800|500000|576000)"
    r"|B921600|C(BAUD|BAUDEX|IBAUD)|IOCSIZE_.*|IUCLC|NCC|N_.*|OLCUC|TC(FLSH|[GS]ET.*|SBRKP?|XONC)|TIOCG(ICOUNT|LCKTRMIOS|SERIAL)"
    r"|TIOC(INQ|LINUX|MIWAIT|SER.*|SLCKTRMIOS|SSERIAL|[GS]SOFTCAR)|VSWTCH?|XCASE|XTABS",
    "resource": r"RLIMIT_(MSGQUEUE|NICE|OFILE|RTPRIO|RTTIME|SIGPENDING)|RUSAGE_THREAD|prlimit",
    "time": r"CLOCK_(BOOTTIME|TAI)|pthread_getcpuclockid",
}


class _Library(ctypes.CDLL):
    def __getattr__(self, name: str) -> Any:
        if name in NO_FUNCTIONS:
            raise AttributeError(f"dlsym(RTLD_DEFAULT, {name}): symbol not found")
        return super().__getattr__(name)


def _take_names(module: str) -> None:
    found = importlib.import_module(module)
    for name in [name for name in vars(found) if re.fullmatch(NO_NAMES[module], name)]:
        delattr(found, name)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: what it raises is what the call raises."""
    if event in ("open", "os.listdir", "os.scandir"):
        if _in_proc(arguments[0]) and not _asked_by_psutil():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])
    elif event in ("socket.bind", "socket.connect") and isinstance(arguments[1], str | bytes):
        if len(os.fsencode(arguments[1])) > LONGEST_ADDRESS:
            raise OSError("AF_UNIX path too long")
        if _in_proc(arguments[1]):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[1])


def _in_proc(path: object) -> bool:
    return isinstance(path, str | bytes) and os.fsencode(path).startswith(b"/proc")


def _asked_by_psutil() -> bool:
    asking = sys._getframe(2).f_globals.get("__name__", "")
    return str(asking).startswith("psutil")


def _be_lacking() -> None:
    _take_names("select")  # first: the modules below choose by its names how to wait
    importlib.import_module("psutil")  # that of Linux, while it finds what it needs
    socket = importlib.import_module("socket")
    keepalive = socket.TCP_KEEPIDLE
    for module in NO_NAMES:
        _take_names(module)
    vars(socket)["TCP_KEEPALIVE"] = keepalive  # macOS's name for it
    ctypes.CDLL = _Library  # type: ignore[misc]
    proxies = types.ModuleType("_scproxy")  # a part of macOS's Python that urllib imports
    vars(proxies).update(_get_proxies=dict, _get_proxy_settings=dict)
    sys.modules["_scproxy"] = proxies
    sys.modules["_watchdog_fsevents"] = types.ModuleType("_watchdog_fsevents")
    sysconfig = importlib.import_module("sysconfig")
    os.environ["_PYTHON_SYSCONFIGDATA_NAME"] = sysconfig._get_sysconfigdata_name()  # Linux's, which is there
    sys.addaudithook(_refuse)
    sys.platform = "darwin"


_be_lacking()
