"""Delivers what the spool holds through the ingest API, in the order of recorder/upload_order.py.

Runs on its own thread; recording never waits for it. Everything may be sent twice: the server takes an entry it
already has for what it is. Where node and server disagree, the server says which entry it wants next, and how much of
a segment it has. A segment goes in pieces, so that a line which keeps breaking brings it all the same, and so that
what is more urgent never waits for more than one.
"""

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import structlog

from recorder.errors import Refused, Undelivered
from recorder.giving_up import is_whole
from recorder.spool import Attachment, Entry, Spool
from recorder.upload_order import Bytes, Leaves, Rank, next_step, rank

PIECE = 512 << 10
"""Bytes in one request; two seconds of a line of 2 Mbit/s."""

IDLE = 600.0
_SLICE = 16 << 10
_FIRST_RETRY, _LAST_RETRY = 0.5, 30.0
_TIMEOUT = httpx.Timeout(10.0, read=60.0, write=60.0)

_OF_THIS_ONE = frozenset({409, 413, 422, 500})
"""Statuses that say something of what was sent; the others say that nothing can be delivered now."""

_UNUSABLE = 422

_log = structlog.get_logger()


def ingest_client(server_url: str, token: str) -> httpx.Client:
    """A client of the ingest API at `server_url`; the node shows `token`."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server_url, headers=headers, timeout=_TIMEOUT)


class Uplink:
    """`trouble` says in one sentence why nothing gets through at the moment; empty if all is well."""

    def __init__(
        self,
        spool: Spool,
        client: httpx.Client,
        public_key: bytes,
        metered: Callable[[int], None] = lambda size: None,
        stopping: threading.Event | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        """`public_key` is the raw key with which the leaves are signed; `metered` is called before so many bytes of a
        segment are sent, and may wait until `stopping` is set, which `close` does. In the background `between` is
        called after each request, and at least every IDLE seconds; it may raise Undelivered."""
        self.trouble = ""
        self._stopping = stopping or threading.Event()
        self._spool = spool
        self._client = client
        self._public_key = base64.b64encode(public_key).decode()
        self._metered = metered
        self._between = between
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self._begun: dict[str, int] = {}  # how much the server has of which segments
        self._broken = ""  # the segment in which the line broke: some of it may have arrived
        self._progress = 0

    def start(self) -> None:
        """Delivers in the background until `close`."""
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._spool.changed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.close()

    def deliver(self, between: Callable[[], None] = lambda: None) -> int:
        """Sends everything that is unsent, now; returns how many entries. Calls `between` after each request.

        Raises Undelivered if the server cannot be reached. What it refuses, or what this disk lost, holds up only
        what must wait for it: Refused is raised when everything else is sent.
        """
        sent, refused, unsendable = 0, dict[str, Refused](), dict[int, Refused]()
        while not self._stopping.is_set():
            waiting = [one for one in self._spool.waiting() if one.hearing not in refused]
            row = self._spool.unfinished()
            step = next_step(waiting, row.id if row else None, unsendable)
            if step is None:
                break
            try:
                sent += self._take(step)
            except Refused as error:
                if isinstance(step, Bytes):
                    unsendable[step.position] = error
                else:
                    refused[self._spool.entries_at(step.positions[:1])[0].hearing] = error
            except httpx.HTTPError as error:
                self._begun.clear()
                raise Undelivered(f"The server cannot be reached ({error or type(error).__name__}).") from None
            between()
        if refused or unsendable:
            raise next(iter((*refused.values(), *unsendable.values())))
        return sent

    def _run(self) -> None:
        retry = _FIRST_RETRY
        while not self._stopping.is_set():
            self._spool.changed.clear()
            before = self._progress
            try:
                self._between()
                self.deliver(self._between)
            except Refused as error:
                self._tell(error)
                self._rest(retry)
            except Exception as error:  # noqa: BLE001 - shown in `trouble` and tried again, for as long as it takes
                self._tell(error)
                retry = _FIRST_RETRY if self._progress > before else retry
                self._stopping.wait(retry)
            else:
                self.trouble, retry = "", _FIRST_RETRY
                self._rest(IDLE)
                continue
            retry = min(2 * retry, _LAST_RETRY)

    def _rest(self, seconds: float) -> None:
        """Until there is something new to send, or `seconds` have passed."""
        if not self._stopping.is_set():  # looked at after `changed` was cleared, so that `close` is never missed
            self._spool.changed.wait(seconds)

    def _tell(self, error: Exception) -> None:
        expected = isinstance(error, Undelivered)
        trouble = str(error) if expected else f"Delivery failed: {error or type(error).__name__}"
        if trouble != self.trouble:
            _log.warning("delivery waits", reason=trouble, exc_info=None if expected else error)
        self.trouble = trouble

    def _take(self, step: Leaves | Bytes) -> int:
        """Does one step; returns how many entries it delivered."""
        if isinstance(step, Leaves):
            return self._post(self._spool.entries_at(step.positions))
        (entry,) = self._spool.entries_at([step.position])
        if entry.attachment is None or self._put(entry.attachment):
            self._spool.mark_stored(entry.position)
        return 0

    def _put(self, segment: Attachment) -> bool:
        """Sends the segment or its next piece; whether the server has all of it."""
        path = f"/api/ingest/objects/{segment.sha256}/part"
        offset = self._begun.pop(segment.sha256, None)
        if offset is None and (segment.size > PIECE or segment.sha256 == self._broken):
            found = self._accepted(self._client.get(path), segment).json()
            if found["stored"]:
                return True
            offset = found["received"]
        self._broken = segment.sha256
        piece = self._read(segment, offset or 0)
        headers = {"Upload-Offset": str(offset or 0), "Upload-Length": str(segment.size)}
        headers["Content-Length"] = str(len(piece))
        answer = self._client.patch(path, content=self._slices(piece), headers=headers)
        self._broken = ""
        if answer.status_code == httpx.codes.CONFLICT:
            return False  # it no longer has what it had: ask again
        found = self._accepted(answer, segment).json()
        if not found["stored"]:
            self._begun[segment.sha256] = found["received"]
        return bool(found["stored"])

    def _read(self, segment: Attachment, offset: int) -> bytes:
        """The piece of the file that begins at `offset`."""
        try:
            with (self._spool.folder / segment.file).open("rb") as file:
                file.seek(offset)
                piece = file.read(PIECE)
        except OSError as error:
            raise _lost(segment, f"cannot be read from the spool ({error.strerror})") from None
        if not piece:
            raise _lost(segment, "in the spool is shorter than its leaf says")
        return piece

    def _slices(self, piece: bytes) -> Iterator[bytes]:
        for start in range(0, len(piece), _SLICE):
            part = piece[start : start + _SLICE]
            self._metered(len(part))
            if self._stopping.is_set():
                raise Undelivered("The node is being shut down: delivery goes on when it runs again.")
            yield part

    def _accepted(self, answer: httpx.Response, segment: Attachment) -> httpx.Response:
        if answer.status_code == _UNUSABLE and not is_whole(self._spool.folder / segment.file, segment.sha256):
            raise _lost(segment, "in the spool is not what its leaf says")
        if not answer.is_success:
            raise _refusal(answer, f"the segment {segment.file}")
        self._progress += 1
        return answer

    def _post(self, entries: Sequence[Entry]) -> int:
        body: dict[str, Any] = {
            "entries": [base64.b64encode(entry.entry).decode() for entry in entries],
            "public_key": self._public_key,
        }
        given_up = [entry.attachment.sha256 for entry in entries if entry.attachment and entry.given_up]
        if given_up:  # servers of earlier versions know nothing of it
            body["given_up"] = given_up
        answer = self._client.post("/api/ingest/leaves", json=body)
        if answer.status_code == httpx.codes.OK:
            self._spool.mark_sent([entry.position for entry in entries])
            self._progress += 1
            return len(entries)
        expected = _expected(answer)
        if expected is not None and expected != entries[0].seq:
            self._spool.expect(entries[0].hearing, expected)
            return 0
        raise _refusal(answer, f"leaves of the hearing {entries[0].hearing}")


def _lost(segment: Attachment, why: str) -> Refused:
    """Of a microphone's segment nothing behind it is delivered either, so there is a way out."""
    speech = rank(segment.track) is Rank.SPEECH
    way_out = f", or give it up with `courtrec node give-up {segment.file}`" if speech else ""
    return Refused(f"The segment {segment.file} {why}: put it back there{way_out}.")


def _refusal(answer: httpx.Response, what: str) -> Undelivered:
    kind = Refused if answer.status_code in _OF_THIS_ONE else Undelivered
    return kind(f"The server refused {what}: {_detail(answer)}")


def _expected(answer: httpx.Response) -> int | None:
    """The number of the entry that the server wants next, if it says so."""
    try:
        number = answer.json()["expected_seq"] if answer.status_code == httpx.codes.CONFLICT else None
    except (ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = ""
    return f"{detail or answer.reason_phrase} (status {answer.status_code})"
