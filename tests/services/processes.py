"""Context managers that run one real server each: on loopback, on a free port, in a temporary folder.

Each waits until its server answers, yields its address and credentials, and ends the server afterwards.
They raise ``ServiceMissing`` when the server is not installed, ``ServiceFailed`` when it does not come up.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.services.running import ServiceMissing, run_to_end, running

LOOPBACK = "127.0.0.1"
SYSTEM_PYTHON = Path("/usr/bin/python3")  # Debian's GStreamer bindings are for this interpreter only
_KEYFRAME_EACH_SECOND = ["-bf", "0", "-force_key_frames", "expr:gte(t,n_forced)"]  # as a court camera
PICTURE_ENCODINGS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *_KEYFRAME_EACH_SECOND],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", *_KEYFRAME_EACH_SECOND],
    "mjpeg": ["-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p", "-huffman", "default"],  # RFC 2435 has no tables
}
SOUND_ENCODING = ["-c:a", "aac", "-ar", "48000", "-b:a", "128k", "-shortest"]


@dataclass(frozen=True)
class PostgresServer:
    host: str
    port: int
    user: str
    password: str
    database: str

    @property
    def url(self) -> str:
        """For libpq and psycopg."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    @property
    def sqlalchemy_url(self) -> str:
        return self.url.replace("postgresql://", "postgresql+psycopg://", 1)


@dataclass(frozen=True)
class RedisServer:
    host: str
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{self.host}:{self.port}/0"


@dataclass(frozen=True)
class MinioServer:
    """``endpoint`` is host:port, plain HTTP."""

    endpoint: str
    access_key: str
    secret_key: str


@dataclass(frozen=True)
class RtspServer:
    """``url`` serves a looped picture and AAC sound."""

    url: str


@dataclass(frozen=True)
class PostgresFolder:
    """Where a test's PostgreSQL may live, and whom it runs as: it refuses to run as root."""

    path: Path
    account: pwd.struct_passwd | None

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs, or another by its path, to its end."""
        run_to_end([program if "/" in program else _postgres_program(program), *arguments], self.path, self.account)

    @contextmanager
    def serving(self, server: PostgresServer, data: Path, *settings: str) -> Iterator[None]:
        """`data` is a cluster's folder; `settings` are written NAME=VALUE."""
        command = [_postgres_program("postgres"), "-D", str(data), "-p", str(server.port)]
        for setting in (f"listen_addresses={server.host}", "unix_socket_directories=", "fsync=off", *settings):
            command += ["-c", setting]
        fast_shutdown = signal.SIGINT
        with running(
            command, self.path, lambda log: _postgres_answers(server), account=self.account, stop=fast_shutdown
        ):
            yield


@contextmanager
def postgres_folder() -> Iterator[PostgresFolder]:
    _postgres_program("postgres")
    with TemporaryDirectory(prefix="courtrec-postgres-", ignore_cleanup_errors=True) as name:
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if account is not None:
            os.chown(name, account.pw_uid, account.pw_gid)
        yield PostgresFolder(Path(name), account)


def make_cluster(folder: PostgresFolder, data: Path) -> PostgresServer:
    """A new cluster in `data`, to be served on the port named."""
    server = PostgresServer(LOOPBACK, free_port(), "courtrec", secrets.token_hex(16), "postgres")
    password = folder.path / "password"
    password.write_text(server.password)
    if folder.account is not None:
        os.chown(password, folder.account.pw_uid, folder.account.pw_gid)
    init = [f"--pgdata={data}", f"--username={server.user}", f"--pwfile={password}"]
    folder.run("initdb", *init, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    return server


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    with postgres_folder() as folder:
        data = folder.path / "data"
        server = make_cluster(folder, data)
        with folder.serving(server, data):
            yield server


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    program = shutil.which("redis-server")
    if program is None:
        raise ServiceMissing("Redis is not installed: run tests/services/install.sh (package redis-server).")
    server = RedisServer(LOOPBACK, free_port(), secrets.token_hex(16))
    with TemporaryDirectory(prefix="courtrec-redis-") as name:
        configuration = Path(name) / "redis.conf"
        settings = [f"bind {server.host}", f"port {server.port}", f"requirepass {server.password}"]
        settings += [f'dir "{name}"', 'save ""']
        configuration.write_text("\n".join(settings))
        with running([program, str(configuration)], Path(name), lambda log: _redis_answers(server)):
            yield server


@contextmanager
def minio_server() -> Iterator[MinioServer]:
    """An object store on one folder. Buckets may be made with object lock."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "courtrec"
    program = cache / "bin" / "minio"
    if not program.exists():
        raise ServiceMissing("MinIO is not built: run tests/services/build_minio.sh.")
    server = MinioServer(f"{LOOPBACK}:{free_port()}", secrets.token_hex(10), secrets.token_hex(20))
    with TemporaryDirectory(prefix="courtrec-minio-") as name:
        environment = {
            "HOME": name,
            "MINIO_ROOT_USER": server.access_key,
            "MINIO_ROOT_PASSWORD": server.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }
        command = [str(program), "server", "--address", server.endpoint, str(Path(name) / "data")]
        with running(command, Path(name), lambda log: _minio_answers(server), environment=environment):
            yield server


@contextmanager
def rtsp_server(recording: Path | None = None, codec: str = "h264", port: int = 0) -> Iterator[RtspServer]:
    """A camera that shows ``recording`` (picture and sound), or a test pattern with a tone, repeatedly.

    ``codec`` is one of PICTURE_ENCODINGS; ``port`` 0 is any that is free.
    """
    ffmpeg = ffmpeg_program()
    with TemporaryDirectory(prefix="courtrec-rtsp-") as name:
        folder = Path(name)
        loop = folder / "loop.mkv"
        run_to_end(
            [ffmpeg, *_picture_and_sound(recording), *PICTURE_ENCODINGS[codec], *SOUND_ENCODING, str(loop)], folder
        )
        with _serving(folder, [ffmpeg, str(loop), codec, str(port)]) as server:
            yield server


@contextmanager
def live_rtsp_server(command: list[str]) -> Iterator[RtspServer]:
    """A camera that shows to all viewers at once what ``command`` writes (Matroska with H.264 and AAC)."""
    with TemporaryDirectory(prefix="courtrec-rtsp-") as name, _serving(Path(name), ["--live", *command]) as server:
        yield server


@contextmanager
def _serving(folder: Path, arguments: list[str]) -> Iterator[RtspServer]:
    program = str(Path(__file__).with_name("rtsp_loop.py"))
    if not _has_rtsp_server():
        raise ServiceMissing(
            "The RTSP server is not installed: run tests/services/install.sh "
            "(packages python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad)."
        )
    command = [str(SYSTEM_PYTHON), program, *arguments]
    with running(command, folder, lambda log: _describes_stream(_rtsp_url(log))) as log:
        url = _rtsp_url(log)
        assert url is not None
        yield RtspServer(url)


def _picture_and_sound(recording: Path | None) -> list[str]:
    if recording is not None:
        return ["-i", str(recording.resolve()), "-map", "0:v:0", "-map", "0:a:0"]
    picture = "testsrc2=size=640x360:rate=25:duration=10"
    sound = "sine=frequency=440:sample_rate=48000:duration=10"
    return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]


def ffmpeg_program() -> str:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise ServiceMissing("FFmpeg is not installed: pip install imageio-ffmpeg (in courtrec[node]).") from None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _has_rtsp_server() -> bool:
    program = Path(__file__).with_name("rtsp_loop.py")
    probe = [str(SYSTEM_PYTHON), str(program), "--check"]
    return SYSTEM_PYTHON.exists() and subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _postgres_program(name: str) -> str:
    """Debian keeps the server's programs off PATH, in a folder per major version; the newest is taken."""
    packaged = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    installed = sorted(packaged, key=lambda path: int(path.parts[-3]))
    program = str(installed[-1]) if installed else shutil.which(name)
    if program is None:
        raise ServiceMissing("PostgreSQL is not installed: run tests/services/install.sh (package postgresql).")
    return program


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def _postgres_answers(server: PostgresServer) -> bool:
    import psycopg

    with suppress(psycopg.OperationalError), psycopg.connect(server.url, connect_timeout=5):
        return True
    return False


def _redis_answers(server: RedisServer) -> bool:
    import redis

    with suppress(redis.ConnectionError), redis.Redis.from_url(server.url) as client:
        return bool(client.ping())
    return False


def _minio_answers(server: MinioServer) -> bool:
    """Whether it makes a bucket. Its health page says yes too early, and then makes clients wait a minute."""
    import urllib3
    from minio import Minio
    from minio.error import MinioException

    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        client = Minio(server.endpoint, server.access_key, server.secret_key, secure=False, http_client=pool)
        with suppress(MinioException, urllib3.exceptions.HTTPError):
            if not client.bucket_exists("ready"):
                client.make_bucket("ready", object_lock=True)
            client.remove_bucket("ready")
            return True
    return False


def _rtsp_url(log: Path) -> str | None:
    found = re.search(r"^serving (rtsp://\S+)$", log.read_text(errors="replace"), re.MULTILINE)
    return found[1] if found else None


def _describes_stream(url: str | None) -> bool:
    """Whether it answers DESCRIBE (RFC 2326, 10.2), for which it must have read picture and sound."""
    if url is None:
        return False
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    request = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=10) as connection:
        connection.sendall(request.encode())
        return connection.recv(12) == b"RTSP/1.0 200"
    return False


@contextmanager
def age() -> Iterator[str]:
    """The path of the program `age`, which is no server but as much not ours."""
    program = shutil.which("age")
    if program is None:
        raise ServiceMissing("age is not installed: run tests/services/install.sh.")
    yield program
