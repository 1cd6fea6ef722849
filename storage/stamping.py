"""Asking the time-stamp authority: the task that gets a token for the log's newest checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import structlog
from celery import Celery
from cryptography import x509

from storage.db.unit_of_work import Database
from storage.errors import LedgerError, StampError, StorageError
from storage.ledger.checkpoint import verify_checkpoint
from storage.ledger.timestamp import MAX_ANSWER, ask, granted_token, token_time
from storage.queue import STAMP_LOG, register_task

_TIMEOUT = 20.0
_QUERY = "application/timestamp-query"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamp authority: its address ('' where it is no longer asked) and the certificates it must lead to.

    `login` is the user name and password it wants (HTTP basic), None if it answers everybody.
    """

    url: str
    roots: tuple[x509.Certificate, ...]
    login: tuple[str, str] | None = field(default=None, repr=False)

    def stamp(self, note: str) -> tuple[bytes, datetime]:
        """A token (DER) for the note and its time, checked as anyone will; raises StampError.

        RFC 3161 section 3.4: the request is posted, the answer is one DER message. The environment's proxy is used:
        the authority is outside the court.
        """
        request = ask(note)
        try:
            answer = self._post(request.as_bytes())
            token = granted_token(answer, request)
            return token, token_time(token, note, self.roots)
        except LedgerError as error:
            raise StampError(f"The time-stamp authority {self.url} gave no token that holds: {error}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise StampError(f"The time-stamp authority {self.url} cannot be asked ({reason}).") from None

    def _post(self, query: bytes) -> bytes:
        answer = bytearray()
        with (
            httpx.Client(timeout=_TIMEOUT, auth=self.login) as client,
            client.stream("POST", self.url, content=query, headers={"Content-Type": _QUERY}) as response,
        ):
            if response.status_code == httpx.codes.UNAUTHORIZED:
                raise StampError(
                    f"The time-stamp authority {self.url} wants another user name or password than keys/timestamp.user "
                    "and keys/timestamp.password hold."
                )
            if response.status_code != httpx.codes.OK:
                raise StampError(f"The time-stamp authority {self.url} answered with status {response.status_code}.")
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > MAX_ANSWER:
                    raise StampError(f"The time-stamp authority {self.url} answered with more than a time-stamp.")
        return bytes(answer)


@dataclass(frozen=True, slots=True)
class StampContext:
    """`origin` and `log_keys` (raw) say which checkpoints are ours; without `authority` nothing is stamped."""

    database: Database
    origin: str
    log_keys: Sequence[bytes]
    authority: Authority | None


def register(app: Celery, context: StampContext) -> None:
    """Makes `app` serve the task log.stamp(size)."""

    def stamp(size: int) -> None:
        try:
            stamp_log(context, size)
        except StorageError as error:  # the sweeper offers it again
            _log.warning("log_not_stamped", reason=str(error))

    register_task(app, STAMP_LOG, stamp)


def stamp_log(context: StampContext, size: int) -> bool:
    """Gets a token for the newest checkpoint unless `size` entries have one; True if this call stored it.

    Raises StampError when the authority gave none, LedgerError when the newest checkpoint is not the court's own.
    """
    authority = context.authority
    if authority is None or not authority.url:
        return False
    with context.database.read() as work:
        newest, checkpoint = work.timestamps.newest(), work.log.newest_checkpoint()
    if checkpoint is None or (newest is not None and newest.size >= min(size, checkpoint.size)):
        return False
    verify_checkpoint(checkpoint.note, context.origin, context.log_keys)
    token, at = authority.stamp(checkpoint.note)
    with context.database.begin() as work:
        return work.timestamps.add(checkpoint.size, authority.url, token, at)
