"""The image that ours is built on, as the engine has it: what it is, whatever its name stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from docker import APIClient
from docker.errors import ImageNotFound

SPEC = "org.opencontainers.image."  # before what the image specification says of labels


@dataclass(frozen=True, slots=True)
class Base:
    """`digest` is its registry's, as `NAME@sha256:...` takes it, or its id if it came from none.

    `spec_labels` are those of the image specification that it has: an image made of it would inherit them,
    and say of itself what is true of the base.
    """

    digest: str = ""
    layers: tuple[str, ...] = ()
    spec_labels: tuple[str, ...] = ()

    def is_under(self, api: APIClient, image: str) -> bool:
        """Whether an image is made of it. Blocking. Raises APIError."""
        layers = _layers(_inspect(api, image))
        return layers[: len(self.layers)] == self.layers


UNKNOWN = Base()


def inspect_base(api: APIClient, name: str) -> Base:
    """The image of that name; nothing is known of one that is not there. Blocking. Raises APIError."""
    facts = _inspect(api, name)
    digests = [str(one).rpartition("@")[2] for one in facts.get("RepoDigests") or ()]
    wanted, id = name.rpartition("@")[2], str(facts.get("Id", ""))
    digest = wanted if wanted in digests else (digests or [id and f"sha256:{id.removeprefix('sha256:')}"])[0]
    labels = (facts.get("Config") or {}).get("Labels") or {}
    return Base(digest, _layers(facts), tuple(sorted(label for label in labels if label.startswith(SPEC))))


def _inspect(api: APIClient, image: str) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = api.inspect_image(image)  # type: ignore[no-untyped-call]
    except ImageNotFound:  # the build has ended without one, or somebody has removed it
        return {}
    return facts


def _layers(facts: dict[str, Any]) -> tuple[str, ...]:
    return tuple((facts.get("RootFS") or {}).get("Layers") or ())
