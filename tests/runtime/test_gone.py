"""What is gone is gone, whatever an engine calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from docker import APIClient
from docker.errors import APIError, NotFound

from qms_tui.runtime.docker.engine import _Client


@pytest.fixture
def client() -> Iterator[APIClient]:
    with _Client(base_url="unix:///nowhere.sock", version="1.41") as made:
        yield made


def answer(status: int, message: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, "http+docker://localhost/v1.41/containers/x/json"
    made.headers["Content-Type"] = "application/json"
    made._content = json.dumps({"message": message}).encode()
    return made


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "No such container: x"),
        (500, "no container with ID 35a8 found in database: no such container"),  # Podman 5.4
        (500, 'no container with name or ID "x" found: no such container'),
    ],
)
def test_a_container_that_is_gone(client: APIClient, status: int, message: str) -> None:
    with pytest.raises(NotFound):
        client._raise_for_status(answer(status, message))  # type: ignore[attr-defined]


@pytest.mark.parametrize("message", ["openat CLAUDE.md: read-only file system", ""])
def test_other_errors_are_what_they_are(client: APIClient, message: str) -> None:
    with pytest.raises(APIError) as caught:
        client._raise_for_status(answer(500, message))  # type: ignore[attr-defined]
    assert not isinstance(caught.value, NotFound)
