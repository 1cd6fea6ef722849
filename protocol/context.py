"""What the protocol's tasks and services work with; made once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from court.card import Procedure
from court.clock import Clock
from protocol.demo_key import demo_files
from protocol.form import PROFILES
from protocol.seal import SignerFiles
from protocol.settings import ProtocolSettings
from storage.db.unit_of_work import Database
from storage.keys import SigningKey
from storage.worm.port import WormStore

DEMO_SIGNER = "demo-secretary.p12"


def _nothing(hearing_id: str) -> None:
    """Where nobody's voice was told apart."""


@dataclass(frozen=True, slots=True)
class ProtocolContext:
    """`key` signs the server's ledger entries, `former_keys` (raw) are those that did before it.

    `out` is the folder that gets a copy of each signed protocol.

    `base_url` is where links lead, `keep` how long a PDF may not be destroyed, `forms` the court's own forms, `profile`
    the country whose rules they follow, `procedure` the kind of hearings whose card names none. With a `timestamp_url`
    (RFC 3161) a signature is PAdES B-T, without B-B; `timestamp_login` is what that authority wants.

    `settle_voices` is called with a hearing before it is drafted: who of those that share a microphone is whom is told
    best from all of them together.
    """

    database: Database
    store: WormStore
    key: SigningKey
    clock: Clock
    out: Path
    base_url: str
    keep: timedelta
    zone: tzinfo
    signer: SignerFiles
    forms: Path | None = None
    profile: str = PROFILES[0]
    procedure: Procedure = Procedure.CIVIL
    timestamp_url: str = ""
    timestamp_login: tuple[str, str] | None = field(default=None, repr=False)
    former_keys: tuple[bytes, ...] = ()
    settle_voices: Callable[[str], None] = _nothing

    def local_now(self) -> datetime:
        return self.clock.now().utc.astimezone(self.zone)


def signer_files(settings: ProtocolSettings, keys: Path, timestamp_roots: Path | None = None) -> SignerFiles:
    """The signer's files as set, or the demo signer's in the folder `keys`; the time-stamp authority's beside them."""
    beside = demo_files(settings.signer or keys / DEMO_SIGNER)
    return SignerFiles(
        beside.pkcs12,
        settings.passphrase_file or beside.passphrase,
        settings.trust_roots or beside.trust_roots,
        timestamp_roots,
    )


def make_context(
    settings: ProtocolSettings,
    *,
    database: Database,
    store: WormStore,
    key: SigningKey,
    clock: Clock,
    home: Path,
    site: str,
    keep: timedelta,
    timestamp_url: str = "",
    timestamp_login: tuple[str, str] | None = None,
    timestamp_roots: Path | None = None,
    former_keys: tuple[bytes, ...] = (),
    settle_voices: Callable[[str], None] = _nothing,
) -> ProtocolContext:
    """The context for the server under `home` that people reach at `site`."""
    return ProtocolContext(
        database=database,
        store=store,
        key=key,
        clock=clock,
        out=home / "out",
        base_url=settings.base_url or site,
        keep=keep,
        zone=ZoneInfo(settings.zone),
        signer=signer_files(settings, home / "keys", timestamp_roots),
        forms=settings.forms,
        profile=settings.profile,
        procedure=settings.procedure,
        timestamp_url=timestamp_url,
        timestamp_login=timestamp_login,
        former_keys=former_keys,
        settle_voices=settle_voices,
    )
