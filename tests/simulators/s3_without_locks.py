"""An S3 server that accepts object lock and, as told, does not enforce it. Loopback only, credentials ignored."""

import email.utils
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass
class Held:
    content: bytes
    mode: str
    until: str


@dataclass
class Behaviour:
    """What the server does with the promise it gave; all False is a server that keeps it."""

    deletes: bool = False
    shortens: bool = False
    shortens_silently: bool = False
    deletes_silently: bool = False
    forgets_retention: bool = False
    keeps_no_versions: bool = False


@dataclass
class Bucket:
    behaviour: Behaviour
    objects: dict[str, Held] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    bucket: Bucket

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", length: int | None = None, held: Held | None = None) -> None:
        self.send_response(status)
        for name, value in self.facts().items() if held else ():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def asked(self) -> tuple[str, set[str]]:
        """The object's key ('' for the bucket) and the names in the query."""
        parts = urlsplit(self.path)
        return parts.path.lstrip("/").partition("/")[2], set(parse_qs(parts.query, keep_blank_values=True))

    def facts(self) -> dict[str, str]:
        version = {} if self.bucket.behaviour.keeps_no_versions else {"x-amz-version-id": "v1"}
        return {"ETag": '"tag"', "Last-Modified": email.utils.formatdate(usegmt=True), **version}

    def do_HEAD(self) -> None:
        key, _ = self.asked()
        held = self.bucket.objects.get(key)
        if key and held is None:
            self.answer(404)
        elif held is None:
            self.answer(200)
        else:
            self.answer(200, length=len(held.content), held=held)

    def do_GET(self) -> None:
        key, query = self.asked()
        if "object-lock" in query:
            lock = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>"
            body = f'<ObjectLockConfiguration xmlns="{NAMESPACE}">{lock}</ObjectLockConfiguration>'
            self.answer(200, body.encode())
        elif "location" in query:
            self.answer(200, f'<LocationConstraint xmlns="{NAMESPACE}"/>'.encode())
        elif key not in self.bucket.objects:
            self.refuse(404, "NoSuchKey")
        elif "retention" in query:
            held = self.bucket.objects[key]
            body = f"<Mode>{held.mode}</Mode><RetainUntilDate>{held.until}</RetainUntilDate>"
            self.answer(200, f'<Retention xmlns="{NAMESPACE}">{body}</Retention>'.encode())
        else:
            held = self.bucket.objects[key]
            self.answer(206, held.content, held=held)

    def do_PUT(self) -> None:
        key, query = self.asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = self.bucket.behaviour
        if "retention" in query:
            if behaviour.shortens or behaviour.shortens_silently:
                until = ElementTree.fromstring(body).findtext(f"{{{NAMESPACE}}}RetainUntilDate")  # noqa: S314
                self.bucket.objects[key].until = str(until)
            if behaviour.shortens:
                self.answer(200)
            else:
                self.refuse(403, "AccessDenied")
            return
        mode, until = (self.headers[f"x-amz-object-lock-{name}"] for name in ("mode", "retain-until-date"))
        held = Held(body, "GOVERNANCE" if behaviour.forgets_retention else mode, until)
        self.bucket.objects[key] = held
        self.answer(200, held=held)

    def do_DELETE(self) -> None:
        key, _ = self.asked()
        behaviour = self.bucket.behaviour
        if behaviour.deletes or behaviour.deletes_silently:
            del self.bucket.objects[key]
        if behaviour.deletes:
            self.answer(204)
        else:
            self.refuse(403, "AccessDenied")


@contextmanager
def s3_without_locks(behaviour: Behaviour) -> Iterator[str]:
    """Yields host:port of a server whose one bucket, of any name, exists."""
    handler = type("Handler", (_Handler,), {"bucket": Bucket(behaviour)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
