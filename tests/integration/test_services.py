"""Each real server that the tests run against does answer, and MinIO keeps what object lock promises."""

import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import psycopg
import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention
from redis import Redis
from redis.exceptions import ConnectionError

from tests.services.fixtures import or_skip
from tests.services.processes import (
    MinioServer,
    PostgresServer,
    RedisServer,
    RtspServer,
    ffmpeg_program,
    minio_server,
    redis_server,
    rtsp_server,
)
from tests.services.running import ServiceFailed


def test_postgres_answers_a_query(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_postgres_wants_the_password(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace(postgres.password, "wrong"))


def test_redis_answers_a_ping(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client:
        assert client.ping()


def test_minio_refuses_to_delete_a_locked_version(minio: MinioServer) -> None:
    client = Minio(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
    client.make_bucket("services", object_lock=True)
    retention = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(days=1))

    body = b"segment"
    locked = client.put_object("services", "locked.mp4", io.BytesIO(body), len(body), retention=retention)
    free = client.put_object("services", "free.mp4", io.BytesIO(body), len(body))

    client.remove_object("services", "free.mp4", version_id=free.version_id)
    with pytest.raises(S3Error, match="WORM protected"):
        client.remove_object("services", "locked.mp4", version_id=locked.version_id)
    with client.get_object("services", "locked.mp4", version_id=locked.version_id) as kept:
        assert kept.read() == body


def test_rtsp_sends_picture_and_sound_to_one_viewer_after_another(rtsp: RtspServer) -> None:
    for _ in range(2):
        with _open(rtsp) as camera:
            assert {stream.type: stream.codec_context.name for stream in camera.streams} == {
                "video": "h264",
                "audio": "aac",
            }
            seen = set()
            for frame in camera.decode():
                seen.add(type(frame))
                if seen == {av.VideoFrame, av.AudioFrame}:
                    break
        assert seen == {av.VideoFrame, av.AudioFrame}


def test_rtsp_goes_on_beyond_the_end_of_its_recording(tmp_path: Path) -> None:
    recording = tmp_path / "two_seconds.mkv"
    sources = ["-f", "lavfi", "-i", "testsrc2=duration=2", "-f", "lavfi", "-i", "sine=duration=2"]
    subprocess.run([ffmpeg_program(), "-v", "error", *sources, str(recording)], check=True)

    with or_skip(rtsp_server(recording)) as server, _open(server) as camera:
        times: list[float] = []
        while not times or times[-1] <= 3:
            frame = next(camera.decode(video=0))
            if frame.time is not None:  # unknown until the server's first RTCP report
                times.append(frame.time)
    assert times == sorted(times)


def test_rtsp_refuses_a_recording_without_sound(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc2=duration=1"]
    subprocess.run([ffmpeg_program(), "-v", "error", *picture, str(silent)], check=True)

    with pytest.raises(ServiceFailed, match="matches no streams"), or_skip(rtsp_server(silent)):
        pass


def test_server_is_gone_afterwards() -> None:
    with or_skip(redis_server()) as server:
        pass
    with Redis.from_url(server.url) as client, pytest.raises(ConnectionError):
        client.ping()


def test_missing_server_skips_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("COURTREC_REQUIRE_SERVICES", raising=False)
    with (
        pytest.raises(pytest.skip.Exception, match="run tests/services/build_minio"),
        or_skip(minio_server()),
    ):
        pass


def test_missing_server_fails_where_services_are_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("COURTREC_REQUIRE_SERVICES", "1")
    with (
        pytest.raises(pytest.fail.Exception, match="run tests/services/build_minio"),
        or_skip(minio_server()),
    ):
        pass


def _open(server: RtspServer) -> av.container.InputContainer:
    return av.open(server.url, options={"rtsp_transport": "tcp"}, timeout=30)
