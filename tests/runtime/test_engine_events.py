"""The engine's events as values, as Docker and Podman write them."""

from __future__ import annotations

import pytest

from qms_tui.runtime.docker.watch import container_event


@pytest.mark.parametrize(
    ("action", "attributes", "code"),
    [
        ("die", {"exitCode": "137"}, 137),
        ("died", {"containerExitCode": "0"}, 0),
        ("die", {}, None),
        ("start", {"exitCode": "1"}, None),
    ],
)
def test_how_a_container_ended(action: str, attributes: dict[str, str], code: int | None) -> None:
    actor = {"ID": "abc", "Attributes": {"qms-tui.agent": "qa", **attributes}}
    event = container_event({"Action": action, "Actor": actor, "timeNano": 2 * 10**9})
    assert event is not None
    assert (event.agent, event.at, event.exit_code) == ("qa", 2.0, code)


def test_what_makes_no_sense_is_none() -> None:
    actor = {"ID": "abc", "Attributes": {"qms-tui.agent": "qa", "exitCode": "many"}}
    assert container_event({"Action": "die", "Actor": actor, "timeNano": 1}) is None
