"""The program that counts folders: a process of its own, so that millions of files delay no terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from qms_tui.errors import KeeperError
from qms_tui.keeper.disk.walk import LONGEST, Folder, Measure

PATIENCE = LONGEST + 60  # seconds for an answer


class FolderCounter:
    """Starts it when it is needed. One question at any time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def measure(self, folders: Sequence[Folder], most: int) -> Measure:
        """What the folders take together; at most so many files are counted. Raises KeeperError."""
        asked = {"folders": [[folder.root, folder.parts] for folder in folders], "most": most}
        try:
            async with asyncio.timeout(PATIENCE):
                return _read(await self._ask(json.dumps(asked).encode() + b"\n"))
        except BaseException as error:
            await self.close()  # whatever it says next would be the answer to this
            if isinstance(error, OSError | ValueError | KeyError | TypeError):
                raise KeeperError(
                    f"folders cannot be counted: {error!r}", "the log file may say more"
                ) from error
            raise

    async def close(self) -> None:
        """End it; idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def _ask(self, line: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(Path(__file__).with_name("walk.py"))),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line)
        await self._process.stdin.drain()
        return await self._process.stdout.readline()


def _read(line: bytes) -> Measure:
    """Raises ValueError, KeyError or TypeError for what is no answer."""
    words = json.loads(line)
    return Measure(int(words["used"]), int(words["files"]), str(words["hidden"]))
