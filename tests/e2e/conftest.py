"""What end-to-end tests stand on: an engine, the tiny image, QMS projects that are cleaned up.

Without an engine these tests skip. With QMS_TUI_REQUIRE_ENGINE=1, as in .ci/run, a skip is a failure.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.project import Project
from qms_tui.runtime.docker import connect
from qms_tui.runtime.docker.engine import security_options
from qms_tui.runtime.docker.kit import our_kit
from tests.bench.model import Model

from . import clients, debian, kept, programs
from . import engine as engines
from . import image as images
from . import project as projects
from .direct import DirectRuntime
from .kept import House
from .tried import tried

HERE = Path(__file__).parent
PATIENCE = (
    300.0  # seconds of a test; on a busy machine one that opens several screens takes more than a minute
)
REQUIRED = os.environ.get("QMS_TUI_REQUIRE_ENGINE") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker(pytest.mark.engine)
        if "client_image" in getattr(item, "fixturenames", ()):  # the first of them has it built
            item.add_marker(pytest.mark.timeout(debian.BUILD_SECONDS))
        elif item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PATIENCE))
    items[:] = ours + [item for item in items if item not in set(ours)]  # what takes longest begins first


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"QMS_TUI_REQUIRE_ENGINE=1, yet: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(tried(terminalreporter.getreports("passed")))
    if lines:
        terminalreporter.section("tried on a real engine")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What qms-tui remembers of images, and the files of containers, are not the human's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.APIClient]:
    """A client of a real Docker engine."""
    try:
        client = engines.connect()
    except engines.NoEngine as reason:
        pytest.skip(str(reason))
    with client:
        yield client


@pytest.fixture(scope="session")
def rootless(engine: docker.APIClient) -> bool:
    """Whether an agent is root in its container there, and its container's own files are its own."""
    return "rootless" in security_options(engine.info())


@pytest.fixture(scope="session")
def image(engine: docker.APIClient) -> str:
    """The name of the tiny image, which the engine now has; `agent.sh` says what its agent answers."""
    try:
        return images.ensure(engine)
    except images.NoBusybox as reason:
        pytest.skip(str(reason))


@pytest.fixture
def make_qms_project(engine: docker.APIClient, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """`make_qms_project(name="project", uid=None)`: several projects, or one with an owner of its own."""
    made: list[Path] = []

    def make(name: str = "project", uid: int | None = None) -> Path:
        root = tmp_path / name
        root.mkdir()
        made.append(root)
        return projects.make_qms_project(root, uid)

    yield make
    for root in made:
        engines.remove_project(engine, str(root))


@pytest.fixture
def qms_project(make_qms_project: Callable[..., Path]) -> Path:
    """The root of a QMS project; every container and network labelled with it goes when the test ends."""
    return make_qms_project()


@pytest.fixture
async def make_runtime(image: str) -> AsyncIterator[Callable[..., DirectRuntime]]:
    """`make_runtime(root, host={...}, memory=...)`: a runtime for a project; agents get these settings."""
    made: list[DirectRuntime] = []

    def make(root: Path, host: Mapping[str, str] | None = None, **agent: Any) -> DirectRuntime:
        config = Config(every_agent=AgentConfig(**{"image": image, **agent}))
        runtime = DirectRuntime(connect(), Project(root), config, host or {})
        made.append(runtime)
        return runtime

    yield make
    for runtime in made:
        await runtime.close()


@pytest.fixture
def runtime(make_runtime: Callable[..., DirectRuntime], qms_project: Path) -> DirectRuntime:
    """A runtime for `qms_project` with the settings that hold by default."""
    return make_runtime(qms_project)


@pytest.fixture(scope="session")
def programs_image(engine: docker.APIClient) -> str:
    """The name of the image with bash, python3, nano, less, vim and htop, which the engine now has."""
    try:
        return programs.ensure(engine)
    except (programs.NoPrograms, images.NoBusybox) as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def client_version(pytestconfig: pytest.Config) -> str:
    """Of the client in that image: `--client-version`, else the one that the Dockerfile pins."""
    return str(pytestconfig.getoption("client_version")) or our_kit().client_version


@pytest.fixture(scope="session")
def client_image(
    engine: docker.APIClient, client_version: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of the product's own image, which the engine now has; made from nothing it takes minutes."""
    with contextlib.closing(connect()) as ours:
        try:
            return debian.ensure(ours, tmp_path_factory.mktemp("debian"), client_version)
        except debian.NoDebian as reason:
            pytest.skip(str(reason))


@pytest.fixture(scope="session")
def network(engine: docker.APIClient) -> Iterator[tuple[str, str]]:
    """A network without a way out: its name, and this host's address in it."""
    with clients.closed_network(engine, f"qms-tui-test-closed-{os.getpid()}") as found:
        yield found


@pytest.fixture
def model(network: tuple[str, str]) -> Iterator[Model]:
    """What agents in that network have for a model."""
    with Model(network[1]) as model:
        yield model


@pytest.fixture(scope="module")
def house(
    engine: docker.APIClient, programs_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A project with a keeper of its own, for all tests of a module; each takes an agent for itself."""
    with kept.house(engine, programs_image, tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
async def home(house: House, engine: docker.APIClient) -> AsyncIterator[House]:
    """The same, without any interface or container when the test ends."""
    yield house
    await house.leave()
    house.clear(engine)
