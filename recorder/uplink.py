"""Delivers what the spool holds through the ingest API: each segment first, then the leaf that states it.

Runs on its own thread; recording never waits for it. Everything may be sent twice: the server takes an entry it
already has for what it is. Where node and server disagree, the server says which entry it wants next.
"""

import base64
import threading
from collections.abc import Sequence

import httpx
import structlog

from recorder.errors import Refused, Undelivered
from recorder.spool import Entry, Spool

_BATCH = 64
_FIRST_RETRY, _LAST_RETRY = 0.5, 30.0
_TIMEOUT = httpx.Timeout(10.0, read=60.0, write=60.0)

_log = structlog.get_logger()


def ingest_client(server_url: str, token: str) -> httpx.Client:
    """A client of the ingest API at `server_url`; the node shows `token`."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server_url, headers=headers, timeout=_TIMEOUT)


class Uplink:
    """`trouble` says in one sentence why nothing gets through at the moment; empty if all is well."""

    def __init__(self, spool: Spool, client: httpx.Client, public_key: bytes) -> None:
        """`public_key` is the raw key with which the leaves are signed."""
        self.trouble = ""
        self._spool = spool
        self._client = client
        self._public_key = base64.b64encode(public_key).decode()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Delivers in the background until `close`."""
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._spool.changed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.close()

    def deliver(self) -> int:
        """Sends everything that is unsent, now; returns how many entries.

        Raises Undelivered if the server cannot be reached. What it refuses, or what this disk lost, holds up only
        the hearing it belongs to: Refused is raised when everything else is sent.
        """
        sent, refused = 0, dict[str, Refused]()
        while not self._stop.is_set() and (batch := self._spool.unsent(_BATCH, refused)):
            hearing = batch[0].hearing
            try:
                sent += self._send([entry for entry in batch if entry.hearing == hearing])
            except Refused as error:
                refused[hearing] = error
        if refused:
            raise next(iter(refused.values()))
        return sent

    def _run(self) -> None:
        retry = _FIRST_RETRY
        while not self._stop.is_set():
            self._spool.changed.clear()
            try:
                self.deliver()
            except Refused as error:
                self._tell(error)
                self._rest(retry)
            except Exception as error:  # noqa: BLE001 - shown in `trouble` and tried again, for as long as it takes
                self._tell(error)
                self._stop.wait(retry)
            else:
                self.trouble, retry = "", _FIRST_RETRY
                self._rest(None)
                continue
            retry = min(2 * retry, _LAST_RETRY)

    def _rest(self, seconds: float | None) -> None:
        """Until there is something new to send, or `seconds` have passed."""
        if not self._stop.is_set():  # looked at after `changed` was cleared, so that `close` is never missed
            self._spool.changed.wait(seconds)

    def _tell(self, error: Exception) -> None:
        expected = isinstance(error, Undelivered)
        trouble = str(error) if expected else f"Delivery failed: {error or type(error).__name__}"
        if trouble != self.trouble:
            _log.warning("delivery waits", reason=trouble, exc_info=None if expected else error)
        self.trouble = trouble

    def _send(self, entries: Sequence[Entry]) -> int:
        """Sends entries of one hearing, those before a segment that cannot be sent at least; how many arrived."""
        try:
            for number, entry in enumerate(entries):
                try:
                    self._put(entry)
                except Refused:
                    if number == 0:
                        raise
                    entries = entries[:number]
                    break
            return self._post(entries)
        except httpx.HTTPError as error:
            raise Undelivered(f"The server cannot be reached ({error or type(error).__name__}).") from None

    def _put(self, entry: Entry) -> None:
        """Stores the segment that the entry states, if it does."""
        if entry.attachment is None:
            return
        name, sha256 = entry.attachment.file, entry.attachment.sha256
        try:
            with (self._spool.folder / name).open("rb") as file:
                answer = self._client.put(f"/api/ingest/objects/{sha256}", content=file)
        except OSError as error:
            raise Refused(
                f"The segment {name} cannot be read from the spool ({error.strerror}): put it back there."
            ) from None
        if answer.status_code not in (200, 201):
            raise Refused(f"The server refused the segment {name}: {_detail(answer)}")

    def _post(self, entries: Sequence[Entry]) -> int:
        body = {
            "entries": [base64.b64encode(entry.entry).decode() for entry in entries],
            "public_key": self._public_key,
        }
        answer = self._client.post("/api/ingest/leaves", json=body)
        if answer.status_code == 200:
            self._spool.mark_sent([entry.position for entry in entries])
            return len(entries)
        expected = _expected(answer)
        if expected is not None and expected != entries[0].seq:
            self._spool.expect(entries[0].hearing, expected)
            return 0
        raise Refused(f"The server refused leaves of the hearing {entries[0].hearing}: {_detail(answer)}")


def _expected(answer: httpx.Response) -> int | None:
    """The number of the entry that the server wants next, if it says so."""
    try:
        number = answer.json()["expected_seq"] if answer.status_code == 409 else None
    except (ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = ""
    return f"{detail or answer.reason_phrase} (status {answer.status_code})"
