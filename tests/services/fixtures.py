"""Fixtures ``postgres``, ``redis``, ``minio``, ``rtsp`` and ``timestamps``: the address of a running server.

And for one test each ``sound``, a sound server, ``ups``, a NUT server, ``disk``, a small disk, ``authority``, which
certifies and revokes, ``token``, a PKCS#11 token, and ``verapdf``, which checks PDF/A. What is not installed or not
allowed skips its tests, with the reason; COURTREC_REQUIRE_SERVICES=1 fails them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.services.authority import CertificateAuthority, certificate_authority
from tests.services.checkers import verapdf as verapdf_program
from tests.services.disks import SmallDisk, small_disk
from tests.services.nut import UpsServer, ups_server
from tests.services.pipewire import pipewire_server
from tests.services.processes import (
    MinioServer,
    PostgresServer,
    RedisServer,
    RtspServer,
    age,
    free_port,
    minio_server,
    postgres_server,
    redis_server,
    rtsp_server,
)
from tests.services.running import ServiceMissing
from tests.services.sound import SoundServer, alsa_plugins, sound_server
from tests.services.timestamps import TimestampServer, timestamp_server
from tests.services.tokens import Token, plugged_token

Server = TypeVar("Server")


@contextmanager
def or_skip(service: AbstractContextManager[Server]) -> Iterator[Server]:
    with ExitStack() as running:
        try:
            server = running.enter_context(service)
        except ServiceMissing as missing:
            if os.environ.get("COURTREC_REQUIRE_SERVICES") == "1":
                pytest.fail(str(missing), pytrace=False)
            pytest.skip(str(missing))
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with or_skip(postgres_server()) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with or_skip(redis_server()) as server:
        yield server


@pytest.fixture(scope="session")
def minio() -> Iterator[MinioServer]:
    with or_skip(minio_server()) as server:
        yield server


@pytest.fixture(scope="session")
def rtsp() -> Iterator[RtspServer]:
    with or_skip(rtsp_server()) as server:
        yield server


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A sound server for one test, which may kill it; clients started by the test find it."""
    with or_skip(sound_server()) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(params=["pulseaudio", "pipewire"])
def each_sound(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """Either kind of sound server, for one test."""
    with or_skip(sound_server() if request.param == "pulseaudio" else pipewire_server()) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def with_alsa() -> Iterator[None]:
    with or_skip(alsa_plugins()):
        yield


@pytest.fixture(scope="session")
def age_program() -> Iterator[str]:
    """The path of the program `age`."""
    with or_skip(age()) as program:
        yield program


@pytest.fixture
def timestamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TimestampServer]:
    """An authority for one test, which may make it a bad one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with or_skip(timestamp_server(tmp_path / "authority")) as server:
        yield server


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CertificateAuthority]:
    """A certification authority for one test."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with or_skip(certificate_authority(tmp_path / "certification")) as running:
        yield running


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Token]:
    """An empty PKCS#11 token for one test."""
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm" / "softhsm2.conf"))
    with or_skip(plugged_token(tmp_path / "softhsm")) as plugged:
        yield plugged


@pytest.fixture
def verapdf() -> Iterator[Callable[[Path], str]]:
    """Whether a file is PDF/A-3b: PASS, or the rules it breaks."""
    with or_skip(verapdf_program()) as check:
        yield check


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Of 4 MiB."""
    with or_skip(small_disk(tmp_path / "disk", 4 << 20)) as mounted:
        yield mounted


@pytest.fixture
def ups() -> Iterator[UpsServer]:
    with or_skip(ups_server(free_port())) as server:
        yield server
