"""The gateway's process: started by the keeper, told on standard input what to do, ends with that."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path

from qms_tui.log import setup_logging
from qms_tui.mcp.gateway import Gateway
from qms_tui.mcp.orders import read_order
from qms_tui.mcp.process import allow_descriptors

_log = logging.getLogger(__name__)

LONGEST_ORDER = 2**20  # bytes
_TALKATIVE = ("httpx2", "httpcore2")


def main() -> int:
    """Serve until told to stop."""
    asked = _parser().parse_args()
    setup_logging(asked.log_level, f"mcp-{Path(asked.folder).parent.name}")
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    allow_descriptors()
    gc.freeze()  # the types of the SDK are many, and stay
    gateway = Gateway(Path(asked.folder), Path(asked.project), (asked.uid, asked.gid), asked.listen)
    try:
        asyncio.run(_run(gateway))
    except Exception as error:
        from qms_tui.report import report_crash

        _log.exception("the gateway failed")
        report_crash(error, ["mcp", *sys.argv[1:]])
        raise
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qms_tui.mcp")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--uid", type=int, default=os.getuid())
    parser.add_argument("--gid", type=int, default=os.getgid())
    parser.add_argument("--listen", default="", metavar="ADDRESS:PORT")
    parser.add_argument("--log-level", default="info")
    return parser


async def _run(gateway: Gateway) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    listening = loop.create_task(_listen(gateway, stopped))
    _log.info("serving, instance %s", gateway.instance)
    await gateway.run(stopped)
    listening.cancel()
    _log.info("ended")


async def _listen(gateway: Gateway, stopped: asyncio.Event) -> None:
    """Do what the keeper says, until it says no more."""
    reader = asyncio.StreamReader(limit=LONGEST_ORDER)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            order = read_order(line)
            gateway.add_servers(order.servers, order.programs, trusted=order.trusted)
            if order.agent:
                gateway.add_agent(order.agent)
    except (ValueError, KeyError, TypeError):
        _log.exception("an order that is none")
    finally:
        transport.close()
        stopped.set()


if __name__ == "__main__":
    sys.exit(main())
