"""What the engine says that a container uses."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import quote

from docker import APIClient

from qms_tui.runtime.base import ENGINE
from qms_tui.runtime.docker.engine import engine_errors
from qms_tui.runtime.usage import Sample, Samples, Usage
from qms_tui.workers import MOST, Workers

PATIENCE = 5.0  # seconds between two signs of life: Docker collects once a second, Podman answers in 4 ms
WATCHED = 1.0  # seconds between two looks of somebody who wants figures at once
LARGEST = 2**18  # bytes of an answer, which has a number for each processor and each network
_MOST = 2**63  # what the kernel counts in
_ONCE = {"stream": "false", "one-shot": "true"}  # else a second of Docker's more; older engines ignore it
_NANOSECONDS = 1e9


class Stats:
    """Asks the engine, in workers of its own: leaving waits for nobody who only wants figures."""

    def __init__(self, api: APIClient) -> None:
        self._api = api
        self._workers = Workers(ENGINE)
        self._samples = Samples()

    async def usage(self, agent: str, container: str) -> Usage | None:
        """What the agent's container, by its id, uses; None if it does not run. May take seconds."""
        what = f"ask what {agent} uses"
        with engine_errors(f"cannot {what}"):
            # The request gives up by itself before the deadline, so that none is left behind in a thread.
            sample = await self._workers.call(
                lambda: _ask(self._api, container), what=what, deadline=3 * PATIENCE
            )
        return self._samples.usage(agent, sample)

    def close(self) -> None:
        """Ask no more; what is under way is left to itself."""
        self._workers.close()


def usage_of(api: APIClient, containers: Mapping[str, str]) -> dict[str, Usage]:
    """What each agent's container, by its id, uses in a second; without those that do not run. Blocking."""
    with engine_errors("cannot ask what agents use"), ThreadPoolExecutor(MOST) as asking:
        found = asking.map(lambda name: _watch(api, name), containers.values())
        return {agent: usage for agent, usage in zip(containers, found, strict=True) if usage}


def _watch(api: APIClient, container: str) -> Usage | None:
    samples, began = Samples(), time.monotonic()
    samples.usage(container, _ask(api, container))
    time.sleep(max(0.0, WATCHED - (time.monotonic() - began)))
    return samples.usage(container, _ask(api, container))


def _ask(api: APIClient, container: str) -> Sample | None:
    url = f"{api.base_url}/v{api.api_version}/containers/{quote(container, safe='')}/stats"
    with contextlib.closing(api.get(url, params=_ONCE, timeout=PATIENCE, stream=True)) as answer:
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return read_sample(_bounded(answer.iter_content(LARGEST)))


def _bounded(parts: Iterable[bytes]) -> bytes:
    body = b""
    for part in parts:
        body += part
        if len(body) > LARGEST:
            return b""
    return body


def read_sample(answer: bytes) -> Sample | None:
    """An answer of Docker or Podman, on cgroups of either version; None if it is of no running container.

    Of one that has ended Docker tells no memory, Podman nothing at all.
    """
    try:
        told = json.loads(answer)
        memory, cpu = told["memory_stats"], told["cpu_stats"]["cpu_usage"]
        used, stats = _number(memory["usage"]), memory.get("stats") or {}
        return Sample(
            program=str(told.get("id") or told.get("Id"))[:64],
            at=datetime.fromisoformat(told["read"]).timestamp(),
            busy=_number(cpu["total_usage"]) / _NANOSECONDS,
            memory=used - min(used, _droppable(stats)),
            # Podman does not say how much is file cache, so nobody knows whether little is left.
            limit=_number(memory.get("limit", 0)) if stats else 0,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _droppable(stats: dict[str, Any]) -> int:
    """The file cache that is not in use, as `docker stats` leaves it out; version 1 says `total_`."""
    return _number(stats.get("total_inactive_file", stats.get("inactive_file", 0)))


def _number(value: Any) -> int:
    number = int(value)
    if not 0 <= number < _MOST:
        raise ValueError("no count")
    return number
