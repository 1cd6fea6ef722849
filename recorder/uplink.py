"""Delivers what the spool holds through the ingest API: each segment first, then the leaf that states it.

Runs on its own thread; recording never waits for it. Everything may be sent twice: the server takes an entry it
already has for what it is. Where node and server disagree, the server says which entry it wants next.
"""

import base64
import threading
from collections.abc import Sequence

import httpx
import structlog

from recorder.errors import Undelivered
from recorder.spool import Attachment, Entry, Spool

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

        Raises Undelivered at the first refusal.
        """
        sent = 0
        while not self._stop.is_set() and (batch := self._spool.unsent(_BATCH)):
            sent += self._send(batch)
        return sent

    def _run(self) -> None:
        retry = _FIRST_RETRY
        while not self._stop.is_set():
            self._spool.changed.clear()
            try:
                self.deliver()
            except Undelivered as error:
                if str(error) != self.trouble:
                    _log.warning("delivery waits", reason=str(error))
                self.trouble = str(error)
                self._stop.wait(retry)
                retry = min(2 * retry, _LAST_RETRY)
            else:
                self.trouble, retry = "", _FIRST_RETRY
                self._spool.changed.wait()

    def _send(self, batch: Sequence[Entry]) -> int:
        """Sends the entries of the first hearing in `batch`; how many the server has now."""
        first = batch[0].hearing
        entries = [entry for entry in batch if entry.hearing == first]
        try:
            for entry in entries:
                if entry.attachment is not None:
                    self._put(entry.attachment)
            return self._post(entries)
        except httpx.HTTPError as error:
            raise Undelivered(f"The server cannot be reached ({error or type(error).__name__}).") from None

    def _put(self, attachment: Attachment) -> None:
        path = self._spool.folder / attachment.file
        with path.open("rb") as file:
            answer = self._client.put(f"/api/ingest/objects/{attachment.sha256}", content=file)
        if answer.status_code not in (200, 201):
            raise Undelivered(f"The server refused the segment {attachment.file}: {_detail(answer)}")

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
        raise Undelivered(f"The server refused leaves of the hearing {entries[0].hearing}: {_detail(answer)}")


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
