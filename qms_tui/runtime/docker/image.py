"""Building the agents' image on the engine, step by step."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, ImageNotFound, create_api_error_from_http_exception
from msgspec import Struct

import qms_tui
from qms_tui.config import AgentConfig, BuildConfig
from qms_tui.errors import ImageError
from qms_tui.runtime.docker import build_options
from qms_tui.runtime.docker import kit as kits
from qms_tui.runtime.docker.base import SPEC, UNKNOWN, Base, inspect_base
from qms_tui.runtime.docker.build_log import BuildLog, Progress
from qms_tui.runtime.docker.buildkit import TRACE, Traces
from qms_tui.runtime.docker.engine import API_TIMEOUT, Engine, engine_errors
from qms_tui.runtime.docker.kit import Kit

SILENCE = 900  # seconds without a word of a build after which it is given up: slow mirrors, big downloads


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image to build: our files, and what a person may choose."""

    kit: Kit
    base: str = BuildConfig().base
    client_version: str = ""
    """Of Claude Code; empty for the version that the files ask for."""
    packages: tuple[str, ...] = ()
    """More packages of the base's distribution."""
    tag: str = AgentConfig().image
    below: Base = UNKNOWN
    """What the engine has under the base's name."""
    options: build_options.Options = field(default_factory=dict)
    """What of this was chosen for the image, whatever the configuration says."""
    config: BuildConfig | None = None
    """What the configuration says, if it was asked."""

    @property
    def client(self) -> str:
        """The version that will be in it."""
        return self.client_version or self.kit.client_version

    @property
    def checked(self) -> bool:
        """Whether our files know the digests of that version's archives; else only its registry vouches."""
        return bool(self.kit.client_digests(self.client))

    @property
    def arguments(self) -> dict[str, str]:
        """What the Dockerfile's ARGs get."""
        return {
            "BASE_IMAGE": self.base,
            "CLIENT_VERSION": self.client,
            "PACKAGES": " ".join(self.packages),
        }

    @property
    def labels(self) -> dict[str, str]:
        """What the image tells of itself, and every container that is made of it."""
        return {
            kits.LABEL_KIT: self.kit.hash,
            kits.LABEL_CLIENT: self.client,
            kits.LABEL_CHECK: kits.CHECKED if self.checked else kits.UNCHECKED,
            kits.LABEL_BASE: self.base,
            kits.LABEL_PACKAGES: " ".join(self.packages),
            **self._option_labels,
            **self._spec_labels,
        }

    @property
    def _option_labels(self) -> dict[str, str]:
        """Without what is as it would be anyway: asking for today's version must not keep it for ever."""
        if self.config is None:
            return {}
        plain = replace(configured(self.config), kit=self.kit)
        anyway = {build_options.BASE: plain.base, build_options.CLIENT: plain.client}
        chosen = {name: value for name, value in self.options.items() if value != anyway[name]}
        return build_options.labels_of(chosen, self.config)

    @property
    def _spec_labels(self) -> dict[str, str]:
        """The image specification's own. Without `created`: the same files must give the same image."""
        said = {
            "title": "qms-tui agent",
            "description": f"Claude Code {self.client} and what agents of qms-tui need",
            "version": qms_tui.__version__,
            # Of our files, of the client, and of the base's packages as their copyright files say.
            "licenses": "MIT AND LicenseRef-Claude-Code AND LicenseRef-Distribution",
            "base.name": self.base,
        }
        if self.below.digest:
            said["base.digest"] = self.below.digest
        return dict.fromkeys(self.below.spec_labels, "") | {
            f"{SPEC}{name}": text for name, text in said.items()
        }

    def choosing(self, options: build_options.Options) -> Recipe:
        """The same with these options over the configuration."""
        return replace(
            self,
            base=options.get(build_options.BASE, self.base),
            client_version=options.get(build_options.CLIENT, self.client_version),
            options={**self.options, **options},
        )

    def repeating(self, built: Mapping[str, str]) -> Recipe:
        """The same with the options of the image that has these labels, where nothing is chosen now."""
        if self.config is None:
            return self
        return self.choosing({**build_options.repeated(built, self.config), **self.options})

    def context(self) -> bytes:
        """What the engine gets, as a tar archive: the files, and the labels as the last instruction.

        Podman would write labels of the request in another order each time: a new image although nothing is.
        """
        labels = " ".join(f"{name}={json.dumps(value)}" for name, value in self.labels.items())
        dockerfile = self.kit.files["Dockerfile"] + f"\nLABEL {labels}\n".encode()
        return Kit({**self.kit.files, "Dockerfile": dockerfile}).context()


def configured(build: BuildConfig) -> Recipe:
    """What the configuration wants. Raises ImageError if our files are missing."""
    return Recipe(kits.our_kit(), build.base, build.client_version or "", build.packages, config=build)


class Image(Struct, frozen=True):
    """An image of ours as the engine has it; the labels are empty for one of others.

    `size` in bytes is the engine's own count, as `docker images` shows it.
    """

    id: str
    size: int
    labels: Mapping[str, str]
    counted_twice: bool = False
    """Whether `size` has every layer twice: compressed, and unpacked on the disk beside that."""

    @property
    def kit(self) -> str:
        """The hash of the files that it was built from; empty if it is not ours."""
        return self.labels.get(kits.LABEL_KIT, "")

    @property
    def client(self) -> str:
        """The version of Claude Code in it, if it is ours."""
        return self.labels.get(kits.LABEL_CLIENT, "")

    @property
    def size_text(self) -> str:
        """Its size, and what the engine counts if that is not what one would think."""
        counted = " (compressed and unpacked)" if self.counted_twice else ""
        return f"{self.size / 10**6:.0f} MB{counted}"


def find_image(engine: Engine, name: str) -> Image | None:
    """The image of that name. Blocking. Raises EngineError."""
    with engine_errors(f"cannot look for the image {name!r}"):
        try:
            facts: dict[str, Any] = engine.api.inspect_image(name)  # type: ignore[no-untyped-call]
        except ImageNotFound:
            return None
        size = _listed_size(engine.api, facts, name) if engine.containerd_store else facts.get("Size")
    labels = facts["Config"].get("Labels") or {}
    return Image(str(facts["Id"]), int(size or 0), labels, counted_twice=engine.containerd_store)


def _listed_size(api: APIClient, facts: Mapping[str, Any], name: str) -> int:
    """With containerd's store, only the list counts what is unpacked; 0 for a name that is not in it."""
    return next((image["Size"] for image in api.images(name=name) if image["Id"] == facts["Id"]), 0)


def is_replaced(engine: Engine, name: str, digest: str) -> bool:
    """Whether the name stands for another image of ours by now. Blocking. Raises EngineError."""
    now = find_image(engine, name) if name else None
    return (
        now is not None and bool(now.kit) and now.id.removeprefix("sha256:") != digest.removeprefix("sha256:")
    )


def is_current(engine: Engine, name: str) -> bool:
    """Whether the image of that name is of our files, or none of ours. Blocking. Raises EngineError."""
    now = find_image(engine, name)
    return now is not None and now.kit in ("", kits.our_kit().hash)


def build_image(
    engine: Engine, recipe: Recipe, on_progress: Callable[[Progress], None], *, use_cache: bool = True
) -> Image:
    """Build and name the image; those of ours that have no name any more go, unless they are used. Blocking.

    Raises ImageError with the last lines that the build printed, EngineError.
    """
    log = BuildLog(on_progress)
    with engine_errors("cannot build the image"):
        if find_image(engine, recipe.base) is None:
            _pull(engine.api, recipe.base, log)
        below = inspect_base(engine.api, recipe.base)
        _build(engine.api, replace(recipe, below=below), log, use_cache)
        if not below.is_under(engine.api, recipe.tag):
            # The name stood for another image by then: BuildKit may ask the registry. Nothing false is said.
            _build(engine.api, replace(recipe, below=replace(below, digest="")), log, use_cache=True)
    built = find_image(engine, recipe.tag)
    if built is None:
        raise ImageError("the build ended without an image", hint="its output, above, may say why")
    with engine_errors("cannot remove the image that was replaced"):
        _remove_nameless(engine.api)
    return built


def _pull(api: APIClient, image: str, log: BuildLog) -> None:
    """Fetch the base with the human's login for its registry.

    A builder could do that itself, but BuildKit asks its client for the login over a connection of its own,
    even for an anonymous one: "no active sessions".
    """
    log.pull(image)
    try:
        for event in api.pull(image, stream=True, decode=True):
            if "error" in event:
                raise log.pull_failure(image, str(event["error"]))
            log.passing(f"{event.get('status') or ''} {event.get('progress') or ''}")
    except APIError as error:
        raise log.pull_failure(image, str(error.explanation)) from error


def _build(api: APIClient, recipe: Recipe, log: BuildLog, use_cache: bool) -> None:
    """Post the build, as the SDK's `build` does, but with BuildKit where that is the engine's own choice."""
    query: dict[str, str | int] = {
        "t": recipe.tag,
        "buildargs": json.dumps(recipe.arguments),
        "nocache": int(not use_cache),
        "rm": 1,
        "forcerm": 1,
        "version": _builder(api),
    }
    with api.post(
        f"{api.base_url}/v{api.api_version}/build",
        params=query,
        data=recipe.context(),
        headers={"Content-Type": "application/x-tar"},
        stream=True,
        timeout=SILENCE,
    ) as response:
        try:
            response.raise_for_status()
        except requests.HTTPError as error:
            create_api_error_from_http_exception(error)
        follow((json.loads(line) for line in response.iter_lines(chunk_size=None) if line), log)


def _builder(api: APIClient) -> str:
    """The builder that the engine prefers: "1" is the classic one, "2" BuildKit; Podman names none."""
    return api.get(f"{api.base_url}/_ping", timeout=API_TIMEOUT).headers.get("Builder-Version") or "1"


def follow(events: Iterable[Mapping[str, Any]], log: BuildLog) -> None:
    """Tell the log what a build's stream says, until its end. Raises ImageError if the build failed."""
    traces = Traces(log)
    for event in events:
        if event.get("id") == TRACE:
            traces.add(str(event.get("aux") or ""))
        if "error" in event:
            raise log.failure(str(event["error"]))
        log.text(str(event.get("stream") or ""))


def _remove_nameless(api: APIClient) -> None:
    """They would stay for ever; one that is still used stays till a later build."""
    for image in api.images(filters={"dangling": True, "label": kits.LABEL_KIT}):
        with contextlib.suppress(APIError):
            api.remove_image(image["Id"])
