"""Ways to the engine: where it is said to be, what is told when it is not there, what a break does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qms_tui.config import AgentConfig, Config
from qms_tui.errors import EngineError
from qms_tui.project import Project
from qms_tui.runtime import Condition
from qms_tui.runtime.docker import connect

from .direct import DirectRuntime
from .held import GREETING, SIZE, attached, started
from .relay import Relay, make_certificates

NOBODY = 65534
VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@pytest.fixture
def relay(image: str, tmp_path: Path) -> Iterator[Relay]:
    """The engine at a place of its own."""
    with Relay(tmp_path / "engine.sock") as made:
        yield made


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, relay: Relay) -> None:
    """Nothing says where the engine is, and the home folder is empty."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def make_context(folder: Path, name: str, host: str) -> None:
    """As `docker context create` does."""
    place = folder / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    (place / "meta.json").write_text(json.dumps(meta))


def host_in_use(configured: str | None = None) -> str:
    engine = connect(configured)
    try:
        assert engine.version
        assert engine.cpus > 0
        return engine.host
    finally:
        engine.close()


def test_who_it_is_takes_two_questions(relay: Relay) -> None:
    assert host_in_use(relay.host) == relay.host
    assert relay.requests == ["GET /version", "GET /info"]


@pytest.mark.usefixtures("nowhere")
class TestWhere:
    def test_by_variable(self, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", relay.host)
        assert host_in_use() == relay.host

    def test_by_configuration_before_all_else(self, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        assert host_in_use(relay.host) == relay.host

    def test_by_the_current_context(self, relay: Relay, tmp_path: Path) -> None:
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text('{"currentContext": "mine"}')
        make_context(tmp_path / ".docker", "mine", relay.host)
        assert host_in_use() == relay.host

    def test_by_the_folder_of_contexts(
        self, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere/config.json").write_text('{"currentContext": "mine"}')
        make_context(tmp_path / "elsewhere", "mine", relay.host)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "elsewhere"))
        assert host_in_use() == relay.host

    def test_by_the_name_of_a_context(
        self, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There need not be a config.json."""
        make_context(tmp_path / ".docker", "mine", relay.host)
        monkeypatch.setenv("DOCKER_CONTEXT", "mine")
        assert host_in_use() == relay.host

    def test_the_variable_goes_before_a_context(
        self, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_context(tmp_path / ".docker", "other", "unix:///nowhere.sock")
        monkeypatch.setenv("DOCKER_CONTEXT", "other")
        monkeypatch.setenv("DOCKER_HOST", relay.host)
        assert host_in_use() == relay.host

    def test_a_project_cannot_bring_contexts(
        self, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the SDK would do without a config.json: look into the current folder."""
        make_context(tmp_path, "mine", relay.host)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DOCKER_CONTEXT", "mine")
        with pytest.raises(EngineError, match="no docker context 'mine'"):
            connect()

    def test_an_unknown_context(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_CONTEXT", "nobodys")
        with pytest.raises(EngineError, match="no docker context 'nobodys'") as caught:
            connect()
        assert "docker context ls" in caught.value.hint

    @pytest.mark.parametrize("content", ["", "[]", '{"Endpoints": 7}', '{"Endpoints": {"docker": {}}}'])
    def test_a_broken_context(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
        make_context(tmp_path / ".docker", "mine", "unix:///nowhere.sock")
        (meta,) = (tmp_path / ".docker").rglob("meta.json")
        meta.write_text(content)
        monkeypatch.setenv("DOCKER_CONTEXT", "mine")
        with pytest.raises(EngineError, match="context"):
            connect()

    def test_a_way_that_is_not_there_yet(self) -> None:
        with pytest.raises(EngineError, match="not supported yet"):
            connect("npipe:////./pipe/docker_engine")

    @pytest.mark.parametrize("host", ["nonsense", "tcp://", "tcp://127.0.0.1:99999", "unix://", "foo://bar"])
    def test_what_is_no_address(self, host: str) -> None:
        with pytest.raises(EngineError):
            connect(host)


@pytest.mark.usefixtures("nowhere")
class TestNotThere:
    def test_no_such_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        host = f"unix://{tmp_path}/none.sock"
        monkeypatch.setenv("DOCKER_HOST", host)
        with pytest.raises(EngineError, match=f"cannot reach the engine at {host}") as caught:
            connect()
        assert "--runtime local" in caught.value.hint
        assert "qms-tui demo" in caught.value.hint

    def test_a_socket_that_nobody_listens_on(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "dead.sock"))
        with pytest.raises(EngineError, match="cannot reach the engine"):
            connect(f"unix://{tmp_path}/dead.sock")

    def test_a_port_that_nobody_listens_on(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(EngineError, match="cannot reach the engine"):
            connect(f"tcp://127.0.0.1:{port}")

    def test_something_that_is_no_engine(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as odd:
            odd.bind(str(tmp_path / "odd.sock"))
            odd.listen()
            begun = subprocess.Popen(
                [sys.executable, "-c", _CONNECT, f"unix://{tmp_path}/odd.sock"], stdout=subprocess.PIPE
            )
            with begun:
                for _ in range(2):  # the knock, then the question
                    client, _ = odd.accept()
                    with contextlib.suppress(OSError), client:
                        client.sendall(b"220 mail.example ESMTP\r\n")
                said, _ = begun.communicate(timeout=60)
        assert b"EngineError: cannot reach the engine" in said

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_a_socket_that_is_not_for_us(self, tmp_path: Path) -> None:
        with Relay(tmp_path / "private.sock") as relay:
            (tmp_path / "private.sock").chmod(0o600)
            os.seteuid(NOBODY)
            try:
                with pytest.raises(EngineError, match="permission denied") as caught:
                    connect(relay.host)
            finally:
                os.seteuid(0)
        assert "usermod -aG docker" in caught.value.hint


_CONNECT = """
import sys
import threading
from qms_tui.errors import EngineError
from qms_tui.runtime.docker import connect
try:
    connect(sys.argv[1])
except EngineError as error:
    print("EngineError:", error, error.hint)
"""


@pytest.fixture
def over(qms_project: Path, image: str) -> Iterator[Callable[[str], DirectRuntime]]:
    """`over(host)`: a runtime for `qms_project` by that way."""
    made: list[DirectRuntime] = []

    def make(host: str) -> DirectRuntime:
        config = Config(every_agent=AgentConfig(image=image))
        made.append(DirectRuntime(connect(host), Project(qms_project), config, {}))
        return made[-1]

    yield make
    for runtime in made:
        runtime.let_go()  # again, unless the test has failed


async def test_a_broken_connection_is_no_ending(
    relay: Relay, over: Callable[[str], DirectRuntime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qms_tui.runtime.docker.containers.ENDED_WAIT", 0.5)
    runtime = over(relay.host)
    async with started(runtime, "qa") as qa:
        qa.type(b"before\r")
        await qa.expect(rb"echo:before\r\n")
        relay.cut()
        await qa.end()
        assert await runtime.ended("qa") is None
    assert (await runtime.find("qa")).condition is Condition.RUNNING
    async with attached(runtime, "qa") as qa:
        qa.type(b"after\r")
        await qa.expect(rb"echo:after\r\n")
    await runtime.close()


# The SDK leaves a Unix socket to the garbage collector where nobody listens.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_an_engine_that_goes_away_is_told(
    image: str, tmp_path: Path, over: Callable[[str], DirectRuntime]
) -> None:
    with Relay(tmp_path / "engine.sock") as relay:
        runtime = over(relay.host)
        async with started(runtime, "qa") as qa:
            await qa.expect(rb"agent ready")
            relay.cut()
            await qa.end()
    for attempt in (runtime.find("qa"), runtime.attach("qa", SIZE), runtime.stop("qa")):
        with pytest.raises(EngineError, match="cannot"):
            await attempt
    await runtime.close()
    await asyncio.sleep(0)  # the loop lets go of the last error
    for thread in threading.enumerate():
        if thread.name == "qms-tui-worker":
            thread.join(10)
    gc.collect()  # here, where its warnings are expected
    with Relay(tmp_path / "again.sock") as relay:
        runtime = over(relay.host)
        async with attached(runtime, "qa") as qa:
            qa.type(b"still here\r")
            await qa.expect(rb"echo:still here\r\n")
        await runtime.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
class TestTls:
    async def test_an_agent_over_tls(
        self,
        image: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        over: Callable[[str], DirectRuntime],
    ) -> None:
        context = make_certificates(tmp_path / "certificates")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "certificates"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "a-company's.pem"))
        pasted = random.Random(58).randbytes(2_000_000)
        with Relay(tls=context) as relay:
            runtime = over(relay.host)
            async with started(runtime, "qa") as qa:
                await qa.expect(GREETING % b"qa")
                qa.type(b"flood 20000\r")
                await qa.expect(rb"flood 1\r\n")
                await qa.expect(rb"flood 20000\r\n")
                assert qa.before.count(b"flood ") == 19_998
                qa.type(b"sum %d\r" % (len(pasted) + 1))
                await qa.expect(rb"sum ready\r\n")
                assert qa.attachment.write(pasted)
                qa.type(b"k")
                await qa.expect(b"sum " + hashlib.sha256(pasted + b"k").hexdigest().encode())
            async with attached(runtime, "qa") as qa:
                qa.type(b"again\r")
                await qa.expect(rb"echo:again\r\n")
                qa.type(b"exit 5\r")
                await qa.end()
                assert str(await runtime.outcome("qa")) == "exit code 5"
            await runtime.close()

    def test_by_a_context(self, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in VARIABLES:
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        monkeypatch.setenv("DOCKER_CONTEXT", "far")
        name = hashlib.sha256(b"far").hexdigest()
        with Relay(tls=make_certificates(tmp_path / "contexts/tls" / name / "docker")) as relay:
            make_context(tmp_path, "far", relay.host)
            assert host_in_use() == relay.host

    def test_a_stranger_is_not_trusted(
        self, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stranger = make_certificates(tmp_path / "stranger")
        make_certificates(tmp_path / "mine")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "mine"))
        with Relay(tls=stranger) as relay, pytest.raises(EngineError, match="cannot reach the engine"):
            connect(relay.host)
