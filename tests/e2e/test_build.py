"""Building on a real engine, with the builder that it prefers: steps, failures, Ctrl+C, and what is left.

Everything that comes of a trial carries its label, so that other tests may build at the same time.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

import qms_tui
from qms_tui.cli import building
from qms_tui.config import BuildConfig
from qms_tui.errors import ImageError
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.base import SPEC, inspect_base
from qms_tui.runtime.docker.build_log import Output, Progress, Pull, Step
from qms_tui.runtime.docker.engine import Engine
from qms_tui.runtime.docker.image import Image, Recipe, build_image, find_image
from qms_tui.runtime.docker.kit import LABEL_BASE, LABEL_CHECK, LABEL_CLIENT, UNCHECKED, Kit, our_kit
from tests.mcp.house import wait_until

from . import image as images
from . import registry
from .direct import DirectRuntime
from .test_app import App

LABEL = "qms-tui-test.trial"
BEGINNING = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG CLIENT_VERSION=1.0.0\n"
NEW = time.time_ns()  # what has it in its words is in no engine's cache
LONG, NEVER = f"sleep 20.{NEW}", f"sleep 60.{NEW}"  # seconds; found by that among all processes
SOON = 15.0  # seconds, on a busy machine; less than an instruction takes that is not ended
MISSING, DAMAGED, SLOW, OTHER = "9.9.9", "8.8.8", "7.7.7", "6.6.6"  # versions in the registry below


class Trial:
    """Builds upon a base whose label is in every image and container that comes of it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.api = engine, engine.api
        self.base, self.tag = f"qms-tui-test-base-{name}:1", f"qms-tui-test-{name}:1"
        self._filters = {"label": f"{LABEL}={name}"}
        self.first_line = f"LABEL {LABEL}={name}\n"

    def make_base(self, below: str, instructions: str = "", files: Mapping[str, bytes] | None = None) -> None:
        dockerfile = f"FROM {below}\n{self.first_line}{instructions}"
        context = io.BytesIO(Kit({"Dockerfile": dockerfile.encode(), **(files or {})}).context())
        for event in self.api.build(
            fileobj=context, custom_context=True, tag=self.base, decode=True, rm=True
        ):
            assert "error" not in event, event

    def recipe(self, instructions: str, **files: bytes) -> Recipe:
        kit = Kit({"Dockerfile": f"{BEGINNING}{instructions}\n".encode(), **files})
        return Recipe(kit, self.base, tag=self.tag)

    def build(self, recipe: Recipe, seen: list[Progress] | None = None) -> Image:
        return build_image(self.engine, recipe, (seen if seen is not None else []).append)

    def nameless(self) -> list[str]:
        found = self.api.images(filters={"dangling": True, **self._filters})
        return [str(image["Id"]) for image in found]

    def containers(self) -> list[str]:
        return [str(row["Id"]) for row in self.api.containers(all=True, filters=self._filters)]

    def clear(self) -> None:
        for container in self.containers():
            self.api.remove_container(container, force=True)
        for name in (self.tag, self.base, *self.nameless()):
            with contextlib.suppress(docker.errors.APIError):
                self.api.remove_image(name, force=True)


@pytest.fixture(scope="module")
def connected(engine: docker.APIClient) -> Iterator[Engine]:
    with contextlib.closing(connect()) as ours:
        yield ours


@pytest.fixture
def trial(connected: Engine, image: str, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """On the tiny image."""
    made = Trial(connected, f"{request.node.name.lower()[5:25].strip('_')}-{NEW}")
    made.make_base(image)
    yield made
    made.clear()


def test_its_steps_are_shown_in_their_order_and_it_says_what_it_is(trial: Trial) -> None:
    echo, one = f"echo one of {NEW}", Output(f"one of {NEW}")
    seen: list[Progress] = []
    recipe = trial.recipe(f"RUN {echo}; echo two\nCOPY inside/ /inside/", **{"inside/a.py": b"1\n"})
    built = trial.build(recipe, seen)
    steps = [item for item in seen if isinstance(item, Step)]
    assert [step.number for step in steps] == list(range(1, steps[-1].count + 1))
    run = next(step for step in steps if step.instruction == f"RUN {echo}; echo two")
    copy = next(step for step in steps if step.instruction == "COPY inside/ /inside/")
    lines = [seen.index(item) for item in (run, one, Output("two"), copy)]
    assert lines == sorted(lines)
    assert (built.kit, built.client) == (recipe.kit.hash, "1.0.0")
    assert trial.build(recipe, seen).id == built.id
    assert (trial.nameless(), trial.containers()) == ([], [])


@pytest.fixture
def plain_kit(monkeypatch: pytest.MonkeyPatch) -> Kit:
    """What images are made of for the time of a test: nothing but a line."""
    kit = Kit({"Dockerfile": f"{BEGINNING}RUN echo plain of {NEW}\n".encode()})
    monkeypatch.setattr("qms_tui.runtime.docker.kit.our_kit", lambda: kit)
    return kit


def test_a_build_without_options_repeats_those_of_the_last(
    trial: Trial, plain_kit: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The base is nowhere but here: whoever asks a registry for another one fails."""
    config, report = BuildConfig(), building.Report(live=False, columns=80)
    building.build(trial.engine, building.recipe(config, trial.base, "2.0.0", trial.tag), report)
    first = find_image(trial.engine, trial.tag)
    capsys.readouterr()
    building.build(trial.engine, building.recipe(config, None, None, trial.tag), report)
    said = capsys.readouterr().out
    assert f"as it was built last, with --base {trial.base} --client-version 2.0.0" in said
    assert find_image(trial.engine, trial.tag) == first
    assert first is not None
    assert (first.client, first.labels[LABEL_BASE]) == ("2.0.0", trial.base)
    building.build(trial.engine, building.recipe(config, None, "3.0.0", trial.tag), report)
    newer = find_image(trial.engine, trial.tag)
    assert newer is not None
    assert (newer.client, newer.labels[LABEL_BASE]) == ("3.0.0", trial.base)


async def test_a_key_builds_with_the_options_of_the_last_build(
    trial: Trial, plain_kit: Kit, make_runtime: Callable[..., DirectRuntime], qms_project: Path
) -> None:
    report = building.Report(live=False, columns=80)
    building.build(trial.engine, building.recipe(BuildConfig(), trial.base, "2.0.0", trial.tag), report)
    before = find_image(trial.engine, trial.tag)
    await make_runtime(qms_project, image=trial.tag).rebuild("qa", lambda step: None)
    assert find_image(trial.engine, trial.tag) == before


def test_its_size_is_what_the_engine_lists(trial: Trial) -> None:
    built = trial.build(trial.recipe("RUN echo one >/bin/one"))
    (listed,) = trial.api.images(name=trial.tag)
    assert built.size == listed["Size"] > 0
    assert built == find_image(trial.engine, trial.tag)


def test_it_says_what_it_is_and_is_made_of(trial: Trial) -> None:
    """And nothing that its base says of itself."""
    trial.make_base(trial.base, f"LABEL {SPEC}version=24.04 {SPEC}source=elsewhere\n")
    built = trial.build(trial.recipe("RUN echo said"))
    base = trial.api.inspect_image(trial.base)  # type: ignore[no-untyped-call]
    digests = [name.rpartition("@")[2] for name in base["RepoDigests"]] or [base["Id"]]
    assert built.labels[f"{SPEC}base.name"] == trial.base
    assert built.labels[f"{SPEC}base.digest"].removeprefix("sha256:") in {
        digest.removeprefix("sha256:") for digest in digests
    }
    assert built.labels[f"{SPEC}version"] == qms_tui.__version__
    assert built.labels[f"{SPEC}title"] == "qms-tui agent"
    assert built.labels[f"{SPEC}source"] == ""
    assert f"{SPEC}created" not in built.labels


def test_the_digest_of_another_base_is_not_said(
    trial: Trial, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name stands for another one when the build comes to it."""
    name = trial.base.partition(":")[0]
    other = f"{name}:other"
    trial.make_base(image, "RUN echo another >/bin/another\n")
    trial.api.tag(trial.base, name, "other")
    trial.make_base(image, "RUN echo a third >/bin/another\n")
    looked = inspect_base(trial.api, other)
    trial.api.remove_image(other)
    monkeypatch.setattr("qms_tui.runtime.docker.image.inspect_base", lambda api, name: looked)
    recipe = trial.recipe("RUN echo moved")
    built = trial.build(recipe)
    assert built.labels[f"{SPEC}base.name"] == trial.base
    assert f"{SPEC}base.digest" not in built.labels


def test_a_replaced_image_goes_unless_it_is_used(trial: Trial) -> None:
    """What is still used goes with a later build."""
    first = trial.build(trial.recipe("RUN echo first"))
    container = str(trial.api.create_container(trial.tag, "true")["Id"])
    second = trial.build(trial.recipe("RUN echo second"))
    # The container keeps it; containerd's store no longer lists it.
    assert trial.nameless() == ([] if trial.engine.containerd_store else [first.id])
    trial.api.remove_container(container)
    third = trial.build(trial.recipe("RUN echo third"))
    assert trial.nameless() == []
    for gone in (first, second):
        assert find_image(trial.engine, gone.id) is None
    assert find_image(trial.engine, third.id) is not None


def test_a_failure_says_which_step_and_leaves_no_container(trial: Trial) -> None:
    with pytest.raises(ImageError) as caught:
        trial.build(trial.recipe("RUN echo before\nRUN echo it breaks >&2; exit 7"))
    first, *lines = caught.value.message.split("\n  ")
    assert re.fullmatch(r"cannot build the image: step \d ended with 7", first)
    assert lines == ["it breaks"]
    assert trial.containers() == []
    assert find_image(trial.engine, trial.tag) is None


def test_a_build_that_is_left_ends_on_the_engine(trial: Trial) -> None:
    def leave(progress: Progress) -> None:
        if progress == Output("it waits"):
            wait_until(lambda: is_running(LONG), "the instruction runs")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_image(trial.engine, trial.recipe(f"RUN echo it waits; {LONG}\nRUN {NEVER}"), leave)
    wait_for_the_end(trial)
    trial.build(trial.recipe("RUN echo meanwhile"))
    assert not is_running(NEVER)


def wait_for_the_end(trial: Trial) -> None:
    """Docker ends at once what runs; Podman lets the instruction come to its end, and begins no other."""
    within = 60 if trial.engine.podman else SOON
    wait_until(lambda: not is_running(LONG), "the engine ends the build", within)
    wait_until(lambda: not trial.containers(), "the engine removes the build's container")


def is_running(command: str) -> bool:
    return any(process.info["cmdline"] == command.split() for process in psutil.process_iter(["cmdline"]))


def test_a_base_that_the_engine_lacks_is_pulled_first(
    connected: Engine, programs_image: str, tmp_path: Path, trial: Trial
) -> None:
    if connected.podman:
        pytest.skip("Podman wants TLS even of a registry on its own machine")
    architecture = connected.api.version()["Arch"]
    digest = registry.write(tmp_path, images.root_filesystem(images.static_busybox()), architecture)
    with served(connected.api, programs_image, tmp_path) as port:
        base = f"127.0.0.1:{port}/{registry.NAME}:{registry.TAG}"
        recipe = replace(trial.recipe(f"{trial.first_line}RUN echo built on it by {NEW}"), base=base)
        seen: list[Progress] = []
        exact = replace(recipe, base=f"{base.rpartition(':')[0]}@{digest}")
        try:
            built = trial.build(recipe, seen)
            again = trial.build(exact)
        finally:
            with contextlib.suppress(docker.errors.ImageNotFound):
                connected.api.remove_image(base)
            with contextlib.suppress(docker.errors.ImageNotFound):
                connected.api.remove_image(exact.base)
        assert seen[0] == Pull(base)
        assert [one.labels[f"{SPEC}base.digest"] for one in (built, again)] == [digest, digest]
        assert [one.labels[f"{SPEC}base.name"] for one in (built, again)] == [base, exact.base]
        assert Output(f"built on it by {NEW}") in seen
        with pytest.raises(ImageError, match="cannot pull the base image") as caught:
            trial.build(replace(recipe, base=f"{base}2"))
    assert "--base" in caught.value.hint


@contextlib.contextmanager
def served(api: docker.APIClient, image: str, folder: Path) -> Iterator[int]:
    """A registry with what is in the folder, in a container in the engine's own network; its port."""
    shutil.copy(registry.__file__, folder)  # an engine may not see the checkout
    mount = docker.types.Mount("/registry", str(folder), "bind", read_only=True)
    host = api.create_host_config(network_mode="host", mounts=[mount], init=True)
    command = ["/usr/bin/python3", "/registry/registry.py", "/registry"]
    container = str(api.create_container(image, command, host_config=host)["Id"])
    try:
        api.start(container)
        yield int(wait_until(lambda: api.logs(container).strip(), "the registry says its port"))
    finally:
        api.remove_container(container, force=True)


@pytest.fixture(scope="module")
def product(connected: Engine, client_image: str) -> Iterator[Trial]:
    """On a base that has the recipe's packages and user, and an npm that needs no registry."""
    made = Trial(connected, f"product-{NEW}")
    made.make_base(client_image, "USER root\nCOPY npm/ /npm/\nRUN sh /npm/install\n", NPM)
    yield made
    made.clear()


CONTROL = """Package: npm
Version: 99
Architecture: all
Maintainer: nobody
Description: in place of Debian's
"""
# Says what npm says, and packs a client that says its version.
STAND_IN = f"""#!/bin/sh
fail() {{
    printf 'npm error code %s\\nnpm error %s\\n' "$1" "$2"
    exit 1
}}
case "$3" in
    *@{MISSING}) fail ETARGET "notarget No matching version found for $3." ;;
    *@{DAMAGED}) fail EINTEGRITY "sha512- integrity checksum failed when using sha512" ;;
    *@{SLOW}) echo it waits; {LONG} ;;
esac
mkdir package
printf '#!/bin/sh\\necho tried\\n' >package/claude
chmod 755 package/claude
tar -czf client.tgz package
"""
NPM = {
    "npm/DEBIAN/control": CONTROL.encode(),
    "npm/usr/bin/npm": STAND_IN.encode(),
    "npm/install": b"chmod 755 /npm/usr/bin/npm && dpkg-deb --build /npm /n.deb && dpkg -i /n.deb",
}


@pytest.fixture
def app(qms_project: Path, tmp_path: Path, image: str) -> App:
    return App(qms_project, tmp_path / "home", image)


def built(app: App, product: Trial, *options: str) -> Any:
    return app.run("build", "--base", product.base, "--tag", product.tag, *options)


def test_another_archive_than_the_known_one_of_the_pinned_version_fails(app: App, product: Trial) -> None:
    """The stand-in for npm packs its own for every version, and finds nothing wrong with it."""
    done = built(app, product)
    assert done.returncode == 2
    version = our_kit().client_version
    assert f"the archive of Claude Code {version} is not the one that this qms-tui knows" in done.stderr
    assert "do not use it" in done.stderr
    assert find_image(product.engine, product.tag) is None
    assert product.containers() == []


def test_our_image_shows_its_steps_and_leaves_nothing_nameless(app: App, product: Trial) -> None:
    first = built(app, product, "--client-version", OTHER, "--no-cache")
    assert first.returncode == 0, first.stderr
    begins, *steps, ends = first.stdout.splitlines()
    assert begins.startswith(f"building {product.tag}: Claude Code {OTHER} on ")
    found = [re.match(r"\[(\d+)/(\d+)\] (\w+)", step) for step in steps]
    numbers = [(int(match[1]), int(match[2])) for match in found if match]
    assert numbers == [(number, len(steps)) for number in range(1, len(steps) + 1)]
    assert [match[3] for match in found if match and match[3] in ("RUN", "COPY")] == [
        *["RUN"] * 4,
        "COPY",
        "RUN",
    ]
    image = find_image(product.engine, product.tag)
    assert image is not None
    assert "knows no digest of that version" in first.stderr
    assert (image.labels[LABEL_CLIENT], image.labels[LABEL_CHECK]) == (OTHER, UNCHECKED)
    assert ends.startswith(f"built: {product.tag}, {image.size_text}, ")
    assert ("compressed and unpacked" in ends) is product.engine.containerd_store
    again = built(app, product, "--client-version", OTHER)
    assert again.stdout.splitlines()[-1].startswith("nothing has changed: ")
    assert (product.nameless(), product.containers()) == ([], [])


def test_a_change_of_what_runs_inside_fetches_nothing_again(product: Trial) -> None:
    recipe = Recipe(our_kit(), product.base, OTHER, tag=product.tag)
    before = product.build(recipe)
    seen: list[Progress] = []
    changed = Kit({**our_kit().files, "inside/hook.py": f"# changed by {NEW}\n".encode()})
    after = product.build(replace(recipe, kit=changed), seen)
    assert after.id != before.id
    assert not [item for item in seen if isinstance(item, Output) and "tried" in item.line]
    assert (product.nameless(), product.containers()) == ([], [])


@pytest.mark.parametrize(
    ("options", "packages", "said", "hint"),
    [
        (["--client-version", MISSING], "", "No matching version found", "--client-version names"),
        (["--client-version", DAMAGED], "", "integrity checksum failed", "a proxy or mirror in between"),
        (
            ["--client-version", OTHER],
            '"no-such-package"',
            "Unable to locate package no-such-package",
            "build.packages has a name",
        ),
    ],
)
def test_what_goes_wrong_is_said_with_what_to_do(
    app: App, product: Trial, options: list[str], packages: str, said: str, hint: str
) -> None:
    app.set(f"[build]\npackages = [{packages}]\n")
    done = built(app, product, *options)
    assert done.returncode == 2
    assert re.search(r"cannot build the image: step \d+ ended with \d+\n", done.stderr)
    assert said in done.stderr
    assert hint in done.stderr
    assert product.containers() == []


def test_a_terminal_shows_what_a_step_prints_and_ctrl_c_ends_it(app: App, product: Trial) -> None:
    with app.open("build", "--base", product.base, "--tag", product.tag, "--client-version", SLOW) as tui:
        tui.wait("] RUN case ", "    it waits", patience=120)  # behind the steps before it
        wait_until(lambda: is_running(LONG), "the client runs")
        tui.type("\x03")
        assert tui.end() == 130
    wait_for_the_end(product)
