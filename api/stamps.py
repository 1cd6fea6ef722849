"""The log's time-stamps: the authority of the settings, and whether the tokens there are hold."""

from collections.abc import Iterator

import httpx
from sqlalchemy import select

from api.context import Context
from api.errors import SettingsError
from api.secrets import TIMESTAMP_LOGIN, given_login
from api.settings import Settings
from storage.db.models import LogEntry
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError
from storage.ledger.back_dating import Covered, back_dated
from storage.ledger.timestamp import token_time
from storage.ledger.tst import load_roots
from storage.stamping import Authority

_HERE = ("127.0.0.1", "::1", "localhost")


def load_authority(settings: Settings) -> Authority | None:
    """The authority of the settings, None if there is none; raises SettingsError where a file of it is unusable."""
    path = settings.timestamp_roots
    if path is None:
        return None
    login = given_login(settings.home / "keys", TIMESTAMP_LOGIN)
    _require_private(settings.timestamp_url, login is not None)
    try:
        return Authority(settings.timestamp_url, load_roots(path.read_bytes()), login)
    except OSError as error:
        reason = error.strerror or "unreadable"
    except LedgerError as error:
        reason = str(error)
    raise SettingsError(
        f"The certificates in {path} cannot be used ({reason}): name the authority's PEM file in "
        "COURTREC_TIMESTAMP_ROOTS."
    )


def _require_private(address: str, password: bool) -> None:
    """The address is kept with each token and told to people, so no password stands in it, nor goes out unprotected."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise SettingsError(f"COURTREC_TIMESTAMP_URL is no address ({error}): correct it.") from None
    if url.userinfo:
        raise SettingsError(
            "COURTREC_TIMESTAMP_URL holds a user name: put it and the password into keys/timestamp.user and "
            "keys/timestamp.password."
        )
    if password and url.scheme == "http" and url.host not in _HERE:
        raise SettingsError(
            "COURTREC_TIMESTAMP_URL begins with http://, so everybody on the way could read the password in "
            "keys/timestamp.password: ask the authority for an https:// address."
        )


def stamp_faults(context: Context, uow: UnitOfWork) -> Iterator[str]:
    """Faults of every token there is. Where no authority is set nobody can be believed, and nothing is said."""
    if context.authority is None:
        return
    notes = {row.size: row.note for row in uow.log.checkpoints()}
    believed: list[Covered] = []
    for row in uow.timestamps.all():
        named = f"The time-stamp of {row.size} entries by {row.authority}"
        if row.size not in notes:
            yield f"{named} is of no checkpoint in the database: one of the two was altered or removed."
            continue
        try:
            at = token_time(row.token, notes[row.size], context.authority.roots)
        except LedgerError as error:
            yield f"{named} cannot be believed: {error}"
            continue
        if at != row.at:
            yield f"{named} is listed with another time than its own."
        believed.append(Covered(row.size, at))
    times = uow.session.scalars(select(LogEntry.at).order_by(LogEntry.index).execution_options(yield_per=500))
    yield from back_dated(believed, enumerate(times), uow.log.head().size)
