"""Byte ranges of stored objects over HTTP (RFC 9110 §14), read with `pread` by the store and never re-encoded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from storage.db.models import StoredObjectRow
from storage.worm.port import WormStore

CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Unsatisfiable(ValueError):
    """The range lies outside the object."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """[start, end) bytes."""

    start: int
    end: int


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The one range asked for of `size` bytes; None means the whole object.

    What is no single byte range is ignored, as RFC 9110 §14.2 allows; raises Unsatisfiable where it asks for
    bytes that do not exist.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
        if start == end:
            raise Unsatisfiable
        return ByteRange(start, end)
    start, end = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return ByteRange(start, end)


def object_response(request: Request, store: WormStore, stored: StoredObjectRow, media_type: str) -> Response:
    """The answer to GET or HEAD for an object whose release was already decided and journalled.

    Its hash is its entity tag. A browser may keep it but asks again before each use, so that the policy is asked too.
    """
    sha256, size, version = stored.sha256, stored.size, stored.version
    tag = f'"{sha256}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range") if request.headers.get("if-range", tag) == tag else None
    try:
        part = parse_range(wanted, size)
    except Unsatisfiable:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    status = 200
    if part is not None:
        status = 206
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    span = part or ByteRange(0, size)
    headers["Content-Length"] = str(span.end - span.start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    if span.end - span.start <= CHUNK:
        content = store.read(sha256, span.start, span.end - span.start, version)
        return Response(content, status, headers, media_type)
    store.head(sha256, version)  # what is not there must fail before the answer has begun
    return StreamingResponse(_chunks(store, sha256, version, span), status, headers, media_type)


def _chunks(store: WormStore, sha256: str, version: str, span: ByteRange) -> Iterator[bytes]:
    with store.reader(sha256, version) as reader:
        for start in range(span.start, span.end, CHUNK):
            yield reader.read(start, min(CHUNK, span.end - start))


def _tags(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",")}
